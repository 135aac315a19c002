/* Two folders of label maps: every picture of the truth has one of the same name among what was found. */
#include "app/eval_maps.h"

#include <stdio.h>
#include <string.h>

enum { MAX_CLASSES = 256 };

struct job {
  const struct vt_map_folders *d;
  struct vt_map_sums sums;
  struct vt_arena arena;
  const char *name[MAX_CLASSES];
  int names;
  int64_t alone; /* found, without truth */
  char first_alone[160];
};

static int add_name(struct job *j, const char *name, int line, struct vt_err *e)
{
  if (j->names == MAX_CLASSES)
    return vt_fail(e, VT_ELIMIT, "%s: more than %d classes", j->d->names, MAX_CLASSES);
  for (int k = 0; k < j->names; k++)
    if (!strcmp(j->name[k], name))
      return vt_fail(e, VT_EFORMAT, "%s: line %d: the name '%.60s' stands twice", j->d->names, line, name);
  j->name[j->names] = vt_arena_strdup(&j->arena, name);
  return j->name[j->names++] ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", j->d->names);
}

/* A class a line; only at the end lines may be empty. */
static int read_names(struct job *j, struct vt_err *e)
{
  char *text;
  size_t len;
  int rc = vt_text_read(j->d->names, 1 << 20, &text, &len, e);
  if (rc) return rc;
  char *rest = text, *line;
  for (int n = 1, empty = 0; !rc && (line = strsep(&rest, "\n")); n++) {
    line[strcspn(line, "\r")] = 0;
    if (!*line && !empty) empty = n;
    if (!*line) continue;
    if (empty) rc = vt_fail(e, VT_EFORMAT, "%s: line %d: no name", j->d->names, empty);
    if (!rc) rc = add_name(j, line, n, e);
  }
  vt_free(text);
  return rc || j->names ? rc : vt_fail(e, VT_EFORMAT, "%s: names no class", j->d->names);
}

static int each(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct job *j = ctx;
  const struct vt_decode_opts labels = {.labels = true};
  struct vt_image truth = {0}, found = {0};
  char *other = vt_path_join(NULL, j->d->found, rel);
  int rc = other ? vt_image_read(&truth, path, &labels, NULL, e)
                 : vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (!rc) rc = vt_image_read(&found, other, &labels, NULL, e);
  if (!rc && (truth.width != found.width || truth.height != found.height))
    rc = vt_fail(e, VT_ESHAPE, "%s is %d x %d pixels, %s %d x %d", path, truth.width, truth.height, other,
                 found.width, found.height);
  if (!rc) {
    const struct vt_map_pair p = {truth.px,     found.px,     truth.width,  truth.height,
                                  truth.stride, found.stride, j->d->ignore, rel};
    rc = vt_map_sums_add(&j->sums, &p, e);
  }
  if (!rc && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  vt_image_clear(&truth);
  vt_image_clear(&found);
  vt_free(other);
  return rc;
}

static int each_found(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct job *j = ctx;
  char *other = vt_path_join(NULL, j->d->truth, rel);
  if (!other) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (!vt_is_file(other)) {
    if (!j->alone++) snprintf(j->first_alone, sizeof j->first_alone, "%s", rel);
  }
  vt_free(other);
  return 0;
}

/* Says what was found where there is no truth; it is not measured. */
static int find_alone(struct job *j, struct vt_err *e)
{
  int rc = vt_walk(j->d->found, each_found, j, e);
  if (!rc && j->alone)
    vt_log(VT_LOG_WARN, "%s: %lld pictures have no truth and are not measured, %s first", j->d->found,
           (long long)j->alone, j->first_alone);
  return rc;
}

int vt_eval_maps(const struct vt_map_folders *d, struct vt_map_opts o, struct vt_figures *f, struct vt_err *e)
{
  struct job j = {.d = d};
  vt_arena_init(&j.arena);
  int rc = d->names ? read_names(&j, e) : 0;
  const int classes = j.names ? j.names : d->classes ? (int)d->classes : MAX_CLASSES;
  for (int c = j.names; c < classes && !rc; c++)
    if (!(j.name[c] = vt_arena_printf(&j.arena, "%d", c))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_map_sums_init(&j.sums, classes, d->boundary, e);
  if (!rc) rc = vt_walk(d->truth, each, &j, e);
  if (!rc && !j.sums.n) rc = vt_fail(e, VT_ENOENT, "%s: no pictures", d->truth);
  if (!rc) rc = find_alone(&j, e);
  if (!rc) {
    o.names = j.name;
    o.seen = !j.names;
    vt_figures_add(f, "pictures", (double)j.sums.n);
    rc = vt_map_sums_report(&j.sums, &o, f, e);
  }
  vt_map_sums_clear(&j.sums);
  vt_arena_clear(&j.arena);
  return rc;
}

/* What the verbs that take photos share. */
#include "app/cli/photos.h"
#include "app/cli/places.h"

#include <stdlib.h>
#include <string.h>

struct vt_model_opts vt_model_cli_opts(const struct vt_model_cli *m)
{
  return (struct vt_model_opts){.precision = m->precision, .require_commercial = m->commercial};
}

bool vt_photo_output_is_folder(const char *given, const struct vt_strings *photos)
{
  size_t n = strlen(given);
  return photos->n > 1 || vt_is_dir(given) || (n && given[n - 1] == '/');
}

struct stem {
  const char *name;
  int photo, same; /* photos of this name before it */
};

static int by_name(const void *a, const void *b)
{
  const struct stem *x = a, *y = b;
  const int c = strcmp(x->name, y->name);
  return c ? c : x->photo - y->photo;
}

static int by_photo(const void *a, const void *b)
{
  return ((const struct stem *)a)->photo - ((const struct stem *)b)->photo;
}

/* Of all photos, in the arena. NULL: out of memory. */
static struct stem *stems_of(struct vt_cli *cli, const struct vt_strings *photos)
{
  struct stem *s = vt_arena_alloc(&cli->arena, (size_t)photos->n * sizeof *s);
  for (int i = 0; s && i < photos->n; i++) {
    const char *photo = photos->v[i];
    s[i] = (struct stem){strcmp(photo, "-") ? vt_path_stem(&cli->arena, photo) : "stdin", i, 0};
    if (!s[i].name) return NULL;
  }
  if (!s) return NULL;
  qsort(s, (size_t)photos->n, sizeof *s, by_name);
  for (int i = 1; i < photos->n; i++)
    if (!strcmp(s[i].name, s[i - 1].name)) s[i].same = s[i - 1].same + 1;
  qsort(s, (size_t)photos->n, sizeof *s, by_photo);
  return s;
}

static const char *path_of(struct vt_cli *cli, const char *folder, const struct stem *s, const char *ending)
{
  const char *name = s->same ? vt_arena_printf(&cli->arena, "%s-%d%s", s->name, s->same + 1, ending)
                             : vt_arena_printf(&cli->arena, "%s%s", s->name, ending);
  return name ? vt_path_join(&cli->arena, folder, name) : NULL;
}

int vt_photo_outputs(struct vt_cli *cli, struct vt_photo_output *out, int n, const struct vt_strings *photos,
                     const char *ending, struct vt_err *e)
{
  const size_t most = (size_t)(n + 1) * (size_t)photos->n;
  struct stem *s = stems_of(cli, photos);
  struct vt_place *p = vt_arena_alloc(&cli->arena, most * sizeof *p);
  int np = 0, rc = s && p ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < photos->n && !rc; i++) p[np++] = (struct vt_place){VT_READS, "PHOTO", photos->v[i]};
  for (int k = 0; k < n && !rc; k++) {
    if (!out[k].given) continue;
    const bool folder = vt_photo_output_is_folder(out[k].given, photos);
    out[k].path = vt_arena_alloc(&cli->arena, (size_t)photos->n * sizeof *out[k].path);
    if (!out[k].path) return vt_fail(e, VT_ENOMEM, "out of memory");
    for (int i = 0; i < photos->n; i++) {
      out[k].path[i] = folder ? path_of(cli, out[k].given, &s[i], ending) : out[k].given;
      if (!out[k].path[i]) return vt_fail(e, VT_ENOMEM, "out of memory");
      p[np++] = (struct vt_place){VT_WRITES, out[k].option, out[k].path[i]};
    }
  }
  if (!rc) rc = vt_places_check(p, np, e);
  for (int k = 0; k < n && !rc; k++)
    if (out[k].given && vt_photo_output_is_folder(out[k].given, photos)) rc = vt_mkdirs(out[k].given, e);
  return rc;
}

int vt_print_line(struct vt_cli *cli, struct vt_buf *line, struct vt_err *e)
{
  if (line->failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (line->len && line->data[line->len - 1] != '\n') vt_buf_addc(line, '\n');
  if (line->len) fwrite(line->data, 1, line->len, cli->out);
  if (fflush(cli->out)) return vt_fail(e, VT_EIO, "cannot write to standard output");
  return 0;
}

int vt_photos_each(struct vt_cli *cli, const struct vt_strings *photos, bool json, vt_photo_fn *each,
                   void *ctx, struct vt_err *e)
{
  int good = 0, rc = 0;
  for (int i = 0; i < photos->n && rc >= 0; i++) {
    struct vt_err err = {0};
    if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
    if ((rc = each(i, photos->v[i], ctx, &err)) >= 0) {
      good++;
      continue;
    }
    const char *photo = photos->v[i];
    bool named = strstr(err.msg, photo) != NULL;
    vt_log(VT_LOG_ERROR, "%s%s%s", named ? "" : photo, named ? "" : ": ", err.msg);
    struct vt_buf b;
    vt_buf_init(&b);
    rc = json ? vt_look_error_json(photo, err.msg, &b, e) : 0;
    if (!rc && json) rc = vt_print_line(cli, &b, e);
    vt_buf_clear(&b);
  }
  if (rc < 0) return rc;
  return good == photos->n ? VT_EXIT_DONE : good ? VT_EXIT_PART : VT_EXIT_FAILED;
}

int vt_parse_box(const char *text, struct vt_box *b, struct vt_err *e)
{
  double v[4];
  char part[4][40];
  int used = 0;
  bool ok =
      sscanf(text, "%39[^,],%39[^,],%39[^,],%39[^,]%n", part[0], part[1], part[2], part[3], &used) == 4 &&
      !text[used];
  for (int i = 0; i < 4 && ok; i++) ok = vt_parse_f64(part[i], &v[i]);
  if (!ok || v[2] <= 0 || v[3] <= 0)
    return vt_fail(e, VT_EUSAGE, "--box '%s': expected X,Y,W,H in pixels with W and H above 0", text);
  *b = (struct vt_box){v[0], v[1], v[2], v[3]};
  return 0;
}

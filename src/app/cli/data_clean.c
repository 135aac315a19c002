/* vitrine data clean: named steps in order, each with what it removed and why. */
#include "app/cli/descriptions.h"
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"
#include "app/labels_report.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_STEPS "size,min-area=50,duplicates,two-classes,rle-range"

struct opts {
  const char *format, *steps, *recipe, *out, *removed, *descriptions, *images;
  bool json, list;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "imaterialist", 0, 0, NULL, "NAME",
     "format of the labels (data convert lists them)"},
    {"steps", 's', VT_OPT_STRING, offsetof(struct opts, steps), NULL, 0, 0, NULL, "LIST",
     "steps in order, joined by commas (default: " DEFAULT_STEPS ")"},
    {"recipe", 0, VT_OPT_STRING, offsetof(struct opts, recipe), NULL, 0, 0, NULL, "FILE.yaml",
     "the steps from a file: a list of names, or of name: value"},
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FILE", "write what is left"},
    {"removed", 0, VT_OPT_STRING, offsetof(struct opts, removed), NULL, 0, 0, NULL, "FILE",
     "write what was removed, with the reasons (default: OUT.removed.csv)"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "label_descriptions.json, if it does not lie beside the table"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures, where a step looks at them"},
    VT_READING_ROWS(struct opts, reading),
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL,
     "print one JSON list, a step each"},
    {"list", 0, VT_OPT_FLAG, offsetof(struct opts, list), NULL, 0, 0, NULL, NULL,
     "print the steps that there are, with their usual values, and what each removes"},
};

static int list(struct vt_cli *cli, struct vt_err *e)
{
  struct vt_buf b = {0};
  vt_clean_help(&b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (!rc) fprintf(cli->out, "%s\n", b.data);
  vt_buf_clear(&b);
  return rc;
}

static void print_json(const struct vt_clean *c, struct vt_buf *b)
{
  vt_buf_addc(b, '[');
  for (int k = 0; k < c->nsteps; k++) {
    const struct vt_clean_step *s = &c->step[k];
    vt_buf_addf(b, "%s{\"step\": \"%s\"", k ? ",\n " : "", s->name);
    if (!isnan(s->value)) vt_buf_addf(b, ", \"value\": %.12g", s->value);
    vt_buf_addf(
        b, ", \"rows_before\": %lld, \"rows_after\": %lld, \"images_before\": %lld, \"images_after\": %lld",
        (long long)s->rows_before, (long long)s->rows_after, (long long)s->images_before,
        (long long)s->images_after);
    vt_buf_adds(b, ", \"removed\": [");
    for (int64_t i = 0; i < s->n; i++) vt_buf_addf(b, "%s%lld", i ? ", " : "", (long long)s->removed[i].line);
    vt_buf_adds(b, "], \"reasons\": [");
    for (int64_t i = 0; i < s->n; i++) {
      vt_buf_adds(b, i ? ", " : "");
      vt_json_text(b, s->removed[i].reason);
    }
    vt_buf_adds(b, "]}");
  }
  vt_buf_adds(b, "]\n");
}

static void print_table(const struct vt_clean *c, struct vt_buf *b)
{
  enum { SHOWN = 10 };
  for (int k = 0; k < c->nsteps; k++) {
    const struct vt_clean_step *s = &c->step[k];
    vt_buf_addf(b, "%-16s rows %lld -> %lld, images %lld -> %lld\n", s->name, (long long)s->rows_before,
                (long long)s->rows_after, (long long)s->images_before, (long long)s->images_after);
    for (int64_t i = 0; i < VT_MIN(s->n, SHOWN); i++)
      if (s->removed[i].instance < 0)
        vt_buf_addf(b, "  %s\n", s->removed[i].reason);
      else
        vt_buf_addf(b, "  line %lld: %s\n", (long long)s->removed[i].line, s->removed[i].reason);
    if (s->n > SHOWN) vt_buf_addf(b, "  and %lld more\n", (long long)(s->n - SHOWN));
  }
}

struct gone {
  int64_t line;
  const char *reason;
};

static int by_line(const void *a, const void *b)
{
  const struct gone *x = a, *y = b;
  return x->line < y->line ? -1 : x->line > y->line;
}

/* All removed rows of all steps, in order of lines, to the format's filter. */
static int write_rows(const struct vt_clean *c, const struct vt_descriptions *d, const char *removed,
                      struct vt_err *e)
{
  int64_t n = 0, k = 0;
  for (int s = 0; s < c->nsteps; s++) n += c->step[s].n;
  struct gone *gone = vt_calloc((size_t)n + 1, sizeof *gone);
  int64_t *line = vt_calloc((size_t)n + 1, sizeof *line);
  const char **reason = vt_calloc((size_t)n + 1, sizeof *reason);
  int rc = gone && line && reason ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int s = 0; s < c->nsteps && !rc; s++)
    for (int64_t i = 0; i < c->step[s].n; i++)
      gone[k++] = (struct gone){c->step[s].removed[i].line, c->step[s].removed[i].reason};
  if (!rc) qsort(gone, (size_t)n, sizeof *gone, by_line);
  for (int64_t i = 0; i < n && !rc; i++) {
    line[i] = gone[i].line;
    reason[i] = gone[i].reason;
  }
  if (!rc) rc = vt_descriptions_check(d, e);
  if (!rc) rc = d->format->filter(d->table, &(struct vt_row_filter){line, reason, n}, d->out, removed, e);
  if (!rc) rc = vt_descriptions_copy(d, e);
  vt_free(gone);
  vt_free(line);
  vt_free(reason);
  return rc;
}

/* Formats that are no rows: the set without the removed instances, and a list of those. */
static int write_set(const struct vt_clean *c, struct vt_labels *l, const struct vt_format *f,
                     const struct vt_labels_opts *lo, const char *out, const char *removed, struct vt_err *e)
{
  struct vt_losses losses = {0};
  struct vt_buf b = {0};
  if (!f->write) return vt_fail(e, VT_EUNSUPPORTED, "format %s cannot be written", f->name);
  vt_buf_adds(&b, "line,id,image,step,reason\n");
  for (int s = 0; s < c->nsteps; s++)
    for (int64_t i = 0; i < c->step[s].n; i++) {
      const struct vt_removed *r = &c->step[s].removed[i];
      if (r->instance >= 0)
        vt_buf_addf(&b, "%lld,%lld", (long long)r->line, (long long)l->v[r->instance].id);
      else
        vt_buf_addc(&b, ',');
      vt_csv_put(&b, r->image >= 0 ? l->image[r->image].file : "", false);
      vt_csv_put(&b, c->step[s].name, false);
      vt_csv_put(&b, r->reason, false);
      vt_buf_addc(&b, '\n');
    }
  int rc =
      b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_labels_take_out(l, c->gone, c->picture_gone, e);
  if (!rc) rc = f->write(l, out, lo, &losses, e);
  if (!rc) rc = vt_file_write_atomic(removed, b.data, b.len, e);
  vt_say_losses(out, &losses);
  vt_buf_clear(&b);
  return rc;
}

/* What was removed, beside a file or a folder. */
static const char *beside(struct vt_arena *a, const char *out)
{
  size_t n = strlen(out);
  while (n > 1 && out[n - 1] == '/') n--;
  return vt_arena_printf(a, "%.*s.removed.csv", (int)n, out);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0};
  struct vt_clean c = {0};
  struct vt_buf b = {0}, steps = {0};
  if (o->list) return list(cli, e);
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "data clean: expected one file of labels");
  if (o->steps && o->recipe) return vt_fail(e, VT_EUSAGE, "data clean: --steps or --recipe, not both");
  const struct vt_format *f = vt_format_find(o->format, e);
  if (!f) return VT_EUSAGE;
  if (o->removed && !o->out) return vt_fail(e, VT_EUSAGE, "--removed needs --out");
  const char *removed = o->removed;
  if (o->out && !removed && !(removed = beside(&cli->arena, o->out)))
    return vt_fail(e, VT_ENOMEM, "out of memory");
  const struct vt_place places[] = {
      {VT_READS, "FILE", args->v[0]},
      {VT_READS, "--descriptions", o->descriptions},
      {VT_READS, "--recipe", o->recipe},
      {VT_READS_PICTURES, "--images", o->images},
      {vt_place_of(f), "--out", o->out},
      {VT_WRITES, "--removed", removed},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  const struct vt_labels_opts lo = {.lenient = o->reading.lenient,
                                    .no_shapes = f->filter || !o->out,
                                    .keep_bad = true,
                                    .extra = o->descriptions,
                                    .images = o->images};
  const struct vt_descriptions d = {.table = args->v[0], .out = o->out, .format = f, .o = &lo, .l = &l};
  if (!o->recipe) vt_buf_adds(&steps, o->steps ? o->steps : DEFAULT_STEPS);
  int rc = steps.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc && o->recipe) rc = vt_clean_recipe(&steps, o->recipe, e);
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = f->read(&l, args->v[0], &lo, e);
  if (!rc) rc = vt_clean_run(&c, &l, o->images, steps.data ? steps.data : "", e);
  if (rc == VT_EUSAGE && o->recipe) vt_fail_in(e, rc, "%s", o->recipe);
  if (!rc) rc = vt_say_read(&l, args->v[0], o->out && !f->filter, &o->reading, e);
  if (rc) goto out;
  (o->json ? print_json : print_table)(&c, &b);
  if (b.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && o->out)
    rc = f->filter ? write_rows(&c, &d, removed, e) : write_set(&c, &l, f, &lo, o->out, removed, e);
  if (rc) goto out;
  fputs(b.data, cli->out);
out:
  vt_buf_clear(&b);
  vt_buf_clear(&steps);
  vt_clean_clear(&c);
  vt_labels_clear(&l);
  return rc;
}

const struct vt_verb vt_verb_data_clean = {
    .name = "data clean",
    .args = "FILE",
    .summary = "remove what is wrong or unwanted from a set of labels, step by step",
    .help =
        "Every step prints rows and pictures before and after, and which lines went, and why. --list names\n"
        "the steps; a value follows its step (min-area=50), in quotes where it has a comma. Some steps look\n"
        "at the pictures, whose folder --images names.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

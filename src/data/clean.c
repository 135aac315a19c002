/* Running the steps of a cleaning, in the order given. */
#include "data/clean.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/labels_internal.h"

#define STEP(name) extern const struct vt_step vt_step_##name;
#include "data/steps.list"
#undef STEP

static const struct vt_step *const steps[] = {
#define STEP(name) &vt_step_##name,
#include "data/steps.list"
#undef STEP
};

void vt_clean_help(struct vt_buf *out)
{
  for (size_t i = 0; i < VT_COUNT(steps); i++) {
    const struct vt_step *s = steps[i];
    char name[60];
    if (s->text)
      snprintf(name, sizeof name, "%s=%s", s->name, s->text);
    else if (s->needs_value)
      snprintf(name, sizeof name, "%s=N", s->name);
    else if (s->has_value)
      snprintf(name, sizeof name, "%s=%g", s->name, s->value);
    else
      snprintf(name, sizeof name, "%s", s->name);
    vt_buf_addf(out, "  %-22s %s%s", name, s->what, i + 1 < VT_COUNT(steps) ? "\n" : "");
  }
}

/* reason: borrowed; equal ones in a row are kept once. */
static int add(struct vt_clean *c, struct vt_removed what, const char *reason, struct vt_err *e)
{
  struct vt_clean_step *s = &c->step[c->nsteps];
  if (s->n == s->cap) {
    int64_t cap = s->cap ? 2 * s->cap : 64;
    struct vt_removed *v = vt_reallocarray(s->removed, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory at %lld removed rows", (long long)s->n);
    s->removed = v;
    s->cap = cap;
  }
  const char *last = s->n ? s->removed[s->n - 1].reason : NULL;
  what.reason = last && !strcmp(last, reason) ? last : vt_arena_strdup(&c->arena, reason);
  if (!what.reason) return vt_fail(e, VT_ENOMEM, "out of memory at %lld removed rows", (long long)s->n);
  s->removed[s->n++] = what;
  return 0;
}

int vt_clean_remove(struct vt_clean *c, int64_t i, struct vt_err *e, const char *fmt, ...)
{
  const struct vt_instance *in = &c->l->v[i];
  char text[400];
  if (c->gone[i]) return 0;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  int rc = add(c, (struct vt_removed){i, in->line, in->image, NULL}, text, e);
  if (rc) return rc;
  c->gone[i] = true;
  if (!--c->left[in->image]) c->picture_gone[in->image] = true;
  return 0;
}

int vt_clean_remove_picture(struct vt_clean *c, int32_t image, struct vt_err *e, const char *reason)
{
  char text[800];
  if (c->picture_gone[image] || c->left[image]) return 0;
  snprintf(text, sizeof text, "%.300s: %s", c->l->image[image].file, reason);
  int rc = add(c, (struct vt_removed){-1, 0, image, NULL}, text, e);
  if (!rc) c->picture_gone[image] = true;
  return rc;
}

static void count(const struct vt_clean *c, int64_t *rows, int64_t *images)
{
  *rows = *images = 0;
  for (int32_t i = 0; i < c->l->nimages; i++) {
    *rows += c->left[i];
    *images += !c->picture_gone[i];
  }
}

static int by_line(const void *a, const void *b)
{
  const struct vt_removed *x = a, *y = b;
  if (x->instance != y->instance) return x->instance < y->instance ? -1 : 1;
  return x->image < y->image ? -1 : x->image > y->image;
}

static const struct vt_step *find_step(const char *word, size_t n, struct vt_err *e)
{
  struct vt_buf b = {0};
  for (size_t i = 0; i < VT_COUNT(steps); i++) {
    if (strlen(steps[i]->name) == n && !memcmp(steps[i]->name, word, n)) {
      vt_buf_clear(&b);
      return steps[i];
    }
    vt_buf_addf(&b, "%s%s", i ? ", " : "", steps[i]->name);
  }
  vt_fail(e, VT_EUSAGE, "unknown step '%.*s'; expected some of %s", (int)VT_MIN(n, (size_t)60), word,
          b.data ? b.data : "");
  vt_buf_clear(&b);
  return NULL;
}

static int read_value(const struct vt_step *s, const char *text, double *value, struct vt_err *e)
{
  *value = s->value;
  if (!text && (s->text || s->needs_value))
    return vt_fail(e, VT_EUSAGE, "step %s needs a value: %s=…", s->name, s->name);
  if (!text || s->text) return 0;
  if (!s->has_value) return vt_fail(e, VT_EUSAGE, "step %s takes no value, found '%s'", s->name, text);
  if (!vt_parse_f64(text, value) || *value < s->lo || *value > s->hi)
    return vt_fail(e, VT_EUSAGE, "step %s: '%s': expected a number from %g to %g", s->name, text, s->lo,
                   s->hi);
  return 0;
}

/* Where a picture ends a step, which step takes it out. */
static int say_way_out(const struct vt_clean *c, const struct vt_step *s, int rc, struct vt_err *e)
{
  const size_t n = e ? strlen(e->msg) : 0;
  if (n && c->images && (rc == VT_EFORMAT || rc == VT_ENOENT))
    snprintf(e->msg + n, sizeof e->msg - n, "; step unreadable before %s removes such pictures", s->name);
  return rc;
}

static int run_step(struct vt_clean *c, const char *word, struct vt_err *e)
{
  const char *equals = strchr(word, '=');
  const struct vt_step *s = find_step(word, equals ? (size_t)(equals - word) : strlen(word), e);
  if (!s) return VT_EUSAGE;
  struct vt_clean_step *r = &c->step[c->nsteps];
  double value;
  int rc = read_value(s, equals ? equals + 1 : NULL, &value, e);
  if (rc) return rc;
  *r = (struct vt_clean_step){.name = s->name, .value = s->has_value ? value : NAN};
  count(c, &r->rows_before, &r->images_before);
  if ((rc = s->run(c, value, equals ? equals + 1 : NULL, e))) return say_way_out(c, s, rc, e);
  if (r->n) qsort(r->removed, (size_t)r->n, sizeof *r->removed, by_line);
  count(c, &r->rows_after, &r->images_after);
  c->nsteps++;
  return 0;
}

/* What lenient reading left out, as the step before the first. */
static int add_read(struct vt_clean *c, struct vt_err *e)
{
  const struct vt_problems *p = &c->l->problems;
  if (!p->n) return 0;
  struct vt_clean_step *s = &c->step[c->nsteps++];
  *s = (struct vt_clean_step){.name = "read", .value = NAN, .rows_before = c->l->rows};
  if (!(s->removed = vt_reallocarray(NULL, (size_t)p->n, sizeof *s->removed)))
    return vt_fail(e, VT_ENOMEM, "out of memory at %lld removed rows", (long long)p->n);
  for (s->n = s->cap = 0; s->n < p->n; s->n++, s->cap++)
    s->removed[s->n] = (struct vt_removed){-1, p->v[s->n].line, -1, p->v[s->n].text};
  count(c, &s->rows_after, &s->images_after);
  s->images_before = s->images_after + c->l->lost;
  return 0;
}

/* The next word of a list; commas between quotes belong to it, and the quotes go. */
static char *next_word(char **rest)
{
  char *word = *rest, *to = word, *from = word;
  bool quoted = false;
  if (!word) return NULL;
  for (; *from && (quoted || *from != ','); from++) {
    if (*from == '"')
      quoted = !quoted;
    else
      *to++ = *from;
  }
  *rest = *from ? from + 1 : NULL;
  *to = 0;
  return word;
}

int vt_clean_run(struct vt_clean *c, const struct vt_labels *l, const char *images, const char *list,
                 struct vt_err *e)
{
  *c = (struct vt_clean){.l = l, .images = images};
  vt_arena_init(&c->arena);
  int rc, n = 1;
  for (const char *p = list; *p; p++) n += *p == ',';
  char *words = vt_arena_strdup(&c->arena, list), *rest = words;
  c->gone = vt_calloc((size_t)l->n + 1, sizeof *c->gone);
  c->picture_gone = vt_calloc((size_t)l->nimages + 1, sizeof *c->picture_gone);
  c->left = vt_calloc((size_t)l->nimages + 1, sizeof *c->left);
  c->step = vt_calloc((size_t)n + 2, sizeof *c->step);
  for (int64_t i = 0; i < l->n && c->left; i++) c->left[l->v[i].image]++;
  rc = words && c->gone && c->picture_gone && c->left && c->step ? add_read(c, e)
                                                                 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (char *word; !rc && (word = next_word(&rest));) rc = run_step(c, word, e);
  return rc;
}

void vt_clean_clear(struct vt_clean *c)
{
  for (int k = 0; c->step && k <= c->nsteps; k++)
    vt_free(c->step[k].removed); /* the last one: of a step that failed */
  vt_free(c->step);
  vt_free(c->gone);
  vt_free(c->picture_gone);
  vt_free(c->left);
  vt_arena_clear(&c->arena);
  *c = (struct vt_clean){0};
}

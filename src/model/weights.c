/* Weights from a safetensors file for builders: what is missing, extra or of another shape is told at once.
 */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6 }; /* names of a kind in a message */

const struct vt_tensor *vt_weights_find(void *file, const char *name)
{
  return vt_safetensors_find(file, name);
}

/* Some names of a kind, and how many there are. */
struct tally {
  const char *kind;
  int n;
  struct vt_buf text;
};

static void note(struct tally *t, const char *format, const char *name, const char *have, const char *want)
{
  if (t->n++ >= SHOWN) return;
  vt_buf_adds(&t->text, t->n > 1 ? ", " : " ");
  vt_buf_addf(&t->text, format, name, have, want);
}

static int same_name(const void *key, const void *value)
{
  return strcmp(key, (*(struct vt_value *const *)value)->name);
}

static int by_name(const void *a, const void *b)
{
  return strcmp((*(struct vt_value *const *)a)->name, (*(struct vt_value *const *)b)->name);
}

static void compare_parameters(const struct vt_safetensors *file, const struct vt_graph *g,
                               struct tally *missing, struct tally *misshapen)
{
  for (int i = 1; i < g->ninputs; i++) { /* input 0 is the picture */
    const struct vt_value *v = g->inputs[i];
    const struct vt_tensor *t = vt_safetensors_find(file, v->name);
    char have[128], want[128];
    if (!t) {
      note(missing, "%s", v->name, "", "");
      continue;
    }
    if (vt_dtype_is_float(t->dtype) && t->rank == v->rank &&
        memcmp(t->dim, v->dim, (size_t)t->rank * sizeof *t->dim) == 0)
      continue;
    vt_shape_print(t->rank, t->dim, have, sizeof have);
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    if (!vt_dtype_is_float(t->dtype)) snprintf(have, sizeof have, "%s numbers", vt_dtype_name(t->dtype));
    note(misshapen, "%s %s, the network needs %s", v->name, have, want);
  }
}

/* Names that even the whole network, with all its classifiers, does not have. */
static int find_extra(const struct vt_safetensors *file, const struct vt_graph *whole, struct tally *extra,
                      struct vt_err *e)
{
  static const char counter[] = ".num_batches_tracked"; /* PyTorch's count of training steps */
  struct vt_value **names = vt_calloc((size_t)whole->ninputs, sizeof *names);
  if (!names) return vt_fail(e, VT_ENOMEM, "out of memory");
  memcpy(names, whole->inputs, (size_t)whole->ninputs * sizeof(struct vt_value *));
  qsort(names, (size_t)whole->ninputs, sizeof *names, by_name);
  for (int i = 0; i < vt_safetensors_count(file); i++) {
    const char *name = vt_safetensors_name(file, i);
    size_t len = strlen(name), tail = sizeof counter - 1;
    if (len > tail && strcmp(name + len - tail, counter) == 0) continue;
    if (!bsearch(name, names, (size_t)whole->ninputs, sizeof *names, same_name))
      note(extra, "%s", name, "", "");
  }
  vt_free(names);
  return 0;
}

/* One message of all that does not fit. */
static int tell(const struct vt_safetensors *file, const struct vt_builder *b, struct tally *t, int n,
                struct vt_err *e)
{
  struct vt_buf all = {0};
  int faults = 0;
  for (int i = 0; i < n; i++) {
    if (!t[i].n) continue;
    faults += t[i].n;
    vt_buf_addf(&all, "; %d %s:%s%s", t[i].n, t[i].kind, t[i].text.data ? t[i].text.data : "",
                t[i].n > SHOWN ? ", …" : "");
  }
  int rc = faults ? vt_fail(e, VT_ESHAPE, "%s: not the weights of this %s%s", vt_safetensors_path(file),
                            b->name, all.data ? all.data : "")
                  : 0;
  vt_buf_clear(&all);
  return rc;
}

int vt_weights_check(const struct vt_safetensors *file, const struct vt_builder *b,
                     const struct vt_registry *r, const struct vt_builder_opts *o, struct vt_err *e)
{
  struct tally t[3] = {{.kind = "missing"}, {.kind = "of another shape"}, {.kind = "too many"}};
  struct vt_graph *g = NULL, *whole = NULL;
  struct vt_builder_opts most = {
      .classes = 1, .width = o->width, .auxiliary = vt_builder_family_of(b)->has_auxiliary};
  int rc = vt_builder_outline(&g, b, r, o, NULL, e);
  if (!rc) rc = vt_builder_outline(&whole, b, r, &most, NULL, e);
  if (!rc) {
    compare_parameters(file, g, &t[0], &t[1]);
    rc = find_extra(file, whole, &t[2], e);
  }
  if (!rc) rc = tell(file, b, t, VT_COUNT(t), e);
  for (int i = 0; i < 3; i++) vt_buf_clear(&t[i].text);
  vt_graph_free(g);
  vt_graph_free(whole);
  return rc;
}

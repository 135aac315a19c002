/* Sums of the Dice loss. */
#include "ops/dice_ref.h"
#include "ops/softmax_ref.h"

int vt__dice_infer(struct vt_node *n, int xi, struct vt_err *e)
{
  const struct vt_value *x = n->in[xi], *y = n->in[xi + 1];
  int rc = vt__check_rank(n, xi, 2, VT_MAX_RANK, e);
  if (!rc && x->rank >= 0) rc = vt__check_rank(n, xi + 1, x->rank - 1, x->rank - 1, e);
  if (rc) return rc;
  for (int i = 0; x->rank >= 0 && i < y->rank; i++) {
    int64_t want = x->dim[i ? i + 1 : 0];
    if (want >= 0 && y->dim[i] >= 0 && want != y->dim[i])
      return vt__bad(e, VT_ESHAPE, n, "labels '%s' do not fit scores '%s'", y->name, x->name);
  }
  return VT_OK;
}

void vt__dice_clear(struct vt__dice *s)
{
  vt_free(s->p);
  vt_free(s->meet);
  vt_free(s->total);
  vt_free(s->count);
  *s = (struct vt__dice){0};
}

int vt__dice_init(struct vt__dice *s, const struct vt_ref_call *c, const struct vt_tensor *x,
                  const struct vt_tensor *labels, struct vt_err *e)
{
  const struct vt__dice_attrs *a = c->attrs;
  *s = (struct vt__dice){.n = x->dim[0], .c = x->dim[1], .d = vt__span(x->dim, 2, x->rank)};
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  s->p = vt_malloc(vt_tensor_bytes(x) + 1);
  s->meet = vt_calloc((size_t)s->c + 1, sizeof *s->meet);
  s->total = vt_calloc((size_t)s->c + 1, sizeof *s->total);
  s->count = vt_calloc((size_t)s->c + 1, sizeof *s->count);
  if (!s->p || !s->meet || !s->total || !s->count) {
    vt__dice_clear(s);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  memcpy(s->p, x->data, vt_tensor_bytes(x));
  for (int64_t n = 0; n < s->n; n++) {
    float *p = s->p + n * s->c * s->d;
    if (a->logits) vt__softmax_rows(p, p, s->c, s->d, s->d, false);
    for (int64_t d = 0; d < s->d; d++) {
      int64_t y = vt__dice_label(labels, n * s->d + d);
      if (y == a->ignore_index) { /* counts nowhere: neither in the sums nor in the gradient */
        for (int64_t k = 0; k < s->c; k++) p[k * s->d + d] = 0;
        continue;
      }
      if (y < 0 || y >= s->c) {
        int64_t classes = s->c;
        vt__dice_clear(s);
        return vt__bad(e, VT_EARG, c->node, "label %lld, 0 to %lld expected", (long long)y,
                       (long long)classes - 1);
      }
      s->meet[y] += (double)p[y * s->d + d];
      s->total[y] += 1;
      s->present += s->count[y]++ == 0;
    }
    for (int64_t k = 0; k < s->c; k++) {
      double sum = 0;
      for (int64_t d = 0; d < s->d; d++) sum += (double)p[k * s->d + d];
      s->total[k] += sum;
    }
  }
  return VT_OK;
}

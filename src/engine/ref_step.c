/* Reference kernels on a session's memory. They compute in f32: f16 and bf16 buffers are converted into
 * scratch before and back after. Element-wise operators run on blocked bytes as they lie. */
#include <stdlib.h>
#include <string.h>
#include "engine/program_impl.h"

static bool is_half(enum vt_dtype t)
{
  return t == VT_F16 || t == VT_BF16;
}

uint64_t vt__node_seed(uint64_t seed, const struct vt_node *n)
{
  /* splitmix64 (Steele, Lea, Flood 2014) over run seed and node number */
  uint64_t x = seed + 0x9e3779b97f4a7c15u * ((uint64_t)n->id + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static size_t round64(size_t n)
{
  return (n + 63) & ~(size_t)63;
}

/* The shape under which the kernel sees the buffer. */
static struct vt_tensor seen(const struct vt_program *p, const struct vt__step *s, int b)
{
  const struct vt__buf *f = &p->bufs[b];
  const struct vt_value *v = f->value;
  if (!s->blocked || f->block == VT_PLAIN || v->rank != 4)
    return vt_tensor_view(f->dtype, v->rank, v->dim, NULL);
  if (f->block == VT_NHWC)
    return vt_tensor_view(f->dtype, 4, (int64_t[]){v->dim[0], v->dim[2], v->dim[3], v->dim[1]}, NULL);
  int64_t c = f->block;
  return vt_tensor_view(f->dtype, 5, (int64_t[]){v->dim[0], (v->dim[1] + c - 1) / c, v->dim[2], v->dim[3], c},
                        NULL);
}

void vt__ref_tensors(const struct vt_program *p, const struct vt__step *s, void *scratch, struct vt_tensor *t,
                     enum vt_dtype *half)
{
  uint8_t *at = scratch;
  for (int i = 0; i < s->nin + s->nout; i++) {
    int b = i < s->nin ? s->in[i] : s->out[i - s->nin];
    half[i] = VT_UNDEFINED;
    t[i] = (struct vt_tensor){0};
    if (b < 0) continue;
    t[i] = seen(p, s, b);
    if (!is_half(t[i].dtype)) continue;
    half[i] = t[i].dtype;
    t[i].dtype = VT_F32;
    t[i].data = at;
    at += round64(vt_tensor_bytes(&t[i]));
  }
}

size_t vt__ref_scratch(const struct vt_program *p, const struct vt__step *s)
{
  size_t bytes = 0;
  for (int i = 0; i < s->nin + s->nout; i++) {
    int b = i < s->nin ? s->in[i] : s->out[i - s->nin];
    if (b < 0) continue;
    struct vt_tensor t = seen(p, s, b);
    if (!is_half(t.dtype)) continue;
    t.dtype = VT_F32;
    bytes += round64(vt_tensor_bytes(&t));
  }
  return bytes;
}

int vt__ref_run(const struct vt__step *s, struct vt_tensor *const *t, const enum vt_dtype *half,
                void *const *bytes, uint64_t seed, struct vt_err *e)
{
  for (int i = 0; i < s->nin; i++)
    if (half[i]) vt_convert(half[i], bytes[i], VT_F32, t[i]->data, vt_tensor_count(t[i]));
  struct vt_ref_call c = {.node = s->node,
                          .attrs = s->node->attrs,
                          .nin = s->nin,
                          .nout = s->nout,
                          .in = (const struct vt_tensor *const *)t,
                          .out = t + s->nin,
                          .seed = seed};
  int rc = s->node->op->ref(&c, e);
  if (rc) return vt_fail_in(e, rc, "node '%s' (%s)", s->node->name, s->node->op->name);
  for (int i = s->nin; i < s->nin + s->nout; i++)
    if (half[i]) vt_convert(VT_F32, t[i]->data, half[i], bytes[i], vt_tensor_count(t[i]));
  return 0;
}

/* f32 in place of f16 and bf16. */
static int widen(struct vt_tensor *out, const struct vt_tensor *t, struct vt_err *e)
{
  if (is_half(t->dtype) && t->data) return vt_tensor_cast(out, t, VT_F32, e);
  *out = t->storage ? vt_tensor_share(t) : *t;
  if (is_half(t->dtype)) out->dtype = VT_F32;
  /* Weights of a mapped file may lie at any address. */
  size_t size = vt_dtype_size(t->dtype);
  if (size > 1 && (uintptr_t)t->data % size) {
    vt_tensor_clear(out);
    return vt_tensor_copy(out, t, e);
  }
  return 0;
}

static int eval_outputs(const struct vt_node *n, struct vt_tensor *out, struct vt_err *e)
{
  for (int i = 0; i < n->nout; i++) {
    const struct vt_value *v = n->out[i];
    if (!v || !vt__value_known(v)) continue;
    int rc = vt_tensor_init(&out[i], is_half(v->dtype) ? VT_F32 : v->dtype, v->rank, v->dim, e);
    if (rc) return rc;
  }
  return 0;
}

int vt__ref_eval(const struct vt_node *n, const struct vt_tensor *const *in, struct vt_tensor *out,
                 uint64_t seed, struct vt_err *e)
{
  int nin = n->nin, nout = n->nout;
  struct vt_tensor *wide = vt_calloc((size_t)nin + 1, sizeof *wide);
  const struct vt_tensor **pin = vt_calloc((size_t)nin + 1, sizeof *pin);
  struct vt_tensor **pout = vt_calloc((size_t)nout + 1, sizeof *pout);
  for (int i = 0; i < nout; i++) out[i] = (struct vt_tensor){0};
  int rc = wide && pin && pout ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  for (int i = 0; i < nin && !rc; i++) {
    if (!in[i]) continue;
    rc = widen(&wide[i], in[i], e);
    pin[i] = &wide[i];
  }
  for (int i = 0; i < nout; i++) pout[i] = n->out[i] ? &out[i] : NULL;
  if (!rc) rc = eval_outputs(n, out, e);
  if (rc) goto out;
  struct vt_ref_call c = {.node = n,
                          .attrs = n->attrs,
                          .nin = nin,
                          .nout = nout,
                          .in = pin,
                          .out = pout,
                          .seed = vt__node_seed(seed, n)};
  rc = n->op->ref(&c, e);
  for (int i = 0; i < nout && !rc; i++) {
    if (!n->out[i] || !is_half(n->out[i]->dtype) || out[i].dtype != VT_F32) continue;
    struct vt_tensor narrow;
    rc = vt_tensor_cast(&narrow, &out[i], n->out[i]->dtype, e);
    if (rc) break;
    vt_tensor_clear(&out[i]);
    out[i] = narrow;
  }
out:
  if (wide)
    for (int i = 0; i < nin; i++) vt_tensor_clear(&wide[i]);
  if (rc)
    for (int i = 0; i < nout; i++) vt_tensor_clear(&out[i]);
  vt_free(wide);
  vt_free(pin);
  vt_free(pout);
  return rc;
}

/* Other versions of operators, rewritten to the opset that graphs are built in (17).
 *
 * Most changes between opsets 1 and 17 turned an attribute into an input: a table. Softmax and its like
 * changed meaning (they used to flatten), Upsample became Resize. Source: the version history in ONNX's
 * Changelog.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine/onnx_priv.h"

enum kind { INTS, INT_AS_INTS, FLOAT, FLOATS };

static const struct {
  const char *op;
  int below; /* versions before this opset */
  const char *attr;
  enum kind kind;
  int input; /* which input the attribute became */
} moved[] = {
    {"Squeeze", 13, "axes", INTS, 1},   {"Unsqueeze", 13, "axes", INTS, 1},
    {"ReduceSum", 13, "axes", INTS, 1}, {"Split", 13, "split", INTS, 1},
    {"Slice", 10, "starts", INTS, 1},   {"Slice", 10, "ends", INTS, 2},
    {"Slice", 10, "axes", INTS, 3},     {"Clip", 11, "min", FLOAT, 1},
    {"Clip", 11, "max", FLOAT, 2},      {"Pad", 11, "pads", INTS, 1},
    {"Pad", 11, "value", FLOAT, 2},     {"TopK", 10, "k", INT_AS_INTS, 1},
    {"Dropout", 12, "ratio", FLOAT, 1}, {"Upsample", 9, "scales", FLOATS, 1},
    {"Reshape", 5, "shape", INTS, 1},   {"Pad", 2, "paddings", INTS, 1},
};

static const struct {
  const char *op;
  int below;
  const char *present;
} changed[] = {
    {"Softmax", 13, "Softmax"},
    {"LogSoftmax", 13, "LogSoftmax"},
    {"Hardmax", 13, "Hardmax"},
    {"Resize", 11, "Resize"},
    {"Upsample", 99, "Resize"},
    {"Scatter", 99, "ScatterElements"},
    {"BatchNormalization", 9, "BatchNormalization"},
    {"Add", 7, "Add"},
    {"Sub", 7, "Sub"},
    {"Mul", 7, "Mul"},
    {"Div", 7, "Div"},
    {"Pow", 7, "Pow"},
    {"And", 7, "And"},
    {"Or", 7, "Or"},
    {"Xor", 7, "Xor"},
    {"Greater", 7, "Greater"},
    {"Less", 7, "Less"},
    {"Equal", 7, "Equal"},
    {"Gemm", 7, "Gemm"},
    {"PRelu", 7, "PRelu"},
    {"RoiAlign", 16, "RoiAlign"},
    {"Concat", 4, "Concat"},
    {"Cast", 6, "Cast"},
    {"Tile", 6, "Tile"},
    {"Dropout", 7, "Dropout"},
};

/* From opset 18 on the axes of these are an input (ReduceSum's were before), and Split may state its count.
 */
static bool later(const char *op, int opset)
{
  if (opset < 18) return false;
  return strcmp(op, "Split") == 0 || (strcmp(op, "GridSample") == 0 && opset >= 20) ||
         (strncmp(op, "Reduce", 6) == 0 && strcmp(op, "ReduceSum") != 0);
}

bool vt__onnx_upgrades(const char *op, int opset, const char **present)
{
  *present = op;
  if (later(op, opset)) return true;
  for (size_t i = 0; i < VT_COUNT(changed); i++)
    if (strcmp(changed[i].op, op) == 0 && opset < changed[i].below) {
      *present = changed[i].present;
      return true;
    }
  for (size_t i = 0; i < VT_COUNT(moved); i++)
    if (strcmp(moved[i].op, op) == 0 && opset < moved[i].below) return true;
  return false;
}

const Onnx__AttributeProto *vt__onnx_attr(const struct vt__onnx_node *n, const char *name)
{
  for (size_t i = 0; i < n->p->n_attribute && i < 64; i++)
    if (n->p->attribute[i]->name && strcmp(n->p->attribute[i]->name, name) == 0) {
      ((struct vt__onnx_node *)n)->done |= (uint64_t)1 << i;
      return n->p->attribute[i];
    }
  return NULL;
}

static struct vt_value *constant(struct vt_graph *g, const struct vt__onnx_node *n, const char *name,
                                 enum vt_dtype t, int rank, int64_t count, void *data)
{
  struct vt_tensor view = vt_tensor_view(t, rank, &count, data);
  char text[128];
  snprintf(text, sizeof text, "%.64s.%s", n->outname[0], name);
  return vt_graph_constant(g, text, &view);
}

static struct vt_value *as_input(struct vt_graph *g, const struct vt__onnx_node *n,
                                 const Onnx__AttributeProto *a, enum kind kind)
{
  float zero = 0;
  int64_t izero = 0;
  switch (kind) {
  case INTS: return constant(g, n, a->name, VT_I64, 1, (int64_t)a->n_ints, a->n_ints ? a->ints : &izero);
  case INT_AS_INTS: return constant(g, n, a->name, VT_I64, 1, 1, (void *)&a->i);
  case FLOATS:
    return constant(g, n, a->name, VT_F32, 1, (int64_t)a->n_floats, a->n_floats ? a->floats : &zero);
  default: return constant(g, n, a->name, VT_F32, 0, 0, (void *)&a->f);
  }
}

static void place(struct vt__onnx_node *n, int at, struct vt_value *v)
{
  while (n->nin <= at) n->in[n->nin++] = NULL;
  n->in[at] = v;
}

static int move_attributes(struct vt_graph *g, struct vt__onnx_node *n, int opset)
{
  for (size_t i = 0; i < VT_COUNT(moved); i++) {
    if (strcmp(moved[i].op, n->p->op_type) != 0 || opset >= moved[i].below ||
        vt__attr_find(n->desc, moved[i].attr))
      continue;
    const Onnx__AttributeProto *a = vt__onnx_attr(n, moved[i].attr);
    if (!a) continue;
    struct vt_value *v = as_input(g, n, a, moved[i].kind);
    if (!v) return g->err.code;
    place(n, moved[i].input, v);
  }
  return 0;
}

static void set(struct vt__onnx_node *n, const char *name, const char *value)
{
  if (!vt__attr_find(n->desc, name) || n->nset >= (int)VT_COUNT(n->set_name)) return;
  n->set_name[n->nset] = name;
  n->set_value[n->nset++] = value;
}

/* Before opset 13 these work on the tensor flattened to two dimensions at `axis` (default 1). */
static int softmax(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  struct vt_value *x = n->nin ? n->in[0] : NULL;
  if (!x || n->nin != 1 || n->nout != 1)
    return vt_fail(e, VT_EFORMAT, "%s takes one input and gives one output", n->op);
  const Onnx__AttributeProto *a = vt__onnx_attr(n, "axis");
  int64_t axis = a && a->has_i ? a->i : 1;
  if (x->rank < 0)
    return vt_fail(e, VT_EUNSUPPORTED, "%s before opset 13 on an input of unknown rank", n->op);
  if (axis < 0) axis += x->rank;
  if (axis < 0 || axis > x->rank) return vt_fail(e, VT_EFORMAT, "%s: axis out of range", n->op);
  if (axis == x->rank - 1) {
    set(n, "axis", "-1");
    return 0;
  }
  struct vt_value *shape = vt_emit(g, "Shape", VT_IN(x), "");
  struct vt_value *flat = vt_emit(g, "Flatten", VT_IN(x), "axis=%d", (int)axis);
  struct vt_value *y = vt_emit_n(g, n->op, 1, &flat, 1, &(struct vt_value *){NULL}, "axis=-1");
  struct vt_value *r = vt_emit(g, "Reshape", VT_IN(y, shape), "");
  if (!r) return vt_graph_status(g, e);
  vt__value_rename(g, r, n->outname[0]);
  return 1;
}

/* Before opset 7, broadcast=1 lined the second input up with the first's dimensions from `axis` on (default:
 * with the last ones, as today): ones are put behind it. Without broadcast=1 the shapes were equal. */
static int broadcast(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  bool prelu = strcmp(n->op, "PRelu") == 0; /* its slopes are one, or one per channel */
  const Onnx__AttributeProto *on = vt__onnx_attr(n, "broadcast"), *at = on ? vt__onnx_attr(n, "axis") : NULL;
  if ((!prelu && (!on || !on->i || !at)) || n->nin != 2 || !n->in[0] || !n->in[1]) return 0;
  int ra = n->in[0]->rank, rb = n->in[1]->rank;
  if (prelu && (rb != 1 || n->in[1]->dim[0] == 1)) return 0;
  if (ra < 0 || rb < 0)
    return vt_fail(e, VT_EUNSUPPORTED, "%s with broadcast at an axis of unknown shapes", n->op);
  int64_t first = prelu ? 1 : at->i < 0 ? at->i + ra : at->i, behind = ra - rb - first, axes[VT_MAX_RANK];
  if (behind < 0 || rb + behind > VT_MAX_RANK) return vt_fail(e, VT_EFORMAT, "%s: axis out of range", n->op);
  for (int64_t i = 0; i < behind; i++) axes[i] = rb + i;
  if (!behind) return 0;
  n->in[1] = vt_emit(g, "Unsqueeze", VT_IN(n->in[1], vt_graph_ints(g, (int)behind, axes)), "");
  return vt_graph_status(g, e);
}

/* Before opset 6 the element type was a word. */
static int cast(struct vt__onnx_node *n, struct vt_err *e)
{
  static const char *const words[] = {"",      "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
                                      "INT64", "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
  static const char *const numbers[] = {"0", "1", "2", "3",  "4",  "5",  "6",
                                        "7", "8", "9", "10", "11", "12", "13"};
  const Onnx__AttributeProto *a = vt__onnx_attr(n, "to");
  for (size_t i = 1; a && i < VT_COUNT(words); i++)
    if (a->s.len == strlen(words[i]) && memcmp(a->s.data, words[i], a->s.len) == 0) {
      set(n, "to", numbers[i]);
      return 0;
    }
  return vt_fail(e, VT_EFORMAT, "Cast to an unknown type");
}

/* Before opset 6: (input, tiles, axis) instead of repeats for every axis. */
static int tile(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  if (n->nin != 3) return 0;
  const struct vt_value *x = n->in[0], *v[2] = {n->in[1], n->in[2]};
  int64_t repeats[VT_MAX_RANK], rank = x->rank;
  for (int i = 0; i < 2; i++)
    if (!v[i] || !v[i]->is_constant || vt_tensor_count(&v[i]->init) != 1) rank = -1;
  if (rank < 0) return vt_fail(e, VT_EUNSUPPORTED, "Tile before opset 6 along a computed axis");
  int64_t tiles = vt_tensor_whole(&v[0]->init, 0), axis = vt_tensor_whole(&v[1]->init, 0);
  if (axis < 0 || axis >= rank) return vt_fail(e, VT_EFORMAT, "Tile: axis out of range");
  for (int64_t i = 0; i < rank; i++) repeats[i] = i == axis ? tiles : 1;
  n->in[1] = vt_graph_ints(g, (int)rank, repeats);
  n->nin = 2;
  return vt_graph_status(g, e);
}

/* Version 1 scales the two last of four dimensions. */
static int upsample_1(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  const Onnx__AttributeProto *h = vt__onnx_attr(n, "height_scale"), *w = vt__onnx_attr(n, "width_scale");
  if (!h || !w) return 0;
  float scales[4] = {1, 1, h->f, w->f};
  place(n, 1, constant(g, n, "scales", VT_F32, 1, 4, scales));
  return vt_graph_status(g, e);
}

/* num_outputs cuts into equal pieces, the last one shorter where that does not go: said as a list of lengths.
 */
static int split(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  const Onnx__AttributeProto *a = vt__onnx_attr(n, "num_outputs"), *axis = NULL;
  const struct vt_value *x = n->nin ? n->in[0] : NULL;
  for (size_t i = 0; i < n->p->n_attribute; i++)
    if (n->p->attribute[i]->name && strcmp(n->p->attribute[i]->name, "axis") == 0) axis = n->p->attribute[i];
  int64_t at = axis ? axis->i : 0, pieces[VT_MAX_OUT];
  if (!a || n->nin > 1 || !x || x->rank < 0) return 0;
  if (at < 0) at += x->rank;
  if (a->i != n->nout || n->nout > VT_MAX_OUT || at < 0 || at >= x->rank)
    return vt_fail(e, VT_EFORMAT, "Split: num_outputs is %lld for %d outputs, axis %lld", (long long)a->i,
                   n->nout, (long long)at);
  int64_t left = x->dim[at], each = (left + n->nout - 1) / n->nout;
  if (left < 0 || left % n->nout == 0) return 0;
  for (int i = 0; i < n->nout; i++) {
    pieces[i] = VT_MIN(each, left);
    left -= pieces[i];
  }
  place(n, 1, vt_graph_ints(g, n->nout, pieces));
  return vt_graph_status(g, e);
}

/* Modes have other names from opset 20 on. */
static int grid_mode(struct vt__onnx_node *n)
{
  const Onnx__AttributeProto *a = NULL;
  for (size_t i = 0; i < n->p->n_attribute; i++)
    if (n->p->attribute[i]->name && strcmp(n->p->attribute[i]->name, "mode") == 0) a = n->p->attribute[i];
  bool linear = a && a->s.len == 6 && memcmp(a->s.data, "linear", 6) == 0;
  bool cubic = a && a->s.len == 5 && memcmp(a->s.data, "cubic", 5) == 0;
  if (!linear && !cubic) return 0;
  vt__onnx_attr(n, "mode");
  set(n, "mode", linear ? "bilinear" : "bicubic");
  return 0;
}

static int downgrade(struct vt_graph *g, struct vt__onnx_node *n, struct vt_err *e)
{
  if (strcmp(n->op, "Split") == 0) return split(g, n, e);
  if (strcmp(n->op, "GridSample") == 0) return grid_mode(n);
  if (n->nin < 2 || !n->in[1]) return 0;
  const struct vt_value *axes = n->in[1];
  if (!axes->is_constant || axes->dtype != VT_I64) return 0; /* our operators take computed ones too */
  int64_t count = vt_tensor_count(&axes->init),
          *copy = vt_arena_alloc(&g->arena, vt_tensor_bytes(&axes->init) + 8);
  if (!copy) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < count && i < VT_MAX_RANK; i++) copy[i] = ((const int64_t *)axes->init.data)[i];
  if (count > VT_MAX_RANK) return vt_fail(e, VT_EFORMAT, "%s with %lld axes", n->op, (long long)count);
  n->ints_name = "axes";
  n->ints = (struct vt_ints){(int)count, copy};
  n->nin = 1;
  return 0;
}

int vt__onnx_upgrade(const struct vt__onnx_reader *r, struct vt_graph *g, struct vt__onnx_node *n,
                     struct vt_err *e)
{
  int rc = move_attributes(g, n, r->opset);
  if (rc) return vt_graph_status(g, e);
  const char *op = n->p->op_type;
  if (later(op, r->opset)) return downgrade(g, n, e);
  if (strstr(op, "oftmax") || strcmp(op, "Hardmax") == 0) return softmax(g, n, e);
  if (strcmp(op, "Cast") == 0) return cast(n, e);
  if (strcmp(op, "Tile") == 0) return tile(g, n, e);
  if (strcmp(op, "Upsample") == 0 && (rc = upsample_1(g, n, e))) return rc;
  if (strcmp(op, "RoiAlign") == 0) {
    set(n, "coordinate_transformation_mode", "output_half_pixel");
  } else if (strcmp(op, "Concat") == 0) {
    set(n, "axis", "1");
  } else if (strcmp(op, "Upsample") == 0 || strcmp(op, "Resize") == 0) {
    if (n->nin == 2) { /* (X, scales) -> (X, roi, scales) */
      place(n, 2, n->in[1]);
      n->in[1] = NULL;
    }
    set(n, "coordinate_transformation_mode", "asymmetric");
    set(n, "nearest_mode", "floor");
  } else if (strcmp(op, "BatchNormalization") == 0 || strcmp(op, "Dropout") == 0) {
    vt__onnx_attr(n, "is_test");
    const Onnx__AttributeProto *a = vt__onnx_attr(n, "spatial");
    if (a && a->has_i && a->i == 0)
      return vt_fail(e, VT_EUNSUPPORTED, "BatchNormalization with statistics per position (spatial=0)");
  } else if (strcmp(op, "Gemm") == 0) {
    vt__onnx_attr(n, "broadcast");
  } else if (r->opset < 7) {
    return broadcast(g, n, e);
  }
  return 0;
}

int vt__onnx_opset_of(const struct vt_graph *g)
{
  int opset = VT__ONNX_OPSET;
  for (int i = 0; i < g->nnodes; i++) {
    const struct vt_op_desc *op = g->nodes[i]->op;
    bool later = !op->domain[0] && op->since > VT__ONNX_OPSET && op->since <= VT__ONNX_OPSET_LATER;
    if (later) opset = VT__ONNX_OPSET_LATER;
  }
  for (int i = 0; i < g->priv->nsubs; i++) opset = VT_MAX(opset, vt__onnx_opset_of(g->priv->subs[i]));
  return opset;
}

/* The table of activations. What ONNX has as one operator of opset 17 is that operator; the others are
 * written with such. */
#include "model/layers.h"

#include <math.h>
#include <string.h>

static struct vt_value *relu6(struct vt_net *n, struct vt_value *x)
{
  return vt_emit(n->g, "Clip", VT_IN(x, vt_graph_scalar(n->g, 0), vt_graph_scalar(n->g, 6)), "");
}

static struct vt_value *silu(struct vt_net *n, struct vt_value *x)
{
  return vt_emit(n->g, "Mul", VT_IN(x, vt_emit(n->g, "Sigmoid", VT_IN(x), "")), "");
}

static struct vt_value *mish(struct vt_net *n, struct vt_value *x)
{
  struct vt_value *y = vt_emit(n->g, "Softplus", VT_IN(x), "");
  return vt_emit(n->g, "Mul", VT_IN(x, vt_emit(n->g, "Tanh", VT_IN(y), "")), "");
}

static struct vt_value *gelu(struct vt_net *n, struct vt_value *x)
{
  struct vt_graph *g = n->g;
  struct vt_value *y = vt_emit(g, "Mul", VT_IN(x, vt_graph_scalar(g, sqrtf(0.5f))), "");
  y = vt_emit(g, "Add", VT_IN(vt_emit(g, "Erf", VT_IN(y), ""), vt_graph_scalar(g, 1)), "");
  return vt_emit(g, "Mul", VT_IN(vt_emit(g, "Mul", VT_IN(x, vt_graph_scalar(g, 0.5f)), ""), y), "");
}

/* A slope for each channel, not decayed (He et al. 2015, section 2.1). Numbered in the order of building. */
static struct vt_value *prelu(struct vt_net *n, struct vt_value *x)
{
  int64_t c[1] = {x->dim[1]}, spread[3] = {-1, 1, 1};
  const char *name = vt__name(n, "activation%d", n->nactivations++);
  struct vt_value *slope = vt__param(n, name, "slope", 1, c, VT__CONSTANT, 0.25f);
  if (x->rank == 4) slope = vt_emit(n->g, "Reshape", VT_IN(slope, vt_graph_ints(n->g, 3, spread)), "");
  return vt_emit(n->g, "PRelu", VT_IN(x, slope), "");
}

const struct vt_activation vt_activations[] = {
    {"relu", "max(0, x)", "Nair, Hinton 2010", "Relu", "", NULL},
    {"relu6", "min(6, max(0, x))", "Krizhevsky 2010", NULL, NULL, relu6},
    {"leaky_relu", "x < 0 ? 0.01 x : x", "Maas et al. 2013", "LeakyRelu", "alpha=0.01", NULL},
    {"prelu", "x < 0 ? a_c x : x, a_c learned", "He et al. 2015", NULL, NULL, prelu},
    {"elu", "x < 0 ? exp(x) - 1 : x", "Clevert et al. 2016", "Elu", "alpha=1", NULL},
    {"celu", "max(0, x) + min(0, 2 (exp(x/2) - 1))", "Barron 2017", "Celu", "alpha=2", NULL},
    {"selu", "1.0507 (x < 0 ? 1.6733 (exp(x) - 1) : x)", "Klambauer et al. 2017", "Selu", "", NULL},
    {"gelu", "x/2 (1 + erf(x/sqrt 2))", "Hendrycks, Gimpel 2016", NULL, NULL, gelu},
    {"silu", "x sigmoid(x)", "Elfwing et al. 2018", NULL, NULL, silu},
    {"mish", "x tanh(log(1 + exp(x)))", "Misra 2020", NULL, NULL, mish},
    {"hard_swish", "x min(1, max(0, x/6 + 1/2))", "Howard et al. 2019", "HardSwish", "", NULL},
    {"sigmoid", "1/(1 + exp(-x))", "Rumelhart et al. 1986", "Sigmoid", "", NULL},
    {"hard_sigmoid", "min(1, max(0, x/6 + 1/2))", "Howard et al. 2019", "HardSigmoid",
     "alpha=0.166666667 beta=0.5", NULL},
    {"tanh", "tanh(x)", "LeCun et al. 1998", "Tanh", "", NULL},
    {"softplus", "log(1 + exp(x))", "Glorot et al. 2011", "Softplus", "", NULL},
    {"softsign", "x/(1 + |x|)", "Glorot, Bengio 2010", "Softsign", "", NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

int vt_activation_find(const struct vt_activation **a, const char *name, struct vt_err *e)
{
  struct vt_buf all = {0};
  *a = NULL;
  if (!name || !*name || !strcmp(name, "default")) return 0;
  for (int i = 0; vt_activations[i].name && !*a; i++) {
    if (!strcmp(vt_activations[i].name, name)) *a = &vt_activations[i];
    vt_buf_addf(&all, ", %s", vt_activations[i].name);
  }
  int rc = *a ? 0
              : vt_fail(e, VT_EUSAGE, "unknown activation '%s'; expected one of default%s", name,
                        all.data ? all.data : "");
  vt_buf_clear(&all);
  return rc;
}

struct vt_value *vt__activate(struct vt_net *n, struct vt_value *x, const struct vt_activation *a)
{
  if (!x) return NULL;
  if (!a->op) return a->build(n, x);
  return *a->attrs ? vt_emit(n->g, a->op, VT_IN(x), "%s", a->attrs) : vt_emit(n->g, a->op, VT_IN(x), "");
}

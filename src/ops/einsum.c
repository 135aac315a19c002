/* Einsum: products of the inputs' elements, summed over the labels that the output does not name.
 *
 * Letters label dimensions; `...` stands for the dimensions left over, which broadcast from the right and get
 * labels of their own (LETTERS and up). A label twice in one input reads its diagonal. Without `->` the
 * output has the dimensions of `...`, then the letters that occur once, in alphabetical order. */
#include "ops/util.h"
#include <ctype.h>

enum { LETTERS = 52, LABELS = LETTERS + VT_MAX_RANK, MAX_OPERANDS = 8, UNKNOWN = -2 };

struct attrs {
  const char *equation;
};

struct equation {
  int nops, rank[MAX_OPERANDS], label[MAX_OPERANDS][VT_MAX_RANK];
  int out_rank, out[VT_MAX_RANK];
  int64_t size[LABELS]; /* -1: unknown; UNKNOWN: not met */
};

static int bad(const struct vt_node *n, const char *what, struct vt_err *e)
{
  return vt__bad(e, VT_EARG, n, "equation '%.100s': %s", ((const struct attrs *)n->attrs)->equation, what);
}

static int letter(char c)
{
  return c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= 'A' && c <= 'Z' ? c - 'A' : -1;
}

/* One term up to `end`; rank < 0: the output, whose `...` has `dots` dimensions. */
static int term(const struct vt_node *n, const char *p, const char *end, int rank, int dots, int *label,
                int *count, struct vt_err *e)
{
  int letters = 0, at = 0;
  for (const char *q = p; q < end; q++) letters += letter(*q) >= 0;
  if (rank >= 0) dots = rank - letters;
  bool seen = false;
  for (; p < end; p++) {
    if (isspace((unsigned char)*p)) continue;
    int l = letter(*p), many = l >= 0 ? 1 : dots;
    if (l < 0 && (end - p < 3 || strncmp(p, "...", 3) != 0 || seen)) return bad(n, "not understood", e);
    if (l < 0) {
      seen = true;
      p += 2;
    }
    if (many < 0 || at + many > VT_MAX_RANK) return bad(n, "too many labels", e);
    for (int k = 0; k < many; k++) label[at++] = l >= 0 ? l : LETTERS + VT_MAX_RANK - many + k;
  }
  if (rank >= 0 && at != rank) return bad(n, "an input's rank differs from its labels", e);
  *count = at;
  return VT_OK;
}

static int meet(const struct vt_node *n, struct equation *q, int label, int64_t size, struct vt_err *e)
{
  int64_t *s = &q->size[label];
  if (*s == UNKNOWN || *s == -1 || (label >= LETTERS && *s == 1))
    *s = *s == -1 && size < 0 ? -1 : size;
  else if (size >= 0 && *s != size && !(label >= LETTERS && size == 1))
    return bad(n, "sizes of one label differ", e);
  return VT_OK;
}

static void implicit_output(struct equation *q)
{
  int times[LABELS] = {0};
  for (int i = 0; i < q->nops; i++)
    for (int d = 0; d < q->rank[i]; d++) times[q->label[i][d]]++;
  q->out_rank = 0;
  for (int l = LETTERS; l < LABELS; l++)
    if (times[l] && q->out_rank < VT_MAX_RANK) q->out[q->out_rank++] = l;
  for (int l = 0; l < LETTERS; l++)
    if (times[l] == 1 && q->out_rank < VT_MAX_RANK) q->out[q->out_rank++] = l;
}

/* rank[i] and dim[i] of each input. */
static int parse(struct equation *q, const struct vt_node *n, const int *rank, const int64_t *const *dim,
                 struct vt_err *e)
{
  const char *text = ((const struct attrs *)n->attrs)->equation, *arrow = strstr(text, "->");
  const char *p = text, *stop = arrow ? arrow : text + strlen(text);
  int dots = 0, rc;
  memset(q, 0, sizeof *q);
  for (int l = 0; l < LABELS; l++) q->size[l] = UNKNOWN;
  if (n->nin > MAX_OPERANDS) return vt__bad(e, VT_ELIMIT, n, "over %d inputs", MAX_OPERANDS);
  for (int i = 0; i < n->nin; i++) {
    const char *comma = memchr(p, ',', (size_t)(stop - p)), *end = comma ? comma : stop;
    if ((i == n->nin - 1) != !comma) return bad(n, "it does not have one term per input", e);
    if ((rc = term(n, p, end, rank[i], 0, q->label[i], &q->rank[i], e))) return rc;
    int own = 0;
    for (int d = 0; d < rank[i]; d++) {
      own += q->label[i][d] >= LETTERS;
      if ((rc = meet(n, q, q->label[i][d], dim[i][d], e))) return rc;
    }
    dots = VT_MAX(dots, own);
    p = comma ? comma + 1 : stop;
  }
  q->nops = n->nin;
  if (!arrow) {
    implicit_output(q);
    return VT_OK;
  }
  rc = term(n, arrow + 2, text + strlen(text), -1, dots, q->out, &q->out_rank, e);
  for (int d = 0; d < q->out_rank && !rc; d++) {
    if (q->size[q->out[d]] == UNKNOWN) rc = bad(n, "the output has a label that no input has", e);
    for (int k = 0; k < d && !rc; k++)
      if (q->out[k] == q->out[d]) rc = bad(n, "the output has a label twice", e);
  }
  return rc;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  struct equation q;
  int rank[MAX_OPERANDS];
  const int64_t *dim[MAX_OPERANDS];
  int64_t out[VT_MAX_RANK];
  bool known = true;
  for (int i = 0; i < n->nin && i < MAX_OPERANDS; i++) {
    rank[i] = n->in[i]->rank;
    dim[i] = n->in[i]->dim;
    known &= rank[i] >= 0;
  }
  int rc = known ? parse(&q, n, rank, dim, e) : VT_OK;
  if (rc) return rc;
  for (int d = 0; known && d < q.out_rank; d++) out[d] = q.size[q.out[d]];
  vt__out(n, 0, n->in[0]->dtype, known ? q.out_rank : -1, out);
  return VT_OK;
}

/* Steps of every operand and of the output for each label; labels of the output first, then the summed ones.
 */
struct plan {
  int nlabels, nout;
  int64_t size[LABELS], step[MAX_OPERANDS][LABELS];
};

static void plan_loops(struct plan *p, const struct equation *q, const struct vt_tensor *const *in)
{
  int order[LABELS];
  bool used[LABELS] = {false};
  memset(p, 0, sizeof *p);
  for (int d = 0; d < q->out_rank; d++) used[order[p->nlabels++] = q->out[d]] = true;
  p->nout = p->nlabels;
  for (int l = 0; l < LABELS; l++)
    if (q->size[l] != UNKNOWN && !used[l]) order[p->nlabels++] = l;
  for (int k = 0; k < p->nlabels; k++) p->size[k] = q->size[order[k]];
  for (int i = 0; i < q->nops; i++) {
    int64_t stride[VT_MAX_RANK];
    vt__strides(in[i]->rank, in[i]->dim, stride);
    for (int k = 0; k < p->nlabels; k++)
      for (int d = 0; d < q->rank[i]; d++)
        if (q->label[i][d] == order[k] && in[i]->dim[d] != 1) p->step[i][k] += stride[d];
  }
}

/* Next position over labels [from, to); false after the last. */
static bool advance(const struct plan *p, int nops, int from, int to, int64_t *pos, int64_t *off)
{
  for (int k = to - 1; k >= from; k--) {
    for (int i = 0; i < nops; i++) off[i] += p->step[i][k];
    if (++pos[k] < p->size[k]) return true;
    for (int i = 0; i < nops; i++) off[i] -= p->step[i][k] * p->size[k];
    pos[k] = 0;
  }
  return false;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct equation q;
  struct plan p;
  int rank[MAX_OPERANDS];
  const int64_t *dim[MAX_OPERANDS];
  for (int i = 0; i < c->nin && i < MAX_OPERANDS; i++) {
    rank[i] = c->in[i]->rank;
    dim[i] = c->in[i]->dim;
  }
  int rc = parse(&q, c->node, rank, dim, e);
  if (rc) return rc;
  plan_loops(&p, &q, c->in);
  int64_t pos[LABELS] = {0}, off[MAX_OPERANDS] = {0}, n = vt_tensor_count(c->out[0]);
  bool empty = false;
  for (int k = p.nout; k < p.nlabels; k++) empty |= p.size[k] == 0;
  for (int64_t o = 0; o < n; o++, advance(&p, q.nops, 0, p.nout, pos, off)) {
    double sum = 0;
    while (!empty) {
      double product = 1;
      for (int i = 0; i < q.nops; i++) product *= vt_tensor_get(c->in[i], off[i]);
      sum += product;
      if (!advance(&p, q.nops, p.nout, p.nlabels, pos, off)) break;
    }
    vt_tensor_set(c->out[0], o, sum);
  }
  return VT_OK;
}

/* A letter for each label, those of `...` included. */
static bool letters_of(const struct equation *q, char *out)
{
  int next = 0;
  for (int l = 0; l < LABELS; l++) {
    if (l < LETTERS) {
      out[l] = (char)(l < 26 ? 'A' + l : 'a' + l - 26);
      continue;
    }
    while (next < LETTERS && q->size[next] != UNKNOWN) next++;
    if (next == LETTERS) return false;
    out[l] = (char)(next < 26 ? 'A' + next : 'a' + next - 26);
    next++;
  }
  return true;
}

/* The gradient of operand i sums dy times the other operands over every label that i lacks; labels that only
 * i has were summed away, so the result is repeated along them. */
static struct vt_value *operand_grad(struct vt_graph *g, const struct vt_node *n, const struct equation *q,
                                     int i, struct vt_value *dy, const char *word)
{
  char text[256];
  size_t len = 0;
  struct vt_value *in[MAX_OPERANDS + 1] = {dy};
  int nin = 1;
  bool has[LABELS] = {false};
  for (int d = 0; d < q->out_rank; d++) {
    text[len++] = word[q->out[d]];
    has[q->out[d]] = true;
  }
  for (int k = 0; k < q->nops; k++) {
    if (k == i) continue;
    text[len++] = ',';
    in[nin++] = n->in[k];
    for (int d = 0; d < q->rank[k]; d++) {
      text[len++] = word[q->label[k][d]];
      has[q->label[k][d]] = true;
    }
  }
  text[len++] = '-';
  text[len++] = '>';
  int64_t missing[VT_MAX_RANK];
  int nmissing = 0;
  for (int d = 0; d < q->rank[i]; d++) {
    if (has[q->label[i][d]])
      text[len++] = word[q->label[i][d]];
    else
      missing[nmissing++] = d;
  }
  text[len] = 0;
  struct vt_value *r = vt_emit_n(g, "Einsum", nin, in, 1, &(struct vt_value *){NULL}, "equation='%s'", text);
  if (!nmissing) return r;
  r = vt_emit(g, "Unsqueeze", VT_IN(r, vt_graph_ints(g, nmissing, missing)), "");
  return vt_emit(g, "Expand", VT_IN(r, vt_graph_ints(g, q->rank[i], n->in[i]->dim)), "");
}

static int grad(VT_GRAD_ARGS)
{
  struct equation q;
  int rank[MAX_OPERANDS];
  const int64_t *dim[MAX_OPERANDS];
  char word[LABELS];
  for (int i = 0; i < n->nin && i < MAX_OPERANDS; i++) {
    if (!vt__is_static(n->in[i])) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
    rank[i] = n->in[i]->rank;
    dim[i] = n->in[i]->dim;
  }
  int rc = parse(&q, n, rank, dim, e);
  if (rc) return rc;
  if (!letters_of(&q, word)) return vt__bad(e, VT_ELIMIT, n, "no letters left for its gradient");
  for (int i = 0; i < q.nops; i++) {
    if (!need[i]) continue;
    for (int d = 0; d < q.rank[i]; d++) {
      if (dim[i][d] != q.size[q.label[i][d]])
        return vt__bad(e, VT_EUNSUPPORTED, n, "its gradient does not broadcast");
      for (int k = 0; k < d; k++)
        if (q.label[i][k] == q.label[i][d])
          return vt__bad(e, VT_EUNSUPPORTED, n, "a diagonal has no gradient here");
    }
    dx[i] = operand_grad(g, n, &q, i, dy[0], word);
  }
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {{.name = "equation",
                                            .type = VT_ATTR_STRING,
                                            .offset = offsetof(struct attrs, equation),
                                            .required = true}};
static const struct vt_op_case cases[] = {
    {"product", "equation='ij,jk->ik'", "f32[3,4] f32[4,5]"},
    {"batches", "equation='...ij,...jk->...ik'", "f32[2,3,4] f32[2,4,2]"},
    {"attention", "equation='bhqd,bhkd->bhqk'", "f32[2,2,3,4] f32[2,2,5,4]"},
    {"implicit", "equation='ba'", "f32[3,4]"},
    {"sum", "equation='ij->i'", "f32[3,4]"},
    {"diagonal", "equation='...ii->...i'", "f32[2,3,3]", .nograd = 1},
    {"three", "equation='a,ab,bc->c'", "f32[2] f32[2,3] f32[3,4]"},
    {"broadcast", "equation='...i,...i'", "f32[2,3,4] f32[1,4]", .nograd = 3},
    {"inner", "equation='i,i'", "f32[5] f32[5]"},
};

const struct vt_op_desc vt_op_einsum = {
    .name = "Einsum",
    .domain = "",
    .since = 12,
    .doc = "Products of elements as the equation labels them, summed over the labels that its output lacks.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = VT_VARIADIC,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};

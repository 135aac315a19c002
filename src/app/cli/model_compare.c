/* vitrine model compare: whether two arrays of outputs agree, and whether that means anything. */
#include "app/cli/verb.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include "engine/engine.h"
#include "eval/eval.h"

struct opts {
  double error, cosine;
  bool json;
};

static const struct vt_opt rows[] = {
    {"error", 0, VT_OPT_FLOAT, offsetof(struct opts, error), "1e-4", 0, 1e9, NULL, "SHARE",
     "largest difference allowed, as a share of the largest wanted number"},
    {"cosine", 0, VT_OPT_FLOAT, offsetof(struct opts, cosine), "0", -1, 1, NULL, "COSINE",
     "least cosine of the outputs, their means over the pictures taken away; 0 asks for none"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static const char help[] =
    "Arrays hold one row of outputs per picture. Zeros, and every picture's outputs in the place of the next "
    "one's,\n"
    "are judged beside: where one of them would pass too, the comparison shows nothing and fails.";

static const size_t max_npy = (size_t)1 << 34;

static int read_f32(struct vt_tensor *t, const char *path, struct vt_err *e)
{
  struct vt_tensor raw;
  int rc = vt_npy_read(&raw, path, max_npy, e);
  if (rc) return rc;
  rc = vt_tensor_cast(t, &raw, VT_F32, e);
  vt_tensor_clear(&raw);
  if (!rc && (t->rank < 2 || vt_tensor_count(t) < 1))
    rc = vt_fail(e, VT_ESHAPE, "%s: rows of outputs are expected, one per picture", path);
  return rc;
}

static bool passes(const struct opts *o, const struct vt_agreement *a)
{
  return a->error <= o->error && (o->cosine == 0 || a->cosine >= o->cosine);
}

/* judged[0]: what was given; [1]: zeros; [2]: the next picture's. */
static int judge(const struct vt_tensor *want, const struct vt_tensor *have, struct vt_agreement *judged,
                 struct vt_err *e)
{
  const int64_t n = want->dim[0], d = vt_tensor_count(want) / n;
  const size_t row = (size_t)d * sizeof(float);
  const float *w = want->data;
  float *other = vt_calloc((size_t)(n * d), sizeof *other);
  int rc = other ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_agreement(&judged[0], n, d, w, have->data, e);
  if (!rc) rc = vt_agreement(&judged[1], n, d, w, other, e);
  for (int64_t i = 0; i < n && !rc; i++) memcpy(other + i * d, w + (i + 1) % n * d, row);
  if (!rc) rc = vt_agreement(&judged[2], n, d, w, other, e);
  vt_free(other);
  return rc;
}

/* JSON has no infinity. */
static json_t *number(double v)
{
  return isfinite(v) ? json_real(v) : json_null();
}

static int report(struct vt_cli *cli, const struct opts *o, const struct vt_agreement *a, struct vt_err *e)
{
  static const char *const who[] = {"given", "zeros", "another"};
  const bool ok = passes(o, &a[0]), empty = passes(o, &a[1]) || passes(o, &a[2]);
  if (o->json) {
    json_t *all = json_pack("{s:b}", "passed", ok && !empty);
    for (int k = 0; k < 3; k++)
      json_object_set_new(all, who[k],
                          json_pack("{s:o, s:o, s:o}", "error", number(a[k].error), "cosine",
                                    number(a[k].cosine), "least", number(a[k].least)));
    json_dumpf(all, cli->out, JSON_REAL_PRECISION(6));
    fputc('\n', cli->out);
    json_decref(all);
  } else {
    fprintf(cli->out, "error %.2e, cosine %.6f (zeros %.2e, %.6f; another picture's %.2e, %.6f)\n",
            a[0].error, a[0].cosine, a[1].error, a[1].cosine, a[2].error, a[2].cosine);
  }
  if (!ok) return vt_fail(e, VT_EFORMAT, "the outputs disagree");
  return empty ? vt_fail(e, VT_EFORMAT, "zeros or another picture's outputs would pass: this shows nothing")
               : 0;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_tensor want = {0}, have = {0};
  struct vt_agreement judged[3];
  if (args->n != 2) return vt_fail(e, VT_EUSAGE, "two arrays are expected: wanted, and given");
  int rc = read_f32(&want, args->v[0], e);
  if (!rc) rc = read_f32(&have, args->v[1], e);
  if (!rc &&
      (want.rank != have.rank || memcmp(want.dim, have.dim, (size_t)want.rank * sizeof *want.dim) != 0))
    rc = vt_fail(e, VT_ESHAPE, "%s and %s differ in shape", args->v[0], args->v[1]);
  if (!rc) rc = judge(&want, &have, judged, e);
  if (!rc) rc = report(cli, o, judged, e);
  vt_tensor_clear(&want);
  vt_tensor_clear(&have);
  return rc;
}

const struct vt_verb vt_verb_model_compare = {"model compare",
                                              "WANT.npy HAVE.npy",
                                              "judge whether two arrays of outputs agree",
                                              help,
                                              rows,
                                              VT_COUNT(rows),
                                              sizeof(struct opts),
                                              run};

/* vitrine model quantize: a model in 8 bits from a model in floats and photos that are typical for it. */
#include "app/cli/model_args.h"
#include "image/image.h"
#include "model/model.h"

#include <string.h>

struct opts {
  const char *models, *output, *photos;
  int64_t count, bits;
  double percentile;
  int range; /* enum vt_range_rule */
  bool nearest, json;
  struct vt_strings shape;
};

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER",
     "where models are sought first"},
    {"output", 'o', VT_OPT_STRING, offsetof(struct opts, output), NULL, 0, 0, NULL, "OUT.onnx",
     "file for the model in 8 bits"},
    {"photos", 0, VT_OPT_STRING, offsetof(struct opts, photos), NULL, 0, 0, NULL, "FOLDER",
     "pictures to calibrate with; folders below it are searched too"},
    {"count", 0, VT_OPT_INT, offsetof(struct opts, count), "200", 1, 100000, NULL, "N",
     "how many of them, spread evenly over the folder"},
    {"range", 0, VT_OPT_ENUM, offsetof(struct opts, range), "mse", 0, 0, "mse|kl|percentile|minmax", NULL,
     "how the range of each map is chosen: least square error, least divergence, a percentile, all that was "
     "seen"},
    {"percentile", 0, VT_OPT_FLOAT, offsetof(struct opts, percentile), "99.99", 50.0001, 100, NULL, "P",
     "for --range percentile: what stays inside, on either side"},
    {"weight-bits", 0, VT_OPT_INT, offsetof(struct opts, bits), "7", 7, 8, NULL, "BITS",
     "bits of weights; with 8 only processors with VNNI or AMX compute them as integers"},
    {"nearest", 0, VT_OPT_FLAG, offsetof(struct opts, nearest), NULL, 0, 0, NULL, NULL,
     "round every weight to the nearest step; else errors cancel on what the photos show"},
    {"shape", 0, VT_OPT_LIST, offsetof(struct opts, shape), NULL, 0, 0, NULL, "INPUT=N,C,H,W",
     "shape of the input where the model leaves it open"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

struct found {
  struct vt_arena *arena;
  const char **v;
  int n, cap;
};

/* Files with the names of pictures, in order. */
static int each_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  enum { MOST = 1 << 20 };
  struct found *f = ctx;
  if (!vt_picture_named(rel) || rel[0] == '.' || strstr(rel, "/.")) return 0;
  if (f->n == MOST) return vt_fail(e, VT_ELIMIT, "more than %d pictures", MOST);
  if (f->n == f->cap) {
    f->cap = f->cap ? f->cap * 2 : 256;
    void *v = vt_reallocarray(f->v, (size_t)f->cap, sizeof *f->v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    f->v = v;
  }
  f->v[f->n] = vt_arena_strdup(f->arena, path);
  return f->v[f->n++] ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int find_photos(const char *folder, struct found *f, struct vt_err *e)
{
  if (!vt_is_dir(folder)) return vt_fail(e, VT_ENOENT, "%s: no such folder", folder);
  int rc = vt_walk(folder, each_file, f, e);
  return rc || f->n ? rc : vt_fail(e, VT_EARG, "%s: no pictures in it to calibrate with", folder);
}

/* The model's one input, as pictures; its sides are set where they were open. */
static int find_input(struct vt_cli *cli, struct vt_graph *g, const struct opts *o, struct vt_preprocess *p,
                      const char *path, struct vt_err *e)
{
  int rc = vt_apply_shapes(cli, g, &o->shape, e);
  if (!rc) rc = vt_preprocess_of(g, p, e);
  return rc ? vt_fail_in(e, rc, "%s", path) : 0;
}

/* Fills a batch with the same picture: models exported for several at a time take no fewer. */
static int add_photo(struct vt_calibration *c, const struct vt_preprocess *p, const char *photo,
                     struct vt_tensor *x, struct vt_err *e)
{
  struct vt_image im = {0};
  int rc = vt_image_read(&im, photo, NULL, NULL, e);
  if (rc >= 0) rc = vt_preprocess_photo(p, &im, NULL, NULL, x->data, e);
  size_t one = vt_tensor_bytes(x) / (size_t)x->dim[0];
  for (int64_t i = 1; i < x->dim[0] && rc >= 0; i++) memcpy((char *)x->data + (size_t)i * one, x->data, one);
  if (rc < 0)
    vt_fail_in(e, rc, "%s", photo);
  else
    rc = vt_calibration_add(c, x, e);
  vt_image_clear(&im);
  return rc;
}

/* Pictures that cannot be read are left out with a warning. How many were used, or an error. */
static int calibrate(struct vt_calibration *c, const struct vt_graph *g, const struct vt_preprocess *p,
                     const struct found *photos, int64_t count, struct vt_err *e)
{
  struct vt_tensor x;
  int64_t batch = g->inputs[0]->dim[0] > 0 ? g->inputs[0]->dim[0] : 1;
  int rc = vt_tensor_init(&x, VT_F32, 4, (int64_t[]){batch, 3, p->height, p->width}, e), used = 0;
  if (rc) return rc;
  struct vt_progress bar;
  vt_progress_start(&bar, "calibrate", "photos", count);
  for (int64_t i = 0; i < count && !rc; i++) {
    if (vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
    const char *photo = photos->v[i * photos->n / count];
    struct vt_err why = {0};
    int bad = rc ? 0 : add_photo(c, p, photo, &x, &why);
    if (bad == VT_EFORMAT || bad == VT_ELIMIT || bad == VT_EUNSUPPORTED)
      vt_log(VT_LOG_WARN, "left out: %s", why.msg);
    else if (bad)
      rc = vt_fail(e, bad, "%s", why.msg);
    else
      used += !rc;
    vt_progress_add(&bar, 1);
  }
  vt_progress_end(&bar);
  vt_tensor_clear(&x);
  return rc ? rc : used ? used : vt_fail(e, VT_EARG, "none of the photos can be read");
}

static int write(struct vt_cli *cli, const struct opts *o, struct vt_graph *q,
                 const struct vt_quantize_report *r, int used, struct vt_err *e)
{
  int rc = vt_model_renew_id(q, e);
  if (!rc) rc = vt_onnx_save(q, o->output, NULL, e);
  if (rc) return rc;
  double mb = 1e-6 * (double)vt_file_size(o->output);
  if (o->json)
    fprintf(cli->out, "{\"photos\": %d, \"layers\": %d, \"left\": %d, \"bytes\": %lld}\n", used, r->layers,
            r->left, (long long)vt_file_size(o->output));
  else
    fprintf(cli->out, "%s: %d layers in 8 bits, %d left in floats, ranges from %d photos, %.1f MB\n",
            o->output, r->layers, r->left, used, mb);
  return 0;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  if (!o->output) return vt_fail(e, VT_EUSAGE, "--output OUT.onnx is missing");
  if (!o->photos)
    return vt_fail(e, VT_EUSAGE, "--photos FOLDER is missing: a folder of pictures to calibrate with");
  struct vt_graph *g = NULL, *q = NULL;
  struct vt_calibration *c = NULL;
  struct found photos = {.arena = &cli->arena};
  struct vt_preprocess p;
  struct vt_quantize_report r;
  struct vt_quantize_opts qo = {(enum vt_range_rule)o->range, o->percentile, (int)o->bits, o->nearest};
  const char *path = vt_model_path(cli, o->models, args->v[0], e);
  int rc = path ? vt_onnx_load(&g, vt_registry_default(), path, e) : VT_ENOENT, used = 0;
  if (!rc) rc = find_input(cli, g, o, &p, path, e);
  if (!rc) rc = find_photos(o->photos, &photos, e);
  if (!rc && (rc = vt_calibration_new(&c, g, e))) vt_fail_in(e, rc, "%s", path);
  if (!rc && (used = calibrate(c, g, &p, &photos, VT_MIN(o->count, photos.n), e)) < 0) rc = used;
  if (!rc) rc = vt_calibration_finish(&q, c, &qo, &r, e);
  if (!rc) rc = write(cli, o, q, &r, used, e);
  vt_free(photos.v);
  vt_graph_free(q);
  vt_calibration_free(c);
  vt_graph_free(g);
  return rc;
}

const struct vt_verb vt_verb_model_quantize = {
    .name = "model quantize",
    .args = "MODEL.onnx",
    .summary = "write a model in 8 bits, with ranges from photos",
    .help = "Post-training quantisation: the model looks at the photos in floats, the range of every map is "
            "chosen from\n"
            "what it saw, and a standard ONNX file with QuantizeLinear and DequantizeLinear is written, "
            "which other\n"
            "runtimes take too. Pictures are prepared as the model's metadata says, else with ImageNet's "
            "mean and\n"
            "deviation. 'vitrine eval classify --against' and bench/int8.py compare the two.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

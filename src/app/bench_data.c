/* Timing of augmentation and loader. All figures are processor time, which a busy machine does not change
 * much: wall time on idle cores is that, divided by the threads. */
#include "app/bench_data.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "data/data.h"

static double cpu_seconds(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Waves of colour; two discs as objects and labels. */
static int draw_sample(struct vt_aug_sample *s, int side, double phase, struct vt_err *e)
{
  struct vt_image bits = {0};
  *s = (struct vt_aug_sample){.ntargets = 1, .target = {{0, 1}}};
  int rc = vt_image_init(&s->image, side, side, 3, e);
  if (!rc) rc = vt_image_init(&s->labels, side, side, 1, e);
  if (!rc) rc = vt_image_init(&bits, side, side, 1, e);
  for (int y = 0; y < side && !rc; y++)
    for (int x = 0; x < 3 * side; x++)
      s->image.px[y * s->image.stride + x] =
          (uint8_t)(128 + 90 * sin(.02 * x + phase) * cos(.03 * y) + ((x * 7 + y * 13) & 15));
  for (int k = 0; k < 2 && !rc; k++) {
    struct vt_aug_object *o = vt_aug_sample_push(s, e);
    if (!o) {
      rc = VT_ENOMEM;
      break;
    }
    memset(bits.px, 0, (size_t)(side * side));
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++)
        bits.px[y * bits.stride + x] = hypot(x - side * (.35 + .3 * k), y - side * .5) < side * .2;
    o->cls = k;
    rc = vt_mask_from_bitmap(&o->mask, bits.px, side, side, bits.stride, e);
    if (rc) break;
    o->box = vt_mask_box(&o->mask);
    vt_mask_to_bitmap(&o->mask, s->labels.px, s->labels.stride, (uint8_t)(k + 1));
  }
  vt_image_clear(&bits);
  if (rc) vt_aug_sample_clear(s);
  return rc;
}

static int other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  return vt_aug_sample_copy(out, ctx, e);
}

static int time_op(const struct vt_aug_op *op, const struct vt_aug_sample *from, double seconds, double *each,
                   struct vt_err *e)
{
  const struct vt_aug_env env = {.fill = 114, .label_fill = 255, .other = other, .ctx = (void *)from};
  struct vt_arena a;
  double spent = 0;
  int64_t n = 0;
  vt_arena_init(&a);
  void *opts = vt_arena_alloc(&a, op->opts_size + 1);
  int rc = opts ? vt_opt_defaults(op->opt, op->nopt, opts, &a, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (; !rc && (spent < seconds || n < 3); n++) {
    struct vt_aug_sample s;
    struct vt_rng rng;
    vt_rng_init(&rng, 1, 0, (uint64_t)n);
    if ((rc = vt_aug_sample_copy(&s, from, e))) break;
    double start = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
    rc = vt_aug_op_run(op, opts, &env, &rng, &s, e);
    spent += cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    vt_aug_sample_clear(&s);
    if (!rc && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  }
  *each = n ? spent / (double)n : 0;
  vt_arena_clear(&a);
  return rc;
}

int vt_bench_augment(struct vt_buf *out, const char *only, int side, double seconds, bool json,
                     struct vt_err *e)
{
  struct vt_aug_sample s;
  if (only && !vt_aug_find(only, e)) return VT_EUSAGE;
  int rc = draw_sample(&s, side, 0, e), n = 0;
  if (rc) return rc;
  if (json)
    vt_buf_addf(out, "{\"cpu\": \"%s\", \"side\": %d, \"augment\": {", vt_cpu_name(), side);
  else
    vt_buf_addf(
        out,
        "%s, one thread, processor time; picture of %d x %d, two masks and a label map\n%-18s %9s %11s\n",
        vt_cpu_name(), side, side, "operation", "ms", "Mpixel/s");
  for (int i = 0; vt_aug_ops[i] && !rc; i++) {
    double each;
    if (only && strcmp(only, vt_aug_ops[i]->name) != 0) continue;
    if ((rc = time_op(vt_aug_ops[i], &s, seconds, &each, e))) break;
    if (json)
      vt_buf_addf(out, "%s\"%s\": %.5g", n++ ? ", " : "", vt_aug_ops[i]->name, 1e3 * each);
    else
      vt_buf_addf(out, "%-18s %9.3f %11.0f\n", vt_aug_ops[i]->name, 1e3 * each, 1e-6 * side * side / each);
  }
  if (json) vt_buf_adds(out, "}}\n");
  vt_aug_sample_clear(&s);
  return rc;
}

/* ---- the loader ---- */

enum { MAX_FILES = 4096, BATCH = 32 };
struct files {
  struct vt_arena arena;
  const char *path[MAX_FILES];
  int n, side;
  const struct vt_image *kept; // (n), or NULL: read from files
  struct vt_policy *policy;
};

static int add_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct files *f = ctx;
  if (f->n == MAX_FILES) return 1;
  f->path[f->n] = vt_arena_strdup(&f->arena, path);
  return f->path[f->n++] ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

/* JPEG files are decoded at 1/2, 1/4 or 1/8 where that leaves enough for the crop. */
static int read_one(struct vt_image *im, const struct files *f, int64_t i, struct vt_err *e)
{
  return vt_image_read(im, f->path[i], &(struct vt_decode_opts){.min_side = f->side * 3 / 2}, NULL, e);
}

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *e)
{
  static const float mean[3] = {.485f, .456f, .406f}, std[3] = {.229f, .224f, .225f};
  const struct files *f = ctx;
  const int64_t i = sample % f->n;
  struct vt_aug_sample s = {0};
  int rc = f->kept ? vt_image_copy(&s.image, &f->kept[i], e) : read_one(&s.image, f, i, e);
  if (!rc) rc = vt_policy_apply(f->policy, &(struct vt_aug_env){0}, rng, &s, e);
  if (!rc) vt_image_to_planes(&s.image, mean, std, slot);
  vt_aug_sample_clear(&s);
  return rc;
}

static int time_loader(struct files *f, int64_t samples, double *cpu, double *wall, struct vt_err *e)
{
  struct vt_loader *l;
  const struct vt_loader_opts o = {.n = samples,
                                   .batch = BATCH,
                                   .seed = 1,
                                   .sample_bytes = (size_t)f->side * (size_t)f->side * 3 * sizeof(float),
                                   .make = make,
                                   .ctx = f};
  double start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID), begun = vt_now();
  int rc = vt_loader_new(&l, &o, e), count;
  if (rc) return rc;
  void *data;
  while ((rc = vt_loader_next(l, &data, NULL, &count, e)) == 1 && !vt_interrupted()) continue;
  vt_loader_free(l);
  if (rc >= 0 && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  *cpu = (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)samples;
  *wall = (vt_now() - begun) / (double)samples;
  return rc < 0 ? rc : 0;
}

int vt_bench_loader(struct vt_buf *out, const char *folder, int side, int64_t samples, bool json,
                    struct vt_err *e)
{
  struct files *f = vt_calloc(1, sizeof *f);
  struct vt_image *kept = NULL;
  char text[200];
  double cpu[2], wall[2];
  if (!f) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&f->arena);
  f->side = side;
  snprintf(text, sizeof text,
           "[flip: {p: 0.5}, resized-crop: {width: %d, height: %d}, brightness, contrast, saturation]", side,
           side);
  int rc = vt_policy_parse(&f->policy, "bench", text, strlen(text), e);
  if (!rc) rc = vt_walk(folder, add_file, f, e);
  if (rc >= 0) rc = f->n ? 0 : vt_fail(e, VT_ENOENT, "%s: no files", folder);
  if (!rc) rc = time_loader(f, samples, &cpu[0], &wall[0], e);
  /* Memory: as many pictures as fit into 512 MB, decoded for the crop. */
  int64_t bytes = 0;
  int n = 0;
  if (!rc && !(kept = vt_calloc((size_t)f->n, sizeof *kept))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (; !rc && n < f->n && bytes < 512 << 20; n++) {
    rc = vt_interrupted() ? vt_fail(e, VT_EINTERRUPTED, "interrupted") : read_one(&kept[n], f, n, e);
    if (rc) break;
    bytes += kept[n].stride * kept[n].height;
  }
  f->kept = kept;
  f->n = n;
  if (!rc) rc = time_loader(f, samples, &cpu[1], &wall[1], e);
  for (int k = 0; k < 2 && !rc; k++) {
    const char *from = k ? "memory" : "files";
    if (json)
      vt_buf_addf(out, "%s\"%s\": {\"cpu_ms\": %.5g, \"wall_ms\": %.5g}%s", k ? ", " : "{", from,
                  1e3 * cpu[k], 1e3 * wall[k], k ? "}\n" : "");
    else
      vt_buf_addf(out,
                  "loader, %d px from %-6s %7.3f ms of processor time a picture: %.0f a second on two cores; "
                  "now %.0f with %d threads\n",
                  side, from, 1e3 * cpu[k], 2 / cpu[k], 1 / wall[k], vt_threads());
  }
  for (int i = 0; kept && i < n; i++) vt_image_clear(&kept[i]);
  vt_free(kept);
  vt_policy_free(f->policy);
  vt_arena_clear(&f->arena);
  vt_free(f);
  return rc;
}

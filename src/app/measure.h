/* What the measuring commands (`vitrine eval …`) share: options, batched embedding, printing of figures. */
#ifndef VT_APP_MEASURE_H
#define VT_APP_MEASURE_H

#include "app/cli/verb.h"
#include "data/data.h"
#include "eval/eval.h"
#include "index/index.h"
#include "model/model.h"

struct vt_measure_opts {
  const char *models, *data;
  int split;     /* enum vt_split: train or val */
  int precision; /* enum vt_precision */
  int64_t batch;
  bool json;
  int64_t bootstrap, seed; /* rounds for intervals, 0 none; of the draws */
  /* of eval segment: */
  bool boundary, classes;         /* boundary IoU, precision, recall and Dice of each class as well */
  const char *per_image, *report; /* a table by picture, a page; or NULL */
};
/* clang-format off */
#define VT_MEASURE_OPTS(T, field)                                                                                     \
  {"models", 0, VT_OPT_STRING, offsetof(T, field.models), NULL, 0, 0, NULL, "DIR", "folder of the trained models"},   \
  {"precision", 0, VT_OPT_ENUM, offsetof(T, field.precision), "auto", 0, 0, "f32|bf16|int8|auto", NULL,               \
   "precision of computing"},                                                                                         \
  {"batch", 0, VT_OPT_INT, offsetof(T, field.batch), "32", 1, 1024, NULL, "N", "pictures embedded at once"},          \
  {"json", 0, VT_OPT_FLAG, offsetof(T, field.json), NULL, 0, 0, NULL, NULL, "print one JSON object"}
/* Of those that give intervals. */
#define VT_MEASURE_ROUNDS_OPT(T, field)                                                                               \
  {"bootstrap", 0, VT_OPT_INT, offsetof(T, field.bootstrap), "0", 0, 100000, NULL, "N",                               \
   "95 % intervals by so many draws of the queries, 0 = none"}
#define VT_MEASURE_BOOTSTRAP_OPTS(T, field)                                                                           \
  {"bootstrap", 0, VT_OPT_INT, offsetof(T, field.bootstrap), "0", 0, 100000, NULL, "N",                               \
   "95 % intervals by so many draws of what is measured, 0 = none"},                                                  \
  {"seed", 0, VT_OPT_INT, offsetof(T, field.seed), "1", 0, 9e15, NULL, "N", "of the draws"}
/* And for those that measure on the real data. */
#define VT_MEASURE_DATA_OPTS(T, field)                                                                                \
  {"data", 0, VT_OPT_STRING, offsetof(T, field.data), NULL, 0, 0, NULL, "DIR",                                        \
   "folder of the real data (default: $VITRINE_DATA)"},                                                               \
  {"split", 0, VT_OPT_ENUM, offsetof(T, field.split), "val", 0, 0, "train|val|test", NULL,                            \
   "part of the data to measure on"}
/* clang-format on */

/* Path of a part of the real data ("ccp"), or NULL with a message that says how to name the folder. */
const char *vt_measure_data(struct vt_cli *cli, const struct vt_measure_opts *o, const char *part,
                            struct vt_err *e);
int vt_measure_open_embedder(struct vt_embedder **x, struct vt_cli *cli, const struct vt_measure_opts *o,
                             struct vt_err *e);

/* n pictures as a network's input: `make` fills that of picture i on worker threads, as the loader's; the
 * calling thread gets them in order, in batches, by `run`. */
struct vt_measure_stream {
  int64_t n;
  int batch;
  const char *what; /* word for the progress bar */
  const struct vt_preprocess *preprocess;
  int (*make)(int64_t i, struct vt_rng *rng, void *in, void *ctx, struct vt_err *e);
  int (*run)(const float *in, int count, int64_t first, void *ctx, struct vt_err *e);
  void *ctx;
};
int vt_measure_stream(const struct vt_measure_stream *m, struct vt_err *e);
/* A picture, stretched to aspect = width / height where that is not 0. To be cleared also after a failure. */
int vt_measure_read(struct vt_image *out, const char *path, float aspect, struct vt_err *e);

/* Embeds n pictures: `prepare` fills the network's input of picture i on worker threads, the calling thread
 * runs the network in batches. *vectors: (n, D), vt_free. What is the word for the progress bar. */
typedef int vt_prepare_fn(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e);
int vt_measure_embed(struct vt_embedder *x, int64_t n, int batch, vt_prepare_fn *prepare, void *ctx,
                     const char *what, float **vectors, struct vt_err *e);
/* prepare for whole pictures of a data set; ctx: struct vt_measure_set. Pictures with an aspect are stretched
 * to it. */
struct vt_measure_set {
  const struct vt_dataset *data;
  const int64_t *row;           /* sample numbers, n of them */
  struct vt_image_cache *cache; /* for vt_measure_garment */
};
int vt_measure_whole(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e);
/* The same for regions, cut out by their true masks. */
int vt_measure_garment(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e);
/* An index whose row ids are positions in `row` and whose groups are those of the samples. */
int vt_measure_index(struct vt_index **out, const struct vt_measure_set *set, int64_t n, int dim,
                     const float *v, struct vt_err *e);

/* Figures in order of adding: one JSON object, or a table. A NaN is null, or a dash. */
struct vt_figures {
  struct vt_buf json, table;
};
void vt_figures_add(struct vt_figures *f, const char *name, double value);
void vt_figures_addf(struct vt_figures *f, double value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The mean under its name; with rounds its interval, too (the values are kept then). */
int vt_figures_mean(struct vt_figures *f, const char *name, const struct vt_means *m, int64_t rounds,
                    struct vt_err *e);
/* NAME_low and NAME_high: the 95 % interval of n draws of a figure, which are sorted here. */
void vt_figures_interval(struct vt_figures *f, const char *name, double *draw, int64_t n);
void vt_figures_clear(struct vt_figures *f);
/* Prints to cli->out and clears. */
int vt_figures_print(struct vt_figures *f, struct vt_cli *cli, bool json, struct vt_err *e);

/* The use-cases; figures are appended. */
int vt_eval_segment(struct vt_cli *cli, const struct vt_measure_opts *o, struct vt_figures *f,
                    struct vt_err *e);
int vt_eval_products(struct vt_cli *cli, const struct vt_measure_opts *o, struct vt_figures *f,
                     struct vt_err *e);
int vt_eval_street(struct vt_cli *cli, const struct vt_measure_opts *o, double min_share,
                   struct vt_figures *f, struct vt_err *e);

struct vt_drawn_opts {
  int64_t seed, photos, products;
  double min_share;
  const char *out; /* folder for the drawn data, kept; NULL: a temporary one */
};
int vt_eval_drawn(struct vt_cli *cli, const struct vt_measure_opts *o, const struct vt_drawn_opts *drawn,
                  struct vt_figures *f, struct vt_err *e);

#endif

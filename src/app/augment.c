/* A labelled set through a policy: every picture some times, each time with its own random numbers, on
 * several threads. */
#include "app/augment.h"

#include <stdio.h>
#include <string.h>

#include "image/image.h"

int vt_aug_source_init(struct vt_aug_source *s, const struct vt_labels *l, const char *images,
                       struct vt_err *e)
{
  *s = (struct vt_aug_source){.l = l, .images = images};
  s->order = vt_labels_by_image(l, e);
  s->start = vt_calloc((size_t)l->nimages + 2, sizeof *s->start);
  if (!s->order || !s->start) {
    vt_aug_source_clear(s);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  for (int64_t i = 0; i < l->n; i++) s->start[l->v[i].image + 1]++;
  for (int32_t i = 0; i < l->nimages; i++) s->start[i + 1] += s->start[i];
  return 0;
}

void vt_aug_source_clear(struct vt_aug_source *s)
{
  vt_free(s->order);
  vt_free(s->start);
  *s = (struct vt_aug_source){0};
}

int vt_aug_source_get(const struct vt_aug_source *s, int32_t image, struct vt_aug_sample *out,
                      struct vt_err *e)
{
  struct vt_image im = {0};
  char *path = vt_picture_find(s->images, s->l->image[image].file);
  int rc = path ? vt_image_read(&im, path, &(struct vt_decode_opts){0}, NULL, e)
                : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc ? rc
            : vt_aug_sample_from_labels(out, &im, s->l, s->order + s->start[image],
                                        s->start[image + 1] - s->start[image], e);
}

bool vt_aug_source_fault(int rc)
{
  return rc && rc != VT_ENOMEM && rc != VT_EINTERRUPTED;
}

int vt_aug_source_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  enum { ATTEMPTS = 16 };
  const struct vt_aug_others *o = ctx;
  const struct vt_aug_source *s = o->source;
  if (s->l->nimages < 2) return VT_AUG_ALONE;
  for (int attempt = 1;; attempt++) {
    const int32_t k = (int32_t)vt_rng_below(rng, (uint32_t)s->l->nimages - 1);
    int rc = vt_aug_source_get(s, k + (k >= o->image), out, e);
    if (!s->lenient || !vt_aug_source_fault(rc) || attempt == ATTEMPTS) return rc;
    if (e) *e = (struct vt_err){0};
  }
}

/* "STEM_COPY_NUMBER.jpg": the number keeps pictures of one name in different folders apart. */
static void name_of(char *name, size_t size, const char *file, int32_t image, int copy, bool png)
{
  const char *base = vt_path_base(file), *dot = strrchr(base, '.');
  int n = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
  snprintf(name, size, "%.*s_%d_%d.%s", VT_MIN(n, 150), base, copy, image, png ? "png" : "jpg");
}

/* One result in the making: a picture, and which copy of it. */
struct job {
  int32_t image;
  int copy;
  struct vt_aug_sample s;
  char name[200];
  bool unread; /* rc is of its picture's reading */
  int rc;
  struct vt_err e;
};
struct work {
  const struct vt_aug_source *source;
  const struct vt_augment_opts *o;
  struct job *job;
};

/* Made and written; the sample stays for its labels. Random numbers are the picture's and the copy's own. */
static void make(int64_t i, int worker, void *ctx)
{
  const struct work *w = ctx;
  const struct vt_augment_opts *o = w->o;
  struct job *j = &w->job[i];
  struct vt_aug_others others = {w->source, j->image};
  const struct vt_aug_env env = {.epoch = o->epoch, .other = vt_aug_source_other, .ctx = &others};
  const char *file = w->source->l->image[j->image].file;
  struct vt_rng rng;
  vt_rng_init(&rng, o->seed, (uint64_t)j->copy, (uint64_t)j->image);
  name_of(j->name, sizeof j->name, file, j->image, j->copy, o->png);
  char *folder = vt_path_join(NULL, o->out, "images"),
       *path = folder ? vt_path_join(NULL, folder, j->name) : NULL;
  int rc = path ? vt_aug_source_get(w->source, j->image, &j->s, &j->e)
                : vt_fail(&j->e, VT_ENOMEM, "out of memory");
  j->unread = vt_aug_source_fault(rc);
  if (!rc && (rc = vt_policy_apply(o->policy, &env, &rng, &j->s, &j->e)))
    rc = vt_fail_in(&j->e, rc, "%.200s", file);
  if (!rc) rc = vt_image_write(&j->s.image, path, 95, &j->e);
  j->rc = rc;
  vt_free(folder);
  vt_free(path);
}

static int take(struct vt_labels *made, struct job *j, const struct vt_labels *from,
                const struct vt_augment_opts *o, struct vt_err *e)
{
  if (j->unread && o->problems) return j->copy ? 0 : vt_problems_add(o->problems, 0, j->e.msg, e);
  if (j->rc)
    return vt_fail(e, j->rc, "%s%s", j->e.msg, j->unread ? "; --lenient leaves such pictures out" : "");
  int rc = vt_aug_sample_to_labels(&j->s, made, j->name, from, e);
  if (!rc) made->image[made->nimages - 1].split = from->image[j->image].split;
  return rc;
}

/* Blocks of a few results for each thread are made at once and taken in order, so that labels are the same
 * whatever the number of threads. */
static int make_all(struct vt_labels *made, const struct vt_aug_source *source,
                    const struct vt_augment_opts *o, struct vt_pool *pool, struct vt_progress *p,
                    struct vt_err *e)
{
  const int64_t all = (int64_t)source->l->nimages * o->copies,
                block = 4LL * (o->threads ? o->threads : vt_threads());
  struct job *job = vt_calloc((size_t)block, sizeof *job);
  struct work w = {source, o, job};
  int rc = job ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t at = 0; at < all && !rc; at += block) {
    const int64_t n = VT_MIN(block, all - at);
    for (int64_t i = 0; i < n; i++)
      job[i] = (struct job){.image = (int32_t)((at + i) / o->copies), .copy = (int)((at + i) % o->copies)};
    vt_pool_for(pool, n, make, &w);
    for (int64_t i = 0; i < n; i++) {
      if (!rc) rc = take(made, &job[i], source->l, o, e);
      vt_aug_sample_clear(&job[i].s);
    }
    if (!rc && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
    vt_progress_add(p, n);
  }
  vt_free(job);
  return rc;
}

int vt_augment_set(struct vt_labels *made, const struct vt_labels *l, const struct vt_augment_opts *o,
                   struct vt_err *e)
{
  struct vt_aug_source source;
  struct vt_progress p;
  struct vt_pool *pool = NULL;
  int rc = vt_aug_source_init(&source, l, o->images, e);
  if (rc) return rc;
  source.lenient = o->problems != NULL;
  char *folder = vt_path_join(NULL, o->out, "images");
  rc = folder ? vt_mkdirs(folder, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(folder);
  if (!rc) rc = vt_pool_new(&pool, o->threads ? o->threads : vt_threads(), e);
  vt_progress_start(&p, "augmenting", "pictures", (int64_t)l->nimages * o->copies);
  if (!rc) rc = make_all(made, &source, o, pool, &p, e);
  if (!rc && o->problems && o->problems->n && !made->nimages)
    rc = vt_fail(e, VT_EFORMAT, "none of the pictures can be read; the last: %s",
                 o->problems->v[o->problems->n - 1].text);
  vt_progress_end(&p);
  vt_pool_free(pool);
  vt_aug_source_clear(&source);
  return rc;
}

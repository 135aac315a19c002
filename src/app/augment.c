/* A labelled set through a policy: every picture some times, each time with its own random numbers. */
#include "app/augment.h"

#include <stdio.h>
#include <string.h>

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
  char *path = vt_path_join(NULL, s->images, s->l->image[image].file);
  int rc = path ? vt_image_read(&im, path, &(struct vt_decode_opts){0}, NULL, e)
                : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc ? rc
            : vt_aug_sample_from_labels(out, &im, s->l, s->order + s->start[image],
                                        s->start[image + 1] - s->start[image], e);
}

int vt_aug_source_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  const struct vt_aug_source *s = ctx;
  return vt_aug_source_get(s, (int32_t)vt_rng_below(rng, (uint32_t)s->l->nimages), out, e);
}

/* "STEM_COPY_NUMBER.jpg": the number keeps pictures of one name in different folders apart. */
static void name_of(char *name, size_t size, const char *file, int32_t image, int copy, bool png)
{
  const char *base = vt_path_base(file), *dot = strrchr(base, '.');
  int n = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
  snprintf(name, size, "%.*s_%d_%d.%s", VT_MIN(n, 150), base, copy, image, png ? "png" : "jpg");
}

static int one(struct vt_labels *made, const struct vt_aug_source *source, const struct vt_augment_opts *o,
               int32_t image, int copy, struct vt_err *e)
{
  const struct vt_aug_env env = {.epoch = o->epoch, .other = vt_aug_source_other, .ctx = (void *)source};
  const char *file = source->l->image[image].file;
  struct vt_aug_sample s = {0};
  struct vt_rng rng;
  char name[200];
  vt_rng_init(&rng, o->seed, (uint64_t)copy, (uint64_t)image);
  name_of(name, sizeof name, file, image, copy, o->png);
  char *folder = vt_path_join(NULL, o->out, "images"),
       *path = folder ? vt_path_join(NULL, folder, name) : NULL;
  int rc = path ? vt_aug_source_get(source, image, &s, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && (rc = vt_policy_apply(o->policy, &env, &rng, &s, e))) rc = vt_fail_in(e, rc, "%.200s", file);
  if (!rc) rc = vt_image_write(&s.image, path, 95, e);
  if (!rc) rc = vt_aug_sample_to_labels(&s, made, name, source->l, e);
  if (!rc) made->image[made->nimages - 1].split = source->l->image[image].split;
  vt_aug_sample_clear(&s);
  vt_free(folder);
  vt_free(path);
  return rc;
}

int vt_augment_set(struct vt_labels *made, const struct vt_labels *l, const struct vt_augment_opts *o,
                   struct vt_err *e)
{
  struct vt_aug_source source;
  struct vt_progress p;
  int rc = vt_aug_source_init(&source, l, o->images, e);
  if (rc) return rc;
  char *folder = vt_path_join(NULL, o->out, "images");
  rc = folder ? vt_mkdirs(folder, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(folder);
  vt_progress_start(&p, "augmenting", "pictures", (int64_t)l->nimages * o->copies);
  for (int32_t i = 0; i < l->nimages && !rc; i++)
    for (int copy = 0; copy < o->copies && !rc; copy++) {
      rc = vt_interrupted() ? vt_fail(e, VT_EINTERRUPTED, "interrupted") : one(made, &source, o, i, copy, e);
      vt_progress_add(&p, 1);
    }
  vt_progress_end(&p);
  vt_aug_source_clear(&source);
  return rc;
}

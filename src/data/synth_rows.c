/* A drawn table in iMaterialist's format: as many rows and pictures as asked for, with the published set's
 * shape.
 *
 * Of that set's 331,213 rows (45,195 pictures) 11,499 carry attributes, 3,376 of the others cover fewer than
 * 50 pixels, and of what is left 1,010 have a mask that stands under two classes. The same shares are drawn
 * here, so that cleaning what is drawn at that size gives the published counts. Masks are ellipses and
 * trousers-like pairs of stripes with rough edges, 20 to 900 columns wide, on pictures of 400 to 2,400 pixels
 * a side. Everything follows from the seed. */
#include "data/formats/text_out.h"

#include <math.h>
#include <stdio.h>

enum { CLASSES = 46, ATTRIBUTES = 92, PUBLISHED_ROWS = 331213 };
static const double with_attributes = 11499, small = 3376, twice = 1010;

struct pen {
  struct vt_rng rng;
  struct vt_buf line;
  struct vt__out out;
  int32_t height, width;
  int64_t first, rows; /* of the picture: rows before it, and its own */
};

static void add_number(struct vt_buf *b, uint64_t v)
{
  char text[24], *p = text + sizeof text;
  do *--p = (char)('0' + v % 10);
  while (v /= 10);
  vt_buf_add(b, p, (size_t)(text + sizeof text - p));
}

static void add_run(struct pen *p, int x, double from, double to)
{
  int y0 = (int)VT_CLAMP(from, 0, (double)p->height - 1), y1 = (int)VT_CLAMP(to, 0, (double)p->height);
  if (y1 <= y0) return;
  add_number(&p->line, (uint64_t)x * (uint64_t)p->height + (uint64_t)y0 + 1);
  vt_buf_addc(&p->line, ' ');
  add_number(&p->line, (uint64_t)(y1 - y0));
  vt_buf_addc(&p->line, ' ');
}

/* A column of an ellipse; pairs leave a gap down the middle. Edges wander by a pixel or two. */
static void add_mask(struct pen *p)
{
  double spread = exp(vt_rng_normal(&p->rng) * .8) * p->width / 8;
  int w = (int)VT_CLAMP(spread, 20, (double)VT_MIN(p->width - 2, 900));
  double tall = spread * (.6 + 1.8 * vt_rng_unit(&p->rng));
  int h = (int)VT_CLAMP(tall, 20, (double)p->height - 2);
  int x0 = (int)vt_rng_below(&p->rng, (uint32_t)(p->width - w));
  double y0 = vt_rng_below(&p->rng, (uint32_t)(p->height - h)), gap = vt_rng_below(&p->rng, 3) ? 0 : .2;
  for (int x = 0; x < w; x++) {
    double t = (x + .5) / w * 2 - 1, half = h / 2. * sqrt(1 - t * t), middle = y0 + h / 2.;
    uint32_t wander = vt_rng_below(&p->rng, 16), high = wander % 4, low = wander / 4;
    double top = middle - half + high, foot = middle + half - low;
    if (foot - top < 3) {
      add_run(p, x0 + x, middle, middle + 3);
    } else if (gap > 0 && foot - top > 10) {
      add_run(p, x0 + x, top, middle - gap * half);
      add_run(p, x0 + x, middle + gap * half, foot);
    } else
      add_run(p, x0 + x, top, foot);
  }
}

/* Fewer than 50 pixels. */
static void add_small_mask(struct pen *p)
{
  int columns = 1 + (int)vt_rng_below(&p->rng, 6), x0 = (int)vt_rng_below(&p->rng, (uint32_t)(p->width - 8));
  int y0 = (int)vt_rng_below(&p->rng, (uint32_t)(p->height - 12)), n = 1 + (int)vt_rng_below(&p->rng, 8);
  for (int x = 0; x < columns; x++) add_run(p, x0 + x, y0, y0 + n);
}

/* Classes fall off as in the set: sleeves, shoes and necklines are most frequent; here by rank. */
static int draw_class(struct pen *p)
{
  double u = vt_rng_unit(&p->rng);
  return (int)(CLASSES * u * u);
}

static int write_row(struct pen *p, int64_t image, size_t mask, int cls, bool attributes, struct vt_err *e)
{
  char tail[200];
  int n = snprintf(tail, sizeof tail, ",%d,%d,%d", p->height, p->width, cls);
  for (int k = 0; attributes && k < 1 + (int)(image % 4); k++)
    n += snprintf(tail + n, sizeof tail - (size_t)n, "_%d",
                  (int)vt_rng_below(&p->rng, ATTRIBUTES / 4) + k * ATTRIBUTES / 4);
  if (p->line.failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_buf_addf(&p->out.b, "%032llx.jpg,", (unsigned long long)(image * 2654435761u));
  vt_buf_add(&p->out.b, p->line.data, mask);
  vt_buf_addf(&p->out.b, "%s\n", tail);
  return vt__out_more(&p->out, e);
}

/* Whether number i of n is one of `count` spread evenly over them. */
static bool chosen(int64_t i, int64_t n, double count)
{
  return n && floor((double)(i + 1) * count / (double)n + .5) > floor((double)i * count / (double)n + .5);
}

/* What each row is, counted over rows of its kind, so that the shares come out whole. */
struct shares {
  double attributes, small, pairs; /* rows, rows, pairs of rows */
  int64_t rows, plain, large;      /* all; without attributes; of those, not small */
  int64_t seen, seen_plain, seen_large;
};

static void new_mask(struct pen *p, bool tiny, size_t *to)
{
  p->line.len = 0;
  if (tiny)
    add_small_mask(p);
  else
    add_mask(p);
  *to = p->line.len - 1; /* without the last blank */
}

/* A pair's second row repeats the mask before it under another class; both lie in one picture, so a pair that
 * would begin with a picture's last row begins with the one before. */
static int write_picture(struct pen *p, int64_t image, struct shares *s, double *owed, struct vt_err *e)
{
  int rc = 0, cls = 0;
  size_t to = 0;
  bool repeat = false;
  p->height = 400 + (int)vt_rng_below(&p->rng, 2000);
  p->width = 400 + (int)vt_rng_below(&p->rng, 1600);
  for (int64_t k = 0; k < p->rows && !rc; k++, s->seen++) {
    bool attributes = chosen(s->seen, s->rows, s->attributes);
    bool tiny = !attributes && chosen(s->seen_plain, s->plain, s->small);
    s->seen_plain += !attributes;
    if (repeat && !attributes && !tiny) {
      cls = (cls + 1) % CLASSES;
      repeat = false;
      *owed += chosen(s->seen_large++, s->large, s->pairs);
      rc = write_row(p, image, to, cls, false, e);
      continue;
    }
    if (!attributes && !tiny) {
      *owed += chosen(s->seen_large++, s->large, s->pairs);
      /* The next row of the picture must be plain and large, too. */
      repeat = *owed > 0 && k + 1 < p->rows && !chosen(s->seen + 1, s->rows, s->attributes) &&
               !chosen(s->seen_plain, s->plain, s->small);
      if (repeat) --*owed;
    }
    new_mask(p, tiny, &to);
    cls = draw_class(p);
    rc = write_row(p, image, to, cls, attributes, e);
  }
  return rc;
}

static int write_descriptions(const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  for (int attribute = 0; attribute < 2; attribute++) {
    vt_buf_adds(&b, attribute ? "],\n\"attributes\": [" : "{\"categories\": [");
    for (int k = 0; k < (attribute ? ATTRIBUTES : CLASSES); k++)
      vt_buf_addf(&b, "%s\n  {\"id\": %d, \"name\": \"%s %d\", \"supercategory\": \"drawn\", \"level\": %d}",
                  k ? "," : "", k, attribute ? "attribute" : "class", k, attribute ? 1 : 2);
  }
  vt_buf_adds(&b, "]}\n");
  char *dir = vt_path_dir(NULL, path),
       *beside = dir ? vt_path_join(NULL, dir, "label_descriptions.json") : NULL;
  int rc = b.failed || !beside ? vt_fail(e, VT_ENOMEM, "out of memory")
                               : vt_file_write_atomic(beside, b.data, b.len, e);
  vt_free(dir);
  vt_free(beside);
  vt_buf_clear(&b);
  return rc;
}

int vt_synth_rows(const char *path, int64_t rows, int64_t images, uint64_t seed, struct vt_err *e)
{
  if (images < 1 || rows < images)
    return vt_fail(e, VT_EARG, "%lld rows on %lld pictures", (long long)rows, (long long)images);
  struct pen p = {0};
  int rc = vt__out_open(&p.out, NULL, path, e);
  vt_rng_init(&p.rng, seed, 0, 0);
  const double scale = (double)rows / PUBLISHED_ROWS;
  struct shares s = {.rows = rows,
                     .attributes = round(with_attributes * scale),
                     .small = round(small * scale),
                     .pairs = round(twice * scale / 2)};
  s.plain = rows - (int64_t)s.attributes;
  s.large = s.plain - (int64_t)s.small;
  double owed = 0;
  vt_buf_adds(&p.out.b, "ImageId,EncodedPixels,Height,Width,ClassId\n");
  for (int64_t k = 0; k < images && !rc; k++) {
    p.first = p.first + p.rows;
    p.rows = (int64_t)((double)(k + 1) * (double)rows / (double)images) - p.first;
    rc = write_picture(&p, k, &s, &owed, e);
  }
  rc = vt__out_close(&p.out, rc, e);
  vt_buf_clear(&p.line);
  return rc ? rc : write_descriptions(path, e);
}

/* The text of a YOLO picture: a line an object, in shares of the picture's sides.
 *
 *   class x y w h                     a box, by its middle
 *   class x1 y1 x2 y2 …               a closed line of three points or more
 *   class x y w h x1 y1 [v1] x2 …     where data.yaml says so: a box with key points */
#include "data/formats/yolo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE_NUMBERS = 1 << 21, MAX_TEXT = 1 << 28 };

/* The numbers of a line into r->v. */
static int read_numbers(struct vt__yolo_reader *r, const char *line, struct vt_err *e)
{
  r->n = 0;
  for (;;) {
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t");
    if (!len) return 0;
    if (r->n == r->cap) {
      int cap = r->cap ? 2 * r->cap : 256;
      double *v = cap <= MAX_LINE_NUMBERS ? vt_reallocarray(r->v, (size_t)cap, sizeof *v) : NULL;
      if (!v) return vt_fail(e, VT_ELIMIT, "more than %d numbers", r->n);
      r->v = v;
      r->cap = cap;
    }
    if (!vt__number(line, len, &r->v[r->n]))
      return vt_fail(e, VT_EFORMAT, "'%.*s' is no number", (int)VT_MIN(len, (size_t)40), line);
    r->n++;
    line += len;
  }
}

static int set_shape(struct vt__yolo_reader *r, struct vt_instance *in, const struct vt_label_image *im,
                     struct vt_err *e)
{
  double *xy = r->v + 1;
  const int n = r->about.points ? 4 : r->n - 1;
  for (int i = 0; i < n; i++)
    if (xy[i] < -.001 || xy[i] > 1.001)
      return vt_fail(e, VT_EFORMAT, "%g: coordinates are shares of the picture's sides, 0 to 1", xy[i]);
  for (int i = 0; i < n; i++) xy[i] *= i % 2 ? im->height : im->width;
  if (n == 4) {
    if (xy[2] < 0 || xy[3] < 0) return vt_fail(e, VT_EFORMAT, "negative width or height");
    in->box = (struct vt_box){xy[0] - xy[2] / 2, xy[1] - xy[3] / 2, xy[2], xy[3]};
    return 0;
  }
  return vt__labels_set_polygons(r->l, in, &(struct vt_polygons){1, (int[]){0, n / 2}, xy}, e);
}

/* Without a visibility, a point at 0, 0 is none. */
static int set_points(struct vt__yolo_reader *r, struct vt_instance *in, const struct vt_label_image *im,
                      struct vt_err *e)
{
  const int n = r->about.points, numbers = r->about.numbers;
  double *v = vt_reallocarray(NULL, (size_t)n, 3 * sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n; i++) {
    const double *p = r->v + 5 + i * numbers;
    v[3 * i] = p[0] * im->width;
    v[3 * i + 1] = p[1] * im->height;
    v[3 * i + 2] = numbers == 3 ? p[2] : p[0] != 0 || p[1] != 0 ? VT_VISIBLE : VT_UNLABELLED;
  }
  bool seen = false; /* of those nobody saw there are none */
  for (int i = 0; i < 3 * n; i++) seen |= v[i] != 0;
  const int rc = seen ? vt__labels_read_points(r->l, in, v, 3 * n, e) : 0;
  vt_free(v);
  return rc;
}

static int32_t class_of(struct vt__yolo_reader *r, int64_t id, struct vt_err *e)
{
  char name[24];
  const int32_t cls = vt__labels_find_class(r->l, false, id);
  if (cls >= 0) return cls;
  if (r->names) return vt_fail(e, VT_EFORMAT, "class %lld is not in %s", (long long)id, r->names);
  snprintf(name, sizeof name, "%lld", (long long)id);
  return vt__labels_add_class(r->l, false, id, name, "", e);
}

static int read_line(struct vt__yolo_reader *r, int32_t image, const char *line, struct vt_err *e)
{
  int rc = read_numbers(r, line, e);
  if (rc) return rc;
  const int points = r->about.points * r->about.numbers;
  if (points && r->n != 5 + points)
    return vt_fail(e, VT_EFORMAT, "%d numbers; expected a class, 4 of a box, and %d of key points", r->n,
                   points);
  if (!points && r->n != 5 && (r->n < 7 || r->n % 2 == 0))
    return vt_fail(e, VT_EFORMAT, "%d numbers; expected a class and 4 of a box, or 3 points or more", r->n);
  if (r->v[0] != (int32_t)VT_CLAMP(r->v[0], 0, 1e6)) return vt_fail(e, VT_EFORMAT, "class %g", r->v[0]);
  const int32_t cls = class_of(r, (int64_t)r->v[0], e);
  if (cls < 0) return cls;
  struct vt_instance *in = vt__labels_push(r->l, e);
  if (!in) return VT_ENOMEM;
  in->image = image;
  in->cls = cls;
  in->id = r->l->n;
  rc = set_shape(r, in, &r->l->image[image], e);
  if (!rc && points) rc = set_points(r, in, &r->l->image[image], e);
  if (rc) r->l->n--;
  return rc;
}

int vt__yolo_read_text(struct vt__yolo_reader *r, int32_t image, const char *path, struct vt_err *e)
{
  char *text, *rest;
  size_t len;
  int64_t number = 1;
  int rc = vt_text_read(path, MAX_TEXT, &text, &len, e);
  if (rc) vt__labels_row_of(r->l, image); /* it may have shown something */
  if (rc) return vt__labels_problem(r->l, r->o, e);
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n")); number++) {
    line[strcspn(line, "\r")] = 0;
    if (!line[strspn(line, " \t")]) continue;
    r->l->rows++;
    vt__labels_row_of(r->l, image);
    if ((rc = read_line(r, image, line, e))) {
      vt_fail_in(e, rc, "%s: line %lld", path, (long long)number);
      rc = vt__labels_problem(r->l, r->o, e);
    } else
      r->l->v[r->l->n - 1].line = number;
  }
  vt_free(text);
  return rc;
}

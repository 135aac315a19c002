/* What `data stats` prints of a set of labels. */
#include "app/labels_report.h"

#include <math.h>

void vt_json_text(struct vt_buf *b, const char *s)
{
  vt_buf_addc(b, '"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') vt_buf_addc(b, '\\');
    if ((unsigned char)*s < 32)
      vt_buf_addf(b, "\\u%04x", *s);
    else
      vt_buf_addc(b, *s);
  }
  vt_buf_addc(b, '"');
}

/* Histogram up to its last bin in use. */
static void add_bins(struct vt_buf *b, const char *name, const int64_t *bin)
{
  int n = VT_STATS_BINS;
  while (n > 1 && !bin[n - 1]) n--;
  vt_buf_addf(b, ", \"%s\": [", name);
  for (int k = 0; k < n; k++) vt_buf_addf(b, "%s%lld", k ? ", " : "", (long long)bin[k]);
  vt_buf_addc(b, ']');
}

static void add_five(struct vt_buf *b, const char *name, const double *v)
{
  vt_buf_addf(b, ", \"%s\": [%.12g, %.12g, %.12g, %.12g, %.12g]", name, v[0], v[1], v[2], v[3], v[4]);
}

static void add_class(struct vt_buf *b, const struct vt_label_class *c, const struct vt_class_stats *s)
{
  vt_json_text(b, c->name);
  vt_buf_addf(b, ": {\"id\": %lld, \"instances\": %lld, \"images\": %lld", (long long)c->id,
              (long long)s->instances, (long long)s->images);
  if (!isnan(s->area[0])) add_five(b, "area", s->area);
  vt_buf_addc(b, '}');
}

static void add_together(struct vt_buf *b, const struct vt_labels *l, const struct vt_label_stats *s)
{
  const int n = l->classes.n;
  vt_buf_adds(b, ", \"together\": [");
  for (int a = 0, some = 0; a < n && s->together; a++)
    for (int k = a + 1; k < n; k++) {
      int64_t both = s->together[(int64_t)a * n + k];
      if (!both) continue;
      vt_buf_addf(b, "%s[%lld, %lld, %lld]", some++ ? ", " : "", (long long)l->classes.v[a].id,
                  (long long)l->classes.v[k].id, (long long)both);
    }
  vt_buf_addc(b, ']');
}

void vt_labels_report_json(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b)
{
  static const char *const split[] = {"train", "val", "test", "none"};
  vt_buf_addf(b,
              "{\"rows\": %lld, \"images\": %lld, \"instances\": %lld, \"classes\": %d, \"attributes\": %d",
              (long long)s->rows, (long long)s->images, (long long)s->instances, s->classes, s->attributes);
  vt_buf_addf(
      b, ", \"classes_known\": %d, \"attributes_known\": %d, \"with_attributes\": %lld, \"crowds\": %lld",
      l->classes.n, l->attributes.n, (long long)s->with_attributes, (long long)s->crowds);
  vt_buf_addf(b, ", \"skipped\": %lld, \"empty_images\": %lld, \"splits\": {", (long long)s->skipped,
              (long long)s->empty_images);
  for (int k = 0, n = 0; k < 4; k++)
    if (s->split[k]) vt_buf_addf(b, "%s\"%s\": %lld", n++ ? ", " : "", split[k], (long long)s->split[k]);
  vt_buf_addc(b, '}');
  add_five(b, "width", s->width);
  add_five(b, "height", s->height);
  add_bins(b, "instances_per_image", s->per_image);
  add_bins(b, "attributes_per_image", s->attributes_per_image);
  vt_buf_adds(b, ", \"per_class\": {");
  for (int k = 0, n = 0; k < l->classes.n; k++) {
    if (!s->cls[k].instances) continue;
    vt_buf_adds(b, n++ ? ", " : "");
    add_class(b, &l->classes.v[k], &s->cls[k]);
  }
  vt_buf_adds(b, "}, \"per_attribute\": {");
  for (int k = 0, n = 0; k < l->attributes.n; k++) {
    if (!s->attribute[k]) continue;
    vt_buf_adds(b, n++ ? ", " : "");
    vt_json_text(b, l->attributes.v[k].name);
    vt_buf_addf(b, ": %lld", (long long)s->attribute[k]);
  }
  vt_buf_addc(b, '}');
  add_together(b, l, s);
  vt_buf_adds(b, "}\n");
}

void vt_labels_report_table(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b)
{
  vt_buf_addf(b, "rows        %lld\nimages      %lld\ninstances   %lld\n", (long long)s->rows,
              (long long)s->images, (long long)s->instances);
  vt_buf_addf(b, "classes     %d of %d\nattributes  %d of %d, on %lld instances\n", s->classes, l->classes.n,
              s->attributes, l->attributes.n, (long long)s->with_attributes);
  if (s->crowds) vt_buf_addf(b, "crowds      %lld\n", (long long)s->crowds);
  if (s->skipped) vt_buf_addf(b, "left out    %lld\n", (long long)s->skipped);
  vt_buf_addf(b, "width       %.0f to %.0f, median %g\nheight      %.0f to %.0f, median %g\n\n", s->width[0],
              s->width[4], s->width[2], s->height[0], s->height[4], s->height[2]);
  vt_buf_addf(b, "%-32s %10s %10s %12s %12s\n", "class", "instances", "images", "median area", "quartiles");
  for (int k = 0; k < l->classes.n; k++) {
    const struct vt_class_stats *c = &s->cls[k];
    if (!c->instances) continue;
    vt_buf_addf(b, "%-32.32s %10lld %10lld", l->classes.v[k].name, (long long)c->instances,
                (long long)c->images);
    if (!isnan(c->area[0])) vt_buf_addf(b, " %12.0f %.0f..%.0f", c->area[2], c->area[1], c->area[3]);
    vt_buf_addc(b, '\n');
  }
}

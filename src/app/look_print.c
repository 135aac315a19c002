/* Results as JSON (DESIGN section 5) and as a table. */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "app/look.h"

/* Text that is no UTF-8 (a photo's name) is repaired, since JSON has no other way to say it. */
static json_t *text(const char *s)
{
  json_t *j = json_string(s);
  if (j) return j;
  struct vt_buf b;
  vt_buf_init(&b);
  vt_utf8_repair(s, strlen(s), &b);
  j = json_string(b.data ? b.data : "");
  vt_buf_clear(&b);
  return j;
}

static json_t *number(double v)
{
  return v == floor(v) && fabs(v) < 1e15 ? json_integer((json_int_t)v) : json_real(v);
}

/* Reals are printed with six digits, which would say 0.987654321 as 0.987654. */
static json_t *rounded(double v, double unit)
{
  return json_real(round(v / unit) * unit);
}

static json_t *match_json(const struct vt_match *m)
{
  json_t *attrs = json_object();
  for (int i = 0; i < m->nattrs; i++) json_object_set_new(attrs, m->attrs[i].name, text(m->attrs[i].value));
  return json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", text(m->id), "score", rounded(m->score, 1e-6), "title",
                   text(m->title), "image", text(m->image), "attributes", attrs);
}

static json_t *item_json(const struct vt_found *f, bool matches)
{
  struct vt_buf counts;
  vt_buf_init(&counts);
  vt_mask_to_coco(&f->mask, &counts);
  json_t *o = json_pack("{s:o, s:o, s:o, s:[o,o,o,o], s:{s:[i,i], s:s}}", "label", text(f->label), "group",
                        f->group ? text(f->group) : json_null(), "score", rounded(f->score, 1e-6), "box",
                        number(f->box.x), number(f->box.y), number(f->box.w), number(f->box.h), "mask",
                        "size", f->mask.height, f->mask.width, "counts", counts.data ? counts.data : "");
  vt_buf_clear(&counts);
  if (!o || !matches) return o;
  json_t *list = json_array();
  for (int i = 0; i < f->nmatches; i++) json_array_append_new(list, match_json(&f->matches[i]));
  json_object_set_new(o, "matches", list);
  return o;
}

static int dump(json_t *o, struct vt_buf *out, struct vt_err *e)
{
  char *s = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(7)) : NULL;
  json_decref(o);
  if (!s) return vt_fail(e, VT_ENOMEM, "JSON: out of memory");
  vt_buf_adds(out, s);
  free(s);
  return out->failed ? vt_fail(e, VT_ENOMEM, "JSON: out of memory") : 0;
}

int vt_look_json(const struct vt_look_result *r, bool matches, struct vt_buf *out, struct vt_err *e)
{
  json_t *items = json_array(), *ms = json_object();
  for (int i = 0; i < r->n; i++) json_array_append_new(items, item_json(&r->item[i], matches));
  for (int i = 0; i < VT_NSTAGES; i++)
    if (matches || (i != VT_STAGE_EMBED && i != VT_STAGE_MATCH))
      json_object_set_new(ms, vt_stage_names[i], rounded(r->ms[i], 1e-3));
  return dump(json_pack("{s:o, s:i, s:i, s:o, s:o}", "photo", text(r->path), "width", r->width, "height",
                        r->height, "items", items, "ms", ms),
              out, e);
}

int vt_look_error_json(const char *path, const char *error, struct vt_buf *out, struct vt_err *e)
{
  return dump(json_pack("{s:o, s:o}", "photo", text(path), "error", text(error)), out, e);
}

/* ---- the table
 * ------------------------------------------------------------------------------------------------ */

/* Text cut or padded to a width in terminal columns. */
static void cell(struct vt_buf *out, const char *s, size_t width)
{
  size_t n = strlen(s);
  if (vt_utf8_width(s) <= width) {
    vt_buf_adds(out, s);
    for (size_t w = vt_utf8_width(s); w < width; w++) vt_buf_addc(out, ' ');
    return;
  }
  char cut[1024];
  n = VT_MIN(n, sizeof cut - 1);
  do {
    while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80) n--;
    memcpy(cut, s, n);
    cut[n] = 0;
  } while (vt_utf8_width(cut) > width - 1 && n-- > 0);
  vt_buf_addf(out, "%s…", cut);
  for (size_t w = vt_utf8_width(cut) + 1; w < width; w++) vt_buf_addc(out, ' ');
}

static void match_row(const struct vt_match *m, int rank, struct vt_buf *out)
{
  vt_buf_addf(out, "    %3d  %6.3f  ", rank, m->score);
  cell(out, m->id, 16);
  vt_buf_adds(out, "  ");
  cell(out, *m->title ? m->title : vt_path_base(m->image), 44);
  struct vt_buf attrs;
  vt_buf_init(&attrs);
  for (int i = 0; i < m->nattrs && i < 3; i++)
    vt_buf_addf(&attrs, "%s%s", i ? ", " : "  ", m->attrs[i].value);
  if (attrs.data) vt_buf_adds(out, attrs.data);
  vt_buf_clear(&attrs);
  vt_buf_addc(out, '\n');
}

void vt_look_table(const struct vt_look_result *r, bool matches, struct vt_buf *out)
{
  vt_buf_addf(out, "%s  %d x %d, %d item%s, %.0f ms\n", r->path, r->width, r->height, r->n,
              r->n == 1 ? "" : "s", r->ms[VT_STAGE_TOTAL]);
  for (int i = 0; i < r->n; i++) {
    const struct vt_found *f = &r->item[i];
    vt_buf_addf(out, "  %-12s score %.2f  box %.0f,%.0f,%.0f,%.0f  %.1f %% of the photo\n", f->label,
                f->score, f->box.x, f->box.y, f->box.w, f->box.h,
                100.0 * (double)vt_mask_area(&f->mask) / ((double)r->width * r->height));
    for (int j = 0; j < f->nmatches; j++) match_row(&f->matches[j], j + 1, out);
    if (matches && !f->nmatches) vt_buf_adds(out, "         no match\n");
  }
}

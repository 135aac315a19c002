/* Metadata of models: preprocessing, labels, card, id. */
#include "model/network.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fit_name[] = {"stretch", "pad", "area"};

static int read_triple(json_t *o, const char *key, float v[3], struct vt_err *e)
{
  json_t *a = json_object_get(o, key);
  if (json_array_size(a) != 3) return vt_fail(e, VT_EFORMAT, "preprocess: '%s' must be 3 numbers", key);
  for (size_t i = 0; i < 3; i++) {
    v[i] = (float)json_number_value(json_array_get(a, i));
    if (!isfinite(v[i])) return vt_fail(e, VT_EFORMAT, "preprocess: '%s' must be finite", key);
  }
  return 0;
}

int vt_preprocess_parse(struct vt_preprocess *p, const char *text, struct vt_err *e)
{
  json_error_t je;
  json_t *o = json_loads(text ? text : "", 0, &je);
  *p = (struct vt_preprocess){0};
  if (!o) return vt_fail(e, VT_EFORMAT, "preprocess: not JSON: %s", je.text);
  int rc = 0;
  json_int_t w = json_integer_value(json_object_get(o, "width")),
             h = json_integer_value(json_object_get(o, "height"));
  const char *fit = json_string_value(json_object_get(o, "fit"));
  int f = -1;
  for (int i = 0; fit && i < (int)VT_COUNT(fit_name); i++)
    if (!strcmp(fit, fit_name[i])) f = i;
  if (w < 1 || h < 1 || w > 4096 || h > 4096) {
    rc = vt_fail(e, VT_EFORMAT, "preprocess: width and height must be 1 to 4096");
    goto out;
  }
  if (f < 0) {
    rc = vt_fail(e, VT_EFORMAT, "preprocess: 'fit' must be stretch, pad or area");
    goto out;
  }
  p->width = (int)w;
  p->height = (int)h;
  p->fit = (enum vt_fit)f;
  p->mirror = json_is_true(json_object_get(o, "mirror"));
  rc = read_triple(o, "mean", p->mean, e);
  if (!rc) rc = read_triple(o, "std", p->std, e);
  if (!rc && (p->std[0] <= 0 || p->std[1] <= 0 || p->std[2] <= 0))
    rc = vt_fail(e, VT_EFORMAT, "preprocess: 'std' must be positive");
out:
  json_decref(o);
  return rc;
}

void vt_preprocess_print(const struct vt_preprocess *p, struct vt_buf *b)
{
  vt_buf_addf(b,
              "{\"width\": %d, \"height\": %d, \"fit\": \"%s\", \"mean\": [%.6g, %.6g, %.6g], \"std\": "
              "[%.6g, %.6g, %.6g]%s}",
              p->width, p->height, fit_name[p->fit], p->mean[0], p->mean[1], p->mean[2], p->std[0], p->std[1],
              p->std[2], p->mirror ? ", \"mirror\": true" : "");
}

void vt_preprocess_size(const struct vt_preprocess *p, int width, int height, int *ow, int *oh)
{
  *ow = p->width;
  *oh = p->height;
  if (p->fit != VT_FIT_AREA || width < 1 || height < 1) return;
  /* Among sides that are multiples of 32 with an area within 15 % of the model's, the aspect nearest in
   * logarithm. */
  double area = (double)p->width * p->height, best = INFINITY, aspect = log((double)width / height);
  for (int w = 32; w <= 2048; w += 32) {
    int h = (int)lround(area / w / 32) * 32;
    if (h < 32 || fabs((double)w * h / area - 1) > 0.15) continue;
    double off = fabs(log((double)w / h) - aspect) + 0.05 * fabs(log((double)w * h / area));
    if (off < best) best = off, *ow = w, *oh = h;
  }
}

void vt__weights_id(const struct vt_graph *g, char id[33])
{
  uint64_t h = 0;
  for (int i = 0; i < g->nvalues; i++) {
    const struct vt_value *v = g->values[i];
    if (!v->init.data) continue;
    uint64_t part[3] = {h, vt_hash64(v->name, strlen(v->name)),
                        vt_hash64(v->init.data, vt_tensor_bytes(&v->init))};
    h = vt_hash64(part, sizeof part);
  }
  vt_hash_hex(&h, sizeof h, id);
}

/* ["background", …]; bytes that are not UTF-8 become U+FFFD. */
static void put_labels(const struct vt_model_card *c, struct vt_buf *b)
{
  json_t *list = json_array();
  for (int i = 0; i < c->nlabels; i++) {
    struct vt_buf name;
    vt_buf_init(&name);
    vt_utf8_repair(c->label[i], strlen(c->label[i]), &name);
    json_array_append_new(list, json_string(name.data ? name.data : ""));
    if (name.failed) b->failed = true;
    vt_buf_clear(&name);
  }
  char *text = json_dumps(list, 0);
  if (text)
    vt_buf_adds(b, text);
  else
    b->failed = true;
  free(text);
  json_decref(list);
}

int vt_model_describe(struct vt_graph *g, const struct vt_model_card *c, struct vt_err *e)
{
  char id[33];
  struct vt_buf b;
  vt_buf_init(&b);
  vt_preprocess_print(c->preprocess, &b);
  vt_buf_addc(&b, 0);
  size_t labels = b.len;
  put_labels(c, &b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "model card: out of memory") : 0;
  if (!rc) {
    vt__weights_id(g, id);
    vt_graph_set_meta(g, VT_META_TASK, c->task);
    vt_graph_set_meta(g, VT_META_PREPROCESS, b.data);
    vt_graph_set_meta(g, VT_META_LABELS, b.data + labels);
    vt_graph_set_meta(g, VT_META_CARD, c->card_json);
    vt_graph_set_meta(g, VT_META_ID, id);
    rc = vt_graph_status(g, e);
  }
  vt_buf_clear(&b);
  return rc;
}

int vt_model_renew_id(struct vt_graph *g, struct vt_err *e)
{
  char id[33];
  if (!vt_graph_meta(g, VT_META_ID)) return 0;
  vt__weights_id(g, id);
  vt_graph_set_meta(g, VT_META_ID, id);
  return vt_graph_status(g, e);
}

int vt_model_check_commercial(const char *path, const char *card_json, struct vt_err *e)
{
  json_t *o = json_loads(card_json ? card_json : "", 0, NULL);
  bool allowed = json_is_true(json_object_get(o, "commercial_use"));
  const char *licence = json_string_value(json_object_get(o, "licence"));
  int rc = allowed ? 0
                   : vt_fail(e, VT_EARG, "%s: its card does not allow commercial use (licence: %s)", path,
                             licence ? licence : "none stated");
  json_decref(o);
  return rc;
}

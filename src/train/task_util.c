/* What the tasks share. */
#include "train/task_util.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const struct vt_tensor *vt__weights_find(void *weights, const char *name)
{
  const struct vt_weights *w = weights;
  for (int i = 0; i < w->n; i++)
    if (!strcmp(w->name[i], name)) return &w->value[i];
  return NULL;
}

bool vt__held_out(const char *image, int every)
{
  const char *base = vt_path_base(image);
  return every > 0 && vt_hash64(base, strcspn(base, ".")) % (uint64_t)every == 0;
}

void vt__card_json(struct vt_buf *out, const char *name, const char *recipe, const char *data,
                   const char *licence, bool commercial, const struct vt_metrics *m)
{
  json_t *o = json_object(), *list = json_array(), *figures = json_object();
  for (const char *s = data; s && *s;) {
    size_t n = strcspn(s, ",");
    json_array_append_new(list, json_stringn(s, n));
    s += n + (s[n] == ',');
  }
  for (int i = 0; m && i < m->n; i++) json_object_set_new(figures, m->v[i].name, json_real(m->v[i].value));
  json_object_set_new(o, "name", json_string(name));
  json_object_set_new(o, "recipe", json_string(recipe));
  json_object_set_new(o, "data", list);
  json_object_set_new(o, "figures_on_held_out_train_samples", figures);
  json_object_set_new(o, "licence", json_string(licence));
  json_object_set_new(o, "commercial_use", json_boolean(commercial));
  char *text = json_dumps(o, JSON_REAL_PRECISION(6));
  if (text)
    vt_buf_adds(out, text);
  else
    out->failed = true;
  free(text);
  json_decref(o);
}

int vt__parse_ints(const char *key, const char *text, int n, int least, int most, int *out, struct vt_err *e)
{
  const char *s = text;
  for (int i = 0; i < n; i++) {
    char *end;
    long v = strtol(s, &end, 10);
    bool last = i + 1 == n;
    if (end == s || v < least || v > most || *end != (last ? 0 : ','))
      return vt_fail(e, VT_EARG, "%s: '%s': expected %d whole numbers from %d to %d, separated by commas",
                     key, text, n, least, most);
    out[i] = (int)v;
    s = end + 1;
  }
  return 0;
}

/* What the tasks share. */
#include "train/task_util.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The model card as JSON. */
static int write_card(struct vt_buf *out, const struct vt__model_file *f, struct vt_err *e)
{
  char name[64], recipe[64];
  json_t *o = json_object(), *list = json_array(), *figures = json_object();
  snprintf(name, sizeof name, "vitrine %s", f->task);
  snprintf(recipe, sizeof recipe, "recipes/%s.yaml", f->task);
  for (const char *s = f->data; *s;) {
    size_t n = strcspn(s, ",");
    json_array_append_new(list, json_stringn(s, n));
    s += n + (s[n] == ',');
  }
  for (int i = 0; f->metrics && i < f->metrics->n; i++)
    json_object_set_new(figures, f->metrics->v[i].name, json_real(f->metrics->v[i].value));
  json_object_set_new(o, "name", json_string(name));
  json_object_set_new(o, "recipe", json_string(recipe));
  json_object_set_new(o, "data", list);
  json_object_set_new(o, "figures_on_held_out_train_samples", figures);
  json_object_set_new(o, "licence", json_string(f->licence->name));
  json_object_set_new(o, "commercial_use", json_boolean(f->licence->commercial));
  char *text = json_dumps(o, JSON_REAL_PRECISION(6));
  vt_buf_adds(out, text ? text : "");
  json_decref(o);
  int rc = text && !out->failed ? 0 : vt_fail(e, VT_ENOMEM, "model card: out of memory");
  free(text);
  return rc;
}

int vt__write_model(struct vt_graph *g, const struct vt__model_file *f, const char *path, struct vt_err *e)
{
  struct vt_buf card;
  vt_buf_init(&card);
  int rc = vt_graph_status(g, e);
  if (!rc) rc = write_card(&card, f, e);
  struct vt_model_card c = {f->task, card.data, f->preprocess, f->nlabels, f->label};
  if (!rc) rc = vt_model_describe(g, &c, e);
  if (!rc) rc = vt_onnx_save(g, path, &(struct vt_onnx_save_opts){.weights_f16 = true}, e);
  vt_buf_clear(&card);
  return rc;
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

int vt__scratch_model(const char *name, char **path, struct vt_err *e)
{
  const char *folder = getenv("TMPDIR"), *end = ".onnx";
  struct vt_buf b = {0};
  int rc = 0;
  vt_buf_addf(&b, "%s/vitrine-%s-XXXXXX%s", folder && *folder ? folder : "/tmp", name, end);
  const int fd = b.failed ? -1 : mkstemps(b.data, (int)strlen(end));
  if (b.failed)
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  else if (fd < 0 || close(fd))
    rc = vt_fail_errno(e, b.data);
  if (rc) vt_buf_clear(&b);
  *path = b.data;
  return rc;
}

void vt__drop_scratch(char *path)
{
  if (path) unlink(path);
  vt_free(path);
}

/* The steps of a cleaning from a file of YAML:
 *
 *   steps:                  or the list alone
 *     - size                a step's name
 *     - min-area: 50        with its value; min-area=50 means the same
 *     - class: shirt, blouse
 */
#include "data/clean.h"

#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20 };

struct reader {
  yaml_document_t *d;
  const char *path;
  struct vt_buf *out;
};

static int fault(const struct reader *r, const yaml_node_t *n, const char *what, struct vt_err *e)
{
  return vt_fail(e, VT_EFORMAT, "%s:%zu: %s", r->path, n->start_mark.line + 1, what);
}

/* A scalar's text, in quotes where it has commas. */
static int add_text(struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  if (n->type != YAML_SCALAR_NODE) return fault(r, n, "expected a text or a number", e);
  const char *text = (const char *)n->data.scalar.value;
  if (memchr(text, 0, n->data.scalar.length) || strchr(text, '"'))
    return fault(r, n, "a text with a quote or a zero byte", e);
  if (!*text) return fault(r, n, "an empty text", e);
  const char *quote = strchr(text, ',') ? "\"" : "";
  vt_buf_addf(r->out, "%s%s%s", quote, text, quote);
  return 0;
}

static int add_step(struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  if (r->out->len) vt_buf_addc(r->out, ',');
  if (n->type == YAML_SCALAR_NODE) return add_text(r, n, e);
  const yaml_node_pair_t *k = n->type == YAML_MAPPING_NODE ? n->data.mapping.pairs.start : NULL;
  if (!k || n->data.mapping.pairs.top - k != 1) return fault(r, n, "expected a step, or step: value", e);
  const yaml_node_t *name = yaml_document_get_node(r->d, k->key);
  int rc = add_text(r, name, e);
  vt_buf_addc(r->out, '=');
  return rc ? rc : add_text(r, yaml_document_get_node(r->d, k->value), e);
}

static int read_root(struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  int rc = 0;
  if (!n) return vt_fail(e, VT_EFORMAT, "%s: no steps", r->path);
  if (n->type == YAML_MAPPING_NODE) {
    const yaml_node_pair_t *k = n->data.mapping.pairs.start;
    const yaml_node_t *key = n->data.mapping.pairs.top - k == 1 ? yaml_document_get_node(r->d, k->key) : NULL;
    if (!key || key->type != YAML_SCALAR_NODE || strcmp((const char *)key->data.scalar.value, "steps") != 0)
      return fault(r, n, "expected the key steps, and no other", e);
    n = yaml_document_get_node(r->d, k->value);
  }
  if (n->type != YAML_SEQUENCE_NODE) return fault(r, n, "expected a list of steps", e);
  const yaml_node_item_t *i = n->data.sequence.items.start;
  if (i == n->data.sequence.items.top) return fault(r, n, "no steps", e);
  for (; i < n->data.sequence.items.top && !rc; i++) rc = add_step(r, yaml_document_get_node(r->d, *i), e);
  return rc;
}

int vt_clean_recipe(struct vt_buf *out, const char *path, struct vt_err *e)
{
  yaml_document_t d;
  int rc = vt_yaml_read(&d, path, MAX_BYTES, e);
  if (rc) return rc;
  struct reader r = {&d, path, out};
  rc = read_root(&r, yaml_document_get_root_node(&d), e);
  yaml_document_delete(&d);
  return rc || !out->failed ? rc : vt_fail(e, VT_ENOMEM, "out of memory");
}

/* Policies in recipes: flow YAML of a file or of a part of the recipe, and their use by tasks. */
#include "train/policy.h"
#include "train/recipe_flow.h"

#include <string.h>

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 32 };

int vt__policy_open(struct vt__policy *p, const char *text, struct vt_err *e)
{
  *p = (struct vt__policy){0};
  if (!text || !*text) return 0;
  int rc = vt_policy_parse(&p->p, VT__POLICY_KEY, text, strlen(text), e);
  p->mixes = p->p && vt_policy_mixes(p->p);
  return rc;
}

void vt__policy_close(struct vt__policy *p)
{
  vt_policy_free(p->p);
  *p = (struct vt__policy){0};
}

int vt__policy_apply(const struct vt__policy *p, struct vt_aug_sample *s, int width, int height,
                     struct vt_rng *rng,
                     int (*other)(struct vt_aug_sample *, struct vt_rng *, void *, struct vt_err *),
                     void *ctx, struct vt_err *e)
{
  const struct vt_aug_env env = {.epoch = p->epoch, .other = other, .ctx = ctx};
  int rc = vt_policy_apply(p->p, &env, rng, s, e);
  if (rc || (s->image.width == width && s->image.height == height)) return rc;
  const struct vt_aug_move g = {
      {(double)width / s->image.width, 0, 0, 0, (double)height / s->image.height, 0, 0, 0, 1}, width, height};
  return vt_aug_sample_move(s, &g, &env, e);
}

/* ---- flow YAML: every scalar quoted, which a policy reads as it reads plain ones */

void vt__flow_word(struct vt_buf *b, const char *s, size_t n)
{
  vt_buf_addc(b, '"');
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\')
      vt_buf_addf(b, "\\%c", c);
    else if (c < 32 || c == 127)
      vt_buf_addf(b, "\\x%02x", c);
    else
      vt_buf_addc(b, (char)c);
  }
  vt_buf_addc(b, '"');
}

static bool is_plain(const yaml_node_t *n)
{
  const size_t len = n->data.scalar.length;
  return len && len == strspn((const char *)n->data.scalar.value,
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+");
}

static int put_node(struct vt_buf *b, yaml_document_t *d, const yaml_node_t *n, int depth, struct vt_err *e)
{
  int rc = 0;
  if (depth > MAX_DEPTH) return vt_fail(e, VT_ELIMIT, "nested more than %d deep", MAX_DEPTH);
  if (n->type == YAML_SCALAR_NODE) {
    if (is_plain(n))
      vt_buf_add(b, n->data.scalar.value, n->data.scalar.length);
    else
      vt__flow_word(b, (const char *)n->data.scalar.value, n->data.scalar.length);
    return 0;
  }
  const bool list = n->type == YAML_SEQUENCE_NODE;
  vt_buf_addc(b, list ? '[' : '{');
  if (list)
    for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top && !rc;
         i++) {
      if (i > n->data.sequence.items.start) vt_buf_adds(b, ", ");
      rc = put_node(b, d, yaml_document_get_node(d, *i), depth + 1, e);
    }
  else
    for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top && !rc; p++) {
      if (p > n->data.mapping.pairs.start) vt_buf_adds(b, ", ");
      rc = put_node(b, d, yaml_document_get_node(d, p->key), depth + 1, e);
      vt_buf_adds(b, ": ");
      if (!rc) rc = put_node(b, d, yaml_document_get_node(d, p->value), depth + 1, e);
    }
  vt_buf_addc(b, list ? ']' : '}');
  return rc;
}

int vt__flow_text(struct vt_arena *a, yaml_document_t *d, const yaml_node_t *n, const char **text,
                  struct vt_err *e)
{
  struct vt_buf b = {0};
  int rc = put_node(&b, d, n, 0, e);
  if (!rc && (b.failed || !(*text = vt_arena_strdup(a, b.data)))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  vt_buf_clear(&b);
  return rc;
}

int vt__policy_text(struct vt_arena *a, const char *path, const char **text, struct vt_err *e)
{
  struct vt_policy *p;
  yaml_document_t d;
  int rc = vt_policy_read(&p, path, e); /* so that what is wrong is said with the file's line */
  vt_policy_free(p);
  if (!rc) rc = vt_yaml_read(&d, path, MAX_BYTES, e);
  if (rc) return rc;
  const yaml_node_t *root = yaml_document_get_root_node(&d);
  rc = root ? vt__flow_text(a, &d, root, text, e) : vt_fail(e, VT_EFORMAT, "%s: the policy is empty", path);
  yaml_document_delete(&d);
  return rc;
}

/* The table of attention blocks. */
#include "model/attention.h"

#include <string.h>

#define ATTENTION(name) extern const struct vt_attention vt_attention_##name;
#include "model/attention.list"
#undef ATTENTION

const struct vt_attention *const vt_attentions[] = {
#define ATTENTION(name) &vt_attention_##name,
#include "model/attention.list"
#undef ATTENTION
    NULL};

int vt_attention_find(const struct vt_attention **a, const char *name, struct vt_err *e)
{
  struct vt_buf all = {0};
  *a = NULL;
  if (!name || !*name || !strcmp(name, "none")) return 0;
  for (int i = 0; vt_attentions[i] && !*a; i++) {
    if (!strcmp(vt_attentions[i]->name, name)) *a = vt_attentions[i];
    vt_buf_addf(&all, ", %s", vt_attentions[i]->name);
  }
  int rc = *a ? 0
              : vt_fail(e, VT_EUSAGE, "unknown attention '%s'; expected one of none%s", name,
                        all.data ? all.data : "");
  vt_buf_clear(&all);
  return rc;
}

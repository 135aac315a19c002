/* The table of formats of labels. */
#include "data/data.h"

#include <string.h>

#define FORMAT(name) extern const struct vt_format vt_format_##name;
#include "data/formats.list"
#undef FORMAT

const struct vt_format *const vt_formats[] = {
#define FORMAT(name) &vt_format_##name,
#include "data/formats.list"
#undef FORMAT
    NULL};

const struct vt_format *vt_format_find(const char *name, struct vt_err *e)
{
  struct vt_buf b = {0};
  for (int i = 0; vt_formats[i]; i++) {
    if (!strcmp(vt_formats[i]->name, name)) {
      vt_buf_clear(&b);
      return vt_formats[i];
    }
    vt_buf_addf(&b, "%s%s", i ? ", " : "", vt_formats[i]->name);
  }
  vt_fail(e, VT_EUSAGE, "unknown format '%s'; expected one of %s", name, b.data ? b.data : "");
  vt_buf_clear(&b);
  return NULL;
}

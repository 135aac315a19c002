/* A text file that is written in pieces. */
#include "data/formats/text_out.h"

#include <string.h>

int vt__out_open(struct vt__out *o, const char *dir, const char *name, struct vt_err *e)
{
  *o = (struct vt__out){.path = dir ? vt_path_join(NULL, dir, name) : vt_strdup(name)};
  if (!o->path) return vt_fail(e, VT_ENOMEM, "out of memory");
  o->f = strcmp(name, "-") != 0 ? fopen(o->path, "we") : stdout;
  return o->f ? 0 : vt_fail_errno(e, o->path);
}

static int flush(struct vt__out *o, struct vt_err *e)
{
  if (o->b.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", o->path);
  if (o->b.len && fwrite(o->b.data, 1, o->b.len, o->f) != o->b.len) return vt_fail_errno(e, o->path);
  o->b.len = 0;
  return 0;
}

int vt__out_more(struct vt__out *o, struct vt_err *e)
{
  return o->b.failed || o->b.len > 1 << 20 ? flush(o, e) : 0;
}

int vt__out_close(struct vt__out *o, int rc, struct vt_err *e)
{
  if (!rc && o->f) rc = flush(o, e);
  if (o->f && (o->f == stdout ? fflush(o->f) : fclose(o->f)) && !rc) rc = vt_fail_errno(e, o->path);
  vt_buf_clear(&o->b);
  vt_free(o->path);
  *o = (struct vt__out){0};
  return rc;
}

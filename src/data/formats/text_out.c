/* A text file that is written in pieces. */
#include "data/formats/text_out.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int vt__out_open(struct vt__out *o, const char *dir, const char *name, struct vt_err *e)
{
  struct stat st;
  *o = (struct vt__out){.path = dir ? vt_path_join(NULL, dir, name) : vt_strdup(name)};
  if (!o->path) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (!strcmp(name, "-")) {
    o->f = stdout;
    return 0;
  }
  const bool there = !stat(o->path, &st);
  if (there && S_ISDIR(st.st_mode)) return vt_fail(e, VT_EARG, "%s: a folder, expected a file", o->path);
  if (!there || S_ISREG(st.st_mode)) {
    struct vt_buf b = {0};
    vt_buf_addf(&b, "%s.tmp-%ld", o->path, (long)getpid());
    if (!(o->tmp = vt_buf_take(&b, NULL))) return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  o->f = fopen(o->tmp ? o->tmp : o->path, "we");
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
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", o->path);
  return o->b.failed || o->b.len > 1 << 20 ? flush(o, e) : 0;
}

int vt__out_close(struct vt__out *o, int rc, struct vt_err *e)
{
  if (!rc && o->f) rc = flush(o, e);
  if (!rc && o->f && (fflush(o->f) || (o->tmp && fsync(fileno(o->f))))) rc = vt_fail_errno(e, o->path);
  if (o->f && o->f != stdout && fclose(o->f) && !rc) rc = vt_fail_errno(e, o->path);
  if (!rc && o->f && o->tmp && rename(o->tmp, o->path)) rc = vt_fail_errno(e, o->path);
  if (rc && o->f && o->tmp) unlink(o->tmp);
  vt_buf_clear(&o->b);
  vt_free(o->path);
  vt_free(o->tmp);
  *o = (struct vt__out){0};
  return rc;
}

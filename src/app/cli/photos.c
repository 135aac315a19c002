/* What the verbs that take photos share. */
#include "app/cli/photos.h"
#include <string.h>

struct vt_model_opts vt_model_cli_opts(const struct vt_model_cli *m)
{
  return (struct vt_model_opts){.precision = m->precision, .require_commercial = m->commercial};
}

bool vt_photo_output_is_folder(const char *given, const struct vt_strings *photos)
{
  size_t n = strlen(given);
  return photos->n > 1 || vt_is_dir(given) || (n && given[n - 1] == '/');
}

static const char *stem_of(struct vt_cli *cli, const char *photo)
{
  return strcmp(photo, "-") ? vt_path_stem(&cli->arena, photo) : "stdin";
}

const char *vt_photo_output(struct vt_cli *cli, const char *given, const struct vt_strings *photos, int i,
                            const char *ending, struct vt_err *e)
{
  if (!vt_photo_output_is_folder(given, photos)) return given;
  if (vt_mkdirs(given, e)) return NULL;
  const char *stem = stem_of(cli, photos->v[i]), *path = NULL;
  int same = 0;
  for (int j = 0; j < i && stem; j++) {
    const char *other = stem_of(cli, photos->v[j]);
    same += other && !strcmp(other, stem);
  }
  char *name = stem && same ? vt_arena_printf(&cli->arena, "%s-%d%s", stem, same + 1, ending)
               : stem       ? vt_arena_printf(&cli->arena, "%s%s", stem, ending)
                            : NULL;
  if (name) path = vt_path_join(&cli->arena, given, name);
  if (!path) vt_fail(e, VT_ENOMEM, "out of memory");
  return path;
}

int vt_print_line(struct vt_cli *cli, struct vt_buf *line, struct vt_err *e)
{
  if (line->failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (line->len && line->data[line->len - 1] != '\n') vt_buf_addc(line, '\n');
  if (line->len) fwrite(line->data, 1, line->len, cli->out);
  if (fflush(cli->out)) return vt_fail(e, VT_EIO, "cannot write to standard output");
  return 0;
}

int vt_photos_each(struct vt_cli *cli, const struct vt_strings *photos, bool json, vt_photo_fn *each,
                   void *ctx, struct vt_err *e)
{
  int good = 0, rc = 0;
  for (int i = 0; i < photos->n && rc >= 0; i++) {
    struct vt_err err = {0};
    if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
    if ((rc = each(i, photos->v[i], ctx, &err)) >= 0) {
      good++;
      continue;
    }
    const char *photo = photos->v[i];
    bool named = strstr(err.msg, photo) != NULL;
    vt_log(VT_LOG_ERROR, "%s%s%s", named ? "" : photo, named ? "" : ": ", err.msg);
    struct vt_buf b;
    vt_buf_init(&b);
    rc = json ? vt_look_error_json(photo, err.msg, &b, e) : 0;
    if (!rc && json) rc = vt_print_line(cli, &b, e);
    vt_buf_clear(&b);
  }
  if (rc < 0) return rc;
  return good == photos->n ? VT_EXIT_DONE : good ? VT_EXIT_PART : VT_EXIT_FAILED;
}

int vt_parse_box(const char *text, struct vt_box *b, struct vt_err *e)
{
  double v[4];
  char part[4][40];
  int used = 0;
  bool ok =
      sscanf(text, "%39[^,],%39[^,],%39[^,],%39[^,]%n", part[0], part[1], part[2], part[3], &used) == 4 &&
      !text[used];
  for (int i = 0; i < 4 && ok; i++) ok = vt_parse_f64(part[i], &v[i]);
  if (!ok || v[2] <= 0 || v[3] <= 0)
    return vt_fail(e, VT_EUSAGE, "--box '%s': expected X,Y,W,H in pixels with W and H above 0", text);
  *b = (struct vt_box){v[0], v[1], v[2], v[3]};
  return 0;
}

/* What the verbs that take photos share: options of models, places of results, exit codes. */
#ifndef VT_APP_CLI_PHOTOS_H
#define VT_APP_CLI_PHOTOS_H

#include "app/cli/verb.h"
#include "app/look.h"

struct vt_model_cli {
  const char *models;
  int precision; /* enum vt_precision */
  bool commercial;
};
/* clang-format off */
#define VT_MODEL_OPTS(T, field)                                                                                     \
  {"models", 0, VT_OPT_STRING, offsetof(T, field.models), NULL, 0, 0, NULL, "DIR", "folder of the trained models"}, \
  {"precision", 0, VT_OPT_ENUM, offsetof(T, field.precision), "auto", 0, 0, "f32|bf16|int8|auto", NULL,             \
   "precision of computing; auto takes what this processor is best at"},                                            \
  {"require-commercial", 0, VT_OPT_FLAG, offsetof(T, field.commercial), NULL, 0, 0, NULL, NULL,                     \
   "refuse a model whose card does not allow commercial use"}
/* clang-format on */
struct vt_model_opts vt_model_cli_opts(const struct vt_model_cli *m);

/* Where the results that an option asks for go, (photos): `given` itself for one photo (unless it is a folder
 * or ends with '/'), else given/STEM + ending, STEM from the photo's name, made unique among the photos. */
struct vt_photo_output {
  const char *option, *given; /* given NULL: not wanted */
  const char **path;          /* in the arena; NULL if not wanted */
};
/* Fills in the paths of all options' results (n) and makes the folders. VT_EUSAGE where a photo would be
 * written over, or two results would be one. */
int vt_photo_outputs(struct vt_cli *cli, struct vt_photo_output *out, int n, const struct vt_strings *photos,
                     const char *ending, struct vt_err *e);
/* Whether `given` means a folder for these photos. */
bool vt_photo_output_is_folder(const char *given, const struct vt_strings *photos);

/* Calls `each` for every photo; its failures are printed (to standard output as JSON where asked, always to
 * standard error) and counted. Returns the exit code, or a negative error that ends everything
 * (VT_EINTERRUPTED). */
typedef int vt_photo_fn(int i, const char *photo, void *ctx, struct vt_err *e);
int vt_photos_each(struct vt_cli *cli, const struct vt_strings *photos, bool json, vt_photo_fn *each,
                   void *ctx, struct vt_err *e);
/* Reads "X,Y,W,H", the value of --box. */
int vt_parse_box(const char *text, struct vt_box *b, struct vt_err *e);
/* Prints one line and flushes, so that a reader of a pipe sees it. */
int vt_print_line(struct vt_cli *cli, struct vt_buf *line, struct vt_err *e);

#endif

/* What the model verbs share: finding a model, name=value arguments, running a graph on given tensors. */
#ifndef VT_APP_CLI_MODEL_ARGS_H
#define VT_APP_CLI_MODEL_ARGS_H

#include "app/cli/verb.h"
#include "model/model.h"

/* The file itself if it is one, else sought as vt_find_model does. NULL: message in e. */
const char *vt_model_path(struct vt_cli *cli, const char *models_option, const char *name, struct vt_err *e);

/* Splits "name=value"; both in the arena. option: for the message. */
int vt_split_pair(struct vt_cli *cli, const char *option, const char *text, const char **name,
                  const char **value, struct vt_err *e);

/* "name=1,3,224,224" rows set the dimensions of inputs; then every shape is inferred again. */
int vt_apply_shapes(struct vt_cli *cli, struct vt_graph *g, const struct vt_strings *rows, struct vt_err *e);
/* The same for compiling: a first dimension that is still open becomes `batch`, any other is VT_EUSAGE. */
int vt_close_shapes(struct vt_cli *cli, struct vt_graph *g, const struct vt_strings *rows, int64_t batch,
                    struct vt_err *e);
/* Prints which kernel serves each step, its layouts, and why others refused. */
int vt_print_explanation(struct vt_cli *cli, const struct vt_program *p, struct vt_err *e);

/* Compiles g for the inputs' shapes, runs it once, and gives copies of the outputs (vt_tensor_clear each,
 * also after a failure). in: one tensor per graph input, of its dtype. */
int vt_run_once(const struct vt_graph *g, const struct vt_tensor *in, struct vt_tensor *out,
                const struct vt_compile_opts *o, struct vt_err *e);

/* Says where a classifier was cut, on the log. */
void vt_cut_log(const char *path, const struct vt_cut *cut);

#endif

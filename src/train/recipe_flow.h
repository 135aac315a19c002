/* A node of a YAML document as one line of flow YAML. Private to train/. */
#ifndef VT_TRAIN_RECIPE_FLOW_H
#define VT_TRAIN_RECIPE_FLOW_H

#include "base/base.h"

#include <yaml.h>

int vt__flow_text(struct vt_arena *a, yaml_document_t *d, const yaml_node_t *n, const char **text,
                  struct vt_err *e);
/* Appends a double-quoted scalar. */
void vt__flow_word(struct vt_buf *b, const char *s, size_t n);

#endif

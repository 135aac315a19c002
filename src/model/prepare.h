/* Pictures as a network wants to see them, for those who have a graph and no task. */
#ifndef VT_MODEL_PREPARE_H
#define VT_MODEL_PREPARE_H

#include "model/model.h"

/* How the pictures of the graph's one input are prepared: as its metadata says, else stretched to the input's
 * size (224 where it is open) with ImageNet's mean and deviation. The input gets that size, and shapes are
 * inferred again. */
int vt_preprocess_of(struct vt_graph *g, struct vt_preprocess *p, struct vt_err *e);
/* The picture, region or masked item (see vt_item_view) fitted to p's width and height: planes (3, H, W). */
int vt_preprocess_photo(const struct vt_preprocess *p, const struct vt_image *photo, const struct vt_box *box,
                        const struct vt_mask *mask, float *out, struct vt_err *e);
/* The weights of a described graph have changed: its id follows. Other graphs stay as they are. */
int vt_model_renew_id(struct vt_graph *g, struct vt_err *e);

#endif

/* Formats that say which photo shows which product: what they share. */
#ifndef VT_DATA_FORMATS_LINKS_H
#define VT_DATA_FORMATS_LINKS_H

#include "data/formats/folder.h"

/* A new instance of the picture: class and product by name ("" = none), VT_STREET or VT_SHOP, and a box if
 * one is given (checked). Without a box a shop's picture of known size is all box. NULL (e filled) on
 * failure. */
struct vt_instance *vt__link_add(struct vt_labels *l, int32_t image, const char *cls, const char *product,
                                 uint8_t flag, const struct vt_box *box, struct vt_err *e);
/* Whether the box of a shop's instance says nothing: none, or the whole picture. */
bool vt__link_is_whole(const struct vt_labels *l, const struct vt_instance *in);
/* Size of the picture, from --images where that is given. */
int vt__link_probe(struct vt_labels *l, int32_t image, const struct vt_labels_opts *o, struct vt_err *e);
/* Counts what no list of pairs holds: masks, crowds, and attributes but the first `held` ones. */
void vt__link_losses(const struct vt_instance *in, int held, struct vt_losses *losses);

#endif

/* Fashionpedia (Jia et al., ECCV 2020): COCO's json with "attributes" and attribute_ids, without boxes.
 *
 * Read and written as COCO; reading insists on the list of attributes, without which it is another file.
 * original_url of a picture is its url. */
#include "data/formats/coco.h"

static int write_fashionpedia(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                              struct vt_losses *losses, struct vt_err *e)
{
  return vt__coco_write(l, path, true, e);
}

const struct vt_format vt_format_fashionpedia = {
    .name = "fashionpedia",
    .what = "Fashionpedia's json: COCO's with attributes",
    .beside = "labels.json",
    .read = vt__coco_read_attributes,
    .write = write_fashionpedia,
};

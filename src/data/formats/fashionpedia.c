/* Fashionpedia (Jia et al., ECCV 2020): COCO's json with "attributes" and attribute_ids, without boxes.
 *
 * Read and written as COCO; reading insists on the attributes, without which it is another file.
 * original_url of a picture is its url. */
#include "data/formats/coco.h"

static int read_fashionpedia(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                             struct vt_err *e)
{
  int rc = vt__coco_read(l, path, o, e);
  if (!rc && !l->attributes.n)
    rc = vt_fail(e, VT_EFORMAT, "%s: no \"attributes\"; plain COCO is the format coco", path);
  return rc;
}

const struct vt_format vt_format_fashionpedia = {
    .name = "fashionpedia",
    .what = "Fashionpedia's json: COCO's with attributes",
    .beside = "labels.json",
    .read = read_fashionpedia,
    .write = vt__coco_write,
};

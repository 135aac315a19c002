/* vitrine data convert: a set of labels from one format to another. */
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"
#include "data/data.h"

#include <string.h>

struct opts {
  const char *from, *to, *descriptions, *images;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"from", 'f', VT_OPT_STRING, offsetof(struct opts, from), NULL, 0, 0, NULL, "FORMAT",
     "format of A (default: by its ending)"},
    {"to", 't', VT_OPT_STRING, offsetof(struct opts, to), NULL, 0, 0, NULL, "FORMAT",
     "format of B (default: by its ending)"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "names of classes (label_descriptions.json), photos.txt or NAME-cat.json, if it does not lie beside"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures, where a format needs their sizes"},
    VT_READING_ROWS(struct opts, reading),
};

/* The formats whose files say so themselves. */
static const struct vt_format *guess(const char *option, const char *given, const char *path,
                                     struct vt_err *e)
{
  if (given) return vt_format_find(given, e);
  const char *ext = vt_path_ext(path);
  if (!strcmp(ext, "json")) return vt_format_find("coco", e);
  if (!strcmp(ext, "csv")) return vt_format_find("imaterialist", e);
  struct vt_buf b = {0};
  for (int i = 0; vt_formats[i]; i++) vt_buf_addf(&b, "%s%s", i ? ", " : "", vt_formats[i]->name);
  vt_fail(e, VT_EUSAGE, "%s: its ending does not say the format; give --%s, one of %s", path, option,
          b.data ? b.data : "");
  vt_buf_clear(&b);
  return NULL;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0};
  struct vt_losses losses = {0};
  if (args->n != 2) return vt_fail(e, VT_EUSAGE, "data convert: expected where to read, and where to write");
  const struct vt_format *from = guess("from", o->from, args->v[0], e);
  const struct vt_format *to = from ? guess("to", o->to, args->v[1], e) : NULL;
  if (!to) return VT_EUSAGE;
  if (!to->write) return vt_fail(e, VT_EUSAGE, "format %s is only read", to->name);
  const struct vt_place places[] = {
      {VT_READS, "A", args->v[0]},
      {VT_READS, "--descriptions", o->descriptions},
      {VT_READS_PICTURES, "--images", o->images},
      {vt_place_of(to), "B", args->v[1]},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  const struct vt_labels_opts lo = {
      .lenient = o->reading.lenient, .extra = o->descriptions, .images = o->images};
  int rc = vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = from->read(&l, args->v[0], &lo, e);
  if (!rc) rc = to->write(&l, args->v[1], &lo, &losses, e);
  if (!rc) {
    fprintf(cli->out, "%s: %d pictures, %lld instances, %d classes; written to %s\n", args->v[0], l.nimages,
            (long long)l.n, l.classes.n, args->v[1]);
    rc = vt_say_read(&l, args->v[0], true, &o->reading, e);
    vt_say_losses(args->v[1], &losses);
  }
  vt_labels_clear(&l);
  return rc;
}

const struct vt_verb vt_verb_data_convert = {
    .name = "data convert",
    .args = "A B",
    .summary = "write a set of labels in another format",
    /* clang-format off */
    .help = "Tables: imaterialist (.csv), csv-boxes, pairs (street and shop photos). JSON: coco (.json), fashionpedia,\n"
            "shop-the-look. Folders: label-maps, ccp-maps, yolo, yolo-pose, voc, folders (a folder a class), idx (MNIST),\n"
            "deepfashion2, street2shop. ccp-maps and idx are only read. Masks, holes, crowd flags, attributes, splits and\n"
            "products are kept where the format has them; what it has not is said, and how often.",
    /* clang-format on */
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

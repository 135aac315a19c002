/* vitrine data show: labelled pictures as a mosaic. */
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"
#include "app/mosaic.h"

#include <string.h>

struct opts {
  const char *format, *images, *out, *descriptions, *augment;
  double epoch;
  int64_t n, columns, cell, seed;
  bool boxes;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "imaterialist", 0, 0, NULL, "NAME",
     "format of the labels (data convert lists them)"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures"},
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), "mosaic.png", 0, 0, NULL, "FILE",
     "picture to write"},
    {"number", 'n', VT_OPT_INT, offsetof(struct opts, n), "0", 0, 400, NULL, "N",
     "pictures, drawn by lot (0: 12, or 1 with every operation)"},
    {"columns", 0, VT_OPT_INT, offsetof(struct opts, columns), "4", 1, 40, NULL, "N",
     "pictures side by side"},
    {"cell", 0, VT_OPT_INT, offsetof(struct opts, cell), "320", 32, 2000, NULL, "PIXELS", "side of a cell"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N",
     "the same seed shows the same"},
    {"boxes", 0, VT_OPT_FLAG, offsetof(struct opts, boxes), NULL, 0, 0, NULL, NULL,
     "draw the boxes of masks, too"},
    {"augment", 0, VT_OPT_STRING, offsetof(struct opts, augment), NULL, 0, 0, NULL, "POLICY|each",
     "a line for each picture: before, and after the policy, or each operation by itself"},
    {"epoch", 0, VT_OPT_FLOAT, offsetof(struct opts, epoch), "1000", 0, 1e6, NULL, "EPOCH",
     "where the policy's ramps stand"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "label_descriptions.json, if it does not lie beside the table"},
    VT_READING_ROWS(struct opts, reading),
};

/* A mosaic may lie among the pictures and be drawn anew; none of the set is drawn over. */
static int check_pictures(const struct vt_labels *l, const struct opts *o, struct vt_err *e)
{
  int rc = 0;
  for (int32_t i = 0; i < l->nimages && !rc && vt_is_file(o->out); i++) {
    char *path = vt_picture_find(o->images, l->image[i].file);
    const struct vt_place places[] = {{VT_READS, "picture", path}, {VT_WRITES, "--out", o->out}};
    rc = path ? vt_places_check(places, VT_COUNT(places), e) : vt_fail(e, VT_ENOMEM, "out of memory");
    vt_free(path);
  }
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0};
  struct vt_image im = {0};
  struct vt_policy *policy = NULL;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "data show: expected one set of labels");
  if (!o->images) return vt_fail(e, VT_EUSAGE, "data show: --images names the folder of the pictures");
  const struct vt_format *f = vt_format_find(o->format, e);
  if (!f) return VT_EUSAGE;
  const struct vt_labels_opts lo = {
      .lenient = o->reading.lenient, .extra = o->descriptions, .images = o->images};
  const bool each = o->augment && !strcmp(o->augment, "each");
  const struct vt_place places[] = {
      {VT_READS, "FILE", args->v[0]},
      {VT_READS, "--descriptions", o->descriptions},
      {VT_READS, "--augment", each ? NULL : o->augment},
      {VT_READS_FOLDER, "--images", o->images},
      {VT_WRITES, "--out", o->out},
      {VT_WRITES, "--left-out", o->reading.left_out},
  };
  int rc = vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc && o->augment && !each) rc = vt_policy_read(&policy, o->augment, e);
  const struct vt_mosaic_opts mo = {.images = o->images,
                                    .n = o->n   ? (int)o->n
                                         : each ? 1
                                                : 12,
                                    .columns = (int)o->columns,
                                    .cell = (int)o->cell,
                                    .each = each,
                                    .policy = policy,
                                    .epoch = o->epoch,
                                    .boxes = o->boxes,
                                    .seed = (uint64_t)o->seed,
                                    .problems = &l.problems};
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = f->read(&l, args->v[0], &lo, e);
  if (!rc) rc = check_pictures(&l, o, e);
  if (!rc) rc = vt_mosaic(&im, &l, &mo, e);
  if (!rc) rc = vt_say_read(&l, args->v[0], false, &o->reading, e);
  if (!rc) rc = vt_image_write(&im, o->out, 90, e);
  if (!rc) fprintf(cli->out, "%s: %d x %d\n", o->out, im.width, im.height);
  vt_image_clear(&im);
  vt_policy_free(policy);
  vt_labels_clear(&l);
  return rc;
}

const struct vt_verb vt_verb_data_show = {
    .name = "data show",
    .args = "FILE",
    .summary = "draw labelled pictures with their masks, boxes and names",
    .help = "Writes one picture (.png or .jpg). With --augment POLICY each line shows one picture before "
            "and, its\n"
            "instances moved along, --columns results of the policy; with --augment each, every operation by "
            "itself\n"
            "follows a picture, in lines of --columns (data augment --list tells more).",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

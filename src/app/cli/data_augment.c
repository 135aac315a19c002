/* vitrine data augment: a labelled set through a policy of augmentation. */
#include "app/augment.h"
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"

#include <string.h>

struct opts {
  const char *format, *images, *policy, *to, *descriptions;
  int64_t copies, seed;
  double epoch;
  bool png, list;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"format", 'f', VT_OPT_STRING, offsetof(struct opts, format), "imaterialist", 0, 0, NULL, "NAME",
     "format of the labels (data convert lists them)"},
    {"images", 0, VT_OPT_STRING, offsetof(struct opts, images), NULL, 0, 0, NULL, "FOLDER",
     "folder of the pictures"},
    {"policy", 'p', VT_OPT_STRING, offsetof(struct opts, policy), NULL, 0, 0, NULL, "FILE",
     "policy of augmentation, in YAML"},
    {"copies", 'n', VT_OPT_INT, offsetof(struct opts, copies), "1", 1, 1000, NULL, "N",
     "results of each picture"},
    {"to", 't', VT_OPT_STRING, offsetof(struct opts, to), "coco", 0, 0, NULL, "FORMAT",
     "format of the labels written"},
    {"png", 0, VT_OPT_FLAG, offsetof(struct opts, png), NULL, 0, 0, NULL, NULL,
     "write pictures as PNG (else JPEG of quality 95)"},
    {"epoch", 0, VT_OPT_FLOAT, offsetof(struct opts, epoch), "1000", 0, 1e6, NULL, "EPOCH",
     "where the policy's ramps stand"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N",
     "the same seed gives the same pictures"},
    {"descriptions", 0, VT_OPT_STRING, offsetof(struct opts, descriptions), NULL, 0, 0, NULL, "FILE",
     "label_descriptions.json, if it does not lie beside the table"},
    VT_READING_ROWS(struct opts, reading),
    {"list", 0, VT_OPT_FLAG, offsetof(struct opts, list), NULL, 0, 0, NULL, NULL,
     "print all operations with their options, bounds and safe ranges"},
};

static int list(struct vt_cli *cli, struct vt_err *e)
{
  struct vt_buf b = {0};
  vt_aug_help(&b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_labels l = {0}, made = {0};
  struct vt_losses losses = {0};
  struct vt_policy *policy = NULL;
  if (o->list) return list(cli, e);
  if (args->n != 2)
    return vt_fail(e, VT_EUSAGE, "data augment: expected a set of labels and a folder to write");
  if (!o->images || !o->policy)
    return vt_fail(e, VT_EUSAGE, "data augment: --images and --policy are needed");
  const struct vt_format *f = vt_format_find(o->format, e), *to = f ? vt_format_find(o->to, e) : NULL;
  if (!to) return VT_EUSAGE;
  if (!to->write) return vt_fail(e, VT_EUSAGE, "format %s is only read", to->name);
  const struct vt_labels_opts lo = {
      .lenient = o->reading.lenient, .extra = o->descriptions, .images = o->images};
  const char *out = args->v[1];
  const char *beside = to->beside ? to->beside : "labels";
  const char *labels = strcmp(beside, ".") != 0 ? vt_path_join(&cli->arena, out, beside) : out;
  const struct vt_labels_opts made_opts = {.images = vt_path_join(&cli->arena, out, "images")};
  if (!labels || !made_opts.images) return vt_fail(e, VT_ENOMEM, "out of memory");
  const struct vt_place places[] = {
      {VT_READS, "FILE", args->v[0]},    {VT_READS, "--descriptions", o->descriptions},
      {VT_READS, "--policy", o->policy}, {VT_READS_PICTURES, "--images", o->images},
      {VT_WRITES_FOLDER, "FOLDER", out}, {VT_WRITES, "--left-out", o->reading.left_out},
  };
  int rc = vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_policy_read(&policy, o->policy, e);
  if (!rc) rc = vt_labels_init(&l, e);
  if (!rc) rc = vt_labels_init(&made, e);
  if (!rc) rc = f->read(&l, args->v[0], &lo, e);
  const struct vt_augment_opts ao = {.images = o->images,
                                     .out = out,
                                     .policy = policy,
                                     .copies = (int)o->copies,
                                     .png = o->png,
                                     .epoch = o->epoch,
                                     .seed = (uint64_t)o->seed,
                                     .problems = o->reading.lenient ? &l.problems : NULL};
  if (!rc) rc = vt_augment_set(&made, &l, &ao, e);
  if (!rc && l.npoints)
    vt_loss_add(&losses, l.npoints, "key points of instances, which a policy does not move");
  if (!rc) rc = vt_say_read(&l, args->v[0], true, &o->reading, e);
  if (!rc) rc = to->write(&made, labels, &made_opts, &losses, e);
  if (!rc)
    fprintf(cli->out, "%s: %d pictures, %lld instances (of %d and %lld)\n", out, made.nimages,
            (long long)made.n, l.nimages, (long long)l.n);
  vt_say_losses(labels, &losses);
  vt_policy_free(policy);
  vt_labels_clear(&l);
  vt_labels_clear(&made);
  return rc;
}

const struct vt_verb vt_verb_data_augment = {
    .name = "data augment",
    .args = "FILE FOLDER",
    .summary = "write an augmented copy of a labelled set, by a policy",
    .help = "Pictures, masks, polygons and boxes are moved together and written to FOLDER/images and "
            "FOLDER/labels.json\n"
            "(labels.csv or labels/ in other formats; yolo: FOLDER itself, to be trained on as it is).\n"
            "The policy is a list of operations in YAML with probabilities, groups and ramps\n"
            "(docs/AUGMENTATION.md); --list prints all operations.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

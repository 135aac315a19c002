/* vitrine cutout: the person, and each garment, before a transparent background. */
#include <math.h>
#include <string.h>
#include "app/cli/photos.h"

struct opts {
  struct vt_model_cli m;
  const char *out;
  bool items, json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"output", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "PNG", "where the cut-outs go: a file for one photo, else a folder (required)"},
    {"items", 0, VT_OPT_FLAG, offsetof(struct opts, items), NULL, 0, 0, NULL, NULL, "write each garment too, cut to its box; into a folder this is done always"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object per photo"},
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

struct cutout {
  struct vt_cli *cli;
  const struct opts *o;
  const struct vt_strings *photos;
  struct vt_look *look;
  struct vt_photo_output out;
};

/* The region (x, y, w, h) of the photo, opaque where set[] is not 0. */
static int write_cut(const struct vt_look_result *r, const uint8_t *set, int x0, int y0, int w, int h,
                     const char *path, struct vt_err *e)
{
  struct vt_image im;
  int rc = vt_image_init(&im, w, h, 4, e);
  if (rc) return rc;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      if (!set[(int64_t)(y0 + y) * r->width + x0 + x]) continue;
      uint8_t *to = im.px + y * im.stride + 4 * x;
      memcpy(to, r->photo.px + (y0 + y) * r->photo.stride + (int64_t)(x0 + x) * r->photo.channels, 3);
      to[3] = 255;
    }
  rc = vt_image_write(&im, path, 0, e);
  vt_image_clear(&im);
  return rc;
}

/* Everything that is not background. */
static int write_person(const struct vt_look_result *r, const char *path, struct vt_err *e)
{
  return write_cut(r, r->labels, 0, 0, r->width, r->height, path, e);
}

/* "out.png" -> "out-1-top.png" */
static const char *item_path(struct cutout *c, const char *person, int i, const char *label)
{
  size_t n = strlen(person), ext = strlen(vt_path_ext(person));
  char *safe = vt_arena_strdup(&c->cli->arena, label);
  for (char *p = safe; p && *p; p++)
    if (*p == '/' || *p == ' ') *p = '_';
  return !safe ? NULL
               : vt_arena_printf(&c->cli->arena, "%.*s-%d-%s.png", (int)(n - (ext ? ext + 1 : 0)), person,
                                 i + 1, safe);
}

static int write_items(struct cutout *c, const struct vt_look_result *r, const char *person, struct vt_err *e)
{
  uint8_t *bits = vt_malloc((size_t)r->width * (size_t)r->height);
  int rc = bits ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", r->path);
  for (int i = 0; i < r->n && !rc; i++) {
    const struct vt_found *f = &r->item[i];
    const char *path = item_path(c, person, i, f->label);
    memset(bits, 0, (size_t)r->width * (size_t)r->height);
    vt_mask_to_bitmap(&f->mask, bits, r->width, 1);
    rc = path ? write_cut(r, bits, (int)f->box.x, (int)f->box.y, (int)f->box.w, (int)f->box.h, path, e)
              : vt_fail(e, VT_ENOMEM, "%s: out of memory", r->path);
  }
  vt_free(bits);
  return rc;
}

static int each(int i, const char *photo, void *ctx, struct vt_err *e)
{
  struct cutout *c = ctx;
  struct vt_look_query q = {.path = photo, .what = VT_LOOK_ITEMS, .full_size = true};
  struct vt_look_result r;
  struct vt_buf line;
  vt_buf_init(&line);
  int rc = vt_look_photo(c->look, &q, &r, e);
  const char *path = c->out.path[i];
  if (!rc) rc = write_person(&r, path, e);
  if (!rc && (c->o->items || vt_photo_output_is_folder(c->o->out, c->photos)))
    rc = write_items(c, &r, path, e);
  if (!rc && c->o->json) rc = vt_look_json(&r, false, &line, e);
  if (!rc && !c->o->json) {
    vt_buf_addf(&line, "%s -> %s\n", photo, path);
    vt_look_table(&r, false, &line);
  }
  if (!rc) rc = vt_print_line(c->cli, &line, e);
  vt_buf_clear(&line);
  vt_look_result_clear(&r);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct cutout c = {.cli = cli, .o = o, .photos = args, .out = {"--output", o->out, NULL}};
  if (!args->n) return vt_fail(e, VT_EUSAGE, "no photo given");
  if (!o->out) return vt_fail(e, VT_EUSAGE, "no place for the cut-outs given: -o PNG");
  int rc = vt_photo_outputs(cli, &c.out, 1, args, ".png", e);
  if (rc) return rc;
  struct vt_look_opts look = {.model = vt_model_cli_opts(&o->m)};
  if (!(look.segmenter = vt_find_model(cli, o->m.models, "segment.onnx", e))) return e->code;
  rc = vt_look_open(&c.look, &look, vt_registry_default(), e);
  if (!rc) rc = vt_photos_each(cli, args, o->json, each, &c, e);
  vt_look_close(c.look);
  return rc;
}

const struct vt_verb vt_verb_cutout = {
    .name = "cutout",
    .args = "PHOTO…",
    .summary = "remove the background: transparent PNG of the person and of each garment",
    .help = "OUT.png is the person at the photo's size; OUT-1-top.png, OUT-2-pants.png, … are the garments.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

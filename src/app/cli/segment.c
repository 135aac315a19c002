/* vitrine segment: garments of a photo as a label map and as an overlay; by the network, or without one. */
#include <string.h>
#include <strings.h>
#include "app/cli/plain.h"

struct opts {
  struct vt_model_cli m;
  struct vt_plain_cli plain;
  const char *labels, *overlay, *box;
  struct vt_strings seeds;
  int method; /* 0: the model, else enum vt_plain_method + 1 */
  bool json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"labels", 0, VT_OPT_STRING, offsetof(struct opts, labels), NULL, 0, 0, NULL, "PNG", "write the 8-bit label map, pixels are group numbers (a folder for several photos)"},
    {"overlay", 0, VT_OPT_STRING, offsetof(struct opts, overlay), NULL, 0, 0, NULL, "PNG", "write the photo with tinted and outlined items (a folder for several photos)"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object per photo"},
    {"method", 0, VT_OPT_ENUM, offsetof(struct opts, method), "model", 0, 0, "model|" VT_PLAIN_METHODS, NULL, "the network, or a method that needs none and finds one object"},
    {"box", 0, VT_OPT_STRING, offsetof(struct opts, box), NULL, 0, 0, NULL, "X,Y,W,H", "methods: the object lies inside, in pixels"},
    {"seed", 0, VT_OPT_LIST, offsetof(struct opts, seeds), NULL, 0, 0, NULL, "X,Y", "grow: a point of the object (default: the background grows from the frame)"},
    VT_PLAIN_ROWS(struct opts, plain),
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

enum { LABELS, OVERLAY, OUTPUTS };
struct segment {
  struct vt_cli *cli;
  const struct opts *o;
  struct vt_look *look; /* NULL: without a network */
  struct vt_plain_opts plain;
  struct vt_photo_output out[OUTPUTS];
};

static int write_labels(struct segment *s, const struct vt_look_result *r, const char *path, struct vt_err *e)
{
  uint8_t group[256];
  struct vt_image im;
  int rc = vt_image_init(&im, r->width, r->height, 1, e);
  if (rc) return rc;
  for (int i = 0; i < 256; i++) group[i] = (uint8_t)i;
  for (int i = 0; i < 256 && s->look; i++) group[i] = (uint8_t)vt_look_group(s->look, i);
  for (int y = 0; y < r->height; y++)
    for (int x = 0; x < r->width; x++) im.px[y * im.stride + x] = group[r->labels[(int64_t)y * r->width + x]];
  rc = vt_image_write(&im, path, 0, e);
  vt_image_clear(&im);
  return rc;
}

static int write_overlay(const struct vt_look_result *r, const char *path, struct vt_err *e)
{
  struct vt_canvas *c;
  struct vt_image out = {0};
  int rc = vt_canvas_new(&c, r->width, r->height, 0xffffff, e);
  if (rc) return rc;
  double line = VT_MAX(2.0, VT_MIN(r->width, r->height) / 250.0), size = VT_MAX(12.0, line * 6);
  vt_canvas_image(c, &r->photo, 0, 0, r->width, r->height);
  for (int i = 0; i < r->n; i++) vt_canvas_mask(c, &r->item[i].mask, 0, 0, 1, vt_palette(i + 1), 0.35, line);
  for (int i = 0; i < r->n; i++) {
    const struct vt_found *f = &r->item[i];
    double w = size * (0.62 * (double)strlen(f->label) + 0.8), y = VT_MIN(f->box.y, r->height - size * 1.5);
    double x = VT_MAX(0, VT_MIN(f->box.x, r->width - w));
    vt_canvas_rect(c, x, y, w, size * 1.4, vt_palette(i + 1), 0);
    vt_canvas_text(c, x + size * 0.4, y + size * 1.05, size, 0xffffff, w, f->label);
  }
  rc = vt_canvas_take(c, &out, e);
  if (!rc) rc = vt_image_write(&out, path, 92, e);
  vt_image_clear(&out);
  vt_canvas_free(c);
  return rc;
}

static int each(int i, const char *photo, void *ctx, struct vt_err *e)
{
  struct segment *s = ctx;
  struct vt_look_query q = {.path = photo, .what = VT_LOOK_ITEMS, .full_size = true};
  struct vt_look_result r;
  struct vt_buf line;
  vt_buf_init(&line);
  int rc = s->look ? vt_look_photo(s->look, &q, &r, e) : vt_plain_look(&r, photo, &s->plain, e);
  if (!rc && s->o->labels) rc = write_labels(s, &r, s->out[LABELS].path[i], e);
  if (!rc && s->o->overlay) rc = write_overlay(&r, s->out[OVERLAY].path[i], e);
  if (!rc && s->o->json) rc = vt_look_json(&r, false, &line, e);
  if (!rc && !s->o->json) vt_look_table(&r, false, &line);
  if (!rc) rc = vt_print_line(s->cli, &line, e);
  vt_buf_clear(&line);
  vt_look_result_clear(&r);
  return rc;
}

/* --box and --seed, which only the methods take. */
static int plain_opts(struct vt_cli *cli, const struct opts *o, struct vt_plain_opts *p, struct vt_err *e)
{
  *p = vt_plain_cli_opts(&o->plain, o->method - 1);
  bool grow = o->method - 1 == VT_PLAIN_GROW;
  if (!o->method && (o->box || o->seeds.n)) return vt_fail(e, VT_EUSAGE, "--box and --seed need a --method");
  if (o->seeds.n && !grow) return vt_fail(e, VT_EUSAGE, "--seed is for --method grow");
  if (vt_plain_cli_check(cli, o->method - 1, e)) return VT_EUSAGE;
  int *xy = vt_arena_alloc(&cli->arena, (size_t)VT_MAX(o->seeds.n, 1) * 2 * sizeof *xy);
  if (!xy) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < o->seeds.n; i++) {
    char rest;
    if (sscanf(o->seeds.v[i], "%6d,%6d%c", &xy[2 * i], &xy[2 * i + 1], &rest) != 2)
      return vt_fail(e, VT_EUSAGE, "--seed '%s': expected X,Y in pixels", o->seeds.v[i]);
  }
  p->nseeds = o->seeds.n;
  p->seed_xy = xy;
  return o->box ? vt_parse_box(o->box, &p->box, e) : 0;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct segment s = {
      .cli = cli, .o = o, .out = {{"--labels", o->labels, NULL}, {"--overlay", o->overlay, NULL}}};
  if (!args->n) return vt_fail(e, VT_EUSAGE, "no photo given");
  if (o->labels && !vt_photo_output_is_folder(o->labels, args) && strcasecmp(vt_path_ext(o->labels), "png"))
    return vt_fail(e, VT_EUSAGE, "--labels %s: label maps are PNG", o->labels);
  int rc = plain_opts(cli, o, &s.plain, e);
  if (!rc) rc = vt_photo_outputs(cli, s.out, OUTPUTS, args, ".png", e);
  if (rc) return rc;
  if (o->method) return vt_photos_each(cli, args, o->json, each, &s, e);
  struct vt_look_opts look = {.model = vt_model_cli_opts(&o->m)};
  if (!(look.segmenter = vt_find_model(cli, o->m.models, "segment.onnx", e))) return e->code;
  rc = vt_look_open(&s.look, &look, vt_registry_default(), e);
  if (!rc) rc = vt_photos_each(cli, args, o->json, each, &s, e);
  vt_look_close(s.look);
  return rc;
}

const struct vt_verb vt_verb_segment = {
    .name = "segment",
    .args = "PHOTO…",
    .summary = "find the garments of a photo: label map, overlay",
    .help = "Methods without a network, for one product on a plain background (or in a box, which grabcut "
            "refines):\n"
            "otsu, threshold, multi part the distance from the background's colour; grow, split-merge, "
            "kmeans part\n"
            "colours; grabcut cuts a graph. Their label map holds 0 and 1.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

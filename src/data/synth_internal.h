/* Inside the drawn data: colours, the pen that draws picture and label map together, the body, and the
 * product.
 *
 * Lengths are in heights of a figure: y = 0 is the crown of the head, y = 1 the sole, x = 0 the middle of the
 * body. Garments are drawn on a body: the figure's in a photo, a standard one for the studio picture, so both
 * show the same thing. Small things (shoe, bag, ...) are drawn in their own unit square and placed. */
#ifndef VT_DATA_SYNTH_INTERNAL_H
#define VT_DATA_SYNTH_INTERNAL_H

#include <cairo.h>
#include "data/data_internal.h"
#include "data/synth.h"

static inline double vt__lerp(double a, double b, double t)
{
  return a + (b - a) * t;
}

/* Numbers of the taxonomy's groups. */
enum {
  G_BACKGROUND,
  G_TOP,
  G_OUTERWEAR,
  G_DRESS,
  G_PANTS,
  G_SHORTS,
  G_SKIRT,
  G_LEGWEAR,
  G_FOOTWEAR,
  G_BAG,
  G_HAT,
  G_EYEWEAR,
  G_BELT,
  G_SCARF,
  G_ACCESSORY,
  G_SKIN,
  G_HAIR,
  G_COUNT
};

struct rgb {
  double r, g, b;
};
struct rgb vt__rgb(uint32_t hex);
struct rgb vt__tone(struct rgb c, double f); /* f < 1 darker, > 1 lighter */
struct rgb vt__mix(struct rgb a, struct rgb b, double t);

/* ---- pen: every path is filled in the picture and, hard-edged, in the label map ---- */

struct pen {
  cairo_t *cr, *lab; /* same transform */
  int group;         /* what fills count as */
  struct vt_rng rng; /* folds and the like */
};
void vt__pen_save(struct pen *p);
void vt__pen_restore(struct pen *p);
void vt__pen_move(struct pen *p, double x, double y);
void vt__pen_turn(struct pen *p, double angle);
void vt__pen_scale(struct pen *p, double sx, double sy);
void vt__source(cairo_t *cr, struct rgb c, double alpha);

enum pattern {
  PAT_PLAIN,
  PAT_STRIPES,
  PAT_CHECKS,
  PAT_DOTS,
  PAT_FLORAL,
  PAT_GRADIENT,
  PAT_LOGO,
  PAT_BLOCK,
  PAT_COUNT
};
enum texture { TEX_PLAIN, TEX_KNIT, TEX_DENIM, TEX_LEATHER };
struct look {
  struct rgb base, second, third;
  enum pattern pattern;
  enum texture texture;
  double size, angle; /* of the pattern: period in lengths, direction */
  uint32_t seed;      /* of flowers and emblem */
  double shade;       /* 0 flat .. 1 */
  double glass;       /* 0 opaque .. 1 clear */
  int folds;
};
/* Fills the present path with the look and forgets it; fold lines, shading and outline included. */
void vt__dress(struct pen *p, const struct look *l);
/* The same in one colour, with a little shading. */
void vt__fill(struct pen *p, struct rgb c, double shade);
/* A line that belongs to the garment: seam, button row, fold. The label map does not change. */
void vt__line(struct pen *p, struct rgb c, double alpha, double width);
/* A line that is part of the shape: frame, strap. In the label map too. */
void vt__stroke(struct pen *p, struct rgb c, double width);
/* Pattern of the look over the current clip; x0..y1 its box. */
void vt__pattern(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1);
/* Emblem centred at x, y. */
void vt__emblem(cairo_t *cr, const struct look *l, double x, double y, double size);

/* ---- paths ---- */

struct pt {
  double x, y;
};
/* Closed or open smooth curve through the points (Catmull-Rom); corner[i]: a sharp point. */
void vt__smooth(cairo_t *cr, const struct pt *v, const bool *corner, int n, bool closed);
/* A tapered limb from p[0] over p[1] to p[2], half widths w, drawn from share t0 to t1 of its length. */
void vt__limb(cairo_t *cr, const struct pt p[3], const double w[3], double t0, double t1);
struct pt vt__limb_at(const struct pt p[3], double t);

/* ---- body ---- */

struct body {
  double shoulder, chest, waist, hip; /* half widths */
  double y_shoulder, y_chest, y_waist, y_hip, y_crotch;
  struct pt arm[2][3], leg[2][3]; /* 0: the picture's left; shoulder, elbow, wrist; hip, knee, ankle */
  double arm_w[3], leg_w[3];
  double lean, tilt; /* sideways shift of the shoulders against the hips; slope of the shoulder line */
  struct pt head;
  double head_w, head_h, head_tilt;
  struct rgb skin, hair, lip, eye;
  int hair_style; /* enum hair */
  double foot;    /* length of a foot */
};
enum hair { HAIR_NONE, HAIR_CROP, HAIR_BOB, HAIR_LONG, HAIR_BUN, HAIR_CURLS, HAIR_TAIL, HAIR_COUNT };
void vt__body_studio(struct body *b);
void vt__body_random(struct body *b, struct vt_rng *r);
struct pt vt__torso(const struct body *b, double x,
                    double y);                         /* point of the upright torso, leaned and tilted */
double vt__half_width(const struct body *b, double y); /* of the torso at y */
void vt__draw_skin_low(struct pen *p, const struct body *b); /* legs, torso, neck */
void vt__draw_arms(struct pen *p, const struct body *b);
void vt__draw_head(struct pen *p, const struct body *b);
void vt__draw_hair_back(struct pen *p, const struct body *b);
void vt__draw_hair_front(struct pen *p, const struct body *b, bool under_hat);

/* ---- products ---- */

enum neck {
  NECK_ROUND,
  NECK_V,
  NECK_SQUARE,
  NECK_BOAT,
  NECK_HIGH,
  NECK_COLLAR,
  NECK_STRAPS,
  NECK_HOOD,
  NECK_COUNT
};
struct product {
  int64_t index;
  int group, kind; /* kind: which articleType of the group */
  int colour, second_colour;
  struct look look;
  struct rgb trim;
  enum neck neck;
  double sleeve;   /* share of the arm covered, 0 none */
  double sleeve_w; /* ease at the cuff */
  double ease;     /* looseness at the body */
  double length;   /* hem: y for torsos and skirts, share of the leg for trousers */
  double flare;    /* half width added at the hem */
  double shape[4]; /* meaning per kind: heel, crown, lens, ...; 0..1 */
  int variant;     /* small choice: buttons, pockets, buckle, ... */
  char id[24];
  char title[96];
};
const char *vt__colour_name(int colour); /* "" for -1 */
const char *vt__pattern_name(enum pattern p);
const char *vt__group_name(int group);
const char *vt__article_name(const struct product *p);
/* Rows key,group of every articleType. */
void vt__article_rows(struct vt_buf *out);
/* The catalogue's n products: fixed by seed and number, and told apart by what meets the eye as long as there
 * are enough kinds, colours and patterns for that. */
int vt__catalogue_make(struct product *v, int64_t n, uint64_t seed, struct vt_err *e);

/* Parts in the order of layers; what a product does not have draws nothing. */
/* Without sleeves. open: share of the front left out; inside: the lining at the back shows, as on an empty
 * garment. */
void vt__draw_torso(struct pen *p, const struct body *b, const struct product *g, double open, bool inside);
void vt__draw_sleeves(struct pen *p, const struct body *b, const struct product *g);
void vt__draw_bottom(struct pen *p, const struct body *b, const struct product *g); /* pants, shorts, skirt */
void vt__draw_legwear(struct pen *p, const struct body *b, const struct product *g);
void vt__draw_shoe(struct pen *p, const struct product *g); /* side view, heel at 0, 0, toe at 1, 0 */
void vt__draw_shoes(struct pen *p, const struct body *b, const struct product *g);
void vt__draw_bag(struct pen *p, const struct product *g, bool strap); /* body within -.5..+.5, 0..1 */
void vt__draw_hat(struct pen *p,
                  const struct product *g); /* head of half width .5 round 0, 0; brim line y = 0 */
void vt__draw_eyewear(struct pen *p, const struct product *g); /* -.5..+.5 across the face */
void vt__draw_belt(struct pen *p, const struct body *b, const struct product *g);
void vt__draw_scarf(struct pen *p, const struct body *b, const struct product *g);
void vt__draw_accessory(struct pen *p, const struct body *b, const struct product *g);

/* ---- pictures ---- */

/* Both contexts start in a canvas of the picture's pixels. */
/* truth: NULL, or gets the label map, its number in all three channels. */
int vt__studio_draw(struct vt_image *out, struct vt_image *truth, const struct product *p, uint64_t seed,
                    struct vt_err *e);
struct worn { /* product numbers by group, -1 none */
  int64_t product[G_COUNT];
};
struct choice { /* product numbers of each group, to dress figures from */
  const int64_t *v[G_COUNT];
  int64_t n[G_COUNT];
};
int vt__street_draw(struct vt_image *photo, struct vt_image *labels, struct worn *w, const struct choice *c,
                    const struct product *products, uint64_t seed, int64_t index, struct vt_err *e);
/* A background of any kind. */
void vt__background(cairo_t *cr, int width, int height, struct vt_rng *r);

#endif

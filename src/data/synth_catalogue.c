/* The drawn catalogue: what each product is, drawn at random from tables.
 *
 * A product is fixed by (seed, number, attempt); attempts go on until its key (kind, colours, pattern, cut)
 * is new, so that no two products of a catalogue look alike while there are combinations left. */
#include <ctype.h>
#include <string.h>
#include "data/synth_internal.h"

enum { ATTEMPTS = 40, FIRST_STREAM = 1 };

static const struct {
  const char *name;
  uint32_t hex;
} colours[] = {
    {"Black", 0x1d1d21},     {"White", 0xf3f2ee},   {"Grey", 0x8d9196},       {"Charcoal", 0x4a4d53},
    {"Navy Blue", 0x1f2b52}, {"Blue", 0x2f62b8},    {"Light Blue", 0x8fbbe3}, {"Turquoise Blue", 0x2aa7a5},
    {"Green", 0x2f8a4a},     {"Olive", 0x6b6b35},   {"Lime Green", 0x9dc63b}, {"Yellow", 0xf0cb3a},
    {"Mustard", 0xc28a22},   {"Orange", 0xe8752c},  {"Red", 0xcb2a33},        {"Maroon", 0x6d1f2c},
    {"Pink", 0xee94b4},      {"Magenta", 0xc4287f}, {"Purple", 0x6b3f92},     {"Lavender", 0xb9a3d8},
    {"Brown", 0x6a452c},     {"Tan", 0xb98b5a},     {"Beige", 0xd8c49f},      {"Cream", 0xf1e6c9}};
enum { NCOLOURS = VT_COUNT(colours) };

static const char *const groups[G_COUNT] = {"background", "top",     "outerwear", "dress", "pants", "shorts",
                                            "skirt",      "legwear", "footwear",  "bag",   "hat",   "eyewear",
                                            "belt",       "scarf",   "accessory", "skin",  "hair"};
static const char *const patterns[PAT_COUNT] = {"plain",  "stripes",  "checks", "dots",
                                                "floral", "gradient", "logo",   "block"};
static const char *const pattern_words[PAT_COUNT] = {"",        "Striped ", "Checked ", "Dotted ",
                                                     "Floral ", "Ombre ",   "Printed ", "Two-Tone "};

/* Articles of one group stand together; their order is the group's `kind`. */
static const struct {
  int group;
  const char *name, *one;
} articles[] = {{G_TOP, "Tshirts", "T-shirt"},
                {G_TOP, "Shirts", "Shirt"},
                {G_TOP, "Sweaters", "Sweater"},
                {G_TOP, "Sweatshirts", "Hoodie"},
                {G_TOP, "Tops", "Top"},
                {G_TOP, "Tunics", "Tunic"},
                {G_OUTERWEAR, "Jackets", "Jacket"},
                {G_OUTERWEAR, "Blazers", "Blazer"},
                {G_OUTERWEAR, "Coats", "Coat"},
                {G_OUTERWEAR, "Rain Jacket", "Parka"},
                {G_DRESS, "Dresses", "Dress"},
                {G_DRESS, "Nightdress", "Slip Dress"},
                {G_PANTS, "Jeans", "Jeans"},
                {G_PANTS, "Trousers", "Trousers"},
                {G_PANTS, "Track Pants", "Track Pants"},
                {G_PANTS, "Leggings", "Leggings"},
                {G_SHORTS, "Shorts", "Shorts"},
                {G_SKIRT, "Skirts", "Skirt"},
                {G_LEGWEAR, "Socks", "Socks"},
                {G_LEGWEAR, "Tights", "Tights"},
                {G_FOOTWEAR, "Casual Shoes", "Sneakers"},
                {G_FOOTWEAR, "Formal Shoes", "Lace-Up Shoes"},
                {G_FOOTWEAR, "Heels", "High Heels"},
                {G_FOOTWEAR, "Boots", "Boots"},
                {G_FOOTWEAR, "Flats", "Ballerinas"},
                {G_FOOTWEAR, "Sandals", "Sandals"},
                {G_BAG, "Handbags", "Handbag"},
                {G_BAG, "Clutches", "Clutch"},
                {G_BAG, "Messenger Bag", "Messenger Bag"},
                {G_BAG, "Duffel Bag", "Duffel Bag"},
                {G_HAT, "Caps", "Cap"},
                {G_HAT, "Hat", "Hat"},
                {G_HAT, "Beanies", "Beanie"},
                {G_EYEWEAR, "Sunglasses", "Sunglasses"},
                {G_EYEWEAR, "Frames", "Glasses"},
                {G_BELT, "Belts", "Belt"},
                {G_SCARF, "Scarves", "Scarf"},
                {G_SCARF, "Stoles", "Stole"},
                {G_ACCESSORY, "Ties", "Tie"},
                {G_ACCESSORY, "Necklace and Chains", "Necklace"},
                {G_ACCESSORY, "Watches", "Watch"},
                {G_ACCESSORY, "Gloves", "Gloves"}};

/* Of 100 products, and which patterns a group may have (bits). */
#define ALL    0xff
#define BIT(p) (1 << PAT_##p)
static const struct {
  int share, patterns;
} kinds[G_COUNT] = {[G_TOP] = {16, ALL},
                    [G_OUTERWEAR] = {11, BIT(PLAIN) | BIT(CHECKS) | BIT(STRIPES) | BIT(LOGO) | BIT(BLOCK)},
                    [G_DRESS] = {12, ALL & ~BIT(LOGO)},
                    [G_PANTS] = {11, BIT(PLAIN) | BIT(STRIPES) | BIT(CHECKS) | BIT(GRADIENT) | BIT(BLOCK)},
                    [G_SHORTS] = {6, ALL & ~BIT(LOGO) & ~BIT(BLOCK)},
                    [G_SKIRT] = {8, ALL & ~BIT(LOGO)},
                    [G_LEGWEAR] = {4, BIT(PLAIN) | BIT(STRIPES) | BIT(CHECKS) | BIT(DOTS) | BIT(LOGO)},
                    [G_FOOTWEAR] = {9, BIT(PLAIN) | BIT(CHECKS) | BIT(DOTS) | BIT(GRADIENT) | BIT(STRIPES)},
                    [G_BAG] = {7, ALL},
                    [G_HAT] = {5, BIT(PLAIN) | BIT(STRIPES) | BIT(CHECKS) | BIT(DOTS) | BIT(LOGO)},
                    [G_EYEWEAR] = {3, BIT(PLAIN)},
                    [G_BELT] = {2, BIT(PLAIN) | BIT(STRIPES) | BIT(CHECKS) | BIT(DOTS)},
                    [G_SCARF] = {4, ALL & ~BIT(LOGO)},
                    [G_ACCESSORY] = {2, BIT(PLAIN) | BIT(STRIPES) | BIT(DOTS) | BIT(CHECKS)}};

const char *vt__colour_name(int c)
{
  return c < 0 ? "" : colours[c].name;
}
const char *vt__pattern_name(enum pattern p)
{
  return patterns[p];
}
const char *vt__group_name(int group)
{
  return groups[group];
}

static int article_of(const struct product *p)
{
  for (int i = 0, kind = p->kind; i < (int)VT_COUNT(articles); i++)
    if (articles[i].group == p->group && kind-- == 0) return i;
  return 0;
}

const char *vt__article_name(const struct product *p)
{
  return articles[article_of(p)].name;
}

void vt__article_rows(struct vt_buf *out)
{
  for (size_t i = 0; i < VT_COUNT(articles); i++)
    vt_buf_addf(out, "%s,%s\n", articles[i].name, groups[articles[i].group]);
}

static int choose_group(struct vt_rng *r, int64_t index)
{
  if (index < G_ACCESSORY) return (int)index + 1; /* one of each first */
  int at = (int)vt_rng_below(r, 100);
  for (int g = G_TOP; g <= G_ACCESSORY; g++)
    if ((at -= kinds[g].share) < 0) return g;
  return G_TOP;
}

static double colour_distance(uint32_t a, uint32_t b)
{
  struct rgb x = vt__rgb(a), y = vt__rgb(b);
  double dr = x.r - y.r, dg = x.g - y.g, db = x.b - y.b;
  return dr * dr + dg * dg + db * db;
}

static int contrasting(struct vt_rng *r, int with)
{
  for (;;) {
    int c = (int)vt_rng_below(r, NCOLOURS);
    if (colour_distance(colours[c].hex, colours[with].hex) > .18) return c;
  }
}

static void choose_look(struct product *p, struct vt_rng *r)
{
  struct look *l = &p->look;
  p->colour = (int)vt_rng_below(r, NCOLOURS);
  p->second_colour = contrasting(r, p->colour);
  int third = contrasting(r, p->second_colour);
  l->base = vt__tone(vt__rgb(colours[p->colour].hex), vt__between(r, .93, 1.05));
  l->second = vt__rgb(colours[p->second_colour].hex);
  l->third = vt__rgb(colours[third].hex);
  p->trim = vt__rgb(colours[vt_rng_below(r, 2) ? p->second_colour : third].hex);
  l->pattern = PAT_PLAIN;
  if (vt_rng_unit(r) < .68) do
      l->pattern = (enum pattern)vt_rng_below(r, PAT_COUNT);
    while (!(kinds[p->group].patterns >> l->pattern & 1));
  static const double turns[] = {0, 0, 1.5708, 1.5708, .7854, -.7854};
  l->angle = turns[vt_rng_below(r, VT_COUNT(turns))];
  l->seed = (uint32_t)vt_rng_u64(r);
  l->shade = .8;
  l->folds = 7;
  l->size = vt__between(r, .02, .06) * (l->pattern == PAT_FLORAL ? 1.25 : 1);
}

static void cut_top(struct product *p, struct vt_rng *r)
{
  static const enum neck tshirt[] = {NECK_ROUND, NECK_V, NECK_BOAT},
                         top[] = {NECK_STRAPS, NECK_SQUARE, NECK_BOAT, NECK_V};
  static const enum neck knit[] = {NECK_ROUND, NECK_V, NECK_HIGH},
                         tunic[] = {NECK_ROUND, NECK_V, NECK_COLLAR};
  double *s = p->shape;
  p->ease = vt__between(r, .006, .026);
  p->length = vt__between(r, .455, .525);
  p->flare = vt__between(r, 0, .012);
  p->sleeve_w = vt__between(r, .004, .016);
  switch (p->kind) {
  case 0:
    p->neck = tshirt[vt_rng_below(r, 3)];
    p->sleeve = vt__between(r, .2, .42);
    break;
  case 1:
    p->neck = NECK_COLLAR;
    p->sleeve = vt_rng_below(r, 3) ? .97 : .4;
    break;
  case 2:
    p->neck = knit[vt_rng_below(r, 3)];
    p->sleeve = .96;
    p->ease += .008;
    p->look.texture = TEX_KNIT;
    s[1] = VT_MAX(s[1], .62);
    break;
  case 3:
    p->neck = NECK_HOOD;
    p->sleeve = .96;
    p->ease += .012;
    p->variant |= 1;
    break;
  case 4:
    p->neck = top[vt_rng_below(r, 4)];
    p->sleeve = p->neck == NECK_STRAPS || vt_rng_below(r, 2) ? 0 : vt__between(r, .2, .65);
    p->length = vt__between(r, .40, .48);
    p->flare = vt__between(r, 0, .035);
    break;
  default:
    p->neck = tunic[vt_rng_below(r, 3)];
    p->sleeve = vt__between(r, .35, .95);
    p->length = vt__between(r, .56, .66);
    p->flare = vt__between(r, .01, .06);
  }
}

static void cut_outerwear(struct product *p, struct vt_rng *r)
{
  p->ease = vt__between(r, .024, .04);
  p->sleeve = .97;
  p->sleeve_w = vt__between(r, .01, .022);
  p->flare = vt__between(r, 0, .02);
  p->look.folds = 9;
  switch (p->kind) {
  case 0:
    p->neck = vt_rng_below(r, 2) ? NECK_HIGH : NECK_COLLAR;
    p->length = vt__between(r, .44, .5);
    if (vt_rng_below(r, 3) == 0) p->look.texture = vt_rng_below(r, 2) ? TEX_LEATHER : TEX_DENIM;
    break;
  case 1:
    p->neck = NECK_V;
    p->length = vt__between(r, .5, .55);
    p->variant &= ~1;
    break;
  case 2:
    p->neck = vt_rng_below(r, 2) ? NECK_V : NECK_COLLAR;
    p->length = vt__between(r, .62, .8);
    p->flare = vt__between(r, .01, .06);
    p->variant &= ~1;
    break;
  default:
    p->neck = NECK_HOOD;
    p->length = vt__between(r, .54, .64);
    p->variant |= 1;
  }
}

static void cut_dress(struct product *p, struct vt_rng *r)
{
  static const enum neck dress[] = {NECK_ROUND, NECK_V, NECK_SQUARE, NECK_BOAT, NECK_STRAPS, NECK_COLLAR};
  p->neck = p->kind ? NECK_STRAPS : dress[vt_rng_below(r, 6)];
  p->ease = vt__between(r, .003, .012);
  p->length = p->kind ? vt__between(r, .62, .72) : vt__between(r, .62, .9);
  p->flare = p->kind ? vt__between(r, .0, .03) : vt__between(r, .0, .1);
  p->sleeve = p->neck == NECK_STRAPS || vt_rng_below(r, 3) == 0 ? 0 : vt__between(r, .18, .95);
  p->sleeve_w = vt__between(r, .003, .025);
  p->shape[0] = VT_MAX(p->shape[0], .5);
}

static void cut_bottom(struct product *p, struct vt_rng *r)
{
  if (p->group == G_SKIRT) {
    p->length = vt__between(r, .6, .88);
    p->flare = vt__between(r, 0, .12);
    return;
  }
  if (p->group == G_SHORTS) {
    p->length = vt__between(r, .22, .46);
    p->ease = vt__between(r, .006, .024);
    p->flare = vt__between(r, .0, .01);
    return;
  }
  p->length = vt_rng_below(r, 5) ? 1 : vt__between(r, .68, .86);
  p->ease = p->kind == 3 ? .002 : p->kind == 2 ? vt__between(r, .012, .02) : vt__between(r, .004, .014);
  p->flare = p->kind == 3 ? 0 : vt__between(r, -.002, .036);
  if (p->kind == 0) {
    static const int denim[] = {0, 3, 4, 5, 6, 2, 1};
    p->colour = denim[vt_rng_below(r, VT_COUNT(denim))];
    p->second_colour = contrasting(r, p->colour);
    p->look.base = vt__tone(vt__rgb(colours[p->colour].hex), vt__between(r, .85, 1.1));
    p->look.texture = TEX_DENIM;
    if (p->look.pattern != PAT_GRADIENT) p->look.pattern = PAT_PLAIN;
  }
}

static void cut_small(struct product *p, struct vt_rng *r)
{
  struct look *l = &p->look;
  l->folds = 1;
  switch (p->group) {
  case G_LEGWEAR:
    p->length = p->kind ? .99 : vt__between(r, .2, .5);
    l->size = vt__between(r, .018, .04);
    l->shade = .6;
    break;
  case G_FOOTWEAR:
  case G_BAG:
  case G_HAT:
    l->size = vt__between(r, .1, .24);
    if (vt_rng_below(r, 3) == 0 && p->group != G_HAT) l->texture = TEX_LEATHER;
    break;
  case G_BELT: l->size = vt__between(r, .014, .03); break;
  case G_SCARF:
    l->size = vt__between(r, .018, .04);
    l->folds = 4;
    break;
  case G_ACCESSORY:
    l->size = vt__between(r, .01, .02);
    if (p->kind == 1 || p->kind == 2) l->pattern = PAT_PLAIN;
    break;
  default: break;
  }
}

static void make_title(struct product *p)
{
  const char *sleeves = "";
  if (p->group == G_TOP || p->group == G_DRESS)
    sleeves = p->sleeve > .8 ? "Long-Sleeve " : p->sleeve > 0 ? "" : "Sleeveless ";
  snprintf(p->title, sizeof p->title, "%s %s%s%s", colours[p->colour].name, pattern_words[p->look.pattern],
           sleeves, articles[article_of(p)].one);
}

static void make_product(struct product *p, uint64_t seed, int64_t index, int attempt)
{
  struct vt_rng r;
  vt_rng_init(&r, seed, FIRST_STREAM, (uint64_t)index * ATTEMPTS + (uint64_t)attempt);
  *p = (struct product){.index = index};
  p->group = choose_group(&r, index);
  int n = 0;
  for (size_t i = 0; i < VT_COUNT(articles); i++) n += articles[i].group == p->group;
  p->kind = (int)vt_rng_below(&r, (uint32_t)n);
  choose_look(p, &r);
  for (int i = 0; i < 4; i++) p->shape[i] = vt_rng_unit(&r);
  p->variant = (int)vt_rng_below(&r, 6);
  switch (p->group) {
  case G_TOP: cut_top(p, &r); break;
  case G_OUTERWEAR: cut_outerwear(p, &r); break;
  case G_DRESS: cut_dress(p, &r); break;
  case G_PANTS:
  case G_SHORTS:
  case G_SKIRT: cut_bottom(p, &r); break;
  default: cut_small(p, &r);
  }
  bool one = p->look.pattern == PAT_PLAIN;
  if (one) p->second_colour = -1;
  snprintf(p->id, sizeof p->id, "p%05lld", (long long)index);
  make_title(p);
}

static uint64_t key_of(const struct product *p)
{
  const int k[] = {p->group,
                   p->kind,
                   p->colour,
                   p->second_colour,
                   p->look.pattern,
                   p->neck,
                   (int)(p->sleeve * 2.9),
                   (int)(p->length * 6)};
  uint64_t h = vt_hash64(k, sizeof k);
  return h ? h : 1;
}

int vt__catalogue_make(struct product *v, int64_t n, uint64_t seed, struct vt_err *e)
{
  size_t slots = 64;
  while (slots < (size_t)n * 2) slots *= 2;
  uint64_t *seen = vt_calloc(slots, sizeof(*seen));
  if (!seen) return vt_fail(e, VT_ENOMEM, "out of memory for a catalogue of %lld products", (long long)n);
  for (int64_t i = 0; i < n; i++)
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      make_product(&v[i], seed, i, attempt);
      uint64_t key = key_of(&v[i]);
      size_t at = (size_t)key & (slots - 1);
      while (seen[at] && seen[at] != key) at = (at + 1) & (slots - 1);
      if (seen[at]) continue;
      seen[at] = key;
      break;
    }
  vt_free(seen);
  return 0;
}

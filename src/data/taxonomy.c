/* The vocabulary that all data sets share: garment groups, and the group of each tag of a CCP label map.
 *
 * The built-in table is the project's own (17 groups; 59 CCP tags); taxonomy/groups.csv and taxonomy/ccp.csv
 * override it. Numbers of groups and tags are positions and must be dense from 0. */
#include <string.h>
#include "data/data_internal.h"

static const char *const builtin_groups[] = {
    "background", "top", "outerwear", "dress", "pants", "shorts",    "skirt", "legwear", "footwear",
    "bag",        "hat", "eyewear",   "belt",  "scarf", "accessory", "skin",  "hair"};

enum { BG, TOP, OUT, DRE, PAN, SHO, SKI, LEG, FOO, BAG, HAT, EYE, BEL, SCA, ACC, SKN, HAI, IGN = VT_IGNORE };

/* clang-format off */
/* By CCP tag number; the tags' names stand in the data set's labels.txt. */
static const uint8_t builtin_tags[] = {
    BG,  ACC, BAG, BEL, OUT, TOP, TOP, FOO, IGN, ACC, /* null … bracelet */
    OUT, TOP, FOO, OUT, DRE, ACC, FOO, EYE, ACC, HAI, /* cape … hair */
    HAT, FOO, TOP, IGN, OUT, PAN, TOP, PAN, FOO, ACC, /* hat … necklace */
    IGN, PAN, FOO, BAG, ACC, DRE, FOO, SCA, TOP, FOO, /* panties … shoes */
    SHO, SKN, SKI, FOO, LEG, LEG, OUT, EYE, TOP, TOP, /* shorts … sweatshirt */
    IGN, TOP, ACC, LEG, TOP, TOP, BAG, ACC, FOO,      /* swimwear … wedges */
};
/* clang-format on */

static void taxonomy_empty(struct vt_taxonomy *t)
{
  memset(t, 0, sizeof *t);
  vt_arena_init(&t->arena);
  memset(t->tag_group, VT_IGNORE, sizeof t->tag_group);
}

int vt_taxonomy_builtin(struct vt_taxonomy *t, struct vt_err *e)
{
  taxonomy_empty(t);
  t->ngroups = VT_COUNT(builtin_groups);
  for (int i = 0; i < t->ngroups; i++) t->group[i] = builtin_groups[i];
  t->ntags = VT_COUNT(builtin_tags);
  memcpy(t->tag_group, builtin_tags, sizeof builtin_tags);
  return 0;
}

void vt_taxonomy_clear(struct vt_taxonomy *t)
{
  vt_arena_clear(&t->arena);
  memset(t, 0, sizeof *t);
}

int vt_taxonomy_find(const struct vt_taxonomy *t, const char *group)
{
  for (int i = 0; i < t->ngroups; i++) {
    if (strcmp(t->group[i], group) == 0) return i;
  }
  return -1;
}

/* The first column of a row must be the running number `expect`. */
static int check_number(const struct vt_csv *c, int column, int expect, int limit, struct vt_err *e)
{
  int64_t id;
  if (!vt_parse_i64(c->field[column], &id) || id != expect) {
    return vt_fail(e, VT_EFORMAT,
                   "%s: line %lld: %s must be %d (numbers run from 0 without gaps), found '%.40s'", c->path,
                   (long long)c->line, c->column[column], expect, c->field[column]);
  }
  if (expect >= limit) return vt_fail(e, VT_ELIMIT, "%s: more than %d rows", c->path, limit);
  return 0;
}

static int read_groups(struct vt_taxonomy *t, const char *path, struct vt_err *e)
{
  struct vt_csv c;
  int id, name, rc = vt_csv_open(&c, path, e);
  if (rc < 0) return rc;
  if ((rc = vt_csv_need(&c, "id", &id, e)) < 0 || (rc = vt_csv_need(&c, "group", &name, e)) < 0) goto out;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = check_number(&c, id, t->ngroups, VT_MAX_GROUPS, e)) < 0) goto out;
    if (!c.field[name][0] || vt_taxonomy_find(t, c.field[name]) >= 0) {
      rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: group '%.40s' is empty or occurs twice", path,
                   (long long)c.line, c.field[name]);
      goto out;
    }
    t->group[t->ngroups] = vt_arena_strdup(&t->arena, c.field[name]);
    if (!t->group[t->ngroups++]) {
      rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
      goto out;
    }
  }
  if (rc == 0 && t->ngroups == 0) rc = vt_fail(e, VT_EFORMAT, "%s: no groups", path);
out:
  vt_csv_close(&c);
  return rc;
}

static int read_tags(struct vt_taxonomy *t, const char *path, struct vt_err *e)
{
  struct vt_csv c;
  int id, name, rc = vt_csv_open(&c, path, e);
  if (rc < 0) return rc;
  if ((rc = vt_csv_need(&c, "ccp_id", &id, e)) < 0 || (rc = vt_csv_need(&c, "group", &name, e)) < 0) goto out;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = check_number(&c, id, t->ntags, VT_IGNORE, e)) < 0) goto out;
    int group = VT_IGNORE;
    if (strcmp(c.field[name], "ignore") != 0) {
      group = vt_taxonomy_find(t, c.field[name]);
      if (group < 0) {
        rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: unknown group '%.40s'", path, (long long)c.line,
                     c.field[name]);
        goto out;
      }
    }
    t->tag_group[t->ntags++] = (uint8_t)group;
  }
out:
  vt_csv_close(&c);
  return rc;
}

int vt_taxonomy_read(struct vt_taxonomy *t, const char *dir, struct vt_err *e)
{
  taxonomy_empty(t);
  int rc;
  char *groups = vt_path_join(&t->arena, dir, "groups.csv"), *tags = vt_path_join(&t->arena, dir, "ccp.csv");
  if (!groups || !tags) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", dir);
    goto out;
  }
  if ((rc = read_groups(t, groups, e)) < 0) goto out;
  rc = read_tags(t, tags, e);
out:
  if (rc < 0) vt_taxonomy_clear(t);
  return rc;
}

void vt_taxonomy_map_labels(const struct vt_taxonomy *t, struct vt_image *labels)
{
  for (int y = 0; y < labels->height; y++) {
    uint8_t *row = labels->px + y * labels->stride;
    for (int x = 0; x < labels->width; x++) row[x] = t->tag_group[row[x]];
  }
}

uint64_t vt_taxonomy_garments(const struct vt_taxonomy *t)
{
  static const char *const others[] = {"background", "skin", "hair"};
  uint64_t bits = 0;
  for (int g = 0; g < t->ngroups; g++) {
    bool garment = true;
    for (size_t i = 0; i < VT_COUNT(others); i++) garment = garment && strcmp(t->group[g], others[i]) != 0;
    if (garment) bits |= UINT64_C(1) << g;
  }
  return bits;
}

/* Lists of addresses: plain ones, Street2Shop's photos.txt, tables. */
#include "data/fetch_internal.h"
#include "data/lines.h"

#include <string.h>
#include <strings.h>

enum { MAX_ID = 1000, MAX_URL = 8192 };
#define MAX_ITEMS 100000000LL

/* Whole numbers are compared without their leading zeros. */
static const char *key_of(const char *id)
{
  if (!*id || strspn(id, "0123456789") != strlen(id)) return id;
  const char *k = id + strspn(id, "0");
  return *k ? k : k - 1;
}

/* The slot of an id: its own, or the free one where it belongs. */
static int64_t *slot_of(const struct vt_fetch_list *l, const char *id)
{
  const char *key = key_of(id);
  uint64_t i = vt_hash64(key, strlen(key)) & (uint64_t)(l->nslots - 1);
  while (l->slot[i] && strcmp(key_of(l->item[l->slot[i] - 1].id), key))
    i = (i + 1) & (uint64_t)(l->nslots - 1);
  return &l->slot[i];
}

int64_t vt_fetch_list_find(const struct vt_fetch_list *l, const char *id)
{
  return l->nslots ? *slot_of(l, id) - 1 : -1;
}

void vt_fetch_list_clear(struct vt_fetch_list *l)
{
  vt_free(l->item);
  vt_free(l->slot);
  vt_problems_clear(&l->problems);
  vt_arena_clear(&l->arena);
  *l = (struct vt_fetch_list){0};
}

static int grow(struct vt_fetch_list *l, const char *path, struct vt_err *e)
{
  if (l->n < l->cap) return 0;
  if (l->n >= MAX_ITEMS) return vt_fail(e, VT_ELIMIT, "%s: more than %lld addresses", path, MAX_ITEMS);
  int64_t cap = l->cap ? 2 * l->cap : 256;
  struct vt_fetch_item *item = vt_reallocarray(l->item, (size_t)cap, sizeof *item);
  if (item) l->item = item;
  int64_t *slot = item ? vt_calloc((size_t)cap * 2, sizeof *slot) : NULL;
  if (!slot) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  vt_free(l->slot);
  l->slot = slot;
  l->cap = cap;
  l->nslots = cap * 2;
  for (int64_t i = 0; i < l->n; i++) *slot_of(l, l->item[i].id) = i + 1;
  return 0;
}

int vt__fetch_list_add(struct vt_fetch_list *l, const char *path, int64_t line, const char *id,
                       const char *url, struct vt_err *e)
{
  if (!*id || strlen(id) > MAX_ID)
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: the id is %s", path, (long long)line,
                   *id ? "longer than 1000 bytes" : "empty");
  if (!*url || strlen(url) > MAX_URL)
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: the address is %s", path, (long long)line,
                   *url ? "longer than 8192 bytes" : "empty");
  int rc = grow(l, path, e);
  if (rc) return rc;
  int64_t *slot = slot_of(l, id);
  if (*slot) {
    const struct vt_fetch_item *old = &l->item[*slot - 1];
    if (strcmp(old->url, url))
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: id %s has another address in line %lld", path,
                     (long long)line, id, (long long)old->line);
    l->again++;
    return 0;
  }
  struct vt_fetch_item item = {vt_arena_strdup(&l->arena, id), vt_arena_strdup(&l->arena, url), line};
  if (!item.id || !item.url) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  l->item[l->n++] = item;
  *slot = l->n;
  return 0;
}

/* Malformed rows: left out where lenient, the end otherwise. */
static int judge(struct vt_fetch_list *l, const struct vt_fetch_list_opts *o, int64_t line, int rc,
                 struct vt_err *e)
{
  struct vt_err why = {0};
  if (rc != VT_EFORMAT || !o->lenient) return rc;
  if (vt_problems_add(&l->problems, line, e ? e->msg : "malformed", &why))
    return vt_fail(e, why.code, "%s", why.msg);
  if (e) *e = (struct vt_err){0};
  l->skipped++;
  return 0;
}

static bool is_address(const char *s)
{
  return !strncasecmp(s, "http://", 7) || !strncasecmp(s, "https://", 8);
}

static char *trim(char *s)
{
  s += strspn(s, " \t");
  size_t n = strlen(s);
  while (n && strchr(" \t\r\n", s[n - 1])) s[--n] = 0;
  return s;
}

static int read_line(struct vt_fetch_list *l, const char *path, int64_t line, char *text, bool plain,
                     struct vt_err *e)
{
  if (!vt_utf8_valid(text, strlen(text)))
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: not UTF-8", path, (long long)line);
  text = trim(text);
  if (!*text || *text == '#') return 0;
  if (plain) {
    char id[17];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)vt_hash64(text, strlen(text)));
    return vt__fetch_list_add(l, path, line, id, text, e);
  }
  char *comma = strchr(text, ',');
  if (!comma) return vt_fail(e, VT_EFORMAT, "%s: line %lld: expected id,url", path, (long long)line);
  *comma = 0;
  return vt__fetch_list_add(l, path, line, trim(text), trim(comma + 1), e);
}

static int read_lines(struct vt_fetch_list *l, FILE *f, const char *path, const struct vt_fetch_list_opts *o,
                      bool plain, struct vt_err *e)
{
  struct vt__lines s = {.f = f, .path = path, .limit = MAX_ID + MAX_URL + 6};
  int got, rc = 0;
  while (!rc && (got = vt__lines_next(&s, e)) != 0) {
    rc = got > 0 ? read_line(l, path, s.number, s.text, plain, e) : got;
    if (got == VT_EFORMAT) vt_fail_in(e, rc, "%s: line %lld", path, (long long)s.number);
    rc = judge(l, o, s.number, rc, e);
  }
  vt__lines_clear(&s);
  return rc;
}

static int read_table(struct vt_fetch_list *l, FILE *f, const char *path, const struct vt_fetch_list_opts *o,
                      struct vt_err *e)
{
  struct vt_csv c;
  int url, id = -1, rc = vt_csv_take(&c, f, path, e);
  if (rc) return rc;
  rc = vt_csv_need(&c, o->url_column ? o->url_column : "url", &url, e);
  if (!rc && o->id_column) rc = vt_csv_need(&c, o->id_column, &id, e);
  if (!rc && !o->id_column) id = vt_csv_find(&c, "id");
  while (!rc) {
    int got = vt_csv_next(&c, e);
    if (!got) break;
    char hash[17];
    if (got > 0) {
      const char *address = c.field[url];
      snprintf(hash, sizeof hash, "%016llx", (unsigned long long)vt_hash64(address, strlen(address)));
      got = vt__fetch_list_add(l, path, c.line, id >= 0 ? c.field[id] : hash, address, e);
    }
    rc = judge(l, o, c.line, VT_MIN(got, 0), e);
  }
  vt_csv_close(&c);
  return rc;
}

/* The first line says which form it is; the file is read again from its start. */
static enum vt_fetch_form guess(FILE *f)
{
  char text[MAX_ID + MAX_URL + 8] = "";
  char *s = text;
  while (fgets(text, sizeof text, f) && (!*(s = trim(text + vt_utf8_mark(text, strlen(text)))) || *s == '#'))
    continue;
  rewind(f);
  if (is_address(s)) return VT_FETCH_PLAIN;
  char *comma = strchr(s, ',');
  return comma && is_address(trim(comma + 1)) ? VT_FETCH_PAIRS : VT_FETCH_CSV;
}

/* Standard input cannot be rewound, so it is copied first. */
static int copy_input(FILE *to, struct vt_err *e)
{
  char block[65536];
  size_t n;
  while ((n = fread(block, 1, sizeof block, stdin)) > 0)
    if (fwrite(block, 1, n, to) != n) break;
  if (ferror(stdin)) return vt_fail_errno(e, "standard input");
  return n || fflush(to) ? vt_fail_errno(e, "the copy of standard input in " P_tmpdir) : 0;
}

static int open_list(FILE **f, const char *path, struct vt_err *e)
{
  const bool input = !strcmp(path, "-");
  *f = input ? tmpfile() : fopen(path, "rb");
  int rc = *f ? 0 : vt_fail_errno(e, input ? "a copy of standard input in " P_tmpdir : path);
  if (!rc && input) rc = copy_input(*f, e);
  if (!rc) rewind(*f);
  if (rc && *f) fclose(*f);
  return rc;
}

int vt_fetch_list_read(struct vt_fetch_list *l, const char *path, const struct vt_fetch_list_opts *o,
                       struct vt_err *e)
{
  enum vt_fetch_form form = o->form;
  if (vt_is_dir(path)) return vt_fail(e, VT_EARG, "%s: a folder; expected a list of addresses", path);
  FILE *f;
  int rc = open_list(&f, path, e);
  if (rc) return rc;
  if (form == VT_FETCH_AUTO) form = o->url_column || o->id_column ? VT_FETCH_CSV : guess(f);
  if (form == VT_FETCH_CSV) return read_table(l, f, path, o, e); /* takes the file */
  rc = read_lines(l, f, path, o, form == VT_FETCH_PLAIN, e);
  fclose(f);
  return rc;
}

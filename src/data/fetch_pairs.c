/* Pairs that still have both halves after fetching, and which lost one: rows of a table, or objects of a JSON
 * list. */
#include "data/fetch_internal.h"

#include <jansson.h>
#include <string.h>

enum { MAX_PHOTO_FIELDS = 16, NUMBER_BYTES = 24 };
#define MAX_JSON_BYTES ((size_t)1 << 30)

/* One row of either kind of file. */
struct row {
  const char *path;
  int64_t line; /* of a table; position in a list, from 1 */
  const struct vt_csv *csv;
  json_t *object;
};
typedef int row_fn(const struct row *r, void *ctx, struct vt_err *e);

/* A field's text, whole numbers included; NULL if there is no such field. */
static const char *field(const struct row *r, const char *name, char number[NUMBER_BYTES])
{
  if (r->csv) {
    int k = vt_csv_find(r->csv, name);
    return k < 0 ? NULL : r->csv->field[k];
  }
  const json_t *v = json_object_get(r->object, name);
  if (json_is_string(v)) return json_string_value(v);
  if (!json_is_integer(v)) return NULL;
  snprintf(number, NUMBER_BYTES, "%lld", (long long)json_integer_value(v));
  return number;
}

static int each_object(const char *path, row_fn *each, void *ctx, struct vt_err *e)
{
  char *text;
  size_t len;
  json_error_t je;
  int rc = vt_text_read(path, MAX_JSON_BYTES, &text, &len, e);
  if (rc) return rc;
  json_t *list = json_loadb(text, len, 0, &je);
  vt_free(text);
  if (!list) return vt_fail(e, VT_EFORMAT, "%s: line %d: %s", path, je.line, je.text);
  if (!json_is_array(list)) rc = vt_fail(e, VT_EFORMAT, "%s: expected a list of objects", path);
  for (size_t i = 0; !rc && i < json_array_size(list); i++) {
    const struct row r = {path, (int64_t)i + 1, NULL, json_array_get(list, i)};
    rc = json_is_object(r.object)
             ? each(&r, ctx, e)
             : vt_fail(e, VT_EFORMAT, "%s: entry %lld is no object", path, (long long)r.line);
  }
  json_decref(list);
  return rc;
}

static int each_line(const char *path, row_fn *each, void *ctx, struct vt_err *e)
{
  struct vt_csv c;
  int got = 0, rc = vt_csv_open(&c, path, e);
  if (rc) return rc;
  while (!rc && (got = vt_csv_next(&c, e)) > 0) {
    const struct row r = {path, c.line, &c, NULL};
    rc = each(&r, ctx, e);
  }
  vt_csv_close(&c);
  return rc ? rc : VT_MIN(got, 0);
}

/* A JSON list begins with a bracket, be there a byte order mark or not. */
static bool is_json(const char *path)
{
  FILE *f = fopen(path, "rb");
  char head[4];
  int c = ' ';
  if (f) fseek(f, (long)vt_utf8_mark(head, fread(head, 1, sizeof head, f)), SEEK_SET);
  while (f && (c = getc(f)) != EOF && strchr(" \t\r\n", c)) continue;
  if (f) fclose(f);
  return c == '[' || c == '{';
}

static int each_row(const char *path, row_fn *each, void *ctx, struct vt_err *e)
{
  return (is_json(path) ? each_object : each_line)(path, each, ctx, e);
}

struct keep {
  const struct vt_fetch_pairs *p;
  const struct vt_fetch_list *l;
  const struct vt_fetch_result *result;
  struct vt_fetch_list products; /* ids of those with a picture; the addresses mean nothing */
  bool json, header;
  struct vt_buf out, lost;
  int64_t rows, kept;
};

/* *why: what is wrong with the field's photo, valid while the list is; NULL if it has a picture. */
static int fault_of(const struct keep *k, const struct row *r, const char *name, const char **why,
                    struct vt_err *e)
{
  char number[NUMBER_BYTES];
  const char *id = field(r, name, number);
  if (!id)
    return vt_fail(e, VT_EFORMAT, "%s: %s %lld: no field %s with an id", r->path, r->csv ? "line" : "entry",
                   (long long)r->line, name);
  int64_t i = vt_fetch_list_find(k->l, id);
  *why = i < 0                                         ? "not in the list of addresses"
         : k->result[i].status == VT_FETCH_OK          ? NULL
         : k->result[i].reason && *k->result[i].reason ? k->result[i].reason
                                                       : vt_fetch_status_name[k->result[i].status];
  return 0;
}

static int note_product(const struct row *r, void *ctx, struct vt_err *e)
{
  struct keep *k = ctx;
  char number[NUMBER_BYTES];
  const char *why = NULL;
  int rc = fault_of(k, r, "photo", &why, e);
  if (rc || why) return rc;
  const char *product = field(r, "product", number);
  if (!product)
    return vt_fail(e, VT_EFORMAT, "%s: %s %lld: no field product", r->path, r->csv ? "line" : "entry",
                   (long long)r->line);
  return vt__fetch_list_add(&k->products, r->path, r->line, product, "-", e);
}

static void put_line(struct vt_buf *b, const char *const *v, int n)
{
  for (int i = 0; i < n; i++) vt_csv_put(b, v[i], i == 0);
  vt_buf_addc(b, '\n');
}

static void put_lost(struct keep *k, const struct row *r, const char *name, const char *why)
{
  char number[NUMBER_BYTES], line[NUMBER_BYTES];
  snprintf(line, sizeof line, "%lld", (long long)r->line);
  put_line(&k->lost, (const char *const[]){line, name, field(r, name, number), why}, 4);
}

/* The object on one line, its numbers with as few digits as give them again; free, as jansson's own. NULL:
 * out of memory. */
static char *text_of(const json_t *object)
{
  enum { FEWEST = 15, ENOUGH = 17 };
  for (size_t digits = FEWEST;; digits++) {
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(digits));
    if (!text || digits == ENOUGH) return text;
    json_t *again = json_loads(text, 0, NULL);
    const bool same = json_equal(object, again);
    json_decref(again);
    if (same) return text;
    free(text);
  }
}

static int keep_row(const struct row *r, void *ctx, struct vt_err *e)
{
  struct keep *k = ctx;
  char number[NUMBER_BYTES];
  const char *why = NULL;
  bool whole = true;
  k->rows++;
  if (r->csv && !k->header) put_line(&k->out, (const char *const *)r->csv->column, r->csv->ncolumns);
  k->header = true;
  for (int i = 0; i < k->p->nphotos; i++) {
    int rc = fault_of(k, r, k->p->photos[i], &why, e);
    if (rc) return rc;
    if (why) put_lost(k, r, k->p->photos[i], why);
    whole &= !why;
  }
  const char *product = k->p->products->n ? field(r, "product", number) : NULL;
  if (product && vt_fetch_list_find(&k->products, product) < 0) {
    put_lost(k, r, "product", "none of its photos has a picture");
    whole = false;
  }
  if (!whole) return 0;
  k->kept++;
  if (r->csv) {
    put_line(&k->out, (const char *const *)r->csv->field, r->csv->nfields);
    return 0;
  }
  char *text = text_of(r->object);
  if (!text) return vt_fail(e, VT_ENOMEM, "%s: out of memory", r->path);
  vt_buf_addf(&k->out, "%s\n%s", k->kept > 1 ? "," : "", text);
  free(text);
  return 0;
}

int vt_fetch_pairs_keep(const struct vt_fetch_pairs *p, const struct vt_fetch_list *l,
                        const struct vt_fetch_result *result, int64_t *rows, int64_t *kept, struct vt_err *e)
{
  struct keep k = {.p = p, .l = l, .result = result, .json = is_json(p->in)};
  int rc = 0;
  if (p->nphotos < 1 || p->nphotos > MAX_PHOTO_FIELDS)
    return vt_fail(e, VT_EARG, "pairs: %d fields of photos, 1 to %d allowed", p->nphotos, MAX_PHOTO_FIELDS);
  for (int i = 0; i < p->products->n && !rc; i++) rc = each_row(p->products->v[i], note_product, &k, e);
  put_line(&k.lost, (const char *const[]){"line", "field", "id", "reason"}, 4);
  if (k.json) vt_buf_addc(&k.out, '[');
  if (!rc) rc = each_row(p->in, keep_row, &k, e);
  if (k.json) vt_buf_adds(&k.out, "\n]\n");
  if (!rc && (k.out.failed || k.lost.failed)) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", p->out);
  if (!rc) rc = vt_file_write_atomic(p->out, k.out.data ? k.out.data : "", k.out.len, e);
  if (!rc) rc = vt_file_write_atomic(p->lost, k.lost.data, k.lost.len, e);
  *rows = k.rows;
  *kept = k.kept;
  vt_buf_clear(&k.out);
  vt_buf_clear(&k.lost);
  vt_fetch_list_clear(&k.products);
  return rc;
}

/* vitrine data fetch: the pictures of a list of addresses. */
#include "app/cli/given.h"
#include "app/cli/places.h"
#include "app/cli/verb.h"
#include "app/left_out.h"
#include "app/labels_report.h"
#include "data/data.h"

#include <string.h>

struct opts {
  const char *out, *url_column, *id_column;
  int64_t total, per_host, retries, redirects;
  double timeout, connect_timeout, backoff, backoff_most, max_size;
  struct vt_strings pairs, products, photos;
  bool header_only, retry_dead, json;
  struct vt_reading reading;
};

static const struct vt_opt rows[] = {
    {"out", 'o', VT_OPT_STRING, offsetof(struct opts, out), NULL, 0, 0, NULL, "FOLDER",
     "where pictures and results.csv go"},
    {"url-column", 0, VT_OPT_STRING, offsetof(struct opts, url_column), NULL, 0, 0, NULL, "NAME",
     "LIST is a table with this column of addresses"},
    {"id-column", 0, VT_OPT_STRING, offsetof(struct opts, id_column), NULL, 0, 0, NULL, "NAME",
     "and this one of ids, which name the files"},
    {"total", 'n', VT_OPT_INT, offsetof(struct opts, total), "64", 1, 1024, NULL, "N", "transfers at once"},
    {"per-host", 0, VT_OPT_INT, offsetof(struct opts, per_host), "6", 1, 1024, NULL, "N",
     "transfers at once from one host"},
    {"retries", 0, VT_OPT_INT, offsetof(struct opts, retries), "3", 0, 100, NULL, "N",
     "further tries after a failure that may pass"},
    {"redirects", 0, VT_OPT_INT, offsetof(struct opts, redirects), "5", 0, 100, NULL, "N",
     "redirects followed at most"},
    {"timeout", 0, VT_OPT_FLOAT, offsetof(struct opts, timeout), "60", .01, 1e5, NULL, "SECONDS",
     "for one try"},
    {"connect-timeout", 0, VT_OPT_FLOAT, offsetof(struct opts, connect_timeout), "10", .01, 1e5, NULL,
     "SECONDS", "for the connection"},
    {"backoff", 0, VT_OPT_FLOAT, offsetof(struct opts, backoff), "1", 0, 1e5, NULL, "SECONDS",
     "before the first further try, doubled each time"},
    {"max-wait", 0, VT_OPT_FLOAT, offsetof(struct opts, backoff_most), "60", 0, 1e5, NULL, "SECONDS",
     "the longest wait before a further try"},
    {"max-size", 0, VT_OPT_FLOAT, offsetof(struct opts, max_size), "50", 1e-6, 1e6, NULL, "MB",
     "of one picture"},
    {"header-only", 0, VT_OPT_FLAG, offsetof(struct opts, header_only), NULL, 0, 0, NULL, NULL,
     "look only at a picture's header, not at all of it"},
    {"retry-dead", 0, VT_OPT_FLAG, offsetof(struct opts, retry_dead), NULL, 0, 0, NULL, NULL,
     "try again what an earlier run found dead"},
    {"pairs", 0, VT_OPT_LIST, offsetof(struct opts, pairs), NULL, 0, 0, NULL, "FILE",
     "write the rows of a list of pairs that kept both halves to FOLDER/kept_FILE, what the others lost and "
     "why to "
     "FOLDER/lost_FILE.csv"},
    {"photos", 0, VT_OPT_LIST, offsetof(struct opts, photos), NULL, 0, 0, NULL, "FIELD",
     "fields of pairs that hold ids of LIST (default: photo)"},
    {"products", 0, VT_OPT_LIST, offsetof(struct opts, products), NULL, 0, 0, NULL, "FILE",
     "photo and product: a pair's product needs a picture, too"},
    VT_READING_ROWS(struct opts, reading),
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

struct fetched {
  struct vt_fetch_list list;
  struct vt_fetch_result *result;
  struct vt_fetch_totals t;
  struct vt_buf out;
};

/* FOLDER/BEFORE_FILE + AFTER. */
static const char *in_folder(struct vt_cli *cli, const struct opts *o, const char *before, const char *file,
                             const char *after)
{
  const char *name = vt_arena_printf(&cli->arena, "%s%s%s", before, vt_path_base(file), after);
  return name ? vt_path_join(&cli->arena, o->out, name) : NULL;
}

static const char *kept_name(struct vt_cli *cli, const struct opts *o, int k)
{
  return in_folder(cli, o, "kept_", o->pairs.v[k], "");
}

static const char *lost_name(struct vt_cli *cli, const struct opts *o, int k)
{
  return in_folder(cli, o, "lost_", o->pairs.v[k], ".csv");
}

static int check_places(struct vt_cli *cli, const struct opts *o, const char *list, struct vt_err *e)
{
  const int most = 3 + 3 * o->pairs.n + o->products.n;
  struct vt_place *p = vt_arena_alloc(&cli->arena, (size_t)most * sizeof *p);
  int n = 0;
  if (!p) return vt_fail(e, VT_ENOMEM, "out of memory");
  p[n++] = (struct vt_place){VT_READS, "LIST", list};
  p[n++] = (struct vt_place){VT_WRITES, "--out", in_folder(cli, o, "", "results.csv", "")};
  p[n++] = (struct vt_place){VT_WRITES, "--left-out", o->reading.left_out};
  for (int i = 0; i < o->products.n; i++)
    p[n++] = (struct vt_place){VT_READS, "--products", o->products.v[i]};
  for (int i = 0; i < o->pairs.n; i++) {
    p[n++] = (struct vt_place){VT_READS, "--pairs", o->pairs.v[i]};
    p[n++] = (struct vt_place){VT_WRITES, "--pairs", kept_name(cli, o, i)};
    p[n++] = (struct vt_place){VT_WRITES, "--pairs", lost_name(cli, o, i)};
  }
  return vt_places_check(p, n, e);
}

static int keep_pairs(struct vt_cli *cli, const struct opts *o, struct fetched *f, struct vt_err *e)
{
  static const char *const photo[] = {"photo"};
  int rc = 0;
  for (int i = 0; i < o->pairs.n && !rc; i++) {
    struct vt_fetch_pairs p = {.in = o->pairs.v[i],
                               .nphotos = o->photos.n ? o->photos.n : 1,
                               .photos = o->photos.n ? o->photos.v : photo,
                               .products = &o->products,
                               .out = kept_name(cli, o, i),
                               .lost = lost_name(cli, o, i)};
    int64_t all, kept;
    if (!p.out || !p.lost) return vt_fail(e, VT_ENOMEM, "out of memory");
    if ((rc = vt_fetch_pairs_keep(&p, &f->list, f->result, &all, &kept, e))) break;
    if (o->json) {
      vt_buf_adds(&f->out, i ? ", " : ", \"pairs\": [");
      vt_buf_adds(&f->out, "{\"file\": ");
      vt_json_text(&f->out, p.out);
      vt_buf_addf(&f->out, ", \"rows\": %lld, \"kept\": %lld, \"lost\": ", (long long)all, (long long)kept);
      vt_json_text(&f->out, p.lost);
      vt_buf_adds(&f->out, i + 1 == o->pairs.n ? "}]" : "}");
    } else {
      vt_buf_addf(&f->out, "%s: %lld of %lld pairs kept both halves; the others: %s\n", p.out,
                  (long long)kept, (long long)all, p.lost);
    }
  }
  return rc;
}

/* What went wrong, by reason, the commonest first. */
static void put_reasons(const struct fetched *f, struct vt_buf *b)
{
  enum { KINDS = 64, SHOWN = 12 };
  struct {
    const char *reason;
    int64_t n;
  } kind[KINDS];
  int n = 0;
  for (int64_t i = 0; i < f->list.n; i++) {
    const struct vt_fetch_result *r = &f->result[i];
    if (r->status != VT_FETCH_DEAD && r->status != VT_FETCH_FAILED) continue;
    int k = 0;
    while (k < n && strcmp(kind[k].reason, r->reason)) k++;
    if (k == KINDS) continue;
    if (k == n) {
      kind[n].reason = r->reason;
      kind[n++].n = 0;
    }
    kind[k].n++;
  }
  for (int shown = 0; shown < VT_MIN(n, SHOWN); shown++) {
    int best = 0;
    for (int k = 1; k < n; k++)
      if (kind[k].n > kind[best].n) best = k;
    vt_buf_addf(b, "  %6lld  %s\n", (long long)kind[best].n, kind[best].reason);
    kind[best].n = 0;
  }
  if (n > SHOWN) vt_buf_addf(b, "          and other reasons\n");
}

static void put_totals(const struct opts *o, const struct fetched *f, struct vt_buf *b)
{
  const struct vt_fetch_totals *t = &f->t;
  if (o->json) {
    vt_buf_addf(b,
                "{\"addresses\": %lld, \"had\": %lld, \"fetched\": %lld, \"dead\": %lld, \"failed\": %lld, "
                "\"bytes\": %lld, \"repeated\": %lld, \"skipped\": %lld",
                (long long)t->n, (long long)t->had, (long long)t->fetched, (long long)t->dead,
                (long long)t->failed, (long long)t->bytes, (long long)f->list.again,
                (long long)f->list.skipped);
    return;
  }
  vt_buf_addf(b, "%lld addresses: %lld fetched (%.1f MB), %lld were there, %lld dead, %lld failed\n",
              (long long)t->n, (long long)t->fetched, (double)t->bytes / 1e6, (long long)t->had,
              (long long)t->dead, (long long)t->failed);
  if (f->list.again) vt_buf_addf(b, "%lld rows repeat others\n", (long long)f->list.again);
  if (f->list.skipped) vt_buf_addf(b, "%lld malformed rows left out\n", (long long)f->list.skipped);
  put_reasons(f, b);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct fetched f = {0};
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "data fetch: expected one list of addresses");
  if (!o->out) return vt_fail(e, VT_EUSAGE, "data fetch: where to? give --out FOLDER");
  const struct vt_fetch_list_opts lo = {
      .url_column = o->url_column, .id_column = o->id_column, .lenient = o->reading.lenient};
  const struct vt_fetch_opts fo = {.out = o->out,
                                   .total = (int)o->total,
                                   .per_host = (int)o->per_host,
                                   .retries = (int)o->retries,
                                   .redirects = (int)o->redirects,
                                   .connect_timeout = o->connect_timeout,
                                   .timeout = o->timeout,
                                   .backoff = o->backoff,
                                   .backoff_most = o->backoff_most,
                                   .max_bytes = (int64_t)(o->max_size * 1e6),
                                   .header_only = o->header_only,
                                   .retry_dead = o->retry_dead};
  int rc = vt_reading_check(&o->reading, e);
  const struct vt_goes goes[] = {
      {"photos", o->pairs.n > 0, "goes with --pairs"},
      {"products", o->pairs.n > 0, "goes with --pairs"},
  };
  if (!rc) rc = vt_goes_check(cli, goes, VT_COUNT(goes), e);
  if (!rc) rc = check_places(cli, o, args->v[0], e);
  if (!rc) rc = vt_fetch_list_read(&f.list, args->v[0], &lo, e);
  if (!rc) rc = vt_say_problems(&f.list.problems, args->v[0], 0, &o->reading, e);
  if (!rc && !(f.result = vt_calloc((size_t)f.list.n + 1, sizeof *f.result)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_fetch_run(&f.list, &fo, f.result, &cli->arena, &f.t, e);
  if (!rc || rc == VT_EINTERRUPTED) put_totals(o, &f, &f.out);
  if (!rc) rc = keep_pairs(cli, o, &f, e);
  if (o->json && f.out.len) vt_buf_adds(&f.out, "}\n");
  if (!rc && f.out.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if ((!rc || rc == VT_EINTERRUPTED) && f.out.data) fputs(f.out.data, cli->out);
  bool some = f.t.had + f.t.fetched > 0, all = f.t.had + f.t.fetched == f.t.n;
  vt_buf_clear(&f.out);
  vt_free(f.result);
  vt_fetch_list_clear(&f.list);
  return rc ? rc : all ? VT_EXIT_DONE : some ? VT_EXIT_PART : VT_EXIT_FAILED;
}

const struct vt_verb vt_verb_data_fetch = {
    .name = "data fetch",
    .args = "LIST",
    .summary = "fetch the pictures of a list of addresses; run again, it fetches what is missing",
    /* clang-format off */
    .help =
        "LIST: an address a line; or id,url a line (Street2Shop's photos.txt); or a table with a column url, and id if\n"
        "there is one (--url-column, --id-column name others). FOLDER gets ID.jpg, ID.png, … by what came, and\n"
        "results.csv: id,url,status,reason,bytes,type,width,height,file. Status ok, dead (gone, no picture, too large)\n"
        "or failed (may pass: tried again by the next run). Exit 3 if some are missing.",
    /* clang-format on */
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};

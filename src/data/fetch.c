/* Fetching: libcurl's multi interface drives up to `total` transfers from one thread.
 *
 * A transfer writes ID.part, counted while it grows; whole, it is looked at and renamed to ID.ENDING, and
 * only then noted in results.csv: what the journal calls ok is there. What failed in a way that may pass
 * comes again after backoff * 2^tries seconds, spread by a quarter either way so that many do not come at
 * once; a host that answers 429 or 503 with Retry-After rests as a whole. A host that takes no connection
 * several times in a row is given up for this run. */
#include "data/fetch_hosts.h"
#include "data/fetch_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { UNANSWERED = 8, TYPE_BYTES = 60 };

const struct vt_fetch_opts vt_fetch_defaults = {.total = 64,
                                                .per_host = 6,
                                                .retries = 3,
                                                .redirects = 5,
                                                .connect_timeout = 10,
                                                .timeout = 60,
                                                .backoff = 1,
                                                .backoff_most = 60,
                                                .max_bytes = 50LL << 20};

struct transfer {
  CURL *easy; /* NULL: free */
  int64_t item;
  FILE *f;
  char *part; /* path of the growing file */
  int64_t bytes, max_bytes;
  bool too_large;
  int write_errno;
};
struct fetch {
  const struct vt__curl *lib;
  const struct vt_fetch_list *l;
  const struct vt_fetch_opts *o;
  struct vt_fetch_result *result;
  struct vt_arena *arena;
  struct vt_fetch_totals *t;
  struct vt__hosts *hosts;
  struct vt__journal journal;
  struct vt_progress progress;
  CURLM *multi;
  struct transfer *transfer; // (total)
  int active;
  int64_t left;   /* not settled */
  uint8_t *tries; // (l->n) made so far
};

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
  struct transfer *x = ctx;
  size_t len = size * n;
  x->too_large = (int64_t)len > x->max_bytes - x->bytes;
  if (x->too_large) return 0;
  x->bytes += (int64_t)len;
  if (fwrite(data, 1, len, x->f) == len) return len;
  x->write_errno = errno ? errno : EIO;
  return 0;
}

/* Blanks and control characters of an address as browsers send them; libcurl copies it. */
static int set_address(const struct fetch *s, const struct transfer *x, struct vt_err *e)
{
  struct vt_buf b = {0};
  for (const char *c = s->l->item[x->item].url; *c; c++) {
    if ((unsigned char)*c <= ' ' || *c == 127)
      vt_buf_addf(&b, "%%%02X", (unsigned char)*c);
    else
      vt_buf_addc(&b, *c);
  }
  const bool failed = b.failed || s->lib->curl_easy_setopt(x->easy, CURLOPT_URL, b.data);
  vt_buf_clear(&b);
  return failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static void set_options(const struct fetch *s, struct transfer *x)
{
  const struct vt__curl *c = s->lib;
  const struct vt_fetch_opts *o = s->o;
  c->curl_easy_setopt(x->easy, CURLOPT_PRIVATE, (char *)x);
  c->curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
  c->curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
  c->curl_easy_setopt(x->easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  c->curl_easy_setopt(x->easy, CURLOPT_FOLLOWLOCATION, 1L);
  c->curl_easy_setopt(x->easy, CURLOPT_MAXREDIRS, (long)o->redirects);
  c->curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(o->connect_timeout * 1e3));
  c->curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)(o->timeout * 1e3));
  c->curl_easy_setopt(x->easy, CURLOPT_FAILONERROR, 1L);
  c->curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "vitrine/" VT_VERSION);
  c->curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
  c->curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, (void *)x);
}

/* Ends a transfer's use of its handle and growing file, which has another name by now if it is a picture. */
static void release(struct fetch *s, struct transfer *x)
{
  s->lib->curl_multi_remove_handle(s->multi, x->easy);
  s->lib->curl_easy_cleanup(x->easy);
  x->easy = NULL;
  if (x->f) fclose(x->f);
  x->f = NULL;
  unlink(x->part);
  vt_free(x->part);
  x->part = NULL;
  s->active--;
}

static int start(struct fetch *s, int64_t item, struct vt_err *e)
{
  struct transfer *x = s->transfer;
  char name[VT__FETCH_NAME_BYTES], file[VT__FETCH_NAME_BYTES + 8];
  while (x->easy) x++;
  vt__fetch_name(s->l->item[item].id, name);
  snprintf(file, sizeof file, "%s.part", name);
  *x = (struct transfer){.item = item, .max_bytes = s->o->max_bytes};
  x->part = vt_path_join(NULL, s->o->out, file);
  x->easy = x->part ? s->lib->curl_easy_init() : NULL;
  if (!x->easy) {
    vt_free(x->part);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  s->active++;
  set_options(s, x);
  s->tries[item]++;
  int rc = set_address(s, x, e);
  if (rc) return rc;
  if (!(x->f = fopen(x->part, "wb"))) return vt_fail_errno(e, x->part);
  CURLMcode m = s->lib->curl_multi_add_handle(s->multi, x->easy);
  return m ? vt_fail(e, VT_EIO, "libcurl: %s", s->lib->curl_multi_strerror(m)) : 0;
}

/* The last word on an item, for this run. */
static int settle(struct fetch *s, int64_t item, struct vt_fetch_result r, struct vt_err *e)
{
  r.reason = vt_arena_strdup(s->arena, r.reason ? r.reason : "");
  r.type = vt_arena_strdup(s->arena, r.type ? r.type : "");
  if (!r.reason || !r.type) return vt_fail(e, VT_ENOMEM, "out of memory");
  s->result[item] = r;
  s->left--;
  vt_progress_add(&s->progress, 1);
  if (r.status == VT_FETCH_OK) {
    s->t->fetched++;
    s->t->bytes += r.bytes;
  }
  return vt__journal_add(&s->journal, &s->l->item[item], &r, e);
}

/* Fills reason and status of a try that brought no picture; true where another try may. */
static bool judge(const struct fetch *s, const struct transfer *x, CURLcode code, long http, char *reason,
                  size_t n)
{
  if (x->too_large) {
    snprintf(reason, n, "more than %lld bytes", (long long)x->max_bytes);
    return false;
  }
  if (http >= 400) {
    snprintf(reason, n, "HTTP %ld", http);
    return http >= 500 || http == 429 || http == 408;
  }
  switch (code) {
  case CURLE_TOO_MANY_REDIRECTS: snprintf(reason, n, "more than %d redirects", s->o->redirects); return false;
  case CURLE_PARTIAL_FILE: snprintf(reason, n, "less came than the server said"); return true;
  case CURLE_OPERATION_TIMEDOUT: snprintf(reason, n, "no end within the time allowed"); return true;
  case CURLE_UNSUPPORTED_PROTOCOL: snprintf(reason, n, "leads to another protocol than http"); return false;
  case CURLE_URL_MALFORMAT:
  case CURLE_PEER_FAILED_VERIFICATION:
    snprintf(reason, n, "%s", s->lib->curl_easy_strerror(code));
    return false;
  default: snprintf(reason, n, "%s", s->lib->curl_easy_strerror(code)); return true;
  }
}

/* Whether the host took the connection at all. */
static bool was_answered(const struct fetch *s, const struct transfer *x, CURLcode code)
{
  curl_off_t connected = 0;
  s->lib->curl_easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connected);
  return code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_CONNECT &&
         (code != CURLE_OPERATION_TIMEDOUT || connected > 0);
}

static double backoff(const struct fetch *s, int64_t item)
{
  const struct vt_fetch_item *it = &s->l->item[item];
  double spread = .75 + .5 * (double)(vt_hash64(it->id, strlen(it->id)) % 1000) / 1000;
  return VT_MIN(s->o->backoff * exp2(s->tries[item] - 1) * spread, s->o->backoff_most);
}

/* What a failed try leads to. */
static int failed(struct fetch *s, struct transfer *x, CURLcode code, struct vt_fetch_result r,
                  struct vt_err *e)
{
  char reason[300];
  long http = 0;
  curl_off_t asked = 0;
  const int64_t item = x->item;
  s->lib->curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &http);
  s->lib->curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &asked);
  bool again = judge(s, x, code, http, reason, sizeof reason);
  int unanswered = vt__hosts_answered(s->hosts, item, was_answered(s, x, code));
  int rc = 0;
  r.reason = reason;
  r.status = again ? VT_FETCH_FAILED : VT_FETCH_DEAD;
  if (again && s->tries[item] <= s->o->retries && unanswered < UNANSWERED) {
    double wait = backoff(s, item), now = vt_now();
    if ((double)asked > s->o->backoff_most) {
      snprintf(reason, sizeof reason, "HTTP %ld, asks to wait %lld s", http, (long long)asked);
      return settle(s, item, r, e);
    }
    if (asked > 0) rc = vt__hosts_rest(s->hosts, item, now + (double)asked, e);
    return rc ? rc : vt__hosts_again(s->hosts, item, now + VT_MAX(wait, (double)asked), e);
  }
  return settle(s, item, r, e);
}

/* A body that came to its end: looked at, renamed, noted. */
static int arrived(struct fetch *s, struct transfer *x, struct vt_fetch_result r, struct vt_err *e)
{
  char name[VT__FETCH_NAME_BYTES], file[VT__FETCH_NAME_BYTES + 8], reason[200];
  struct vt_err why = {0};
  vt__hosts_answered(s->hosts, x->item, true);
  int closed = fclose(x->f);
  x->f = NULL;
  if (closed) return vt_fail_errno(e, x->part);
  int rc = vt__fetch_check(x->part, s->o->header_only, &r, &why);
  if (rc == VT_ENOMEM || rc == VT_EIO) return vt_fail(e, rc, "%s", why.msg);
  if (rc) {
    snprintf(reason, sizeof reason, "no picture: %.180s", x->bytes ? why.msg : "empty");
    r.status = VT_FETCH_DEAD;
    r.reason = reason;
    return settle(s, x->item, r, e);
  }
  vt__fetch_name(s->l->item[x->item].id, name);
  snprintf(file, sizeof file, "%s.%s", name, strcmp(r.type, "jpeg") ? r.type : "jpg");
  char *path = vt_path_join(NULL, s->o->out, file);
  r.file = vt_arena_strdup(s->arena, file);
  r.status = VT_FETCH_OK;
  if (!path || !r.file)
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  else if (rename(x->part, path))
    rc = vt_fail_errno(e, path);
  vt_free(path);
  return rc ? rc : settle(s, x->item, r, e);
}

static int finished(struct fetch *s, struct transfer *x, CURLcode code, struct vt_err *e)
{
  char type[TYPE_BYTES] = "";
  char *said = NULL;
  s->lib->curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &said);
  if (said) snprintf(type, sizeof type, "%.*s", (int)strcspn(said, "; \t"), said);
  for (char *c = type; *c; c++)
    if ((unsigned char)*c < 32 || (unsigned char)*c > 126) *c = '?';
  const struct vt_fetch_result r = {.bytes = x->bytes, .type = type};
  const int64_t item = x->item;
  int rc;
  if (x->write_errno) {
    errno = x->write_errno;
    rc = vt_fail_errno(e, x->part);
  } else {
    rc = code == CURLE_OK ? arrived(s, x, r, e) : failed(s, x, code, r, e);
  }
  release(s, x);
  vt__hosts_done(s->hosts, item);
  return rc;
}

static int start_what_may(struct fetch *s, struct vt_err *e)
{
  int rc = 0;
  while (!rc && s->active < s->o->total) {
    int64_t item = vt__hosts_next(s->hosts, vt_now());
    if (item < 0) break;
    if (vt__hosts_unanswered(s->hosts, item) < UNANSWERED) {
      rc = start(s, item, e);
      continue;
    }
    const struct vt_fetch_result r = {.status = VT_FETCH_FAILED, .reason = "its host does not answer"};
    rc = settle(s, item, r, e);
    vt__hosts_done(s->hosts, item);
  }
  return rc;
}

static int loop(struct fetch *s, struct vt_err *e)
{
  int rc = 0;
  while (s->left && !rc) {
    int running, queued;
    if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
    if ((rc = start_what_may(s, e)) || !s->left) break;
    CURLMcode m = s->lib->curl_multi_perform(s->multi, &running);
    for (CURLMsg *msg; !m && !rc && (msg = s->lib->curl_multi_info_read(s->multi, &queued));) {
      char *x = NULL;
      if (msg->msg != CURLMSG_DONE) continue;
      s->lib->curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
      rc = finished(s, (struct transfer *)(void *)x, msg->data.result, e);
      running = -1; /* places are free: start before waiting */
    }
    double wait = VT_CLAMP(vt__hosts_due(s->hosts) - vt_now(), 0, .2);
    if (!m && !rc && running >= 0)
      m = s->lib->curl_multi_poll(s->multi, NULL, 0, (int)(wait * 1e3) + 1, NULL);
    if (m) rc = vt_fail(e, VT_EIO, "libcurl: %s", s->lib->curl_multi_strerror(m));
  }
  return rc;
}

/* What is to be fetched goes to its host's queue; what can never be is settled here. */
static int enqueue(struct fetch *s, struct vt_err *e)
{
  int rc = 0;
  const struct vt_fetch_result never = {.status = VT_FETCH_DEAD, .reason = "no http or https address"};
  s->left = s->l->n;
  for (int64_t i = 0; i < s->l->n && !rc; i++) {
    const char *url = s->l->item[i].url;
    enum vt_fetch_status was = s->result[i].status;
    s->t->had += was == VT_FETCH_OK;
    if (was == VT_FETCH_OK || (was == VT_FETCH_DEAD && !s->o->retry_dead))
      s->left--;
    else if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8))
      rc = settle(s, i, never, e);
    else
      rc = vt__hosts_add(s->hosts, i, url, e);
  }
  return rc;
}

static int check_opts(const struct vt_fetch_opts *o, struct vt_err *e)
{
  if (!o->out || !*o->out) return vt_fail(e, VT_EARG, "fetch: no folder");
  if (o->total < 1 || o->total > 1024 || o->per_host < 1 || o->retries < 0 || o->retries > 100 ||
      o->redirects < 0 || !(o->connect_timeout > 0) || !(o->timeout > 0) || !(o->backoff >= 0) ||
      !(o->backoff_most >= 0) || o->timeout > 1e5 || o->connect_timeout > 1e5 || o->max_bytes < 1)
    return vt_fail(e, VT_EARG, "fetch: a limit is out of range");
  return 0;
}

int vt_fetch_run(const struct vt_fetch_list *l, const struct vt_fetch_opts *o, struct vt_fetch_result *result,
                 struct vt_arena *arena, struct vt_fetch_totals *t, struct vt_err *e)
{
  struct fetch s = {.l = l, .o = o, .result = result, .arena = arena, .t = t};
  struct vt_err late = {0};
  *t = (struct vt_fetch_totals){.n = l->n};
  memset(result, 0, (size_t)l->n * sizeof *result);
  int rc = check_opts(o, e);
  if (!rc && !(s.lib = vt__curl_load(e))) rc = VT_EUNSUPPORTED;
  if (!rc) rc = vt_mkdirs(o->out, e);
  if (!rc) rc = vt__journal_open(&s.journal, l, o->out, result, arena, e);
  if (!rc) rc = vt__hosts_new(&s.hosts, l->n, o->per_host, e);
  s.tries = vt_calloc((size_t)l->n + 1, 1);
  s.transfer = vt_calloc((size_t)VT_MAX(o->total, 1), sizeof *s.transfer);
  s.multi = s.lib ? s.lib->curl_multi_init() : NULL;
  if (!rc && (!s.tries || !s.transfer || !s.multi)) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  vt_progress_start(&s.progress, "fetch", "pictures", l->n);
  rc = enqueue(&s, e);
  vt_progress_add(&s.progress, l->n - s.left - s.progress.done);
  if (!rc) rc = loop(&s, e);
  vt_progress_end(&s.progress);
out:
  for (int i = 0; s.lib && s.transfer && i < o->total; i++)
    if (s.transfer[i].easy) release(&s, &s.transfer[i]);
  for (int64_t i = 0; i < l->n; i++) {
    t->dead += result[i].status == VT_FETCH_DEAD;
    t->failed += result[i].status == VT_FETCH_FAILED || result[i].status == VT_FETCH_MISSING;
  }
  if (vt__journal_finish(&s.journal, l, result, rc ? &late : e) && !rc) rc = e ? e->code : VT_EIO;
  if (s.multi) s.lib->curl_multi_cleanup(s.multi);
  vt__hosts_free(s.hosts);
  vt_free(s.transfer);
  vt_free(s.tries);
  return rc;
}

/* Checkpoints: all of a run's state in one file.
 *
 * Layout, integers and floats little-endian as on the machine:
 *   8   magic "VTCKPT01"
 *   8   u64 length of the whole file
 *   ... sections, each: u32 tag, u32 0, u64 n, then n bytes padded with zeros to a multiple of 8
 *   8   u64 XXH3-64 of all bytes before it
 * Sections:XX 'VARI' for each variable, sorted by name: i64 length of name, i64 rank, i64 dims[8], name
 * padded to 8, f32 values. Variables are weights, batch-norm statistics, moments of the optimiser, moving
 * averages. Random numbers need no state: each is a function of (seed, epoch, position) or (seed, step).
 *
 * A new checkpoint is written beside the old, synced, the old one linked as checkpoint.prev, then replaced by
 * a rename: at any moment, whatever is killed, at least one whole checkpoint is there. */
#include "train/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char MAGIC[8] = "VTCKPT01";
#define TAG(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
enum {
  TAG_STATE = TAG('S', 'T', 'A', 'T'),
  TAG_TASK = TAG('T', 'A', 'S', 'K'),
  TAG_ORDER = TAG('O', 'R', 'D', 'R'),
  TAG_COLUMNS = TAG('C', 'O', 'L', 'S'),
  TAG_ROWS = TAG('R', 'O', 'W', 'S'),
  TAG_VARIABLE = TAG('V', 'A', 'R', 'I'),
};

struct state {
  int64_t epoch, step, total_steps, finished;
  double best;
  int64_t best_epoch, bad;
  double seconds, train_seconds, sum[1 + VT_MAX_METRICS];
  double schedule_factor;
  int64_t schedule_bad;
  int64_t nvars, tb_length;
  char tb_name[256];
};
struct section {
  uint32_t tag, zero;
  uint64_t n;
};
struct var_head {
  int64_t name_len, rank, dim[VT_MAX_RANK];
};

static size_t padded(size_t n)
{
  return (n + 7) & ~(size_t)7;
}

/* ---- writing ---- */

struct sink {
  FILE *f;
  XXH3_state_t *hash;
  uint64_t n;
  bool failed;
};

static void put(struct sink *s, const void *data, size_t len)
{
  if (!len) return;
  XXH3_64bits_update(s->hash, data, len);
  s->failed |= fwrite(data, 1, len, s->f) != len;
  s->n += len;
}

static void put_padded(struct sink *s, const void *data, size_t len)
{
  put(s, data, len);
  put(s, "\0\0\0\0\0\0\0", padded(len) - len);
}

static void put_section(struct sink *s, uint32_t tag, const void *data, size_t len)
{
  put(s, &(struct section){tag, 0, len}, sizeof(struct section));
  put_padded(s, data, len);
}

static void put_rows(struct sink *s, const struct vt_results *t)
{
  size_t row = (size_t)t->ncols * sizeof(double);
  put_section(s, TAG_COLUMNS, t->name, (size_t)t->ncols * sizeof *t->name);
  put(s, &(struct section){TAG_ROWS, 0, row * (size_t)t->nrows}, sizeof(struct section));
  for (int i = 0; i < t->nrows; i++) put(s, t->v + (size_t)i * VT_MAX_COLUMNS, row);
}

static int put_variables(struct sink *s, struct vt_stepper *st, struct vt_err *e)
{
  for (int i = 0; i < st->nvars; i++) {
    struct vt_tensor t;
    int rc = vt_session_get(st->session, st->var[i], &t, e);
    if (rc) return rc;
    struct var_head h = {(int64_t)strlen(st->var[i]), t.rank, {0}};
    memcpy(h.dim, t.dim, (size_t)t.rank * sizeof *h.dim);
    size_t bytes = vt_tensor_bytes(&t);
    put(s, &(struct section){TAG_VARIABLE, 0, sizeof h + padded((size_t)h.name_len) + bytes},
        sizeof(struct section));
    put(s, &h, sizeof h);
    put_padded(s, st->var[i], (size_t)h.name_len);
    put_padded(s, t.data, bytes);
  }
  return 0;
}

static uint64_t file_length(const struct vt_progress_state *p, struct vt_stepper *st, struct vt_err *e)
{
  const struct vt_results *t = &p->results;
  size_t head = sizeof(struct section), n = sizeof MAGIC + 8 + 8;
  n += head + padded(sizeof(struct state));
  n += head + padded(p->task.len);
  if (p->norder) n += head + (size_t)p->norder * 8;
  n += head + padded((size_t)t->ncols * sizeof *t->name) + head + (size_t)t->ncols * 8 * (size_t)t->nrows;
  for (int i = 0; i < st->nvars; i++) {
    struct vt_tensor v;
    if (vt_session_get(st->session, st->var[i], &v, e)) return 0;
    n += head + sizeof(struct var_head) + padded(strlen(st->var[i])) + padded(vt_tensor_bytes(&v));
  }
  return n;
}

static int put_all(struct sink *s, const struct vt_progress_state *p, struct vt_stepper *st, struct vt_err *e)
{
  struct state h = {.epoch = p->epoch,
                    .step = p->step,
                    .total_steps = p->total_steps,
                    .finished = p->finished,
                    .best = p->best,
                    .best_epoch = p->best_epoch,
                    .bad = p->bad,
                    .seconds = p->seconds,
                    .train_seconds = p->train_seconds,
                    .schedule_factor = p->schedule.factor,
                    .schedule_bad = p->schedule.bad,
                    .nvars = st->nvars,
                    .tb_length = p->tb_length};
  memcpy(h.sum, p->sum, sizeof h.sum);
  memcpy(h.tb_name, p->tb_name, sizeof h.tb_name);
  uint64_t length = file_length(p, st, e);
  if (!length) return e ? e->code : VT_ESTATE;
  put(s, MAGIC, sizeof MAGIC);
  put(s, &length, 8);
  put_section(s, TAG_STATE, &h, sizeof h);
  put_section(s, TAG_TASK, p->task.data, p->task.len);
  if (p->norder) put_section(s, TAG_ORDER, p->order, (size_t)p->norder * 8);
  put_rows(s, &p->results);
  int rc = put_variables(s, st, e);
  if (rc) return rc;
  uint64_t sum = XXH3_64bits_digest(s->hash);
  put(s, &sum, 8);
  return 0;
}

static void sync_dir(const char *dir)
{
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

int vt__checkpoint_write(const char *dir, const struct vt_progress_state *p, struct vt_stepper *st,
                         struct vt_err *e)
{
  int rc = 0;
  struct sink s = {0};
  struct vt_arena a;
  vt_arena_init(&a);
  char *path = vt_path_join(&a, dir, "checkpoint"), *tmp = vt_path_join(&a, dir, "checkpoint.new");
  char *prev = vt_path_join(&a, dir, "checkpoint.prev"), *link_tmp = vt_path_join(&a, dir, "checkpoint.link");
  s.hash = XXH3_createState();
  if (!path || !tmp || !prev || !link_tmp || !s.hash) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", dir);
    goto out;
  }
  XXH3_64bits_reset(s.hash);
  s.f = fopen(tmp, "wbe");
  if (!s.f) {
    rc = vt_fail_errno(e, tmp);
    goto out;
  }
  if ((rc = put_all(&s, p, st, e))) goto out;
  if (s.failed || fflush(s.f) || fsync(fileno(s.f))) {
    rc = vt_fail_errno(e, tmp);
    goto out;
  }
  unlink(link_tmp);
  if (!link(path, link_tmp) && rename(link_tmp, prev)) unlink(link_tmp);
  if (rename(tmp, path)) rc = vt_fail_errno(e, path);
  sync_dir(dir);
out:
  if (s.f) fclose(s.f);
  if (rc && tmp) unlink(tmp);
  if (s.hash) XXH3_freeState(s.hash);
  vt_arena_clear(&a);
  return rc;
}

/* ---- reading ---- */

struct source {
  const char *path;
  const uint8_t *p, *end;
};

static int damaged(const struct source *s, struct vt_err *e, const char *what)
{
  return vt_fail(e, VT_EFORMAT, "%s: damaged checkpoint: %s", s->path, what);
}

static int verify(struct source *s, const struct vt_map *m, struct vt_err *e)
{
  uint64_t length, sum;
  if (m->len < 24 || memcmp(m->data, MAGIC, 8)) return damaged(s, e, "it does not begin like a checkpoint");
  memcpy(&length, m->data + 8, 8);
  if (length != m->len) {
    char what[120];
    snprintf(what, sizeof what, "%zu bytes, %llu expected", m->len, (unsigned long long)length);
    return damaged(s, e, what);
  }
  memcpy(&sum, m->data + m->len - 8, 8);
  if (sum != XXH3_64bits(m->data, m->len - 8)) return damaged(s, e, "wrong checksum");
  s->p = m->data + 16;
  s->end = m->data + m->len - 8;
  return 0;
}

static int get_state(struct vt_progress_state *p, const void *data, uint64_t n, int64_t *nvars)
{
  struct state h;
  if (n != sizeof h) return -1;
  memcpy(&h, data, sizeof h);
  p->epoch = h.epoch, p->step = h.step, p->total_steps = h.total_steps, p->finished = h.finished;
  p->best = h.best, p->best_epoch = h.best_epoch, p->bad = h.bad;
  p->seconds = h.seconds, p->train_seconds = h.train_seconds;
  p->schedule = (struct vt_schedule_state){h.schedule_factor, h.schedule_bad};
  p->tb_length = h.tb_length;
  memcpy(p->sum, h.sum, sizeof p->sum);
  h.tb_name[sizeof h.tb_name - 1] = 0;
  memcpy(p->tb_name, h.tb_name, sizeof p->tb_name);
  *nvars = h.nvars;
  return h.epoch < 0 || h.step < 0 ? -1 : 0;
}

static int get_rows(struct vt_results *t, const void *data, uint64_t n, struct vt_err *e)
{
  if (!t->ncols) return n ? VT_EFORMAT : 0;
  size_t row = (size_t)t->ncols * sizeof(double);
  if (n % row || n / row > VT_MAX_EPOCHS) return VT_EFORMAT;
  for (uint64_t i = 0; i < n / row; i++) {
    int rc = vt__results_add_row(t, e);
    if (rc) return rc;
    memcpy(t->v + i * VT_MAX_COLUMNS, (const uint8_t *)data + i * row, row);
  }
  return 0;
}

static int get_variable(struct vt_stepper *st, const struct source *s, const uint8_t *data, uint64_t n,
                        struct vt_err *e)
{
  struct var_head h;
  if (n < sizeof h) return damaged(s, e, "a variable is cut off");
  memcpy(&h, data, sizeof h);
  int64_t count = h.rank >= 0 && h.rank <= VT_MAX_RANK ? vt_dims_count((int)h.rank, h.dim) : -1;
  if (h.name_len < 1 || h.name_len > 4096 || count < 0 ||
      n != sizeof h + padded((size_t)h.name_len) + (uint64_t)count * 4)
    return damaged(s, e, "a variable of impossible shape");
  char name[4097];
  memcpy(name, data + sizeof h, (size_t)h.name_len);
  name[h.name_len] = 0;
  struct vt_tensor t = vt_tensor_view(VT_F32, (int)h.rank, h.dim,
                                      (void *)(uintptr_t)(data + sizeof h + padded((size_t)h.name_len)));
  int rc = vt_session_set(st->session, name, &t, e);
  return rc ? vt_fail_in(e, VT_ESTATE, "%s: does not fit this recipe's network", s->path) : 0;
}

static int get_section(struct vt_progress_state *p, struct vt_stepper *st, const struct source *s,
                       const struct section *h, int64_t *nvars, int64_t *seen, struct vt_err *e)
{
  const uint8_t *data = s->p;
  int rc = 0;
  switch (h->tag) {
  case TAG_STATE: rc = get_state(p, data, h->n, nvars) ? damaged(s, e, "impossible state") : 0; break;
  case TAG_TASK:
    vt_buf_add(&p->task, data, h->n);
    if (p->task.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", s->path);
    break;
  case TAG_ORDER:
    vt_free(p->order);
    p->norder = (int64_t)(h->n / 8);
    p->order = vt_malloc(h->n + 8);
    if (!p->order) return vt_fail(e, VT_ENOMEM, "%s: out of memory", s->path);
    memcpy(p->order, data, h->n);
    break;
  case TAG_COLUMNS:
    p->results.ncols = (int)(h->n / sizeof *p->results.name);
    if (p->results.ncols > VT_MAX_COLUMNS) return damaged(s, e, "too many columns");
    memcpy(p->results.name, data, (size_t)p->results.ncols * sizeof *p->results.name);
    break;
  case TAG_ROWS:
    rc = get_rows(&p->results, data, h->n, e);
    if (rc == VT_EFORMAT) rc = damaged(s, e, "rows and columns disagree");
    break;
  case TAG_VARIABLE:
    ++*seen;
    if (st) rc = get_variable(st, s, data, h->n, e);
    break;
  default: rc = damaged(s, e, "unknown section");
  }
  return rc;
}

static int read_file(const char *path, struct vt_progress_state *p, struct vt_stepper *st, struct vt_err *e)
{
  struct vt_map m;
  struct source s = {.path = path};
  int64_t nvars = -1, seen = 0;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  if (!(rc = verify(&s, &m, e)) && !(rc = vt__results_init(&p->results, e))) {
    while (!rc && s.p < s.end) {
      struct section h;
      if ((size_t)(s.end - s.p) < sizeof h) {
        rc = damaged(&s, e, "a section is cut off");
        break;
      }
      memcpy(&h, s.p, sizeof h);
      s.p += sizeof h;
      if (h.n > (uint64_t)(s.end - s.p) || padded(h.n) > (size_t)(s.end - s.p)) {
        rc = damaged(&s, e, "a section is cut off");
        break;
      }
      rc = get_section(p, st, &s, &h, &nvars, &seen, e);
      s.p += padded(h.n);
    }
    if (!rc && nvars != seen) rc = damaged(&s, e, "a section is missing");
    if (!rc && st && nvars != st->nvars)
      rc = vt_fail(e, VT_ESTATE, "%s: holds %lld variables, this recipe's network has %d", path,
                   (long long)nvars, st->nvars);
  }
  vt_map_close(&m);
  if (rc) vt__progress_state_clear(p);
  return rc;
}

int vt__checkpoint_read(const char *dir, struct vt_progress_state *p, struct vt_stepper *st, struct vt_err *e)
{
  static const char *const names[] = {"checkpoint", "checkpoint.prev"};
  int rc = 0, found = 0;
  struct vt_err why = {0};
  for (size_t i = 0; i < VT_COUNT(names); i++) {
    char *path = vt_path_join(NULL, dir, names[i]);
    if (!path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", dir);
    if (vt_file_size(path) >= 0) {
      found++;
      rc = read_file(path, p, st, &why);
      if (rc == VT_EFORMAT && st) vt_log(VT_LOG_WARN, "%s", why.msg);
    }
    vt_free(path);
    if (found && rc != VT_EFORMAT) break;
  }
  if (!found) return 0;
  if (rc == VT_EFORMAT)
    return vt_fail(e, rc, "%s; no whole checkpoint is left in %s: remove it to begin anew", why.msg, dir);
  if (rc) return vt_fail(e, rc, "%s", why.msg);
  return 1;
}

void vt__progress_state_clear(struct vt_progress_state *p)
{
  vt_free(p->order);
  vt_buf_clear(&p->task);
  vt__results_clear(&p->results);
  *p = (struct vt_progress_state){.best = NAN, .schedule = {.factor = 1}};
}

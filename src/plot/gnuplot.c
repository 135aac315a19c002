/* Line charts through gnuplot.
 *
 * The script and its inline data go to an anonymous file that becomes gnuplot's standard input: no pipe can
 * fill up or break. gnuplot writes beside the target, which is replaced only when gnuplot succeeded. */
#include "plot/plot.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_SERIES = 64, MAX_POINTS = 1 << 22 };

/* gnuplot's single-quoted strings: a quote is doubled, nothing else is special; control characters become
 * blanks. */
static void put_quoted(struct vt_buf *b, const char *s)
{
  vt_buf_addc(b, '\'');
  for (; s && *s; s++) {
    if (*s == '\'') vt_buf_addc(b, '\'');
    vt_buf_addc(b, (unsigned char)*s < 32 ? ' ' : *s);
  }
  vt_buf_addc(b, '\'');
}

static void put_label(struct vt_buf *b, const char *what, const char *text)
{
  if (!text || !*text) return;
  vt_buf_addf(b, "set %s ", what);
  put_quoted(b, text);
  vt_buf_addc(b, '\n');
}

static void put_script(struct vt_buf *b, const char *path, bool png, const char *title, const char *xlabel,
                       const char *ylabel, int nseries, const struct vt_series *s)
{
  vt_buf_addf(b, "set terminal %s size 800,500 noenhanced\nset output ", png ? "png" : "svg");
  put_quoted(b, path);
  vt_buf_adds(b, "\nset grid\nset key outside right top\n");
  put_label(b, "title", title);
  put_label(b, "xlabel", xlabel);
  put_label(b, "ylabel", ylabel);
  vt_buf_adds(b, "plot ");
  for (int i = 0; i < nseries; i++) {
    vt_buf_adds(b, i ? ", '-' with linespoints pt 7 ps 0.3 lw 1.5 title "
                     : "'-' with linespoints pt 7 ps 0.3 lw 1.5 title ");
    put_quoted(b, s[i].name ? s[i].name : "");
  }
  vt_buf_addc(b, '\n');
  for (int i = 0; i < nseries; i++) {
    for (int k = 0; k < s[i].n; k++) {
      double x = s[i].x ? s[i].x[k] : k;
      if (isfinite(x) && isfinite(s[i].y[k]))
        vt_buf_addf(b, "%.9g %.9g\n", x, s[i].y[k]);
      else
        vt_buf_adds(b, "NaN NaN\n");
    }
    if (!s[i].n) vt_buf_adds(b, "NaN NaN\n");
    vt_buf_adds(b, "e\n");
  }
}

static int anonymous_file(const char *name, const struct vt_buf *content, struct vt_err *e)
{
  int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return vt_fail_errno(e, name);
  for (size_t at = 0; content && at < content->len;) {
    ssize_t n = write(fd, content->data + at, content->len - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int rc = vt_fail_errno(e, name);
      close(fd);
      return rc;
    }
    at += (size_t)n;
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

static int run_gnuplot(int in, int messages, struct vt_err *e)
{
  posix_spawn_file_actions_t fa;
  if (posix_spawn_file_actions_init(&fa)) return vt_fail(e, VT_ENOMEM, "gnuplot: out of memory");
  posix_spawn_file_actions_adddup2(&fa, in, 0);
  posix_spawn_file_actions_adddup2(&fa, messages, 1);
  posix_spawn_file_actions_adddup2(&fa, messages, 2);
  char *argv[] = {"gnuplot", NULL};
  pid_t pid;
  int rc = posix_spawnp(&pid, "gnuplot", &fa, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&fa);
  if (rc == ENOENT) return vt_fail(e, VT_ENOENT, "gnuplot is not installed (Debian: gnuplot-nox): no charts");
  if (rc) return vt_fail(e, VT_EIO, "gnuplot: %s", strerror(rc));
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return vt_fail_errno(e, "gnuplot");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return vt_fail(e, VT_ENOENT, "gnuplot cannot be started: no charts");
  if (!WIFEXITED(status) || WEXITSTATUS(status)) {
    char text[400] = "";
    ssize_t n = pread(messages, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return vt_fail(e, VT_EIO, "gnuplot failed: %s", text);
  }
  return 0;
}

int vt_plot_lines(const char *path, const char *title, const char *xlabel, const char *ylabel, int nseries,
                  const struct vt_series *s, struct vt_err *e)
{
  const char *ext = vt_path_ext(path);
  bool png = !strcasecmp(ext, "png");
  if (!png && strcasecmp(ext, "svg")) return vt_fail(e, VT_EARG, "%s: a chart ends in .svg or .png", path);
  if (nseries < 1 || nseries > MAX_SERIES)
    return vt_fail(e, VT_ELIMIT, "%s: %d curves, 1 to %d allowed", path, nseries, MAX_SERIES);
  int points = 0;
  for (int i = 0; i < nseries; i++) {
    if (s[i].n < 0 || s[i].n > MAX_POINTS)
      return vt_fail(e, VT_ELIMIT, "%s: curve %s has %d points, at most %d allowed", path, s[i].name, s[i].n,
                     MAX_POINTS);
    for (int k = 0; k < s[i].n; k++) points += isfinite(s[i].y[k]) && (!s[i].x || isfinite(s[i].x[k]));
  }
  if (!points) return vt_fail(e, VT_EARG, "%s: no curve has a point", path);
  int rc, in = -1, messages = -1;
  struct vt_buf script, tmp;
  vt_buf_init(&script);
  vt_buf_init(&tmp);
  vt_buf_addf(&tmp, "%s.tmp-%d", path, (int)getpid());
  if (!tmp.failed) put_script(&script, tmp.data, png, title, xlabel, ylabel, nseries, s);
  if (tmp.failed || script.failed) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  if ((rc = in = anonymous_file("gnuplot script", &script, e)) < 0) goto out;
  if ((rc = messages = anonymous_file("gnuplot messages", NULL, e)) < 0) goto out;
  if ((rc = run_gnuplot(in, messages, e))) goto out;
  rc = rename(tmp.data, path) ? vt_fail_errno(e, path) : 0;
out:
  if (rc && tmp.data) unlink(tmp.data);
  if (in >= 0) close(in);
  if (messages >= 0) close(messages);
  vt_buf_clear(&script);
  vt_buf_clear(&tmp);
  return rc;
}

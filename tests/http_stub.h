/* A web server that misbehaves, for tests of what fetches: a thread that accepts, a thread for each
 * connection, one request each. What a path does stands in stub_answer; pictures are those that the test
 * sets. */
#ifndef TESTS_HTTP_STUB_H
#define TESTS_HTTP_STUB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/base.h"

struct stub {
  int fd, port;
  pthread_t thread;
  struct vt_buf jpeg, png;
  /* active: requests not yet being answered, for a client may come again once the answer's last byte is out
   */
  atomic_int requests, open, active, most_active, flaky, busy;
  atomic_bool stop;
};
struct stub_client {
  struct stub *s;
  int fd;
};

static bool stub_send(int fd, const void *data, size_t n)
{
  const char *p = data;
  for (size_t at = 0; at < n;) {
    ssize_t k = send(fd, p + at, n - at, MSG_NOSIGNAL);
    if (k <= 0) return false;
    at += (size_t)k;
  }
  return true;
}

/* claimed < 0: no length is said, the connection's end is the body's. */
static void stub_reply(int fd, const char *status, const char *more, int64_t claimed, const void *body,
                       size_t n)
{
  char head[512], length[64] = "";
  if (claimed >= 0) snprintf(length, sizeof length, "Content-Length: %lld\r\n", (long long)claimed);
  snprintf(head, sizeof head, "HTTP/1.1 %s\r\nConnection: close\r\n%s%s\r\n", status, length, more);
  if (stub_send(fd, head, strlen(head)) && n) stub_send(fd, body, n);
}

/* Until the other side has gone or the server stops; every 20 ms a byte where asked. */
static void stub_hang(struct stub *s, int fd, bool drip)
{
  while (!s->stop) {
    char c;
    usleep(20000);
    if (recv(fd, &c, 1, MSG_DONTWAIT) == 0 || (drip && !stub_send(fd, "x", 1))) return;
  }
}

static void stub_redirect(int fd, const char *to)
{
  char more[256];
  snprintf(more, sizeof more, "Location: %s\r\n", to);
  stub_reply(fd, "302 Found", more, 0, NULL, 0);
}

static void stub_answer(struct stub *s, int fd, const char *path)
{
  static const char html[] =
      "<!doctype html><title>Photo unavailable</title><p>This photo is no longer available.";
  const char *j = s->jpeg.data;
  const size_t n = s->jpeg.len;
  int hops;
  if (!strncmp(path, "/ok", 3)) {
    usleep(40000); /* so that others come meanwhile */
    stub_reply(fd, "200 OK", "Content-Type: image/jpeg\r\n", (int64_t)n, j, n);
  } else if (!strcmp(path, "/liar.jpg")) {
    stub_reply(fd, "200 OK", "Content-Type: text/html\r\n", (int64_t)s->png.len, s->png.data, s->png.len);
  } else if (!strcmp(path, "/unsized")) {
    stub_reply(fd, "200 OK", "", -1, j, n);
  } else if (!strcmp(path, "/long")) {
    stub_reply(fd, "200 OK", "", (int64_t)n + 1000, j, n);
  } else if (!strcmp(path, "/short")) {
    stub_reply(fd, "200 OK", "", (int64_t)n / 2, j, n);
  } else if (!strcmp(path, "/html")) {
    stub_reply(fd, "200 OK", "Content-Type: text/html; charset=utf-8\r\n", sizeof html - 1, html,
               sizeof html - 1);
  } else if (!strcmp(path, "/empty")) {
    stub_reply(fd, "200 OK", "", 0, NULL, 0);
  } else if (!strcmp(path, "/flaky") && s->flaky++ < 2) {
    stub_reply(fd, "500 Oops", "", 0, NULL, 0);
  } else if (!strcmp(path, "/busy") && s->busy++ < 1) {
    stub_reply(fd, "429 Too Many Requests", "Retry-After: 1\r\n", 0, NULL, 0);
  } else if (!strcmp(path, "/flaky") || !strcmp(path, "/busy")) {
    stub_reply(fd, "200 OK", "", (int64_t)n, j, n);
  } else if (!strcmp(path, "/later")) {
    stub_reply(fd, "503 Later", "Retry-After: 100000\r\n", 0, NULL, 0);
  } else if (!strcmp(path, "/always500")) {
    stub_reply(fd, "500 Oops", "", 0, NULL, 0);
  } else if (!strcmp(path, "/slow")) {
    stub_hang(s, fd, false);
  } else if (!strcmp(path, "/drip")) {
    stub_reply(fd, "200 OK", "", 1000000, "\xff\xd8", 2);
    stub_hang(s, fd, true);
  } else if (!strcmp(path, "/endless")) {
    char block[8192] = {(char)0xff, (char)0xd8};
    stub_reply(fd, "200 OK", "", -1, NULL, 0);
    while (!s->stop && stub_send(fd, block, sizeof block)) continue;
  } else if (!strcmp(path, "/circle")) {
    stub_redirect(fd, "/circle/again");
  } else if (!strcmp(path, "/circle/again")) {
    stub_redirect(fd, "/circle");
  } else if (sscanf(path, "/hop/%d", &hops) == 1) {
    char to[32];
    snprintf(to, sizeof to, hops > 1 ? "/hop/%d" : "/ok.jpg", hops - 1);
    stub_redirect(fd, to);
  } else if (!strcmp(path, "/to-file")) {
    stub_redirect(fd, "file:///etc/passwd");
  } else if (strcmp(path, "/reset")) {
    stub_reply(fd, "404 Not Found", "", 0, NULL, 0);
  }
}

static void *stub_serve(void *ctx)
{
  struct stub_client c = *(struct stub_client *)ctx;
  char request[4096] = "", path[1024] = "";
  size_t n = 0;
  free(ctx);
  while (n + 1 < sizeof request && !strstr(request, "\r\n\r\n")) {
    ssize_t k = recv(c.fd, request + n, sizeof request - 1 - n, 0);
    if (k <= 0) break;
    n += (size_t)k;
    request[n] = 0;
  }
  if (sscanf(request, "GET %1023s", path) == 1) {
    c.s->requests++;
    usleep(5000); /* requests sent together overlap */
    c.s->active--;
    stub_answer(c.s, c.fd, path);
  } else {
    c.s->active--;
  }
  shutdown(c.fd, SHUT_WR);
  close(c.fd);
  c.s->open--;
  return NULL;
}

static void *stub_accept(void *ctx)
{
  struct stub *s = ctx;
  for (;;) {
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0) return NULL;
    struct stub_client *c = malloc(sizeof *c);
    *c = (struct stub_client){s, fd};
    s->open++;
    int active = ++s->active;
    if (active > s->most_active) s->most_active = active;
    pthread_t t;
    if (pthread_create(&t, NULL, stub_serve, c)) abort();
    pthread_detach(t);
  }
}

static void stub_start(struct stub *s)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  s->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(s->fd, (struct sockaddr *)&a, sizeof a) || listen(s->fd, 64) ||
      getsockname(s->fd, (struct sockaddr *)&a, &len))
    abort();
  s->port = ntohs(a.sin_port);
  if (pthread_create(&s->thread, NULL, stub_accept, s)) abort();
}

static void stub_stop(struct stub *s)
{
  s->stop = true;
  shutdown(s->fd, SHUT_RDWR);
  pthread_join(s->thread, NULL);
  close(s->fd);
  while (s->open) usleep(1000);
  vt_buf_clear(&s->jpeg);
  vt_buf_clear(&s->png);
}

#endif

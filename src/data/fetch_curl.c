/* libcurl by name: types come from its header, each function is looked up in the library once. */
#include "data/fetch_internal.h"

#include <dlfcn.h>
#include <pthread.h>

static struct vt__curl lib;
static char load_error[256]; /* empty: loaded */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
  void *so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  const char *missing = NULL;
#define X(name)                                                                                              \
  if (so && !(lib.name = (__typeof__(lib.name))dlsym(so, #name))) missing = #name;
  VT_CURL_FUNCTIONS(X)
#undef X
  if (!so) {
    const char *why = dlerror();
    snprintf(load_error, sizeof load_error, "%.200s", why ? why : "libcurl.so.4 not found");
  } else if (missing) {
    snprintf(load_error, sizeof load_error, "libcurl.so.4 lacks %s", missing);
  } else if (lib.curl_global_init(CURL_GLOBAL_DEFAULT)) {
    snprintf(load_error, sizeof load_error, "libcurl cannot be started");
  }
}

const struct vt__curl *vt__curl_load(struct vt_err *e)
{
  pthread_once(&once, load);
  if (!load_error[0]) return &lib;
  vt_fail(e, VT_EUNSUPPORTED, "fetching needs the library libcurl (Debian package libcurl4): %s", load_error);
  return NULL;
}

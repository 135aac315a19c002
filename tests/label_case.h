/* What tests of labels share: a folder for files, reading by a format's name, equal masks. */
#ifndef VT_TESTS_LABEL_CASE_H
#define VT_TESTS_LABEL_CASE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"

static char folder[64];

static int make_folder(void **state)
{
  snprintf(folder, sizeof folder, "/tmp/vitrine-labels-XXXXXX");
  return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static const char *file_of(const char *name, const char *text)
{
  static char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
  return path;
}

static inline const char *data_file(const char *sub)
{
  static char path[1024];
  const char *dir = vt_data_dir();
  if (dir) snprintf(path, sizeof path, "%s/%s", dir, sub);
  if (dir && vt_is_file(path)) return path;
  if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("%s is required but missing", sub);
  print_message("skipped: VITRINE_DATA is not set or lacks %s\n", sub);
  return NULL;
}

static int read_labels(struct vt_labels *l, const char *format, const char *path,
                       const struct vt_labels_opts *o, struct vt_err *e)
{
  assert_int_equal(vt_labels_init(l, e), 0);
  return vt_format_find(format, e)->read(l, path, o, e);
}

static inline void same_masks(const struct vt_labels *a, int64_t i, const struct vt_labels *b, int64_t k)
{
  struct vt_mask x, y;
  assert_int_equal(vt_instance_mask(a, &a->v[i], &x, NULL), 0);
  assert_int_equal(vt_instance_mask(b, &b->v[k], &y, NULL), 0);
  assert_int_equal(vt_mask_both(&x, &y), vt_mask_area(&x));
  assert_int_equal(vt_mask_area(&x), vt_mask_area(&y));
  vt_mask_clear(&x);
  vt_mask_clear(&y);
}

/* How often something whose name has this word was lost. */
static inline int64_t lost_of(const struct vt_losses *l, const char *word)
{
  for (int k = 0; k < l->n; k++)
    if (strstr(l->v[k].what, word)) return l->v[k].count;
  return 0;
}

/* A text below the folder, its own folders made. */
static inline void put(const char *name, const char *text)
{
  char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  char *slash = strrchr(path, '/');
  *slash = 0;
  assert_int_equal(vt_mkdirs(path, NULL), 0);
  file_of(name, text);
}

static inline const char *in_folder(const char *name)
{
  static char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* A picture of 20 x 10 pixels. */
static inline void put_picture(const char *name)
{
  struct vt_image im;
  put(name, "");
  assert_int_equal(vt_image_init(&im, 20, 10, 3, NULL), 0);
  assert_int_equal(vt_image_write(&im, in_folder(name), 0, NULL), 0);
  vt_image_clear(&im);
}

#endif

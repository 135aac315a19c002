/* Files in a folder of a test's own. The test defines `dir`, the folder, and `e` before it includes this. */
#ifndef VT_TESTS_TEMP_FILES_H
#define VT_TESTS_TEMP_FILES_H

/* dir/NAME; good for the next seven calls. */
static const char *at(const char *name)
{
  static char path[8][300];
  static int turn;
  turn = (turn + 1) % 8;
  snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
  return path[turn];
}

static void put(const char *name, const char *text)
{
  if (vt_file_write_atomic(at(name), text, strlen(text), &e)) fail_msg("%s", e.msg);
}

#endif

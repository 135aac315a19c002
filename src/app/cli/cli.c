/* The command line's frame: finds the verb, parses its options, prints help and errors, sets the exit code.
 */
#include "app/cli/help.h"
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERB(name) extern const struct vt_verb vt_verb_##name;
#include "app/cli/verbs.list"
#undef VERB

const struct vt_verb *const vt_verbs[] = {
#define VERB(name) &vt_verb_##name,
#include "app/cli/verbs.list"
#undef VERB
    NULL};
const int vt_nverbs = (int)VT_COUNT(vt_verbs) - 1;

static int print(struct vt_buf *b, FILE *f)
{
  if (b->data) fputs(b->data, f);
  vt_buf_clear(b);
  return fflush(f) ? VT_EXIT_FAILED : VT_EXIT_DONE;
}

/* The verb named by the first one or two words; *words says how many. */
static const struct vt_verb *find_verb(int argc, char **argv, int *words)
{
  const struct vt_verb *one = NULL;
  for (int i = 0; i < vt_nverbs; i++) {
    const char *name = vt_verbs[i]->name, *space = strchr(name, ' ');
    if (!space && !strcmp(name, argv[1])) one = vt_verbs[i];
    if (!space || argc < 3) continue;
    size_t n = (size_t)(space - name);
    if (strlen(argv[1]) == n && !strncmp(name, argv[1], n) && !strcmp(space + 1, argv[2])) {
      *words = 2;
      return vt_verbs[i];
    }
  }
  *words = 1;
  return one;
}

static bool wants_help(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--")) return false;
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
  }
  return false;
}

/* Takes the options that every verb has out of argv. */
static int global_options(int *argc, char **argv, struct vt_err *e)
{
  int kept = 0;
  for (int i = 0; i < *argc; i++) {
    int64_t n;
    if (!strcmp(argv[i], "--")) {
      while (i < *argc) argv[kept++] = argv[i++];
      break;
    }
    if (!strcmp(argv[i], "--quiet")) {
      vt_log_set(VT_LOG_ERROR);
    } else if (!strcmp(argv[i], "--threads") || !strncmp(argv[i], "--threads=", 10)) {
      const char *value = argv[i][9] ? argv[i] + 10 : ++i < *argc ? argv[i] : "";
      if (!vt_parse_i64(value, &n) || n < 1 || n > 1024)
        return vt_fail(e, VT_EUSAGE, "--threads: '%s': expected a number from 1 to 1024", value);
      vt_threads_set((int)n);
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
  return 0;
}

static int unknown_verb(int argc, char **argv)
{
  bool prefix = false;
  for (int i = 0; i < vt_nverbs; i++) {
    size_t n = strlen(argv[1]);
    if (strncmp(vt_verbs[i]->name, argv[1], n) || vt_verbs[i]->name[n] != ' ') continue;
    if (!prefix) fprintf(stderr, "usage: vitrine %s VERB, one of:\n", argv[1]);
    fprintf(stderr, "  %-18s %s\n", vt_verbs[i]->name, vt_verbs[i]->summary);
    prefix = true;
  }
  if (!prefix) fprintf(stderr, "vitrine: unknown verb '%s'; 'vitrine --help' lists them\n", argv[1]);
  return prefix && argc > 2 && !strcmp(argv[2], "--help") ? VT_EXIT_DONE : VT_EXIT_USAGE;
}

static int run_verb(const struct vt_verb *v, int argc, char **argv)
{
  struct vt_err err = {0};
  struct vt_cli cli = {.out = stdout};
  struct vt_strings rest = {0};
  void *opts = NULL;
  vt_arena_init(&cli.arena);
  int rc = global_options(&argc, argv, &err);
  if (!rc) {
    opts = vt_arena_alloc(&cli.arena, VT_MAX(v->opts_size, (size_t)1));
    rc = opts ? vt_opt_defaults(v->opt, v->nopt, opts, &cli.arena, &err)
              : vt_fail(&err, VT_ENOMEM, "out of memory");
  }
  if (!rc) rc = vt_opt_parse(v->opt, v->nopt, opts, &cli.arena, argc, argv, &rest, &err);
  cli.verb = v;
  cli.argc = argc;
  cli.argv = argv;
  if (!rc) vt_threads_wait_passively();
  if (!rc) rc = v->run(&cli, opts, &rest, &err);
  if (rc >= 0 && (fflush(stdout) || ferror(stdout)))
    rc = vt_fail(&err, VT_EIO, "cannot write to standard output");
  if (rc < 0) fprintf(stderr, "vitrine: %s\n", err.msg[0] ? err.msg : vt_err_word(rc));
  if (rc == VT_EUSAGE)
    fprintf(stderr, "usage: vitrine %s [options] %s (--help tells more)\n", v->name, v->args ? v->args : "");
  vt_arena_clear(&cli.arena);
  return rc == VT_EUSAGE ? VT_EXIT_USAGE : rc < 0 ? VT_EXIT_FAILED : rc;
}

int vt_cli_main(int argc, char **argv);
int vt_cli_main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  vt_isa_init();
  struct vt_buf text;
  vt_buf_init(&text);
  if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
    vt_help_overview(&text);
    int code = print(&text, argc < 2 ? stderr : stdout);
    return argc < 2 ? VT_EXIT_USAGE : code;
  }
  if (!strcmp(argv[1], "--version")) {
    printf("vitrine %s\n", VT_VERSION);
    return VT_EXIT_DONE;
  }
  int words;
  const struct vt_verb *v = find_verb(argc, argv, &words);
  if (!v) return unknown_verb(argc, argv);
  if (wants_help(argc - words, argv + words)) {
    vt_help_verb(v, &text);
    return print(&text, stdout);
  }
  vt_interrupt_install();
  argv[words] = argv[0];
  return run_verb(v, argc - words, argv + words);
}

static bool same_folder(const char *a, const char *b)
{
  struct stat x, y;
  return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int vt_model_places(struct vt_cli *cli, const char *models_option, const char **places)
{
  char self[4096] = "";
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n > 0) self[n] = 0;
  const char *here = vt_path_dir(&cli->arena, self), *env = getenv("VITRINE_MODELS");
  int np = 0;
  if (models_option) {
    places[np++] = models_option;
    return np;
  }
  if (env && *env) places[np++] = env;
  if (!here) return np;
  static const char *const beside[] = {"models", "../models", "../share/vitrine/models"};
  for (size_t i = 0; i < VT_COUNT(beside); i++)
    if ((places[np] = vt_path_join(&cli->arena, here, beside[i]))) np++;
  if (!np || !same_folder(places[np - 1], VT_MODELS_DIR)) places[np++] = VT_MODELS_DIR;
  return np;
}

const char *vt_find_model(struct vt_cli *cli, const char *models_option, const char *name, struct vt_err *e)
{
  const char *places[VT_MAX_MODEL_PLACES];
  int np = vt_model_places(cli, models_option, places);
  struct vt_buf tried;
  vt_buf_init(&tried);
  for (int i = 0; i < np; i++) {
    const char *p = vt_path_join(&cli->arena, places[i], name);
    if (p && vt_is_file(p)) {
      vt_buf_clear(&tried);
      return p;
    }
    vt_buf_addf(&tried, "%s%s", i ? ", " : "", places[i]);
  }
  vt_fail(e, VT_ENOENT, "model %s not found in %s; give its folder with --models or VITRINE_MODELS", name,
          tried.data ? tried.data : "no place");
  vt_buf_clear(&tried);
  return NULL;
}

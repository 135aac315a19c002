/* The manual page, written from the verbs' descriptors: what the program does not know is not in it. Macros
 * are those of man(7) that groff and mandoc share. */
#include "app/cli/help.h"

#include <string.h>

/* One UTF-8 character to its code point; *s moves behind it. The texts are our own and well-formed. */
static unsigned code_point(const char **s)
{
  const unsigned char *p = (const unsigned char *)*s;
  int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
  unsigned c = p[0] & (0x3fu >> more);
  (*s)++;
  for (; more > 0 && (**s & 0xc0) == 0x80; more--, (*s)++) c = c << 6 | ((unsigned)**s & 0x3f);
  return c;
}

/* Text for roff: backslashes, hyphens and quotes are literal, others than ASCII by number; a line's first dot
 * is none of its commands. An empty line becomes a paragraph. */
static void text(struct vt_buf *b, const char *s)
{
  bool start = true;
  while (*s) {
    if ((unsigned char)*s >= 0x80) {
      vt_buf_addf(b, "\\[u%04X]", code_point(&s));
      start = false;
      continue;
    }
    if (start && (*s == '.' || *s == '\'')) vt_buf_adds(b, "\\&");
    start = *s == '\n';
    switch (*s) {
    case '\\': vt_buf_adds(b, "\\e"); break;
    case '-': vt_buf_adds(b, "\\-"); break;
    case '\'': vt_buf_adds(b, "\\(aq"); break;
    case '`': vt_buf_adds(b, "\\(ga"); break;
    case '\n': vt_buf_adds(b, s[1] == '\n' ? "\n.PP" : "\n"); break;
    default: vt_buf_addc(b, *s);
    }
    s++;
  }
}

static void option(struct vt_buf *b, const struct vt_opt *o)
{
  const char *arg = vt_opt_arg(o);
  vt_buf_adds(b, ".TP\n");
  if (o->letter) vt_buf_addf(b, "\\fB\\-%c\\fR, ", o->letter);
  vt_buf_adds(b, "\\fB\\-\\-");
  text(b, o->name);
  vt_buf_adds(b, "\\fR");
  if (arg) {
    vt_buf_adds(b, " \\fI");
    text(b, arg);
    vt_buf_adds(b, "\\fR");
  }
  vt_buf_addc(b, '\n');
  text(b, o->help);
  vt_buf_adds(b, ".\n");
  if (o->type == VT_OPT_LIST) vt_buf_adds(b, "May be given several times.\n");
  if (o->lo != 0 || o->hi != 0) vt_buf_addf(b, "From %.15g to %.15g.\n", o->lo, o->hi);
  if (o->type == VT_OPT_ENUM && arg != o->choices) {
    vt_buf_adds(b, "One of ");
    for (const char *s = o->choices; *s; s++) vt_buf_adds(b, *s == '|' ? ", " : (char[]){*s, 0});
    vt_buf_adds(b, ".\n");
  }
  if (o->value && o->type != VT_OPT_FLAG) {
    vt_buf_adds(b, "Default: ");
    text(b, o->value);
    vt_buf_adds(b, ".\n");
  }
}

static void verb(struct vt_buf *b, const struct vt_verb *v)
{
  vt_buf_adds(b, ".SS ");
  text(b, v->name);
  vt_buf_adds(b, "\n\\fBvitrine ");
  text(b, v->name);
  vt_buf_adds(b, "\\fR [\\fIoptions\\fR]");
  if (v->args && *v->args) {
    vt_buf_adds(b, " \\fI");
    text(b, v->args);
    vt_buf_adds(b, "\\fR");
  }
  vt_buf_adds(b, "\n.PP\n");
  vt_buf_addc(b, (char)(v->summary[0] >= 'a' && v->summary[0] <= 'z' ? v->summary[0] - 32 : v->summary[0]));
  text(b, v->summary + 1);
  vt_buf_adds(b, ".\n");
  if (v->help) {
    text(b, v->help);
    vt_buf_addc(b, '\n');
  }
  for (int i = 0; i < v->nopt; i++) option(b, &v->opt[i]);
}

static const struct {
  const char *name, *what;
} environment[] = {
    {"VITRINE_MODELS", "folder of the models, sought after \\-\\-models and before the places below."},
    {"VITRINE_DATA", "folder of the data sets that training, measuring and tests read."},
    {"VITRINE_THREADS", "threads to compute with, where \\-\\-threads is not given."},
    {"VITRINE_MAX_PIXELS", "pictures of more pixels than this are refused."},
    {"VITRINE_MAX_ISA", "caps the processor\\(aqs instructions that are used: base, avx2, avx512 and so on."},
};

static const char tail[] =
    ".SH EXIT STATUS\n"
    "0 done; 1 failed; 2 wrong usage; 3 done in part, with the list of what failed and why.\n"
    ".SH FILES\n"
    "Models are sought in \\-\\-models, VITRINE_MODELS, \\fImodels\\fR beside the program and one folder "
    "up,\n"
    "then \\fIshare/vitrine/models\\fR of the prefix that the program is installed in.\n"
    ".SH EXAMPLES\n"
    ".nf\n"
    "vitrine index \\-c shop.db \\-\\-csv styles.csv \\-\\-image \\(aqimages/{id}.jpg\\(aq\n"
    "vitrine search \\-c shop.db street.jpg \\-\\-sheet result.png\n"
    "vitrine search \\-c shop.db shoe.jpg \\-\\-whole \\-\\-json \\-k 5\n"
    ".fi\n";

void vt_help_manual(struct vt_buf *b)
{
  vt_buf_addf(b, ".TH VITRINE 1 \"\" \"vitrine %s\" \"User Commands\"\n", VT_VERSION);
  vt_buf_adds(b, ".SH NAME\nvitrine \\- visual search for fashion\n"
                 ".SH SYNOPSIS\n\\fBvitrine\\fR \\fIVERB\\fR [\\fIoptions\\fR] [\\fIarguments\\fR]\n"
                 ".SH DESCRIPTION\n"
                 "Finds the garments in a photo, cuts them out, and shows the most similar products of a\n"
                 "catalogue. It also collects the catalogue, and trains and measures the models.\n"
                 "A lone \\- stands for standard input or output.\n"
                 ".SH OPTIONS OF ALL VERBS\n");
  for (int i = 0; i < vt_ncommon_opts; i++) option(b, &vt_common_opts[i]);
  vt_buf_adds(b, ".SH VERBS\n");
  for (int i = 0; i < vt_nverbs; i++) verb(b, vt_verbs[i]);
  vt_buf_adds(b, ".SH ENVIRONMENT\n");
  for (size_t i = 0; i < VT_COUNT(environment); i++)
    vt_buf_addf(b, ".TP\n.B %s\n%s\n", environment[i].name, environment[i].what);
  vt_buf_adds(b, tail);
}

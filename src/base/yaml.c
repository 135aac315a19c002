/* Texts of one YAML document. */
#include "base/base.h"

#include <yaml.h>

static int malformed(const yaml_parser_t *p, const char *name, struct vt_err *e)
{
  if (p->error == YAML_MEMORY_ERROR) return vt_fail(e, VT_ENOMEM, "%s: out of memory", name);
  return vt_fail(e, VT_EFORMAT, "%s:%zu: not YAML: %s%s%s", name,
                 VT_MAX(p->problem_mark.line, p->context_mark.line) + 1, p->context ? p->context : "",
                 p->context ? ": " : "", p->problem ? p->problem : "malformed");
}

/* Nothing follows but comments. */
static int ends(yaml_parser_t *p, const char *name, struct vt_err *e)
{
  yaml_document_t second;
  if (!yaml_parser_load(p, &second)) return malformed(p, name, e);
  const yaml_node_t *root = yaml_document_get_root_node(&second);
  const int rc =
      root ? vt_fail(e, VT_EFORMAT, "%s:%zu: a second document begins here", name, root->start_mark.line + 1)
           : 0;
  yaml_document_delete(&second);
  return rc;
}

int vt_yaml_parse(yaml_document_t *d, const char *name, const char *text, size_t len, struct vt_err *e)
{
  yaml_parser_t p;
  if (!yaml_parser_initialize(&p)) return vt_fail(e, VT_ENOMEM, "%s: out of memory", name);
  yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
  int rc = yaml_parser_load(&p, d) ? 0 : malformed(&p, name, e);
  if (!rc && yaml_document_get_root_node(d) && (rc = ends(&p, name, e))) yaml_document_delete(d);
  yaml_parser_delete(&p);
  return rc;
}

int vt_yaml_read(yaml_document_t *d, const char *path, size_t limit, struct vt_err *e)
{
  char *text;
  size_t len;
  int rc = vt_file_read(path, limit, &text, &len, e);
  if (rc) return rc;
  rc = vt_yaml_parse(d, path, text, len, e);
  vt_free(text);
  return rc;
}

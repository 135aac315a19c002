/* Texts of one YAML document (libyaml): recipes, policies, what describes a data set. */
#ifndef VT_YAML_H
#define VT_YAML_H

#include "base/err.h"

struct yaml_document_s; /* yaml_document_t of <yaml.h> */

/* All of text[0..len), UTF-8 or UTF-16. An empty text gives a document without root. A second document is an
 * error, as is what is no YAML; messages have `name` and the line. The document holds what it needs of the
 * text; after success it is the caller's, to yaml_document_delete. */
int vt_yaml_parse(struct yaml_document_s *d, const char *name, const char *text, size_t len,
                  struct vt_err *e);
/* The same from a file of at most `limit` bytes. */
int vt_yaml_read(struct yaml_document_s *d, const char *path, size_t limit, struct vt_err *e);

#endif

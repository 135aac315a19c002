/* What the files of the YOLO format share: yolo.c writes; yolo_read.c finds texts and pictures, yolo_about.c
 * and yolo_yaml.c read what describes a set, yolo_text.c the text of a picture. Confined. */
#ifndef VT_DATA_FORMATS_YOLO_H
#define VT_DATA_FORMATS_YOLO_H

#include "data/formats/folder.h"

/* What data.yaml or obj.data says besides the names of classes. Zeroed it says nothing. */
struct vt__yolo_about {
  struct vt_arena arena; /* its owner clears it */
  int nlists;
  struct vt__yolo_list {
    const char *path; /* a text with a picture a line, below the set's folder */
    uint8_t split;
  } list[12];
  int points, numbers; /* key points of each object; 3 numbers each (x, y, visibility) or 2 */
  bool named;          /* it names the classes */
};
struct vt__yolo_reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *names; /* the file that names the classes; NULL: their numbers are their names */
  struct vt__yolo_about about;
  double *v; /* numbers of a line */
  int n, cap;
};
/* What there is of data.yaml, obj.data and files of names: fills set->about and set->names; the classes go
 * into the set. */
int vt__yolo_describe(struct vt__yolo_reader *set, const char *root, struct vt_err *e);
/* VT_ELIMIT: there are too many. The path is copied. */
int vt__yolo_add_list(struct vt__yolo_about *a, const char *path, uint8_t split, struct vt_err *e);
/* Of data.yaml alone. */
int vt__yolo_read_yaml(struct vt__yolo_reader *set, const char *path, struct vt_err *e);

/* Where other tools look for the text of picture NAME.jpg, which lies in images/ unless a folder of its path
 * is called so: the last folder "images" becomes "labels". */
void vt__yolo_text_path(struct vt_buf *b, const char *name);

/* The objects of a picture. Lenient: lines that are wrong are left out. */
int vt__yolo_read_text(struct vt__yolo_reader *r, int32_t image, const char *path, struct vt_err *e);

/* Every object as a box with so many key points; 0: as a box or one closed line. */
int vt__yolo_write(const struct vt_labels *l, const char *root, int points, struct vt_losses *losses,
                   struct vt_err *e);
int vt__yolo_read(struct vt_labels *l, const char *root, const struct vt_labels_opts *o, struct vt_err *e);

#endif

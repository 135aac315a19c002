/* Torn files and bytes of no UTF-8, at every place of every reader's files. */
#include "format_sets.h"

#define HALF                                                                                                 \
  "{\"images\":[{\"id\":7,\"file_name\":\"a.jpg\",\"width\":6,\"height\":4}],\"categories\":[{\"id\":3}],"   \
  "\"attributes\":[{\"id\":1}],\n"                                                                           \
  "\"annotations\":[{\"id\":1,\"image_id\":7,\"category_id\":3,\"bbox\":[1,1,2,3]},\n"

static void put_single(void)
{
  put("one.csv", "ImageId,EncodedPixels,Height,Width,ClassId\na.jpg,1 2 9 1,4,6,3_1\nb.jpg,2 2,4,6,3\n");
  put("one.json", HALF "{\"id\":2,\"image_id\":7,\"category_id\":3,\"segmentation\":[[1,1,5,1,5,3]]}]}");
  put("boxes.csv", "path,label,split,category,x_1,y_1,x_2,y_2\na.jpg,p,train,tops,1,2,5,9\n");
  put("voc/Annotations/a.xml",
      "<annotation><filename>a.jpg</filename><size><width>9</width><height>8</height><depth>3</depth></size>"
      "<object><name>hat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>5</xmax><ymax>6</ymax></bndbox>"
      "</object></annotation>");
}

/* In place: thousands of times. */
static void rewrite(const char *name, const char *text, size_t n)
{
  FILE *f = fopen(path_of(name), "w");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, n, f), n);
  fclose(f);
}

/* Every reader, its files cut at every place and with a byte that is no UTF-8 at every place: strict names
 * the file or takes what is whole, lenient takes no more than there was and says what it leaves out or
 * repairs.
 */
static void test_cut_and_broken(void **state)
{
  static const struct {
    const char *format, *root, *file;
    void (*make)(void);
  } sets[] = {
      {"imaterialist", "one.csv", "one.csv", put_single},
      {"coco", "one.json", "one.json", put_single},
      {"fashionpedia", "one.json", "one.json", put_single},
      {"csv-boxes", "boxes.csv", "boxes.csv", put_single},
      {"voc", "voc", "voc/Annotations/a.xml", put_single},
      {"yolo", "y", "y/labels/a.txt", put_yolo},
      {"yolo", "y", "y/images.csv", put_yolo},
      {"yolo", "y", "y/classes.txt", put_yolo},
      {"ccp-maps", "ccp", "ccp/split.csv", put_ccp},
      {"label-maps", "maps", "maps/images.csv", put_label_maps},
      {"label-maps", "maps", "maps/instances.csv", put_label_maps},
      {"pairs", "pairs", "pairs/all.csv", put_pairs},
      {"street2shop", "s2s", "s2s/train_pairs_bags.json", put_street2shop},
      {"street2shop", "s2s", "s2s/photos.txt", put_street2shop},
      {"shop-the-look", "stl/fashion.json", "stl/fashion.json", put_shop_the_look},
      {"shop-the-look", "stl/fashion.json", "stl/fashion-cat.json", put_shop_the_look},
      {"deepfashion2", "df2", "df2/train/annos/000001.json", put_deepfashion2},
  };
  for (size_t i = 0; i < VT_COUNT(sets); i++) {
    struct vt_labels l;
    struct vt_err e = {0};
    char *text;
    size_t n;
    sets[i].make();
    if (read_labels(&l, sets[i].format, path_of(sets[i].root), false, &e)) fail_msg("%s", e.msg);
    const int64_t whole = l.n;
    vt_labels_clear(&l);
    assert_int_equal(vt_file_read(path_of(sets[i].file), 1 << 20, &text, &n, &e), 0);
    for (size_t at = 0; at < 4 * n; at++) {
      const bool broken = at & 2, lenient = at & 1;
      const char was = text[at / 4];
      if (broken) text[at / 4] = '\xff';
      rewrite(sets[i].file, text, broken ? n : at / 4);
      text[at / 4] = was;
      e = (struct vt_err){0};
      const int rc = read_labels(&l, sets[i].format, path_of(sets[i].root), lenient, &e);
      const bool named =
          strstr(e.msg, vt_path_base(sets[i].file)) != NULL || strstr(e.msg, vt_path_base(sets[i].root));
      const bool said = l.skipped || l.dropped.n; /* what was left out, or repaired */
      if ((rc && !named) || (!rc && l.skipped != l.problems.n) || (!rc && !broken && l.n > whole) ||
          (!rc && broken && !(lenient && said)))
        fail_msg("%s, byte %zu%s%s: %d, %lld of %lld, %lld and %lld left out, '%s'", sets[i].file, at / 4,
                 broken ? " broken" : "", lenient ? ", lenient" : "", rc, (long long)l.n, (long long)whole,
                 (long long)l.skipped, (long long)l.problems.n, e.msg);
      vt_labels_clear(&l);
    }
    vt_free(text);
    put_bytes(sets[i].file, "", 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cut_and_broken)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

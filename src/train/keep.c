/* The first batches of a run as files, exactly as the network is fed: RUN/batches/STEP.INPUT.npy, one for
 * each input of the task. For looking at what augmentation makes of the data, and for giving the same numbers
 * to another program. */
#include "train/trainer.h"

int vt__keep_batch(const char *dir, const struct vt_stepper *s, int64_t step, struct vt_err *e)
{
  struct vt_buf name;
  vt_buf_init(&name);
  char *folder = vt_path_join(NULL, dir, "batches");
  int rc = folder ? vt_mkdirs(folder, e) : vt_fail(e, VT_ENOMEM, "batches: out of memory");
  for (int i = 0; i < s->nfeed && !rc; i++) {
    vt_buf_clear(&name);
    vt_buf_addf(&name, "%s/%06lld.%s.npy", folder, (long long)step + 1,
                vt_program_input(s->program, i)->name);
    rc =
        name.failed ? vt_fail(e, VT_ENOMEM, "batches: out of memory") : vt_npy_write(&s->in[i], name.data, e);
  }
  vt_buf_clear(&name);
  vt_free(folder);
  return rc;
}

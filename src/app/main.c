/* vitrine: the program.
 *
 * libgomp reads before main how long a waiting thread spins before it sleeps, so the program starts once more
 * with that set. Its own choice is milliseconds: on cores that others need too, this burns the time of the
 * thread that is waited for. Sleeping at once costs a wake-up at every step of a network, tenths of a
 * millisecond on a virtual machine. 10,000 rounds are 0.2 to 0.4 ms: longer than the gaps between steps, and
 * short beside a time slice. Where the restart fails, or somebody has chosen already, all stays as it is. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int vt_cli_main(int argc, char **argv);

/* Not for training: its loader threads want the cores that waiting threads would spin on. */
static void wait_briefly(char **argv)
{
  if (argv[0] && argv[1] && strcmp(argv[1], "train") == 0) return;
  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") || setenv("GOMP_SPINCOUNT", "10000", 1)) return;
  char path[4096]; /* by its name: under an emulator the link itself leads to the emulator */
  ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  if (n > 0) {
    path[n] = 0;
    execv(path, argv);
  }
  unsetenv("GOMP_SPINCOUNT");
}

int main(int argc, char **argv)
{
  wait_briefly(argv);
  return vt_cli_main(argc, argv);
}

/* vitrine: the program. */
int vt_cli_main(int argc, char **argv);

int main(int argc, char **argv)
{
  return vt_cli_main(argc, argv);
}

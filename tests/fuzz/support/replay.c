/*
 * Runs a target over stored inputs without a fuzzer: files and directories named as arguments, or the target's own
 * corpus. Speaks TAP; a finding ends the program, and the last line before it names the input.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)

static unsigned replayed, unreadable;

static void run_file(const char *path) {
  uint8_t *data = fuzz_memory(INPUT_MAX);
  FILE *f = fopen(path, "rb");
  if (f == NULL) {
    printf("# cannot read %s\n", path);
    unreadable++;
  } else {
    size_t n = fread(data, 1, INPUT_MAX, f);
    uint8_t *exact = fuzz_memory(n); /* of exact size, for the sanitizer */
    memcpy(exact, data, n);
    printf("# %s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    replayed++;
  }
  if (f != NULL) fclose(f);
  free(data);
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

static void run(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
    run_file(path);
    return;
  }
  struct dirent **names;
  int n = scandir(path, &names, visible, alphasort);
  for (int i = 0; i < n; i++) {
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, names[i]->d_name);
    run_file(name);
    free(names[i]);
  }
  if (n >= 0) free(names);
}

int main(int argc, char **argv) {
  const char *slash = strrchr(argv[0], '/');
  const char *target = slash != NULL ? slash + 1 : argv[0];
  char corpus[4096];
  snprintf(corpus, sizeof corpus, "tests/fuzz/corpus/%s", target);
  printf("1..1\n");
  if (argc < 2) run(corpus);
  for (int i = 1; i < argc; i++) run(argv[i]);
  bool good = replayed > 0 && unreadable == 0;
  printf("%sok 1 - %s: %u stored inputs replayed\n", good ? "" : "not ", target, replayed);
  return good ? 0 : 1;
}

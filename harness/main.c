/* vtcp: the proved TCP core over UDP, as a command. */
#include <sodium.h>
#include <stdio.h>

#include "commands.h"

int main(int argc, char **argv) {
  struct options o;
  enum options_result parsed = options_parse(&o, argc, argv);
  if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP ? EXIT_OK : EXIT_USAGE;
  log_setup(o.quiet, o.verbose);
  if (sodium_init() < 0) {
    log_error("libsodium cannot be initialized");
    return EXIT_LOCAL;
  }
  switch (o.command) {
  case COMMAND_SERVE: return (int)server_run(&o);
  case COMMAND_CONNECT: return (int)client_run(&o);
  case COMMAND_DEMO: return (int)demo_run(&o);
  case COMMAND_GATEWAY: return (int)gateway_run(&o);
  }
  return EXIT_USAGE;
}

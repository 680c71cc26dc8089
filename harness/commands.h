/* What the commands of the program do. */
#ifndef HARNESS_COMMANDS_H
#define HARNESS_COMMANDS_H

#include "endpoint.h"

/* What an end shows to another process; both may be NULL. */
struct window_to {
  struct trace *trace;
  struct gauge *gauge;
};

enum exit_status server_run(const struct options *o);
enum exit_status client_run(const struct options *o);
enum exit_status demo_run(const struct options *o);
enum exit_status gateway_run(const struct options *o);

/* On a link that exists already, and is closed afterwards. */
enum exit_status server_run_on(const struct options *o, const struct link *link, const struct window_to *shown);
enum exit_status client_run_on(const struct options *o, const struct link *link, const struct udp_address *peer,
                               uint16_t tcp_port, const struct window_to *shown);

#endif

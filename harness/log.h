/* Lines for people, on standard error. */
#ifndef HARNESS_LOG_H
#define HARNESS_LOG_H

#include <stdbool.h>

enum exit_status {
  EXIT_OK = 0,
  EXIT_CONNECTION = 1, /* a connection failed, or what arrived is not what was sent */
  EXIT_USAGE = 2,
  EXIT_LOCAL = 3, /* a file, a socket or memory of this machine failed */
  EXIT_INTERRUPTED = 130
};

/* quiet: errors only; verbose: details too. */
void log_setup(bool quiet, bool verbose);

/* Begins every line with "vtcp NAME: ", to tell processes apart. */
void log_name(const char *name);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_answer(const char *format, ...) __attribute__((format(printf, 1, 2))); /* what was asked for: --quiet or not */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line on a terminal that the next one overwrites, and what makes it stay. */
void log_transient(const char *text);
void log_settle(void);

#endif

#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static int level = 1; /* 0: errors; 1: and what happens; 2: and details */
static const char *process = "";
static bool transient; /* a line that the next one overwrites is on the terminal */

void log_setup(bool quiet, bool verbose) { level = verbose ? 2 : quiet ? 0 : 1; }

void log_name(const char *name) { process = name; }

static void line(const char *format, va_list arguments) {
  char text[1024];
  (void)vsnprintf(text, sizeof text, format, arguments);
  (void)fprintf(stderr, "%svtcp%s%s: %s\n", transient ? "\r\033[K" : "", *process ? " " : "", process, text);
  transient = false;
}

void log_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  line(format, arguments);
  va_end(arguments);
}

void log_answer(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  line(format, arguments);
  va_end(arguments);
}

void log_info(const char *format, ...) {
  if (level < 1) return;
  va_list arguments;
  va_start(arguments, format);
  line(format, arguments);
  va_end(arguments);
}

void log_detail(const char *format, ...) {
  if (level < 2) return;
  va_list arguments;
  va_start(arguments, format);
  line(format, arguments);
  va_end(arguments);
}

void log_transient(const char *text) {
  if (level < 1) return;
  (void)fprintf(stderr, "\r\033[K%s", text);
  (void)fflush(stderr);
  transient = true;
}

void log_settle(void) {
  if (transient) (void)fputc('\n', stderr);
  transient = false;
}

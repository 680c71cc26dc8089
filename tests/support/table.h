/* A table of cases in a text file: tests/matrix/rfc9293.txt says what its columns mean. */
#ifndef VTCP_TESTS_TABLE_H
#define VTCP_TESTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* What is to be seen after a segment. */
struct outcome {
  const char *state, *answer, *tell, *una, *nxt, *wnd;
};

struct row {
  unsigned line;
  const char *start, *flags, *seq, *ack; /* patterns */
  struct outcome rfc;
  const char *section;
  char mark;           /* '!': departs on purpose, '?': deviates, '\0': neither */
  struct outcome vtcp; /* what it must do; rfc with the columns after the mark put in */
  const char *reason;
};

struct table_name {
  const char *name, *meaning;
};

struct table {
  const char *path;
  char *memory; /* the file, cut into strings */
  struct row *rows;
  size_t row_count;
  struct table_name sets[32], whys[32]; /* alternatives; reasons */
  size_t set_count, why_count;
};

/* Reads the file; says on stderr what is wrong with which line, and returns false. */
bool table_read(struct table *t, const char *path);
void table_free(struct table *t);
/* Is the word one of the alternatives of a pattern? */
bool table_matches(const struct table *t, const char *pattern, const char *word);

#endif

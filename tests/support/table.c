#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool complain(const struct table *t, unsigned line, const char *what, const char *word) {
  fprintf(stderr, "%s:%u: %s%s%s\n", t->path, line, what, word != NULL ? ": " : "", word != NULL ? word : "");
  return false;
}

static char *skip_blanks(char *p) { return p + strspn(p, " \t"); }

static char *word_of(char **p) {
  char *word = *p = skip_blanks(*p), *end = word + strcspn(word, " \t");
  *p = *end != '\0' ? end + 1 : end;
  *end = '\0';
  return word;
}

static bool alternative(const char *pattern, const char *word) {
  size_t n = strlen(word);
  for (const char *p = pattern; *p != '\0'; p += *p == '|') {
    size_t len = strcspn(p, "|");
    if (len == n && strncmp(p, word, n) == 0) return true;
    p += len;
  }
  return false;
}

bool table_matches(const struct table *t, const char *pattern, const char *word) {
  if (strcmp(pattern, "*") == 0 || alternative(pattern, word)) return true;
  for (size_t i = 0; i < t->set_count; i++)
    if (alternative(pattern, t->sets[i].name) && alternative(t->sets[i].meaning, word)) return true;
  return false;
}

/* "NAME = MEANING" */
static bool read_name(const struct table *t, unsigned line, char *p, struct table_name names[32], size_t *count) {
  if (*count == 32) return complain(t, line, "too many names", NULL);
  struct table_name *n = &names[(*count)++];
  n->name = word_of(&p);
  if (strcmp(word_of(&p), "=") != 0) return complain(t, line, "expected: NAME = MEANING", NULL);
  n->meaning = skip_blanks(p);
  return true;
}

static const char *find_why(const struct table *t, const char *name) {
  for (size_t i = 0; i < t->why_count; i++)
    if (strcmp(t->whys[i].name, name) == 0) return t->whys[i].meaning;
  return NULL;
}

static const char **column(struct outcome *o, const char *name) {
  static const char *const names[] = {"state", "answer", "tell", "una", "nxt", "wnd"};
  const char **const columns[] = {&o->state, &o->answer, &o->tell, &o->una, &o->nxt, &o->wnd};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(names[i], name) == 0) return columns[i];
  return NULL;
}

/* "column=value column=value: why" */
static bool read_instead(const struct table *t, struct row *r, char *p) {
  char *why = strstr(p, ": ");
  if (why == NULL || (r->reason = find_why(t, why + 2)) == NULL)
    return complain(t, r->line, "a departure needs one of the reasons that \"why\" names, after a colon", NULL);
  *why = '\0';
  while (*(p = skip_blanks(p)) != '\0') {
    char *name = word_of(&p), *equals = strchr(name, '=');
    if (equals == NULL) return complain(t, r->line, "expected column=value", name);
    *equals = '\0';
    const char **value = column(&r->vtcp, name);
    if (value == NULL) return complain(t, r->line, "no such column", name);
    if (strcmp(*value, equals + 1) == 0) return complain(t, r->line, "that is what the RFC says", name);
    *value = equals + 1;
  }
  return true;
}

static bool read_row(const struct table *t, struct row *r, char *p) {
  char *mark = strstr(p, " ! ") != NULL ? strstr(p, " ! ") : strstr(p, " ? ");
  r->mark = mark != NULL ? mark[1] : '\0';
  if (mark != NULL) *mark = '\0';
  const char **const given[] = {&r->start, &r->flags, &r->seq, &r->ack};
  for (size_t i = 0; i < 4; i++) *given[i] = word_of(&p);
  if (strcmp(word_of(&p), "->") != 0) return complain(t, r->line, "expected -> after four columns", NULL);
  const char **const wanted[] = {&r->rfc.state, &r->rfc.answer, &r->rfc.tell, &r->rfc.una, &r->rfc.nxt, &r->rfc.wnd};
  for (size_t i = 0; i < 6; i++) *wanted[i] = word_of(&p);
  r->section = skip_blanks(p);
  if (*r->section == '\0') return complain(t, r->line, "the section is missing", NULL);
  r->vtcp = r->rfc;
  return mark == NULL || read_instead(t, r, mark + 3);
}

static bool read_line(struct table *t, unsigned line, char *p) {
  p = skip_blanks(p);
  if (*p == '\0' || *p == '#') return true;
  if (strncmp(p, "set ", 4) == 0) return read_name(t, line, p + 4, t->sets, &t->set_count);
  if (strncmp(p, "why ", 4) == 0) return read_name(t, line, p + 4, t->whys, &t->why_count);
  struct row *rows = realloc(t->rows, (t->row_count + 1) * sizeof *rows);
  if (rows == NULL) return complain(t, line, "out of memory", NULL);
  t->rows = rows;
  rows[t->row_count] = (struct row){.line = line};
  return read_row(t, &rows[t->row_count++], p);
}

static char *read_file(const char *path) {
  FILE *f = fopen(path, "r");
  char *memory = NULL;
  size_t capacity = 0;
  if (f == NULL || getdelim(&memory, &capacity, '\0', f) < 0) {
    perror(path);
    free(memory);
    memory = NULL;
  }
  if (f != NULL) fclose(f);
  return memory;
}

bool table_read(struct table *t, const char *path) {
  *t = (struct table){.path = path, .memory = read_file(path)};
  if (t->memory == NULL) return false;
  bool good = true;
  unsigned line = 0;
  for (char *rest = t->memory, *p; (p = strsep(&rest, "\n")) != NULL;) good = read_line(t, ++line, p) && good;
  return good;
}

void table_free(struct table *t) {
  free(t->rows);
  free(t->memory);
}

/*
 * E-ACSL's run-time library, as far as agree.c needs it: an assertion that is false is noted. Its memory model is left out, so
 * its checks that what an assertion reads is valid say nothing here; agree.c reads one object that is. Included once, by
 * what eacsl.py writes.
 */
#ifndef VTCP_TESTS_CONTRACTS_EACSL_STUB_H
#define VTCP_TESTS_CONTRACTS_EACSL_STUB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "e_acsl.h"

#include "agree.h"

int agree_false;

void __e_acsl_assert(int holds, __e_acsl_assert_data_t *data) {
  if (!holds && strcmp(data->kind, "Assertion") == 0) agree_false = 1;
}

int __e_acsl_valid_read(void *p, size_t size, void *base, void *base_address) {
  (void)p, (void)size, (void)base, (void)base_address;
  return 1;
}

void *__e_acsl_store_block(void *p, size_t size) { return size > 0 ? p : NULL; }
void __e_acsl_delete_block(void *p) { (void)p; }
void __e_acsl_memory_init(int *argc, char ***argv, size_t size) { (void)argc, (void)argv, (void)size; }
void __e_acsl_memory_clean(void) {}
void __e_acsl_assert_clean(__e_acsl_assert_data_t *data) { (void)data; }

/* The values of which an assertion speaks, for messages. */
#define REGISTER(kind, type)                                                                                           \
  void __e_acsl_assert_register_##kind(__e_acsl_assert_data_t *data, const char *name, int e, type value) {            \
    (void)data, (void)name, (void)e, (void)value;                                                                      \
  }
REGISTER(int, int)
REGISTER(long, long)
REGISTER(uint, unsigned int)
REGISTER(ulong, unsigned long)
REGISTER(ushort, unsigned short)

void __e_acsl_assert_register_ptr(__e_acsl_assert_data_t *data, const char *name, void *value) {
  (void)data, (void)name, (void)value;
}

#endif

/* What all fuzz targets share. */
#ifndef VTCP_FUZZ_FUZZ_H
#define VTCP_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "vtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* malloc that does not fail. */
void *fuzz_memory(size_t n);

/* Whether nothing at all differs. */
bool fuzz_same(const void *a, const void *b, size_t n);

/* Whether they say the same, text included (seg_same_* in spec/segment.acsl). */
bool segment_same(const struct vtcp_segment *a, const struct vtcp_segment *b);

/* The segment as octets of exact size, for the sanitizer; the caller frees them. */
uint8_t *segment_octets(const struct vtcp_segment *g, uint32_t *len);

/* Ends the program: the fuzzer keeps the input. */
void fuzz_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define fuzz_assert(condition, ...)                                                                                    \
  do {                                                                                                                 \
    if (!(condition)) fuzz_fail(__VA_ARGS__);                                                                          \
  } while (0)

#endif

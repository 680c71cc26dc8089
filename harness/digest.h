/* SHA-256 of files. */
#ifndef HARNESS_DIGEST_H
#define HARNESS_DIGEST_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#define DIGEST_TEXT_MAX (2 * crypto_hash_sha256_BYTES + 1)

/* The digest in hexadecimal and the size in octets; false: errno says why not. */
bool digest_file(const char *path, char text[DIGEST_TEXT_MAX], uint64_t *size);

#endif

#include "digest.h"

#include <stdio.h>

bool digest_file(const char *path, char text[DIGEST_TEXT_MAX], uint64_t *size) {
  uint8_t octets[65536], hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_state state;
  FILE *file = fopen(path, "rb");
  if (file == NULL) return false;
  (void)crypto_hash_sha256_init(&state);
  *size = 0;
  for (size_t n; (n = fread(octets, 1, sizeof octets, file)) > 0; *size += n)
    (void)crypto_hash_sha256_update(&state, octets, n);
  bool whole = ferror(file) == 0;
  (void)fclose(file);
  (void)crypto_hash_sha256_final(&state, hash);
  (void)sodium_bin2hex(text, DIGEST_TEXT_MAX, hash, sizeof hash);
  return whole;
}

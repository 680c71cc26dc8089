/* Any octets as a datagram with --framing whole. */
#include "support/framings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  framings_check(FRAMING_WHOLE, data, size);
  return 0;
}

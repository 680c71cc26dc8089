/* Any octets as a datagram with --framing rotated. */
#include "support/framings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  framings_check(FRAMING_ROTATED, data, size);
  return 0;
}

/* Any octets as a datagram of one framing of the harness. */
#ifndef VTCP_FUZZ_FRAMINGS_H
#define VTCP_FUZZ_FRAMINGS_H

#include "framing.h"
#include "fuzz.h"

void framings_check(enum framing_kind kind, const uint8_t *data, size_t size);

#endif

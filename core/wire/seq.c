#include "wire/seq.h"

#define SEQ_MOD 0x100000000

uint32_t vtcp_seq_to_wire(int64_t offset, uint32_t isn) { return (uint32_t)((offset + isn) % SEQ_MOD); }

int64_t vtcp_seq_from_wire(uint32_t seq, uint32_t isn, int64_t ref) {
  int64_t at = (ref + isn) % SEQ_MOD;
  int64_t forward = seq >= at ? seq - at : seq - at + SEQ_MOD;
  return forward < SEQ_MOD / 2 ? ref + forward : ref + forward - SEQ_MOD;
}

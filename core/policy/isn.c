#include "policy/isn.h"

uint32_t vtcp_isn(uint32_t f, uint64_t now) { return (uint32_t)((now / VTCP_ISN_TICK + f) % 0x100000000u); }

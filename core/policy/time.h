/* Times: microseconds from any fixed origin. */
#ifndef VTCP_POLICY_TIME_H
#define VTCP_POLICY_TIME_H

#include <stdint.h>

#define VTCP_NEVER UINT64_MAX
#define VTCP_TIME_MAX 0x4000000000000000u /* largest value of now */
#define VTCP_DURATION_MAX 0x100000000000u /* largest msl, user timeout and keep-alive interval: about 203 days */

#endif

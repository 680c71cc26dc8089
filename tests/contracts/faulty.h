/* A vtcp_event that takes the place of the core's, and keeps its contract only when faulty is 0. */
#ifndef VTCP_TESTS_CONTRACTS_FAULTY_H
#define VTCP_TESTS_CONTRACTS_FAULTY_H

enum faulty { FAULTY_NO = 0, FAULTY_INVARIANT = 1, FAULTY_RESULT = 2, FAULTY_STATE = 3 };

extern enum faulty faulty;

#endif

/* Waiting for a state instead of a time, in tests with threads. */
#ifndef MUSHIR_TESTS_EVENTUALLY_H
#define MUSHIR_TESTS_EVENTUALLY_H

#include <sched.h>

/* Seconds; alarm(PATIENCE) ends a test that waits for what never comes. */
enum { PATIENCE = 60 };

#define EVENTUALLY(condition)  \
    do {                       \
        while (!(condition)) { \
            sched_yield();     \
        }                      \
    } while (0)

#endif

/* The time of day, as a number and as the text that the journal and the contract have. */
#ifndef MUSHIR_CLIENT_RUN_CLOCK_H
#define MUSHIR_CLIENT_RUN_CLOCK_H

#include "common/base/arena.h"

/* Seconds since 1970. */
double cl_clock_now(void);

/* Seconds since some moment, which nobody sets: of deadlines and spans within a process. */
double cl_clock_steady(void);

/* |seconds| since 1970 in RFC 3339, in milliseconds and UTC; owned by |arena|. */
const char *cl_clock_text(struct mu_arena *arena, double seconds);

/* Seconds since 1970 of a text that cl_clock_text wrote; 0 when it is none. */
double cl_clock_read(const char *time);

/* A time span in seconds as people read it: "0:07", "12:34", "1:02:03". */
void cl_clock_duration(double seconds, char text[32]);

#endif

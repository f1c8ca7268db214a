/* A load generator: unary calls, a given number in flight, on one connection and one thread. */
#ifndef MUSHIR_BENCH_LOAD_H
#define MUSHIR_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

/* Seconds of a clock that only goes forward. */
double load_now(void);

struct load;

/* A connection to |port| of this machine. Ends the program when it cannot be had. */
struct load *load_open(int port);
void load_close(struct load *load);

/* |calls| calls of |method| with |bytes|, |in_flight| at a time. Returns seconds in all; |latency|
 * (may be NULL) gets the median seconds of a call. Ends the program when a call fails. */
double load_run(struct load *load, const char *method, const uint8_t *bytes, size_t size,
    size_t calls, size_t in_flight, double *latency);

#endif

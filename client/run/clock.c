#include "client/run/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double cl_clock_now(void) {
    return read_clock(CLOCK_REALTIME);
}

double cl_clock_steady(void) {
    return read_clock(CLOCK_MONOTONIC);
}

const char *cl_clock_text(struct mu_arena *arena, double seconds) {
    time_t whole = (time_t)seconds;
    struct tm parts;
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&whole, &parts));
    return mu_arena_format(arena, "%s.%03dZ", text, (int)((seconds - (double)whole) * 1000));
}

double cl_clock_read(const char *time) {
    struct tm parts = {0};
    const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &parts);
    return rest ? (double)timegm(&parts) + strtod(rest, NULL) : 0;
}

void cl_clock_duration(double seconds, char text[32]) {
    long s = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (s >= 3600) {
        snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
    }
}

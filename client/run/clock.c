#include "client/run/clock.h"

#include <stdlib.h>
#include <time.h>

double cl_clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
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

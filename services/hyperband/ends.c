#include "services/hyperband/ends.h"

#include <stdlib.h>
#include <string.h>

int mu_compare_times(const char *a, const char *b) {
    return a && b ? strcmp(a, b) : !a - !b;
}

int mu_by_time(const void *a, const void *b) {
    return mu_compare_times(*(const char *const *)a, *(const char *const *)b);
}

const char *mu_run_end(const struct mu_run *run) {
    bool known = run->trial->state != MU_PENDING && !run->trial->early_stopped;
    return known && *run->trial->completed ? run->trial->completed : NULL;
}

/* How many of the |n| ascending |times| are before |time|, or, when |with|, not later. */
static size_t count(const char *const *times, size_t n, const char *time, bool with) {
    size_t low = 0;
    for (size_t high = n; low < high;) {
        size_t middle = (low + high) / 2;
        int order = strcmp(times[middle], time);
        bool counts = order < 0 || (with && order == 0);
        *(counts ? &low : &high) = middle + counts;
    }
    return low;
}

/* When the runs started that run, or whose end is known, ascending; how many. */
static size_t starts_of(const struct mu_brackets *brackets, const char **starts) {
    size_t n = 0;
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        if (mu_run_end(run) || run->trial->state == MU_PENDING) {
            starts[n++] = run->trial->started;
        }
    }
    qsort(starts, n, sizeof *starts, mu_by_time);
    return n;
}

static void find_idle(struct mu_ends *ends, const struct mu_brackets *brackets, size_t workers,
    struct mu_arena *arena) {
    const char **starts = MU_ARRAY(arena, brackets->n_runs + 1, const char *);
    size_t n_starts = starts_of(brackets, starts);
    ends->idle[ends->n] = ends->n;
    for (size_t i = ends->n; i-- > 0;) {
        size_t started = count(starts, n_starts, ends->times[i], false);
        size_t ended = count(ends->times, ends->n, ends->times[i], false);
        bool idle = started < ended + workers && workers > 0;
        ends->idle[i] = idle ? i : ends->idle[i + 1];
    }
}

struct mu_ends mu_ends_of(
    const struct mu_brackets *brackets, size_t workers, struct mu_arena *arena) {
    struct mu_ends ends = {.times = MU_ARRAY(arena, brackets->n_runs + 1, const char *),
        .idle = MU_ARRAY(arena, brackets->n_runs + 1, size_t)};
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const char *end = mu_run_end(&brackets->runs[i]);
        if (end) {
            ends.times[ends.n++] = end;
        }
    }
    qsort(ends.times, ends.n, sizeof *ends.times, mu_by_time);
    find_idle(&ends, brackets, workers, arena);
    return ends;
}

size_t mu_ends_until(const struct mu_ends *ends, const char *time) {
    return time ? count(ends->times, ends->n, time, true) : ends->n + 1;
}

size_t mu_ends_known(const struct mu_ends *ends, const char *started, bool late) {
    size_t n = mu_ends_until(ends, started);
    return late || n == 0 ? n : count(ends->times, ends->n, ends->times[n - 1], false);
}

bool mu_ends_idle(const struct mu_ends *ends, const char *since, const char *until) {
    size_t next = since ? ends->idle[mu_ends_until(ends, since)] : ends->n;
    return next < ends->n && (!until || strcmp(ends->times[next], until) <= 0);
}

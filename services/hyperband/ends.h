/* When trials ended, which tells what was known when others were suggested, and when workers were
 * idle as far as is shown. */
#ifndef MUSHIR_HYPERBAND_ENDS_H
#define MUSHIR_HYPERBAND_ENDS_H

#include "services/hyperband/brackets.h"

/* Order of two times in ISO 8601 as of strcmp. NULL is not known, later than all that are. */
int mu_compare_times(const char *a, const char *b);

/* The same of pointers to times, for qsort. */
int mu_by_time(const void *a, const void *b);

/* When |run| ended; NULL: it runs, or it is not known. Trials that were stopped early have no time
 * of it (mu_trial.completed). */
const char *mu_run_end(const struct mu_run *run);

struct mu_ends {
    const char **times; /* ascending */
    size_t *idle;       /* by end: the first of these, not before it, just before which a worker was
                           idle; |n|: none */
    size_t n;
};

/* The ends of the runs of |brackets|, on |workers| that are shown what to do; 0: not known how
 * many, and none is called idle. From |arena|. */
struct mu_ends mu_ends_of(
    const struct mu_brackets *brackets, size_t workers, struct mu_arena *arena);

/* How many ends are not later than |time|; of a NULL one more than there are. */
size_t mu_ends_until(const struct mu_ends *ends, const char *time);

/* How many ends were known when what started at |started| was suggested. It started a moment later,
 * so the latest end before may have come too late for it; it is counted all the same when |late|.
 */
size_t mu_ends_known(const struct mu_ends *ends, const char *started, bool late);

/* Whether a worker was idle just before an end that is later than |since| and not later than
 * |until|, which is NULL for now. Not since NULL. */
bool mu_ends_idle(const struct mu_ends *ends, const char *since, const char *until);

#endif

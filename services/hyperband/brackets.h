/* Brackets and rungs, inferred from the trials alone: a trial's rung is its own resource, a
 * configuration is the values of its other assignments, its bracket is the lowest rung at which it
 * appears, and it is promoted when it appears at a higher one. */
#ifndef MUSHIR_HYPERBAND_BRACKETS_H
#define MUSHIR_HYPERBAND_BRACKETS_H

#include "common/search/algorithm.h"
#include "services/hyperband/ladder.h"

/* One trial as the ladder sees it. */
struct mu_run {
    const struct mu_trial *trial;
    const double *x; /* coordinates without the resource */
    double resource;
    int rung;            /* -1: the ladder has no such resource; a model may still learn from it */
    uint32_t config;     /* index of its configuration */
    struct mu_run *next; /* of the configuration, an earlier one; NULL: none */
    bool repeated;       /* the configuration has another run at this rung that counts */
};

/* Whether the run has a result to be ranked by. One that was stopped early lost its rung, whatever
 * its value. */
bool mu_run_finished_well(const struct mu_run *run);

struct mu_config {
    const double *x;       /* coordinates without the resource */
    int bracket, top;      /* lowest and highest rung of its runs; -1: none on the ladder */
    struct mu_run *latest; /* its runs, by mu_run.next; NULL: proposed by this request */
    bool known;            /* one of them has a result */
};

/* A run that ended, counts, and stands at a rung from which configurations are promoted. */
struct mu_result {
    int bracket, rung;
    const struct mu_run *run;
};

struct mu_brackets {
    const struct mu_ladder *ladder;
    const struct mu_space *space; /* without the resource */
    struct mu_run *runs;          /* room for |wanted| more */
    size_t n_runs;
    struct mu_config *configs; /* room for |wanted| more */
    size_t n_configs;
    size_t n_known; /* of them; whatever the resource */
    size_t reached[MU_LADDER_RUNGS]
                  [MU_LADDER_RUNGS]; /* [bracket][rung]: configurations that run or ran there */
    struct mu_result *results; /* bracket by bracket, rung by rung; in a rung the best first, and
                                  last those that did not finish well */
    size_t n_results;
    struct mu_result *promotable; /* the best to promote first */
    size_t n_promotable;
};

/* Infer the brackets of |request|, whose experiment has the resource as parameter |resource|; all
 * from the request's arena. Linear in the trials but for sorting. */
void mu_brackets_build(struct mu_brackets *brackets, const struct mu_request *request,
    const struct mu_ladder *ladder, const struct mu_space *space, size_t resource);

/* How many results there are of the rung of which |first| is the first. */
size_t mu_brackets_rung_size(const struct mu_brackets *brackets, const struct mu_result *first);

/* Whether the configuration of |result| finished well and is not known to be promoted. */
bool mu_brackets_may_promote(const struct mu_brackets *brackets, const struct mu_result *result);

/* The highest rung first, then the smallest loss: for qsort of struct mu_result. */
int mu_by_rung_and_loss(const void *a, const void *b);

/* Add a configuration that starts at rung |rung| and return its index. |x| is kept, not copied. */
uint32_t mu_brackets_start(struct mu_brackets *brackets, const double *x, int rung);

/* Record that configuration |config| goes to the next rung. */
void mu_brackets_promote(struct mu_brackets *brackets, uint32_t config);

/* The bracket in which the next new configuration starts: the first of those that have finished the
 * fewest rounds. They rotate for ever, which keeps Hyperband's proportions. */
size_t mu_brackets_next(const struct mu_brackets *brackets);

/* How many configurations |bracket| still lacks in its round (all that are planned when it has not
 * begun). */
double mu_brackets_room(const struct mu_brackets *brackets, size_t bracket);

/* The run of |config| at |rung| that counts; NULL: none. */
const struct mu_run *mu_config_run(const struct mu_config *config, int rung);

/* The trial of |config| that finished well and came farthest below rung |rung|, or NULL: what a
 * trial there can go on from. */
const struct mu_trial *mu_config_predecessor(const struct mu_config *config, int rung);

/* Configurations in the order in which to use them again when there are no new ones: finished, then
 * running, then failed; of each the farthest, then the best. Arena-owned, n_configs of them. */
uint32_t *mu_brackets_order(const struct mu_brackets *brackets, struct mu_arena *arena);

#endif

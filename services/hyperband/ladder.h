/* The ladder: the resources at which configurations are compared, and the plan of Hyperband's
 * brackets over them.
 *
 * Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, JMLR 18, 2018): with the largest
 * resource R and the ratio eta, rung k of s_max + 1 has the resource R eta^(k - s_max). Bracket b
 * starts n_b = ceil((s_max + 1) / (s + 1) eta^s) configurations, s = s_max - b, at rung b; of each
 * rung the best 1 / eta go to the next. */
#ifndef MUSHIR_HYPERBAND_LADDER_H
#define MUSHIR_HYPERBAND_LADDER_H

#include "common/search/parameter.h"

enum { MU_LADDER_RUNGS = 24 }; /* the most rungs that a ladder has; the lowest ones are left out */

struct mu_ladder {
    double eta;
    size_t n;                          /* number of rungs, at least 1 */
    size_t brackets;                   /* |n|, or 1 where all start at the lowest rung */
    double value[MU_LADDER_RUNGS];     /* resource of each rung, ascending */
    const char *text[MU_LADDER_RUNGS]; /* the same as an assignment of the resource parameter */
    double planned[MU_LADDER_RUNGS];   /* configurations that a bracket starts, by the rung that it
                                          starts at */
};

/* Build the ladder of |resource| (not categorical) up to |r_l| (> 0) with the ratio |eta| (> 1);
 * texts are arena-owned. Rungs are rounded to values of the parameter where its range holds them;
 * equal neighbours become one. |r_l| rules: rungs beyond the range are printed as they are (Katib's
 * own example has 1..1 with r_l 2). Entries of a list of several are never left. With |one_bracket|
 * every configuration starts at the lowest rung. */
void mu_ladder_build(struct mu_ladder *ladder, const struct mu_parameter *resource, double r_l,
    double eta, bool one_bracket, struct mu_arena *arena);

/* How many of |n| that finished a rung go on: floor(n / eta). */
size_t mu_ladder_quota(const struct mu_ladder *ladder, size_t n);

/* The rung whose resource is |value| (to 1e-9 of it), or -1. */
int mu_ladder_rung(const struct mu_ladder *ladder, double value);

/* Position of the resource |value| on the ladder: 0 at the lowest rung, 1 at the highest, linear in
 * its logarithm, within [-1, 2]; 1 when there is one rung only. */
double mu_ladder_position(const struct mu_ladder *ladder, double value);

#endif

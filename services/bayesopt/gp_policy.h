/* Suggestions from a Gaussian process (base_estimator GP): what it is conditioned on, what pending
 * points mean, and what is maximized. */
#ifndef MUSHIR_BAYESOPT_GP_POLICY_H
#define MUSHIR_BAYESOPT_GP_POLICY_H

#include "common/model/gp.h"
#include "services/bayesopt/study.h"

struct mu_gp_policy;

/* Suggestions of one request that a process can make. */
size_t mu_gp_policy_most(void);

/* ---- what a policy for several outcomes has in common with it ---- */

/* A process of one column of a study's data. */
struct mu_gp_process {
    struct mu_dimensions dimensions;
    struct mu_gp_model model;
    struct mu_gp gp;
    size_t known; /* rows that it is conditioned on */
};

/* Fit the process to |column| and condition it, with room for pending points and |draws| draws. The
 * column has a value somewhere. */
void mu_gp_process_init(struct mu_gp_process *process, const struct mu_bayesopt_study *study,
    size_t column, size_t draws);

/* Floating-point operations to find one suggestion with one process, and those of one evaluation of
 * it. */
double mu_gp_process_operations(void);
double mu_gp_process_cost(const struct mu_gp_process *process);

/* Whether a request has points without values, so that more than one draw tells something. */
bool mu_gp_policy_has_pending(const struct mu_bayesopt_study *study);

/* The row from which on pending trials are integrated over: half the room is kept for the batch. */
size_t mu_gp_policy_first_pending(const struct mu_dataset *data);

/* ---- one objective ---- */

/* The point for suggestion |number| into |x|; false when only seen points were found. The process
 * is fitted to the study's observations by the first call. */
bool mu_gp_policy_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

/* What a point has to beat in each of |draws| draws: the incumbent's value, or a better one that
 * the draw imagines at a pending point. Exposed for tests. */
const double *mu_gp_policy_best(struct mu_bayesopt_study *study, size_t *draws);

/* The acquisition at |x|, of which proposals are the maximum. Exposed for tests. */
double mu_gp_policy_worth(struct mu_bayesopt_study *study, const double *x);

/* Rows that hyper-parameters are fitted to, and that suggestions are made from; exposed for tests.
 */
struct mu_gp_policy_rows {
    size_t fitted, known;
};
struct mu_gp_policy_rows mu_gp_policy_rows_of(const struct mu_gp_model *model);

#endif

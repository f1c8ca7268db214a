/* The Gaussian processes of a study, one for each column of its data that is asked: what they are
 * fitted to and conditioned on, and what a request has time for. */
#ifndef MUSHIR_BAYESOPT_PROCESS_H
#define MUSHIR_BAYESOPT_PROCESS_H

#include "common/model/gp.h"
#include "services/bayesopt/study.h"

/* A process of one column. */
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

/* Suggestions of one request that processes can make. */
size_t mu_gp_process_most(void);

/* Floating-point operations to find one suggestion with one process or with trees, and those of one
 * evaluation of a process. */
double mu_gp_process_operations(void);
double mu_gp_process_cost(const struct mu_gp_process *process);

/* Whether a request has points without values, so that more than one draw tells something. */
bool mu_gp_process_has_pending(const struct mu_bayesopt_study *study);

/* The row from which on pending trials are integrated over: half the room is kept for the batch. */
size_t mu_gp_process_first_pending(const struct mu_dataset *data);

/* Rows that hyper-parameters are fitted to, and that suggestions are made from; exposed for tests.
 */
struct mu_gp_process_rows {
    size_t fitted, known;
};
struct mu_gp_process_rows mu_gp_process_rows_of(const struct mu_gp_model *model);

#endif

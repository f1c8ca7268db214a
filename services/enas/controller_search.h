/* `search: controller`: a controller trained on the observations of the request chooses alone. */
#ifndef MUSHIR_ENAS_CONTROLLER_SEARCH_H
#define MUSHIR_ENAS_CONTROLLER_SEARCH_H

#include "services/enas/learner.h"

/* Sizes of a controller and of its training, such that one request stays within its budgets of
 * operations and memory. */
struct mu_enas_controller_size {
    size_t hidden; /* units of the LSTM */
    size_t steps;  /* of Adam */
    size_t batch;  /* architectures in a step, and in a pass that draws */
};

/* The sizes that are used when |hidden| and |steps| are asked for. */
struct mu_enas_controller_size mu_enas_controller_size_of(
    const struct mu_enas_space *space, size_t hidden, size_t steps);

struct mu_enas_controller_search {
    const struct mu_enas_observations *observations;
    struct mu_enas_controller *controller;
    struct mu_enas_arch *samples; /* a pass of them */
};

/* Train a controller of |options| on |observations| (n >= 1). What points into the arena stays
 * there.
 */
void mu_enas_controller_search_init(struct mu_enas_controller_search *search,
    const struct mu_enas_space *space, const struct mu_enas_observations *observations,
    const struct mu_enas_controller_options *options, const struct mu_enas_learning *learning,
    struct mu_stream *stream, struct mu_arena *arena);

/* The policy's first untried sample into |arch|; after 256 tried ones a random untried one. */
void mu_enas_controller_search_next(
    struct mu_enas_controller_search *search, struct mu_enas_arch *arch, struct mu_stream *stream);

/* About how many floating-point operations that takes at most. */
double mu_enas_controller_search_cost(const struct mu_enas_space *space, size_t hidden);

#endif

/* How the configurations that enter a bracket are drawn. */
#ifndef MUSHIR_HYPERBAND_SAMPLER_H
#define MUSHIR_HYPERBAND_SAMPLER_H

#include "common/model/dataset.h"
#include "services/hyperband/brackets.h"

/* What a sampler may look at. */
struct mu_sampler_context {
    const struct mu_request *request;
    size_t resource; /* index of the resource parameter */
    struct mu_ladder ladder;
    struct mu_space space; /* without the resource */
    struct mu_brackets brackets;
    struct mu_seen *seen; /* all configurations, those of this request included */
};

/* A model fitted once per request and shared by its suggestions. */
struct mu_sampler {
    /* Propose the coordinates of a configuration that is not in context->seen, for suggestion
     * |number|; false when the model has nothing to say (too few results, or it finds nothing new)
     * and the configuration is to be drawn at random. */
    bool (*draw)(void *model, uint64_t number, double *x);
    /* Configuration |x| is going to run: its result is unknown, so the next proposals keep away
     * from it. */
    void (*pending)(void *model, const double *x);
    void *model;
};

/* Configurations with results before a model speaks: two more than parameters, as in BOHB. */
static inline size_t mu_sampler_fewest(const struct mu_sampler_context *context) {
    return context->space.n + 2;
}

/* The samplers; |context| must outlive them. */
struct mu_sampler mu_sampler_gp(const struct mu_sampler_context *context);
struct mu_sampler mu_sampler_tpe(const struct mu_sampler_context *context);

/* What the model of mu_sampler_gp expects of configuration |x|, in logarithms of targets: what its
 * draw maximizes. Exposed for tests. */
double mu_sampler_gp_worth(void *model, const double *x);

/* What mu_sampler_gp learns from: a row for every finished run, its configuration in |frame| and
 * then its position on the ladder. Targets keep the proportions of the losses, because what a rung
 * adds to them all is a level of its own in the kernel; a transform fitted to all rungs together
 * bends the function that they share. Exposed for tests. Arena-owned. */
struct mu_dataset *mu_sampler_data(
    const struct mu_sampler_context *context, const struct mu_frame *frame);

#endif

/* What a request knows: its trials as the models want them, and what it suggested so far. */
#ifndef MUSHIR_BAYESOPT_STUDY_H
#define MUSHIR_BAYESOPT_STUDY_H

#include "common/model/acquisition.h"
#include "common/model/cost.h"
#include "common/model/dataset.h"
#include "common/model/maximize.h"
#include "common/model/tpe.h"
#include "common/search/algorithm.h"

/* In the order of the setting's texts. */
enum mu_bayesopt_estimator {
    MU_BAYESOPT_GP,
    MU_BAYESOPT_FOREST,
    MU_BAYESOPT_EXTRA_TREES,
    MU_BAYESOPT_BOOSTING
};

/* What the settings ask for. */
struct mu_bayesopt_plan {
    enum mu_bayesopt_estimator estimator;
    enum mu_acquisition acquisition;
    bool portfolio;   /* every so many suggestions are another estimator's */
    bool climb;       /* gradient steps and sweeps, else the best of many candidates */
    uint64_t initial; /* points before a model speaks */
    bool priced;      /* what is acquired counts per unit of cost, .. */
    const struct mu_objective *price; /* .. a metric, or NULL: the time from start to end */
};

struct mu_bayesopt_study {
    const struct mu_request *request;
    struct mu_bayesopt_plan plan;
    struct mu_frame frame;
    struct mu_dataset *data;
    const struct mu_seen *seen;         /* every trial and every earlier suggestion of the batch */
    struct mu_tpe_model *tpe;           /* the same trials for the Parzen estimator */
    struct mu_gp_policy *process;       /* fitted when it is first asked */
    struct mu_outcome_policy *outcomes; /* the same for several outcomes */
    const struct mu_cost *cost;         /* of a trial; NULL: not asked for, or too little known */
    size_t modelled;                    /* suggestions that the process or the trees made */
};

/* The study of |request|; arena-owned. */
struct mu_bayesopt_study *mu_bayesopt_study_of(
    const struct mu_request *request, const struct mu_bayesopt_plan *plan);

/* The point |x| was suggested: it is pending from now on. |x| is borrowed. */
void mu_bayesopt_suggested(struct mu_bayesopt_study *study, const double *x);

/* A maximizer over the study's frame for suggestion |number|; what it maximizes, and where good
 * points are, is the caller's to fill. */
struct mu_maximizer mu_bayesopt_maximizer(const struct mu_bayesopt_study *study, uint64_t number);

/* mu_maximize; where the study knows what trials cost, of the criterion, a logarithm, less the
 * logarithm of the cost: of what is gained per unit. */
bool mu_bayesopt_maximize(
    const struct mu_bayesopt_study *study, const struct mu_maximizer *maximizer, double *x);

#endif

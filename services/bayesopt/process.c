#include "services/bayesopt/process.h"

#include "common/model/surrogate.h"

/* The constants of the processes; docs/adr/0013-bayesopt.md has the reasons. */
static const struct tuning {
    double fit_operations;    /* to find the hyper-parameters, in all */
    double search_operations; /* to find one suggestion */
    size_t evaluations;       /* of the acquisition that a suggestion is to have */
    size_t pending; /* points without a value that are integrated over: at most half of them
                       running trials, the newest, and the batch so far */
} TUNING = {.fit_operations = 1.5e8, .search_operations = 2e8, .evaluations = 1000, .pending = 64};

size_t mu_gp_process_most(void) {
    return TUNING.pending / 2;
}

static size_t count_pending(const struct mu_dataset *data) {
    size_t n = 0;
    for (size_t i = 0; i < data->n; i++) {
        n += data->state[i] == MU_PENDING;
    }
    return n;
}

size_t mu_gp_process_first_pending(const struct mu_dataset *data) {
    size_t spare = count_pending(data);
    size_t i = 0;
    for (; i < data->n && spare > TUNING.pending / 2; i++) {
        spare -= data->state[i] == MU_PENDING;
    }
    return i;
}

struct mu_gp_process_rows mu_gp_process_rows_of(const struct mu_gp_model *model) {
    return (struct mu_gp_process_rows){.fitted = mu_gp_fit_rows(model, TUNING.fit_operations),
        .known = mu_gp_known_rows(model, TUNING.evaluations, TUNING.search_operations)};
}

double mu_gp_process_operations(void) {
    return TUNING.search_operations;
}

double mu_gp_process_cost(const struct mu_gp_process *process) {
    double n = (double)process->known;
    return n * (2 * n + 8 * (double)process->dimensions.n);
}

void mu_gp_process_init(
    struct mu_gp_process *p, const struct mu_bayesopt_study *s, size_t column, size_t draws) {
    struct mu_arena *arena = s->request->arena;
    const struct mu_dataset *data = s->data;
    size_t observed;
    size_t *rows = MU_ARRAY(arena, data->n, size_t);
    size_t n = mu_dataset_rank(data, column, rows, &observed, arena);
    p->dimensions = (struct mu_dimensions){.n = s->frame.n, .category = s->frame.category};
    p->model = mu_surrogate_model(&p->dimensions, arena);
    struct mu_gp_process_rows most = mu_gp_process_rows_of(&p->model);
    double *theta = MU_ARRAY(arena, mu_gp_parameters(&p->model), double);
    struct mu_gp_data fitted =
        mu_dataset_observations(data, column, rows, observed, most.fitted, arena);
    mu_gp_fit(&p->model, &fitted, theta, arena);
    struct mu_gp_data known = mu_dataset_observations(data, column, rows, n, most.known, arena);
    mu_gp_condition(&p->gp, &p->model, theta, &known, TUNING.pending, draws, arena);
    /* noise is no reason to come back: docs/adr/0096-noise-is-no-reason-to-come-back.md */
    mu_gp_reinterpolate(&p->gp, &known, arena);
    p->known = known.n;
}

bool mu_gp_process_has_pending(const struct mu_bayesopt_study *s) {
    return s->request->wanted > 1 || count_pending(s->data) || mu_request_missing(s->request);
}

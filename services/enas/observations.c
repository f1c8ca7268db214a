#include "services/enas/observations.h"

#include "common/model/dataset.h"
#include "common/model/targets.h"

struct reader {
    const struct mu_enas_space *space;
    struct mu_enas_arch *archs; /* of the rows of |data|, and one that is being read */
    bool *partial;
    struct mu_dataset *data;
};

static double distance(const void *user, size_t a, size_t b) {
    const struct reader *r = user;
    struct mu_enas_differences d = mu_enas_differences_of(r->space, &r->archs[a], &r->archs[b]);
    return d.operations + d.skips;
}

/* A row for each trial of |history| that is pending or not, as |pending| says. */
static void read(struct reader *r, const struct mu_history *history, bool pending) {
    for (size_t i = 0; i < history->n; i++) {
        const struct mu_trial *t = &history->trials[i];
        const char *text = mu_trial_text(t, "architecture");
        size_t row = r->data->n;
        if ((t->state == MU_PENDING) == pending && text &&
            mu_enas_parse(r->space, text, &r->archs[row])) {
            r->partial[row] = t->early_stopped;
            (void)mu_dataset_add(r->data, NULL, t->state, t->values);
        }
    }
}

void mu_enas_observations_init(struct mu_enas_observations *observations,
    const struct mu_enas_space *space, const struct mu_history *history, size_t more,
    struct mu_arena *arena) {
    static const struct mu_frame NO_COORDINATES = {0};
    struct reader r = {.space = space,
        .archs = mu_enas_archs(space, history->n + 1, arena),
        .partial = MU_ARRAY(arena, history->n, bool),
        .data = mu_dataset_new(&NO_COORDINATES, 0, 1, history->n, arena)};
    read(&r, history, false);
    read(&r, history, true);
    r.data->transform = mu_linear_targets; /* docs/adr/0025-linear-targets-for-decisions.md */
    r.data->distance = distance;
    r.data->user = &r;
    mu_dataset_learn(r.data, arena);
    r.data->user = NULL;
    *observations = (struct mu_enas_observations){.archs = r.archs,
        .scores = r.data->columns[0].target,
        .partial = r.partial,
        .ranks = r.data->known,
        .n = r.data->n_known,
        .n_pending = r.data->n - r.data->n_known,
        .n_observed = r.data->n_observed,
        .tried = mu_enas_set_of(space, history->n + more, arena),
        .size = mu_enas_space_size(space)};
    for (size_t i = 0; i < r.data->n; i++) {
        mu_enas_set_add(observations->tried, &r.archs[i]);
    }
}

bool mu_enas_exhausted(const struct mu_enas_observations *observations) {
    return mu_enas_set_size(observations->tried) >= observations->size;
}

void mu_enas_draw_untried(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, struct mu_enas_arch *arch,
    struct mu_stream *stream) {
    mu_enas_draw(space, arch, stream);
    if (mu_enas_exhausted(observations)) {
        return;
    }
    size_t tried = mu_enas_set_size(observations->tried);
    for (size_t i = 0; i < tried && mu_enas_set_has(observations->tried, arch); i++) {
        mu_enas_draw(space, arch, stream);
    }
    /* A nearly exhausted space: walk through it; a walk from anywhere meets an untried one after at
     * most as many steps as were tried. */
    uint64_t index = mu_uniform_below(stream, observations->size);
    while (mu_enas_set_has(observations->tried, arch)) {
        index = index + 1 < observations->size ? index + 1 : 0;
        mu_enas_at(space, arch, index);
    }
}

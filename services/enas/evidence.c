#include "services/enas/evidence.h"

#include <math.h>

#include "common/model/targets.h"

/* Targets of what was observed; failures take the worst of them. When all failed there is nothing
 * to tell them apart. */
static void score(
    double *scores, const struct mu_trial *const *trials, size_t n, struct mu_arena *arena) {
    double *targets = MU_ARRAY(arena, n, double);
    double worst = 0;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        if (trials[i]->state == MU_DONE) {
            targets[done++] = trials[i]->loss;
        }
    }
    (void)mu_linear_targets(targets, targets, done, arena);
    for (size_t i = 0; i < done; i++) {
        worst = fmin(worst, targets[i]);
    }
    for (size_t i = n; i-- > 0;) {
        scores[i] = trials[i]->state == MU_DONE ? targets[--done] : worst;
    }
}

void mu_enas_evidence_init(struct mu_enas_evidence *evidence, const struct mu_enas_space *space,
    const struct mu_history *history, size_t more, struct mu_arena *arena) {
    struct mu_enas_arch *archs = mu_enas_archs(space, history->n, arena);
    const struct mu_trial **observed = MU_ARRAY(arena, history->n, const struct mu_trial *);
    double *scores = MU_ARRAY(arena, history->n, double);
    bool *partial = MU_ARRAY(arena, history->n, bool);
    *evidence = (struct mu_enas_evidence){
        .archs = archs, .scores = scores, .partial = partial, .size = mu_enas_space_size(space)};
    evidence->tried = mu_enas_set_of(space, history->n + more, arena);
    for (int pending = 0; pending < 2; pending++) {
        for (size_t i = 0; i < history->n; i++) {
            const struct mu_trial *t = &history->trials[i];
            const char *text = mu_trial_text(t, "architecture");
            struct mu_enas_arch *arch = &archs[evidence->n + evidence->n_pending];
            if ((t->state == MU_PENDING) != (pending == 1) || !text ||
                !mu_enas_parse(space, text, arch)) {
                continue; /* a half-read architecture is overwritten by the next one */
            }
            mu_enas_set_add(evidence->tried, arch);
            if (pending) {
                evidence->n_pending++;
            } else {
                partial[evidence->n] = t->early_stopped;
                observed[evidence->n++] = t;
            }
        }
    }
    score(scores, observed, evidence->n, arena);
}

bool mu_enas_exhausted(const struct mu_enas_evidence *evidence) {
    return mu_enas_set_size(evidence->tried) >= evidence->size;
}

void mu_enas_draw_untried(const struct mu_enas_space *space,
    const struct mu_enas_evidence *evidence, struct mu_enas_arch *arch, struct mu_stream *stream) {
    mu_enas_draw(space, arch, stream);
    if (mu_enas_exhausted(evidence)) {
        return;
    }
    for (int i = 0; i < 64 && mu_enas_set_has(evidence->tried, arch); i++) {
        mu_enas_draw(space, arch, stream);
    }
    /* A nearly exhausted space: walk through it; a walk from anywhere meets an untried one after at
     * most as many steps as were tried. */
    uint64_t index = mu_uniform_below(stream, evidence->size);
    while (mu_enas_set_has(evidence->tried, arch)) {
        index = index + 1 < evidence->size ? index + 1 : 0;
        mu_enas_at(space, arch, index);
    }
}

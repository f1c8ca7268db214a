/* Random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012).
 *
 * Suggestion number i is a pure function of (seed, i), so a restart does not replay earlier points. In a finite space a point that was
 * tried, is running or stands earlier in the batch is drawn again while an untried one exists. */
#include "services/random/random.h"

static const struct mu_setting_spec SETTINGS[] = {MU_SETTING_RANDOM_STATE};

static enum mu_status suggest(const struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    const struct mu_history *history = request->history;
    struct mu_seen *seen = mu_seen_create(space, history->n + request->wanted, request->arena);
    double *x = MU_ARRAY(request->arena, space->n, double);
    for (size_t i = 0; i < history->n; i++) {
        if (space->n) {
            mu_seen_add(seen, history->trials[i].x);
        }
    }
    for (size_t i = 0; i < request->wanted; i++) {
        if (mu_request_stopped(request)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        mu_space_draw_unseen(space, seen, request->seed, request->first + i, x);
        mu_seen_add(seen, x);
        mu_reply_point(request, reply, x);
    }
    return MU_OK;
}

const struct mu_algorithm mu_random = {
    .name = "random",
    .summary = "Independent draws from the declared distributions, without repeats in finite spaces.",
    .settings = SETTINGS,
    .n_settings = sizeof SETTINGS / sizeof *SETTINGS,
    .suggest = suggest,
};

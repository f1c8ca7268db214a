#include "common/wire/metrics.h"

#include <string.h>

#include "common/num/stream.h"

/* A name and where to look for it. */
struct wanted {
    const struct mu_objective *list;
    const char *name;
};

static bool is_wanted(const void *user, size_t number) {
    const struct wanted *w = user;
    return strcmp(w->list[number].name, w->name) == 0;
}

static uint64_t hash_of(const char *name) {
    return mu_hash(0, name, strlen(name));
}

/* The number of the metric, or MU_SET_NONE. Most clients keep the order of the specification, where
 * it has the number |expected|. */
static size_t find(const struct mu_wire_metrics *metrics, const char *name, size_t expected) {
    struct wanted wanted = {metrics->list, name};
    if (expected < metrics->set.n && is_wanted(&wanted, expected)) {
        return expected;
    }
    return mu_set_find(&metrics->set, hash_of(name), is_wanted, &wanted);
}

static void add(struct mu_wire_metrics *metrics, const char *name, bool maximize) {
    if (find(metrics, name, 0) == MU_SET_NONE) {
        metrics->list[metrics->set.n] = (struct mu_objective){name, maximize};
        mu_set_add(&metrics->set, hash_of(name));
    }
}

void mu_wire_metrics_init(struct mu_wire_metrics *metrics, const Api__V1__Beta1__ObjectiveSpec *in,
    struct mu_arena *arena) {
    size_t n = in ? in->n_additional_metric_names : 0;
    bool maximize = in && in->type == API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE;
    metrics->list = MU_ARRAY(arena, n + 1, struct mu_objective);
    mu_set_init(&metrics->set, n + 1, arena);
    add(metrics, in ? in->objective_metric_name : "", maximize);
    for (size_t i = 0; i < n; i++) {
        add(metrics, in->additional_metric_names[i], maximize);
    }
}

/* When the experiment does not name its objective, the trial does. */
static const char *objective_of(
    const struct mu_wire_metrics *metrics, const Api__V1__Beta1__Trial *in) {
    const Api__V1__Beta1__ObjectiveSpec *own = in->spec ? in->spec->objective : NULL;
    return *metrics->list[0].name || !own ? metrics->list[0].name : own->objective_metric_name;
}

const char *const *mu_wire_metrics_read(const struct mu_wire_metrics *metrics,
    const Api__V1__Beta1__Trial *in, struct mu_arena *arena) {
    const char **texts = MU_ARRAY(arena, metrics->set.n, const char *);
    const Api__V1__Beta1__Observation *reported = in->status ? in->status->observation : NULL;
    const char *objective = objective_of(metrics, in);
    for (size_t i = 0; reported && i < reported->n_metrics; i++) {
        const char *name = reported->metrics[i]->name;
        bool first = strcmp(name, objective) == 0;
        size_t k = first ? 0 : find(metrics, name, i);
        if (k != MU_SET_NONE && (k > 0 || first) && !texts[k]) {
            texts[k] = reported->metrics[i]->value;
        }
    }
    return texts;
}

const char *mu_wire_metrics_others(const struct mu_wire_metrics *metrics,
    const Api__V1__Beta1__Trial *in, struct mu_arena *arena) {
    enum { MOST_BYTES = 256 };
    const Api__V1__Beta1__Observation *reported = in->status ? in->status->observation : NULL;
    const char *objective = objective_of(metrics, in);
    const char *names = NULL;
    for (size_t i = 0; reported && i < reported->n_metrics; i++) {
        const char *name = reported->metrics[i]->name;
        if (strcmp(name, objective) == 0) {
            return NULL;
        }
        names = !names ? name
                : strlen(names) + strlen(name) < MOST_BYTES
                    ? mu_arena_format(arena, "%s, %s", names, name)
                    : names;
    }
    return names;
}

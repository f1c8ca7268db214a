/* Population based training (Jaderberg et al. 2017): a population of trials that train by turns,
 * each from a checkpoint. Who has fallen behind goes on from the checkpoint and near the parameters
 * of one of the best; all others go on as they are. The checkpoint is the folder of a trial, which
 * the framework copies (mu_suggestion.parent). */
#include "services/pbt/pbt.h"

#include <string.h>

#include "services/pbt/explore.h"
#include "services/pbt/population.h"

/* ---- settings ---- */

struct pbt_options {
    const char *folder;
    uint64_t size;
    const char *size_text;
    double threshold;
    const char *threshold_text;
    double resample;
};

/* Katib's service asks for three of them in its validation; a request without them still gets an
 * answer. */
static const double USUAL_THRESHOLD = 0.2; /* the paper's */

static const struct mu_setting_spec SPECS[] = {
    {.name = MU_TRIAL_FOLDER,
        .value = MU_MEMBER(struct pbt_options, folder),
        .range = "a path",
        .help = "Where a trial finds its folder, with the checkpoint that it goes on from; "
                "required."},
    {.name = "n_population",
        .value = MU_MEMBER(struct pbt_options, size),
        .text = MU_MEMBER(struct pbt_options, size_text),
        .min = 1,
        .max = 65536,
        .range = "5 or more",
        .help = "Size of the population, at least as many as run at a time; required."},
    {.name = "truncation_threshold",
        .value = MU_MEMBER(struct pbt_options, threshold),
        .text = MU_MEMBER(struct pbt_options, threshold_text),
        .max = 1,
        .out_of_range = "Param(truncation_threshold) should be between 0 and 1, inclusive",
        .help = "The share of a generation that gives up and goes on from one of as large a share "
                "of the best; required. 0: nobody does."},
    {.name = "resample_probability",
        .value = MU_MEMBER(struct pbt_options, resample),
        .max = 1,
        .out_of_range = "Param(resample_probability) should be null to perturb at 0.8 or 1.2, or "
                        "be between 0 and 1, inclusive, to resample",
        .none_allowed = true,
        .help = "Probability that a parameter which is taken over is drawn anew instead of moved a "
                "little. Unset: 0."},
};

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    enum { LEAST_POPULATION = 5 };
    const struct pbt_options *o = options;
    (void)experiment;
    if (!o->folder || !o->size_text || !o->threshold_text) {
        const char *missing = mu_arena_format(arena, "%s%s%s",
            o->folder ? "" : ", suggestion_trial_dir", o->size_text ? "" : ", n_population",
            o->threshold_text ? "" : ", truncation_threshold");
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "Required params missing: %s", missing + strlen(", "));
    }
    return o->size < LEAST_POPULATION
               ? mu_fail(error, MU_INVALID_ARGUMENT, "Param(n_population) should be >= 5")
               : MU_OK;
}

/* ---- a request ---- */

struct state {
    const struct mu_request *request;
    struct mu_population population;
    double threshold, resample;
};

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct pbt_options *options = request->options;
    struct state *s = MU_NEW(request->arena, struct state);
    (void)error;
    s->request = request;
    s->threshold = options->threshold_text ? options->threshold : USUAL_THRESHOLD;
    s->resample = options->resample;
    mu_population_of(&s->population, request, (size_t)options->size);
    *state = s;
    return MU_OK;
}

static void copy_point(const struct state *s, const double *from, double *x) {
    memcpy(x, from, s->request->experiment->space.n * sizeof *x);
}

/* One more try of a trial that failed, from the checkpoint that it went on from. */
static const struct mu_result *repeat(
    const struct state *s, const struct mu_slot *slot, struct mu_proposal *proposal) {
    const struct mu_lineage *failed = &slot->failed->lineage;
    const struct mu_slot *from =
        failed->has_parent ? &s->population.slots[failed->parent.slot] : slot;
    const struct mu_result *parent = mu_slot_result(from, failed->parent.generation);
    copy_point(s, slot->failed->trial->x, proposal->x);
    return parent ? parent : mu_slot_result(slot, UINT32_MAX);
}

/* The slot goes on from its own last checkpoint, or near one of the best. A second failure in a row
 * says that it cannot go on. */
static const struct mu_result *go_on(
    const struct state *s, size_t index, uint64_t key, struct mu_proposal *proposal) {
    const struct mu_slot *slot = &s->population.slots[index];
    struct mu_stream stream;
    mu_stream_init(&stream, s->request->seed, key, "winner");
    size_t winner =
        mu_population_select(&s->population, index, s->threshold, slot->attempts > 1, &stream);
    const struct mu_result *parent = mu_slot_result(&s->population.slots[winner], UINT32_MAX);
    if (winner == index && slot->attempts <= 1) {
        copy_point(s, parent->trial->x, proposal->x);
    } else {
        mu_pbt_explore(&s->request->experiment->space, s->resample, s->request->seed, key,
            parent->trial->x, proposal->x);
    }
    return parent;
}

/* Everything that tells the next trial of |slot| from any other: key of its random numbers. */
static uint64_t key_of(const struct mu_slot *slot, size_t index, uint64_t number) {
    const uint64_t parts[] = {index, slot->next, slot->attempts};
    return mu_hash(number, parts, sizeof parts);
}

static void name_trial(const struct state *s, struct mu_place place, const struct mu_result *parent,
    uint64_t key, struct mu_suggestion *suggestion) {
    struct mu_arena *arena = s->request->arena;
    struct mu_lineage lineage = {.self = place, .has_parent = parent != NULL};
    struct mu_pair *labels = MU_ARRAY(arena, 2, struct mu_pair);
    if (parent) {
        lineage.parent = parent->lineage.self;
        suggestion->parent = parent->trial->name;
    }
    suggestion->trial_name = mu_lineage_name(&lineage, s->request->experiment->name,
        (uint16_t)mu_hash(s->request->seed, &key, sizeof key), arena);
    labels[0].name = "pbt.suggestion.katib.kubeflow.org/generation";
    labels[0].value = mu_arena_format(arena, "%u", place.generation);
    labels[1].name = "pbt.suggestion.katib.kubeflow.org/parent";
    labels[1].value = suggestion->parent;
    suggestion->labels = labels;
    suggestion->n_labels = parent ? 2 : 1;
}

/* A slot's first trial, and each that failed before it had a value, is a random point. */
static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct state *s = state;
    const struct mu_result *parent = NULL;
    size_t index = mu_population_turn(&s->population);
    struct mu_slot *slot = &s->population.slots[index];
    uint64_t key = key_of(slot, index, number);
    (void)error;
    if (slot->n_results > 0 && slot->attempts == 1) {
        parent = repeat(s, slot, proposal);
    } else if (slot->n_results > 0) {
        parent = go_on(s, index, key, proposal);
    }
    proposal->found = parent != NULL;
    name_trial(
        s, (struct mu_place){slot->next, (uint32_t)index}, parent, key, &proposal->suggestion);
    slot->busy = true;
    return MU_OK;
}

const struct mu_algorithm mu_pbt = {
    .name = "pbt",
    .summary = "Population based training: trials train by turns from checkpoints, and who falls "
               "behind goes on from one of the best.",
    .settings = MU_SETTINGS(SPECS, struct pbt_options),
    .unknown_settings_pass = true,
    .validate = validate,
    .begin = begin,
    .propose = propose,
};

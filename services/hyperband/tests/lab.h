/* A controller in miniature for the tests: an experiment, its trials, and requests about them. */
#ifndef MUSHIR_HYPERBAND_TESTS_LAB_H
#define MUSHIR_HYPERBAND_TESTS_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/hyperband/hyperband.h"
#include "tests/support/cmocka.h"
#include "tests/support/history.h"

enum { CREATED, RUNNING, SUCCEEDED, KILLED, FAILED, METRICSUNAVAILABLE, EARLYSTOPPED };
enum { LAB_TRIALS = 4000 };

struct lab {
    struct mu_arena *arena; /* the experiment's and the trials' */
    struct mu_experiment experiment;
    struct mu_trial_record trials[LAB_TRIALS];
    size_t n;
    uint64_t requested;
};

static void lab_init(struct lab *lab, const struct mu_parameter_text *parameters, size_t n,
    const struct mu_pair *settings, size_t n_settings) {
    struct mu_error error;
    *lab = (struct lab){.arena = mu_arena_create((size_t)1 << 30)};
    lab->experiment = (struct mu_experiment){
        .name = "lab", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "hyperband"};
    assert_int_equal(
        mu_space_init(&lab->experiment.space, parameters, n, lab->arena, &error), MU_OK);
    lab->experiment.settings = settings;
    lab->experiment.n_settings = n_settings;
}

static void lab_finish(struct lab *lab) {
    mu_arena_destroy(lab->arena);
}

static const struct mu_pair *lab_keep(struct lab *lab, const struct mu_pair *pairs, size_t n) {
    struct mu_pair *kept = MU_ARRAY(lab->arena, n, struct mu_pair);
    for (size_t i = 0; i < n; i++) {
        kept[i] = (struct mu_pair){
            mu_arena_copy(lab->arena, pairs[i].name), mu_arena_copy(lab->arena, pairs[i].value)};
    }
    return kept;
}

static const char *lab_copy(struct lab *lab, const char *text) {
    return text ? mu_arena_copy(lab->arena, text) : NULL;
}

/* Ask for |wanted|, with an arena of the request's own as in a service; the reply is copied into
 * the lab's. */
static struct mu_reply lab_ask(struct lab *lab, size_t wanted, uint64_t first) {
    struct mu_arena *arena = mu_arena_create((size_t)1 << 26);
    struct mu_history history;
    struct mu_reply reply;
    struct mu_error error = {.text = ""};
    build_history(&history, &lab->experiment, lab->trials, lab->n, arena);
    struct mu_request request = {.experiment = &lab->experiment,
        .history = &history,
        .wanted = wanted,
        .first = first,
        .counted = true,
        .arena = arena};
    enum mu_status status = mu_algorithm_suggest(&mu_hyperband, &request, &reply, &error);
    if (status != MU_OK) {
        fail_msg("suggest: %s", error.text);
    }
    assert_int_equal(reply.n, wanted);
    struct mu_suggestion *suggestions = MU_ARRAY(lab->arena, wanted, struct mu_suggestion);
    for (size_t i = 0; i < wanted; i++) {
        suggestions[i] = reply.suggestions[i];
        suggestions[i].assignments =
            lab_keep(lab, suggestions[i].assignments, suggestions[i].n_assignments);
        suggestions[i].trial_name = lab_copy(lab, suggestions[i].trial_name);
        suggestions[i].parent = lab_copy(lab, suggestions[i].parent);
    }
    reply.suggestions = suggestions;
    reply.settings = lab_keep(lab, reply.settings, reply.n_settings);
    mu_arena_destroy(arena);
    return reply;
}

static const char *lab_text(const struct mu_suggestion *suggestion, const char *name) {
    for (size_t i = 0; i < suggestion->n_assignments; i++) {
        if (strcmp(suggestion->assignments[i].name, name) == 0) {
            return suggestion->assignments[i].value;
        }
    }
    fail_msg("no %s in the suggestion", name);
    return NULL;
}

/* A trial of |suggestion|; |loss| is looked at when |condition| has one. Its index. */
static size_t lab_add(
    struct lab *lab, const struct mu_suggestion *suggestion, int condition, double loss) {
    size_t i = lab->n++;
    assert_in_range(i, 0, LAB_TRIALS - 1);
    struct mu_trial_record *t = &lab->trials[i];
    *t = (struct mu_trial_record){.name = suggestion->trial_name
                                              ? suggestion->trial_name
                                              : mu_arena_format(lab->arena, "t%05zu", i),
        .condition = condition,
        .completed = ""};
    t->assignments = suggestion->assignments;
    t->n_assignments = suggestion->n_assignments;
    if (condition >= SUCCEEDED) {
        t->completed = mu_arena_format(
            lab->arena, "2026-01-01T%02zu:%02zu:%02zuZ", i / 3600 % 24, i / 60 % 60, i % 60);
    }
    if (condition == SUCCEEDED || condition == EARLYSTOPPED) {
        t->metric = mu_arena_format(lab->arena, "%.17g", loss);
    }
    return i;
}

static const struct mu_parameter_text THREE[] = {
    {.name = "lr", .type = MU_DOUBLE, .distribution = MU_LOG_UNIFORM, .min = "1e-06", .max = "0.1"},
    {.name = "epochs", .type = MU_INT, .min = "1", .max = "81"},
    {.name = "layers", .type = MU_INT, .min = "2", .max = "50"},
    {.name = "optimizer",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"sgd", "adam", "ftrl"},
        .n_list = 3},
};

/* The reply as one text, settings included. */
static inline char *lab_print(struct lab *lab, const struct mu_reply *reply) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < reply->n; i++) {
        for (size_t j = 0; j < reply->suggestions[i].n_assignments; j++) {
            fprintf(out, "%s=%s ", reply->suggestions[i].assignments[j].name,
                reply->suggestions[i].assignments[j].value);
        }
        fputc('\n', out);
    }
    for (size_t i = 0; i < reply->n_settings; i++) {
        fprintf(out, "%s=%s ", reply->settings[i].name, reply->settings[i].value);
    }
    fclose(out);
    char *copy = mu_arena_copy(lab->arena, text);
    free(text);
    return copy;
}

#endif

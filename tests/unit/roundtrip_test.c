/* What a controller writes, a service reads: generated experiments and trials go through the
 * contract's bytes and come back the same; so do replies. */
#include <stdlib.h>
#include <string.h>

#include "api.pb-c.h"
#include "common/num/stream.h"
#include "common/wire/contract.h"
#include "common/wire/observation.h"
#include "common/wire/stopping.h"
#include "common/wire/wire.h"
#include "tests/support/arena.h"

enum { EXPERIMENTS = 200, MOST_PARAMETERS = 6, MOST_TRIALS = 8 };

static size_t below(struct mu_stream *s, size_t n) {
    return (size_t)mu_uniform_below(s, n);
}

static const char *word(struct mu_stream *s, const char *prefix) {
    static const char *const ENDS[] = {"", "-x", " \"quoted\"", "\xC3\xA9", "=1;", "\n"};
    return mu_arena_format(arena, "%s%zu%s", prefix, below(s, 1000), ENDS[below(s, 6)]);
}

static struct mu_pair *pairs(struct mu_stream *s, size_t n) {
    struct mu_pair *list = MU_ARRAY(arena, n, struct mu_pair);
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct mu_pair){word(s, "name"), below(s, 4) ? word(s, "value") : ""};
    }
    return list;
}

static struct mu_parameter_text parameter(struct mu_stream *s, size_t i) {
    static const char *const LIST[] = {"1", "2.5", "40"};
    struct mu_parameter_text p = {.name = mu_arena_format(arena, "p%zu", i),
        .type = MU_DOUBLE + (int)below(s, 4),
        .distribution = MU_UNIFORM,
        .min = "1",
        .max = "9",
        .step = ""};
    if (p.type >= MU_DISCRETE) {
        p.min = p.max = "";
        p.list = LIST;
        p.n_list = 1 + below(s, 3);
    } else {
        p.distribution += (int)below(s, 2);
        p.step = p.type == MU_INT && below(s, 2) ? "2" : "";
    }
    return p;
}

static struct mu_parameter_text *parameters(struct mu_stream *s, size_t n) {
    struct mu_parameter_text *list = MU_ARRAY(arena, n, struct mu_parameter_text);
    for (size_t i = 0; i < n; i++) {
        list[i] = parameter(s, i);
    }
    return list;
}

static struct mu_network network(struct mu_stream *s) {
    static const int32_t SIZES[] = {32, 32, 3};
    struct mu_operation *operations = MU_ARRAY(arena, 2, struct mu_operation);
    for (size_t i = 0; i < 2; i++) {
        size_t n = below(s, 3);
        operations[i] = (struct mu_operation){word(s, "op"), parameters(s, n), n};
    }
    return (struct mu_network){true, 1 + (int)below(s, 9), SIZES, SIZES + 2, 3, 1, operations, 2};
}

static struct mu_experiment_text experiment(struct mu_stream *s) {
    static const char *const METRICS[] = {"loss", "accuracy", "seconds"};
    size_t n_settings = below(s, 4);
    struct mu_experiment_text e = {.name = word(s, "e"),
        .maximize = below(s, 2),
        .goal = (double)below(s, 3) / 3,
        .metrics = METRICS,
        .n_metrics = 1 + below(s, 3),
        .algorithm = {"random", pairs(s, n_settings), n_settings},
        .early_stopping = {below(s, 2) ? "medianstop" : NULL, NULL, 0},
        .parallel_trials = (int)below(s, 4),
        .max_trials = (int)below(s, 40)};
    if (below(s, 4)) {
        e.n_parameters = 1 + below(s, MOST_PARAMETERS);
        e.parameters = parameters(s, e.n_parameters);
    } else {
        e.network = network(s);
    }
    return e;
}

static void assert_same_pairs(const struct mu_pair *a, const struct mu_pair *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_string_equal(a[i].value, b[i].value);
    }
}

static void assert_same_texts(
    const struct mu_parameter_text *a, const struct mu_parameter_text *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_int_equal(a[i].type, b[i].type);
        assert_int_equal(a[i].distribution, b[i].distribution);
        assert_string_equal(a[i].min, b[i].min);
        assert_string_equal(a[i].max, b[i].max);
        assert_string_equal(a[i].step, b[i].step);
        assert_int_equal(a[i].n_list, b[i].n_list);
        for (size_t k = 0; k < a[i].n_list; k++) {
            assert_string_equal(a[i].list[k], b[i].list[k]);
        }
    }
}

static void assert_same_network(const struct mu_network *a, const struct mu_network *b) {
    assert_int_equal(a->present, b->present);
    assert_int_equal(a->layers, b->layers);
    assert_int_equal(a->n_input_sizes, b->n_input_sizes);
    assert_int_equal(a->n_output_sizes, b->n_output_sizes);
    assert_int_equal(a->n_operations, b->n_operations);
    for (size_t i = 0; i < a->n_input_sizes; i++) {
        assert_int_equal(a->input_sizes[i], b->input_sizes[i]);
    }
    for (size_t i = 0; i < a->n_output_sizes; i++) {
        assert_int_equal(a->output_sizes[i], b->output_sizes[i]);
    }
    for (size_t i = 0; i < a->n_operations; i++) {
        const struct mu_operation *p = &a->operations[i];
        const struct mu_operation *q = &b->operations[i];
        assert_string_equal(p->type, q->type);
        assert_int_equal(p->n_parameters, q->n_parameters);
        assert_same_texts(p->parameters, q->parameters, p->n_parameters);
    }
}

/* The space of |e|'s own texts, for comparison with the one that was read. */
static void assert_same_space(const struct mu_experiment_text *e, const struct mu_space *space) {
    struct mu_error error;
    struct mu_space own;
    assert_int_equal(space->n, e->n_parameters);
    if (e->n_parameters == 0) {
        return;
    }
    assert_int_equal(mu_space_init(&own, e->parameters, e->n_parameters, arena, &error), MU_OK);
    for (size_t i = 0; i < own.n; i++) {
        const struct mu_parameter *a = &own.parameters[i];
        const struct mu_parameter *b = &space->parameters[i];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->distribution, b->distribution);
        assert_int_equal(a->levels, b->levels);
        for (double u = 0.125; u < 1; u += 0.25) {
            assert_string_equal(mu_parameter_print(a, mu_parameter_at(a, u), arena),
                mu_parameter_print(b, mu_parameter_at(b, u), arena));
        }
    }
}

static void assert_same_experiment(
    const struct mu_experiment_text *a, const struct mu_experiment *b) {
    assert_string_equal(a->name, b->name);
    assert_true(a->goal == b->goal);
    assert_int_equal(a->n_metrics, b->n_metrics);
    for (size_t k = 0; k < a->n_metrics; k++) {
        assert_string_equal(a->metrics[k], b->metrics[k].name);
        assert_int_equal(a->maximize, b->metrics[k].maximize);
    }
    assert_string_equal(a->algorithm.name, b->algorithm);
    assert_int_equal(a->algorithm.n_settings, b->n_settings);
    assert_same_pairs(a->algorithm.settings, b->settings, b->n_settings);
    assert_int_equal(a->parallel_trials, b->parallel_trials);
    assert_int_equal(a->max_trials, b->max_trials);
    assert_int_equal(a->early_stopping.name != NULL, b->stops_early);
    assert_same_network(&a->network, &b->network);
    assert_same_space(a, &b->space);
}

static struct mu_trial_report trial(struct mu_stream *s, const struct mu_experiment_text *e,
    const struct mu_space *space, size_t i) {
    struct mu_pair *assigned = MU_ARRAY(arena, space->n, struct mu_pair);
    for (size_t k = 0; k < space->n; k++) {
        const struct mu_parameter *p = &space->parameters[k];
        assigned[k] = (struct mu_pair){
            p->name, mu_parameter_print(p, mu_parameter_at(p, mu_uniform(s)), arena)};
    }
    struct mu_pair *metrics = MU_ARRAY(arena, e->n_metrics, struct mu_pair);
    for (size_t m = 0; m < e->n_metrics; m++) {
        metrics[m] =
            (struct mu_pair){e->metrics[m], mu_arena_format(arena, "%.17g", mu_uniform(s))};
    }
    return (struct mu_trial_report){.name = mu_arena_format(arena, "t%zu", i),
        .started = "2026-01-01T00:00:00Z",
        .completed = mu_arena_format(arena, "2026-01-01T00:00:%02zuZ", i),
        .condition = MU_TRIAL_SUCCEEDED,
        .assignments = assigned,
        .n_assignments = space->n,
        .metrics = metrics,
        .n_metrics = e->n_metrics,
        .labels = metrics,
        .n_labels = below(s, 2)};
}

static void assert_same_trial(
    const struct mu_trial_report *a, const struct mu_trial *b, bool maximize) {
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->completed, mu_arena_format(arena, "%sZ", b->completed));
    assert_int_equal(b->state, MU_DONE);
    assert_true(strtod(a->metrics[0].value, NULL) == (maximize ? -b->loss : b->loss));
    assert_int_equal(a->n_assignments, b->n_assignments);
    assert_same_pairs(a->assignments, b->assignments, a->n_assignments);
    assert_int_equal(a->n_labels, b->n_labels);
    assert_same_pairs(a->labels, b->labels, a->n_labels);
    assert_int_equal(a->n_metrics, b->n_values);
    for (size_t k = 0; k < a->n_metrics; k++) {
        double value = strtod(a->metrics[k].value, NULL);
        assert_true(b->values[k] == (maximize ? -value : value));
    }
}

static void requests_come_back(void **state) {
    (void)state;
    for (uint64_t i = 0; i < EXPERIMENTS; i++) {
        struct mu_stream s;
        mu_stream_init(&s, 7, i, "requests");
        struct mu_experiment_text e = experiment(&s);
        struct mu_experiment validated;
        struct mu_error error;
        struct mu_slice bytes = mu_wire_write_validate(&e, arena);
        assert_int_equal(
            mu_wire_read_validate(bytes.bytes, bytes.size, arena, &validated, &error), MU_OK);
        assert_same_experiment(&e, &validated);
        size_t n = e.n_parameters ? below(&s, MOST_TRIALS) : 0;
        struct mu_trial_report *trials = MU_ARRAY(arena, n, struct mu_trial_report);
        for (size_t k = 0; k < n; k++) {
            trials[k] = trial(&s, &e, &validated.space, k);
        }
        struct mu_wire_request request = {&e, trials, n, 1 + below(&s, 9), n + below(&s, 5)};
        struct mu_wire_suggestions out;
        bytes = mu_wire_write_request(&request, arena);
        assert_int_equal(
            mu_wire_read_suggestions(bytes.bytes, bytes.size, NULL, arena, &out, &error), MU_OK);
        assert_same_experiment(&e, &out.experiment);
        assert_int_equal(out.wanted, request.wanted);
        assert_int_equal(out.first, request.first);
        assert_int_equal(out.history.n, n);
        for (size_t k = 0; k < n; k++) {
            assert_same_trial(&trials[k], &out.history.trials[k], e.maximize);
        }
    }
}

static void replies_come_back(void **state) {
    (void)state;
    for (uint64_t i = 0; i < EXPERIMENTS; i++) {
        struct mu_stream s;
        mu_stream_init(&s, 7, i, "replies");
        struct mu_experiment e = {.algorithm = "tpe"};
        struct mu_reply in = {.n = below(&s, 4), .n_settings = below(&s, 3)};
        in.settings = pairs(&s, in.n_settings);
        in.suggestions = MU_ARRAY(arena, in.n, struct mu_suggestion);
        for (size_t k = 0; k < in.n; k++) {
            struct mu_suggestion *x = &in.suggestions[k];
            x->n_assignments = below(&s, 4);
            x->assignments = pairs(&s, x->n_assignments);
            x->trial_name = below(&s, 2) ? word(&s, "trial") : NULL;
            x->n_labels = below(&s, 3);
            x->labels = pairs(&s, x->n_labels);
        }
        struct mu_call call = {.arena = arena};
        struct mu_reply out;
        struct mu_error error;
        assert_int_equal(mu_wire_write_suggestions(&e, &in, &call, &error), MU_OK);
        struct mu_slice bytes = {call.reply, call.reply_size};
        assert_int_equal(mu_wire_read_reply(bytes, arena, &out, &error), MU_OK);
        assert_int_equal(in.n, out.n);
        assert_int_equal(in.n_settings, out.n_settings);
        assert_same_pairs(in.settings, out.settings, in.n_settings);
        for (size_t k = 0; k < in.n; k++) {
            const struct mu_suggestion *a = &in.suggestions[k];
            const struct mu_suggestion *b = &out.suggestions[k];
            assert_int_equal(a->n_assignments, b->n_assignments);
            assert_same_pairs(a->assignments, b->assignments, a->n_assignments);
            assert_int_equal(a->trial_name != NULL, b->trial_name != NULL);
            if (a->trial_name) {
                assert_string_equal(a->trial_name, b->trial_name);
            }
            assert_int_equal(a->n_labels, b->n_labels);
            assert_same_pairs(a->labels, b->labels, a->n_labels);
        }
    }
}

static void questions_about_stopping_come_back(void **state) {
    (void)state;
    for (uint64_t i = 0; i < EXPERIMENTS; i++) {
        struct mu_stream s;
        mu_stream_init(&s, 7, i, "stopping");
        struct mu_experiment_text e = experiment(&s);
        struct mu_experiment own;
        struct mu_error error;
        struct mu_slice bytes = mu_wire_write_validate(&e, arena);
        assert_int_equal(
            mu_wire_read_validate(bytes.bytes, bytes.size, arena, &own, &error), MU_OK);
        e.early_stopping.n_settings = below(&s, 3);
        e.early_stopping.settings = pairs(&s, e.early_stopping.n_settings);
        size_t n = below(&s, MOST_TRIALS);
        struct mu_trial_report *trials = MU_ARRAY(arena, n, struct mu_trial_report);
        for (size_t k = 0; k < n; k++) {
            trials[k] = trial(&s, &e, &own.space, k);
        }
        struct mu_stopping_request request = {&e, trials, n, "katib-db-manager:6789"};
        struct mu_stopping_question question;
        assert_int_equal(mu_wire_read_stopping(
                             mu_wire_write_stopping(&request, arena), arena, &question, &error),
            MU_OK);
        assert_same_experiment(&e, &question.experiment);
        bool stops = e.early_stopping.name != NULL;
        assert_string_equal(question.algorithm.name, stops ? "medianstop" : "");
        assert_int_equal(question.algorithm.n_settings, stops ? e.early_stopping.n_settings : 0);
        assert_same_pairs(
            e.early_stopping.settings, question.algorithm.settings, question.algorithm.n_settings);
        assert_string_equal(question.db_manager, request.db_manager);
        assert_int_equal(question.n_trials, n);
        for (size_t k = 0; k < n; k++) {
            assert_string_equal(question.trials[k].name, trials[k].name);
            assert_string_equal(question.trials[k].metric, trials[k].metrics[0].value);
        }
    }
}

static void rules_come_back(void **state) {
    (void)state;
    static const struct mu_stopping_rule RULES[] = {
        {"loss", "0.5", MU_GREATER, 4}, {"accuracy", "", MU_LESS, 0}, {"", "x", MU_EQUAL, -1}};
    const struct mu_stopping_rule *out;
    size_t n;
    struct mu_error error;
    assert_int_equal(
        mu_wire_read_rules(mu_wire_write_rules(RULES, 3, arena), arena, &out, &n, &error), MU_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(out[i].metric, RULES[i].metric);
        assert_string_equal(out[i].value, RULES[i].value);
        assert_int_equal(out[i].comparison, RULES[i].comparison);
        assert_int_equal(out[i].start_step, RULES[i].start_step);
    }
    struct mu_stopping_rule unknown = {"loss", "1", 0, 1};
    assert_int_equal(
        mu_wire_read_rules(mu_wire_write_rules(&unknown, 1, arena), arena, &out, &n, &error),
        MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "comparison 0 of rule loss"));
}

static void settings_and_stopped_trials_come_back(void **state) {
    (void)state;
    static const struct mu_pair SETTINGS[] = {{"start_step", "4"}, {"min_trials_required", ""}};
    const struct mu_algorithm_text in = {"medianstop", SETTINGS, 2};
    struct mu_algorithm_text out;
    const char *name;
    struct mu_error error;
    assert_int_equal(mu_wire_read_validate_stopping(
                         mu_wire_write_validate_stopping(&in, arena), arena, &out, &error),
        MU_OK);
    assert_string_equal(out.name, "medianstop");
    assert_int_equal(out.n_settings, 2);
    assert_same_pairs(SETTINGS, out.settings, 2);
    assert_int_equal(
        mu_wire_read_stopped(mu_wire_write_stopped("t-1", arena), arena, &name, &error), MU_OK);
    assert_string_equal(name, "t-1");
}

static void assert_same_log(
    const struct mu_observation_log *a, const struct mu_observation_log *b, const char *trial) {
    assert_string_equal(b->trial, trial);
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->reports[i].time, b->reports[i].time);
        assert_string_equal(a->reports[i].metric, b->reports[i].metric);
        assert_string_equal(a->reports[i].value, b->reports[i].value);
    }
}

static void observations_come_back(void **state) {
    (void)state;
    static const struct mu_report REPORTS[] = {
        {"2026-01-01T00:00:00Z", "loss", "0.5"}, {"", "accuracy", "nan"}, {"x", "", ""}};
    const struct mu_observation_log in = {"t-1", REPORTS, 3};
    struct mu_observation_log out;
    struct mu_error error;
    assert_int_equal(
        mu_wire_read_report(mu_wire_write_report(&in, arena), arena, &out, &error), MU_OK);
    assert_same_log(&in, &out, "t-1");
    assert_int_equal(mu_wire_read_log(mu_wire_write_log(&in, arena), arena, &out, &error), MU_OK);
    assert_same_log(&in, &out, "");
    const struct mu_log_request asked = {"t-1", "loss", "from", "to"};
    struct mu_log_request read;
    assert_int_equal(
        mu_wire_read_log_request(mu_wire_write_log_request(&asked, arena), arena, &read, &error),
        MU_OK);
    assert_string_equal(read.trial, "t-1");
    assert_string_equal(read.metric, "loss");
    assert_string_equal(read.start, "from");
    assert_string_equal(read.end, "to");
}

/* The path of method |number| as the generated descriptor has it. */
static const char *path(const ProtobufCServiceDescriptor *service, unsigned number) {
    return mu_arena_format(arena, "/%s/%s", service->name, service->methods[number].name);
}

static void paths_are_the_generated_ones(void **state) {
    (void)state;
    const ProtobufCServiceDescriptor *suggestion = &api__v1__beta1__suggestion__descriptor;
    const ProtobufCServiceDescriptor *stopping = &api__v1__beta1__early_stopping__descriptor;
    const ProtobufCServiceDescriptor *manager = &api__v1__beta1__dbmanager__descriptor;
    assert_string_equal(path(suggestion, 0), MU_CONTRACT_GET_SUGGESTIONS);
    assert_string_equal(path(suggestion, 1), MU_CONTRACT_VALIDATE_ALGORITHM);
    assert_string_equal(path(stopping, 0), MU_CONTRACT_GET_RULES);
    assert_string_equal(path(stopping, 1), MU_CONTRACT_SET_TRIAL_STATUS);
    assert_string_equal(path(stopping, 2), MU_CONTRACT_VALIDATE_STOPPING);
    assert_string_equal(path(manager, 0), MU_CONTRACT_REPORT_LOG);
    assert_string_equal(path(manager, 1), MU_CONTRACT_GET_LOG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(requests_come_back),
        arena_test(replies_come_back),
        arena_test(questions_about_stopping_come_back),
        arena_test(rules_come_back),
        arena_test(settings_and_stopped_trials_come_back),
        arena_test(observations_come_back),
        arena_test(paths_are_the_generated_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

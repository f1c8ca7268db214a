/* The wire: every truncated prefix and every flipped byte of a valid request is answered, texts are
 * checked, the arena's limit holds. */
#include "common/wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.pb-c.h"
#include "tests/support/cmocka.h"

typedef Api__V1__Beta1__GetSuggestionsRequest Request;
typedef Api__V1__Beta1__GetSuggestionsReply Reply;
typedef Api__V1__Beta1__TrialStatus__TrialConditionType Condition;

#define CONDITION(name) API__V1__BETA1__TRIAL_STATUS__TRIAL_CONDITION_TYPE__##name

enum { PARAMETERS = 2, MOST_BYTES = 512 }; /* of a trial */

/* A trial as a request of its own: appended to another request it is one trial more. |name| may be
 * empty. */
static size_t trial_request(const char *name, const char *lr, const char *units, const char *metric,
    Condition condition, uint8_t bytes[MOST_BYTES]) {
    Api__V1__Beta1__ParameterAssignment first = API__V1__BETA1__PARAMETER_ASSIGNMENT__INIT;
    Api__V1__Beta1__ParameterAssignment second = first;
    Api__V1__Beta1__ParameterAssignment *assignments[] = {&first, &second};
    first.name = (char[]){"lr"};
    first.value = (char *)(uintptr_t)lr;
    second.name = (char[]){"units"};
    second.value = (char *)(uintptr_t)units;
    Api__V1__Beta1__TrialSpec__ParameterAssignments list =
        API__V1__BETA1__TRIAL_SPEC__PARAMETER_ASSIGNMENTS__INIT;
    list.assignments = assignments;
    list.n_assignments = PARAMETERS;
    Api__V1__Beta1__TrialSpec spec = API__V1__BETA1__TRIAL_SPEC__INIT;
    spec.parameter_assignments = &list;
    Api__V1__Beta1__Metric metrics = API__V1__BETA1__METRIC__INIT;
    Api__V1__Beta1__Metric *observed[] = {&metrics};
    metrics.name = (char[]){"accuracy"};
    metrics.value = (char *)(uintptr_t)metric;
    Api__V1__Beta1__Observation observation = API__V1__BETA1__OBSERVATION__INIT;
    observation.metrics = observed;
    observation.n_metrics = 1;
    Api__V1__Beta1__TrialStatus status = API__V1__BETA1__TRIAL_STATUS__INIT;
    status.condition = condition;
    status.observation = &observation;
    Api__V1__Beta1__Trial trial = API__V1__BETA1__TRIAL__INIT;
    Api__V1__Beta1__Trial *trials[] = {&trial};
    trial.name = (char *)(uintptr_t)name;
    trial.spec = &spec;
    trial.status = &status;
    Request request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    request.trials = trials;
    request.n_trials = 1;
    return api__v1__beta1__get_suggestions_request__pack(&request, bytes);
}

/* A request with two parameters, one succeeded trial and settings, as bytes (malloc'd). |spoil|
 * replaces the first value of the trial. */
static uint8_t *valid_request(size_t *size, const char *spoil) {
    Api__V1__Beta1__FeasibleSpace space = API__V1__BETA1__FEASIBLE_SPACE__INIT;
    space.min = (char[]){"0.1"};
    space.max = (char[]){"0.9"};
    Api__V1__Beta1__FeasibleSpace counts = API__V1__BETA1__FEASIBLE_SPACE__INIT;
    counts.min = (char[]){"1"};
    counts.max = (char[]){"9"};
    Api__V1__Beta1__ParameterSpec parameter = API__V1__BETA1__PARAMETER_SPEC__INIT;
    Api__V1__Beta1__ParameterSpec units = parameter;
    Api__V1__Beta1__ParameterSpec *parameters[] = {&parameter, &units};
    parameter.name = (char[]){"lr"};
    parameter.parameter_type = API__V1__BETA1__PARAMETER_TYPE__DOUBLE;
    parameter.feasible_space = &space;
    units.name = (char[]){"units"};
    units.parameter_type = API__V1__BETA1__PARAMETER_TYPE__INT;
    units.feasible_space = &counts;
    Api__V1__Beta1__ExperimentSpec__ParameterSpecs specs =
        API__V1__BETA1__EXPERIMENT_SPEC__PARAMETER_SPECS__INIT;
    specs.parameters = parameters;
    specs.n_parameters = PARAMETERS;
    Api__V1__Beta1__ObjectiveSpec objective = API__V1__BETA1__OBJECTIVE_SPEC__INIT;
    objective.type = API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE;
    objective.objective_metric_name = (char[]){"accuracy"};
    Api__V1__Beta1__AlgorithmSetting setting = API__V1__BETA1__ALGORITHM_SETTING__INIT;
    Api__V1__Beta1__AlgorithmSetting *settings[] = {&setting};
    setting.name = (char[]){"random_state"};
    setting.value = (char[]){"7"};
    Api__V1__Beta1__AlgorithmSpec algorithm = API__V1__BETA1__ALGORITHM_SPEC__INIT;
    algorithm.algorithm_name = (char[]){"random"};
    algorithm.algorithm_settings = settings;
    algorithm.n_algorithm_settings = 1;
    Api__V1__Beta1__ExperimentSpec spec = API__V1__BETA1__EXPERIMENT_SPEC__INIT;
    spec.parameter_specs = &specs;
    spec.objective = &objective;
    spec.algorithm = &algorithm;
    spec.max_trial_count = 12;
    Api__V1__Beta1__Experiment experiment = API__V1__BETA1__EXPERIMENT__INIT;
    experiment.name = (char[]){"exp"};
    experiment.spec = &spec;
    Request request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    request.experiment = &experiment;
    request.current_request_number = 2;
    request.total_request_number = 5;
    uint8_t *bytes =
        malloc(api__v1__beta1__get_suggestions_request__get_packed_size(&request) + MOST_BYTES);
    *size = api__v1__beta1__get_suggestions_request__pack(&request, bytes);
    *size += trial_request(
        "exp-1", spoil ? spoil : "0.5", "4", "0.75", CONDITION(SUCCEEDED), bytes + *size);
    return bytes;
}

/* Reads |bytes| copied to their exact size, so that the sanitizer sees a step too far. */
static enum mu_status read_bytes(const uint8_t *bytes, size_t size, struct mu_error *error) {
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct mu_wire_suggestions out;
    enum mu_status status = mu_wire_read_suggestions(exact, size, NULL, arena, &out, error);
    mu_arena_destroy(arena);
    free(exact);
    return status;
}

static void a_request_becomes_the_domain(void **state) {
    (void)state;
    size_t size;
    uint8_t *bytes = valid_request(&size, NULL);
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct mu_wire_suggestions out;
    struct mu_error error;
    assert_int_equal(mu_wire_read_suggestions(bytes, size, NULL, arena, &out, &error), MU_OK);
    assert_int_equal(out.wanted, 2);
    assert_int_equal(out.first, 3);
    assert_true(out.counted);
    assert_true(out.experiment.metrics[0].maximize);
    assert_string_equal(out.experiment.algorithm, "random");
    assert_string_equal(out.experiment.settings[0].value, "7");
    assert_int_equal(out.history.n, 1);
    assert_true(out.history.trials[0].loss == -0.75);
    assert_true(out.history.trials[0].x[0] == 0.5 && out.history.trials[0].x[1] == 3);
    mu_arena_destroy(arena);
    free(bytes);
}

/* Without a total nobody knows how many suggestions there were: the trials' digest is the number.
 */
static void without_a_total_the_trials_are_the_number(void **state) {
    (void)state;
    Request request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    Api__V1__Beta1__Trial trial = API__V1__BETA1__TRIAL__INIT;
    Api__V1__Beta1__Trial *trials[] = {&trial};
    struct mu_arena *arena = mu_arena_create(1 << 20);
    request.trials = trials;
    for (int total = 0; total < 6; total++) {
        for (request.n_trials = 0; request.n_trials < 2; request.n_trials++) {
            uint8_t bytes[MOST_BYTES];
            struct mu_wire_suggestions out;
            struct mu_error error;
            request.current_request_number = 2;
            request.total_request_number = total;
            size_t size = api__v1__beta1__get_suggestions_request__pack(&request, bytes);
            assert_int_equal(
                mu_wire_read_suggestions(bytes, size, NULL, arena, &out, &error), MU_OK);
            assert_int_equal(out.counted, total >= 2);
            assert_true(out.first ==
                        (total >= 2 ? (uint64_t)(total - 2) : mu_history_digest(&out.history)));
            assert_int_equal(out.first == 0, total == 2 || (total < 2 && request.n_trials == 0));
        }
    }
    mu_arena_destroy(arena);
}

/* The direction of an experiment without an objective is that of its trials. */
static void trials_tell_the_direction_when_the_experiment_does_not(void **state) {
    (void)state;
    Api__V1__Beta1__ObjectiveSpec objective = API__V1__BETA1__OBJECTIVE_SPEC__INIT;
    objective.type = API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE;
    objective.objective_metric_name = (char[]){"accuracy"};
    Api__V1__Beta1__TrialSpec spec = API__V1__BETA1__TRIAL_SPEC__INIT;
    spec.objective = &objective;
    Api__V1__Beta1__Trial trial = API__V1__BETA1__TRIAL__INIT;
    Api__V1__Beta1__Trial *trials[] = {&trial};
    trial.spec = &spec;
    Request request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    request.trials = trials;
    request.n_trials = 1;
    uint8_t bytes[2 * MOST_BYTES];
    size_t size = api__v1__beta1__get_suggestions_request__pack(&request, bytes);
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct mu_wire_suggestions out;
    struct mu_error error;
    assert_int_equal(mu_wire_read_suggestions(bytes, size, NULL, arena, &out, &error), MU_OK);
    assert_true(out.experiment.metrics[0].maximize);
    objective.type = API__V1__BETA1__OBJECTIVE_TYPE__MINIMIZE;
    size = api__v1__beta1__get_suggestions_request__pack(&request, bytes);
    assert_int_equal(mu_wire_read_suggestions(bytes, size, NULL, arena, &out, &error), MU_OK);
    assert_false(out.experiment.metrics[0].maximize);
    mu_arena_destroy(arena);
}

static void every_prefix_is_answered(void **state) {
    (void)state;
    size_t size;
    size_t good = 0;
    uint8_t *bytes = valid_request(&size, NULL);
    struct mu_error error;
    for (size_t n = 0; n < size; n++) {
        enum mu_status status = read_bytes(bytes, n, &error);
        assert_true(status == MU_OK || status == MU_INVALID_ARGUMENT);
        good += status == MU_OK;
    }
    assert_in_range(good, 1, 10); /* only cuts between whole top-level fields are messages too */
    free(bytes);
}

static void every_flipped_byte_is_answered(void **state) {
    (void)state;
    size_t size;
    uint8_t *bytes = valid_request(&size, NULL);
    struct mu_error error;
    for (size_t i = 0; i < size; i++) {
        uint8_t kept = bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = kept ^ (uint8_t)(1 << bit);
            enum mu_status status = read_bytes(bytes, size, &error);
            assert_true(status == MU_OK || status == MU_INVALID_ARGUMENT ||
                        status == MU_RESOURCE_EXHAUSTED);
        }
        bytes[i] = kept;
    }
    free(bytes);
}

static void texts_must_be_utf8(void **state) {
    (void)state;
    size_t size;
    struct mu_error error;
    uint8_t *bytes = valid_request(&size, "\xFF");
    assert_int_equal(read_bytes(bytes, size, &error), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "field value"));
    free(bytes);
    bytes = valid_request(&size, "a?b");
    *(uint8_t *)memmem(bytes, size, "a?b", 3) = 0; /* protobuf-c would cut the text there */
    assert_int_equal(read_bytes(bytes, size, &error), MU_INVALID_ARGUMENT);
    free(bytes);
}

static void wishes_are_bounded(void **state) {
    (void)state;
    static const int WANTED[] = {-1, 10001, 2147483647};
    for (size_t i = 0; i < 3; i++) {
        Request request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
        request.current_request_number = WANTED[i];
        uint8_t bytes[64];
        size_t size = api__v1__beta1__get_suggestions_request__pack(&request, bytes);
        struct mu_error error;
        assert_int_equal(read_bytes(bytes, size, &error), MU_INVALID_ARGUMENT);
        assert_non_null(strstr(error.text, "current_request_number"));
    }
}

static void a_large_request_meets_the_limit(void **state) {
    (void)state;
    size_t one;
    uint8_t *bytes = valid_request(&one, NULL);
    uint8_t *many = malloc(one * 100);
    for (int i = 0; i < 100; i++) {
        memcpy(many + (size_t)i * one, bytes, one); /* concatenated messages merge */
    }
    for (size_t limit = 1024; limit <= 512 * 1024; limit *= 2) {
        struct mu_arena *arena = mu_arena_create(limit);
        struct mu_wire_suggestions out;
        struct mu_error error;
        volatile enum mu_status status =
            MU_RESOURCE_EXHAUSTED; /* what a jump to the guard is answered with */
        if (!mu_arena_enter(arena)) {
            status = mu_wire_read_suggestions(many, one * 100, NULL, arena, &out, &error);
        }
        if (limit <= 4096) {
            assert_int_equal(status, MU_RESOURCE_EXHAUSTED);
        } else if (limit ==
                   512 * 1024) { /* enough to see that the merged parameter is there 100 times */
            assert_int_equal(status, MU_INVALID_ARGUMENT);
        }
        mu_arena_destroy(arena);
    }
    free(many);
    free(bytes);
}

static void assert_same_trials(const struct mu_trial *a, const struct mu_trial *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_string_equal(a[i].completed, b[i].completed);
        assert_int_equal(a[i].belongs, b[i].belongs);
        assert_int_equal(a[i].state, b[i].state);
        assert_int_equal(a[i].early_stopped, b[i].early_stopped);
        assert_memory_equal(&a[i].loss, &b[i].loss, sizeof a[i].loss);
        assert_int_equal(a[i].n_assignments, b[i].n_assignments);
        for (size_t k = 0; k < a[i].n_assignments; k++) {
            assert_string_equal(a[i].assignments[k].name, b[i].assignments[k].name);
            assert_string_equal(a[i].assignments[k].value, b[i].assignments[k].value);
        }
        assert_memory_equal(a[i].x, b[i].x, PARAMETERS * sizeof *a[i].x);
    }
}

/* Histories that grow, shrink, change and swap their order, of two experiments in turn, through
 * caches that hold all, some or nothing. Half the trials have no name, so that their hashes fall
 * together. */
static void a_cache_changes_nothing(void **state) {
    (void)state;
    enum { ROUNDS = 60, MOST = 120 };
    static const size_t LIMITS[] = {256, 4 << 10, 20 << 10, 1 << 20};
    static const Condition CONDITIONS[] = {CONDITION(SUCCEEDED), CONDITION(EARLYSTOPPED),
        CONDITION(FAILED), CONDITION(SUCCEEDED), CONDITION(RUNNING)};
    size_t base;
    uint8_t *bytes = valid_request(&base, NULL);
    uint8_t *request = malloc(base + (size_t)MOST * MOST_BYTES);
    memcpy(request, bytes, base);
    uint8_t *max =
        memmem(request, base, "0.9", 3); /* the parameter's, in which the two experiments differ */
    for (size_t l = 0; l < 4; l++) {
        struct mu_trial_cache *cache = mu_trial_cache_create(LIMITS[l]);
        for (size_t round = 0; round < ROUNDS; round++) {
            struct mu_stream stream;
            mu_stream_init(&stream, 1, round, "cache");
            size_t size = base;
            size_t n = mu_uniform_below(&stream, MOST);
            max[2] = round % 3 ? '9' : '5';
            for (size_t i = 0; i < n; i++) {
                char name[16] = "";
                char value[32];
                char units[8];
                char metric[32];
                size_t which = (i * 7 + round) % MOST;
                snprintf(name, sizeof name, which % 2 ? "trial-%zu" : "", which);
                snprintf(value, sizeof value, "%.17g", 0.1 + 0.01 * (double)(which % 90));
                snprintf(units, sizeof units, "%zu", which % 10); /* 0 is outside: infeasible */
                snprintf(metric, sizeof metric, "%zu", which);
                size += trial_request(name, value, units, metric,
                    CONDITIONS[(which + round) / 3 % 5], request + size);
            }
            struct mu_arena *with = mu_arena_create(1 << 22);
            struct mu_arena *without = mu_arena_create(1 << 22);
            struct mu_wire_suggestions a;
            struct mu_wire_suggestions b;
            struct mu_error error;
            assert_int_equal(
                mu_wire_read_suggestions(request, size, cache, with, &a, &error), MU_OK);
            assert_int_equal(
                mu_wire_read_suggestions(request, size, NULL, without, &b, &error), MU_OK);
            assert_int_equal(a.history.n, b.history.n);
            assert_int_equal(a.history.n_infeasible, b.history.n_infeasible);
            assert_same_trials(a.history.trials, b.history.trials, a.history.n);
            assert_same_trials(a.history.infeasible, b.history.infeasible, a.history.n_infeasible);
            mu_arena_destroy(with);
            mu_arena_destroy(without);
        }
        mu_trial_cache_destroy(cache);
    }
    free(request);
    free(bytes);
}

static void a_reply_reads_back(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    const struct mu_pair pairs[] = {{"lr", "0.5"}, {"n", "3"}};
    const struct mu_pair settings[] = {{"s_max", "2"}};
    struct mu_suggestion suggestions[] = {{.assignments = pairs, .n_assignments = 2},
        {.assignments = pairs, .n_assignments = 2, .trial_name = "named"}};
    const struct mu_reply reply = {suggestions, 2, settings, 1};
    const struct mu_experiment experiment = {.name = "e", .algorithm = "hyperband"};
    struct mu_call call = {.arena = arena};
    struct mu_error error;
    assert_int_equal(mu_wire_write_suggestions(&experiment, &reply, &call, &error), MU_OK);
    Reply *out = api__v1__beta1__get_suggestions_reply__unpack(NULL, call.reply_size, call.reply);
    assert_non_null(out);
    assert_int_equal(out->n_parameter_assignments, 2);
    assert_string_equal(out->parameter_assignments[1]->assignments[1]->value, "3");
    assert_string_equal(out->parameter_assignments[0]->trial_name, "");
    assert_string_equal(out->parameter_assignments[1]->trial_name, "named");
    assert_string_equal(out->algorithm->algorithm_settings[0]->name, "s_max");
    api__v1__beta1__get_suggestions_reply__free_unpacked(out, NULL);
    mu_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_becomes_the_domain),
        cmocka_unit_test(without_a_total_the_trials_are_the_number),
        cmocka_unit_test(trials_tell_the_direction_when_the_experiment_does_not),
        cmocka_unit_test(every_prefix_is_answered),
        cmocka_unit_test(every_flipped_byte_is_answered),
        cmocka_unit_test(texts_must_be_utf8),
        cmocka_unit_test(wishes_are_bounded),
        cmocka_unit_test(a_large_request_meets_the_limit),
        cmocka_unit_test(a_cache_changes_nothing),
        cmocka_unit_test(a_reply_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

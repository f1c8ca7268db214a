/* Grid search as a service: every point once, wherever a controller asks from; validation;
 * geometric grids. */
#include "services/grid/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/history.h"
#include "tests/support/settings.h"

static struct mu_error error;

static const struct mu_parameter_text LR = {
    .name = "lr", .type = MU_DOUBLE, .min = "0.01", .max = "0.05", .step = "0.005"};
static const struct mu_parameter_text MOMENTUM = {
    .name = "momentum", .type = MU_DOUBLE, .min = "0.5", .max = "0.9", .step = "0.1"};

static struct mu_experiment experiment(const struct mu_parameter_text *texts, size_t n) {
    struct mu_experiment e = {
        .name = "grid", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "grid"};
    if (mu_space_init(&e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return e;
}

static struct mu_reply ask(const struct mu_experiment *e, const struct mu_history *history,
    size_t wanted, uint64_t first) {
    struct mu_request request = {
        .experiment = e, .history = history, .wanted = wanted, .first = first, .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_grid, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    return reply;
}

static struct mu_trial_record running(const struct mu_suggestion *suggestion) {
    return (struct mu_trial_record){.name = "t",
        .completed = "",
        .assignments = suggestion->assignments,
        .n_assignments = suggestion->n_assignments};
}

static const char *joined(const struct mu_suggestion *suggestion) {
    char text[128] = "";
    for (size_t i = 0; i < suggestion->n_assignments; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s ", suggestion->assignments[i].value);
    }
    return mu_arena_copy(arena, text);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t distinct(const struct mu_suggestion *suggestions, size_t n) {
    const char **texts = MU_ARRAY(arena, n, const char *);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        texts[i] = joined(&suggestions[i]);
    }
    qsort(texts, n, sizeof *texts, by_text);
    for (size_t i = 0; i < n; i++) {
        count += i == 0 || strcmp(texts[i - 1], texts[i]) != 0;
    }
    return count;
}

/* Katib's example, nine by five values. */
static void every_point_comes_once(void **state) {
    (void)state;
    const struct mu_history none = {0};
    struct mu_experiment e = experiment((const struct mu_parameter_text[]){LR, MOMENTUM}, 2);
    struct mu_reply reply = ask(&e, &none, 45, 0);
    assert_int_equal(distinct(reply.suggestions, 45), 45);
    assert_int_equal(reply.n_settings, 0);
}

/* Asked one by one with all trials, in a controller's way. Half of the suggestions are counted by
 * nobody (total_request_number 0 gives first = trials): still no repeat. */
static void controllers_that_count_otherwise_get_no_repeats(void **state) {
    (void)state;
    enum { POINTS = 45 };
    struct mu_experiment e = experiment((const struct mu_parameter_text[]){LR, MOMENTUM}, 2);
    struct mu_trial_record records[POINTS];
    struct mu_suggestion all[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        struct mu_history history;
        build_history(&history, &e, records, i, arena);
        all[i] = ask(&e, &history, 1, i / 2).suggestions[0];
        records[i] = running(&all[i]);
    }
    assert_int_equal(distinct(all, POINTS), POINTS);
}

/* After the last point the order begins again, and the reply says so. */
static void an_exhausted_grid_goes_on(void **state) {
    (void)state;
    const struct mu_history none = {0};
    struct mu_experiment e = experiment((const struct mu_parameter_text[]){LR, MOMENTUM}, 2);
    struct mu_reply reply = ask(&e, &none, 90, 0);
    assert_int_equal(distinct(reply.suggestions, 45), 45);
    assert_int_equal(distinct(reply.suggestions + 45, 45), 45);
    assert_int_equal(reply.n_settings, 1);
    assert_string_equal(reply.settings[0].name, "grid_exhausted");
    assert_string_equal(joined(&reply.suggestions[0]), joined(&reply.suggestions[45]));
}

/* Points that were handed out but never became trials come in the second round. */
static void lost_points_come_in_the_second_round(void **state) {
    (void)state;
    enum { POINTS = 45 };
    const struct mu_history none = {0};
    struct mu_history history;
    struct mu_experiment e = experiment((const struct mu_parameter_text[]){LR, MOMENTUM}, 2);
    struct mu_reply first = ask(&e, &none, POINTS, 0);
    struct mu_trial_record records[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        records[i] = running(&first.suggestions[i]);
    }
    records[10] = records[11];
    build_history(&history, &e, records, POINTS, arena);
    struct mu_reply next = ask(&e, &history, 1, POINTS);
    assert_string_equal(joined(&next.suggestions[0]), joined(&first.suggestions[10]));
    assert_int_equal(next.n_settings, 0);
}

static void ratios_make_geometric_grids(void **state) {
    (void)state;
    const struct mu_pair points = {"log_points", "5"};
    const struct mu_parameter_text texts[] = {{.name = "lr",
                                                  .type = MU_DOUBLE,
                                                  .distribution = MU_LOG_UNIFORM,
                                                  .min = "1e-5",
                                                  .max = "0.1"},
        {.name = "units", .type = MU_INT, .distribution = MU_LOG_UNIFORM, .min = "1", .max = "4"}};
    struct mu_experiment e = experiment(texts, 2);
    e.settings = &points;
    e.n_settings = 1;
    struct mu_history history;
    struct mu_trial_record records[20];
    struct mu_suggestion all[20];
    for (size_t i = 0; i < 20; i++) { /* 1 1.4 2 2.8 4 are the ints 1 2 3 4 */
        build_history(&history, &e, records, i, arena);
        all[i] = ask(&e, &history, 1, 0).suggestions[0];
        records[i] = running(&all[i]);
        assert_non_null(strstr("1e-05 0.0001 0.001 0.01 0.1", all[i].assignments[0].value));
        assert_non_null(strstr("1 2 3 4", all[i].assignments[1].value));
    }
    assert_int_equal(distinct(all, 20), 20);
}

static const char *validation(
    const struct mu_parameter_text *texts, size_t n, int max_trials, const char *log_points) {
    const struct mu_pair setting = {"log_points", log_points};
    struct mu_experiment e = experiment(texts, n);
    e.max_trials = max_trials;
    e.settings = &setting;
    e.n_settings = log_points != NULL;
    return mu_algorithm_validate(&mu_grid, &e, arena, &error) ? error.text : "";
}

static void experiments_are_validated(void **state) {
    (void)state;
    const struct mu_parameter_text no_step = {
        .name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1"};
    const struct mu_parameter_text fine = {
        .name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1e17", .step = "1"};
    const struct mu_parameter_text log = {
        .name = "lr", .type = MU_DOUBLE, .distribution = MU_LOG_UNIFORM, .min = "0.1", .max = "1"};
    const struct mu_parameter_text vast[] = {
        {.name = "a", .type = MU_INT, .min = "1", .max = "4294967296"},
        {.name = "b", .type = MU_INT, .min = "1", .max = "4294967296"}};
    assert_string_equal(validation(&LR, 1, 9, NULL), "");
    assert_string_equal(validation(&LR, 1, 0, NULL), "");
    assert_string_equal(
        validation(&LR, 1, 10, NULL), "Max Trial Count: 10 > all possible search combinations: 9");
    assert_string_equal(
        validation(NULL, 0, 33, NULL), "Max Trial Count: 33 > all possible search combinations: 1");
    assert_string_equal(validation(&no_step, 1, 5, NULL),
        "failed to validate parameters(lr): a grid needs the step of every double");
    assert_string_equal(validation(&fine, 1, 5, NULL),
        "failed to validate parameters(lr): it has more values than a grid counts");
    assert_string_equal(validation(&log, 1, 5, "5"), "");
    assert_string_equal(
        validation(&log, 1, 6, "5"), "Max Trial Count: 6 > all possible search combinations: 5");
    assert_string_equal(validation(vast, 1, 5, NULL), "");
    assert_string_equal(validation(vast, 2, 5, NULL),
        "failed to validate parameters: the grid has more than 9223372036854775808 points");
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case CASES[] = {
        {{"random_state", "10"}, NULL},
        {{"grid_exhausted", "true"}, NULL},
        {{"log_points", "7"}, NULL},
        {{"log_points", "1"}, "setting log_points: 1 is out of range, accepted is [2, 65536]"},
        {{"random_state", "-1"}, "random_state should be great or equal than zero"},
        {{"invalid", "5"}, "unknown setting invalid for algorithm grid"},
    };
    assert_settings(&mu_grid, CASES, sizeof CASES / sizeof *CASES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(every_point_comes_once),
        arena_test(controllers_that_count_otherwise_get_no_repeats),
        arena_test(an_exhausted_grid_goes_on),
        arena_test(lost_points_come_in_the_second_round),
        arena_test(ratios_make_geometric_grids),
        arena_test(experiments_are_validated),
        arena_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

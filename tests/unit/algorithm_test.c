/* What the framework does around an algorithm: settings and seed, the loop over a batch, tried
 * points, texts, names and labels, stops and errors. */
#include "common/search/algorithm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/history.h"

enum { SUCCEEDED = 2 };
static struct mu_error error;

/* ---- an algorithm that does what a test tells it, and notes what it is told ---- */

static struct script {
    double point;     /* the proposal; NAN: nothing to say */
    size_t fails_at;  /* propose fails there */
    bool begin_fails; /* begin does */
    bool texts;       /* proposes texts, a name and a label */
    size_t n_begun, n_pending, n_described;
    uint64_t numbers[8];
    size_t n_numbers;
    const double *pending[8];
    bool seen_before[8]; /* whether the point of the proposal before was in the set */
    const struct mu_request *request;
} script;

static enum mu_status begin(const struct mu_request *request, void **state, struct mu_error *e) {
    script.request = request;
    script.n_begun++;
    *state = &script;
    return script.begin_fails ? mu_fail(e, MU_INVALID_ARGUMENT, "begin") : MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *e) {
    static const struct mu_pair PAIR = {"architecture", "[[1]]"};
    static const struct mu_pair LABEL = {"generation", "3"};
    assert_ptr_equal(state, &script);
    if (script.n_pending) {
        script.seen_before[script.n_numbers] =
            mu_seen_has(mu_request_seen(script.request), script.pending[script.n_pending - 1]);
    }
    if (script.n_numbers + 1 == script.fails_at) {
        return mu_fail(e, MU_INVALID_ARGUMENT, "propose");
    }
    script.numbers[script.n_numbers++] = number;
    if (script.texts) {
        proposal->suggestion = (struct mu_suggestion){.assignments = &PAIR,
            .n_assignments = 1,
            .trial_name = "named",
            .labels = &LABEL,
            .n_labels = 1};
    } else if (script.point >= 0) {
        proposal->x[0] = script.point;
        proposal->found = true;
    }
    return MU_OK;
}

static void pending(void *state, const double *x) {
    assert_ptr_equal(state, &script);
    script.pending[script.n_pending++] = x;
}

static void describe(void *state, struct mu_reply *reply) {
    static const struct mu_pair NOTE = {"note", "1"};
    assert_ptr_equal(state, &script);
    script.n_described++;
    reply->settings = &NOTE;
    reply->n_settings = 1;
}

struct options {
    uint64_t count;
};
static const struct mu_setting_spec SPECS[] = {
    {.name = "count", .value = MU_MEMBER(struct options, count), .fallback = "3"}};

static const struct mu_algorithm SCRIPTED = {
    .name = "scripted",
    .settings = MU_SETTINGS(SPECS, struct options),
    .begin = begin,
    .propose = propose,
    .pending = pending,
    .describe = describe,
};
static const struct mu_algorithm SILENT = {.name = "silent"},
                                 UNSEEDED = {.name = "unseeded", .unseeded = true};

/* ---- requests ---- */

/* One parameter c of four values, of which |tried| were tried. */
static struct mu_request request_of(size_t tried, size_t wanted) {
    static const char *const VALUES[] = {"a", "b", "c", "d"};
    static const struct mu_parameter_text TEXT = {
        .name = "c", .type = MU_CATEGORICAL, .list = VALUES, .n_list = 4};
    struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    struct mu_trial_record *records = MU_ARRAY(arena, tried, struct mu_trial_record);
    struct mu_pair *pairs = MU_ARRAY(arena, tried, struct mu_pair);
    *e = (struct mu_experiment){.name = "e", .metrics = MINIMIZED, .n_metrics = 1};
    assert_int_equal(mu_space_init(&e->space, &TEXT, 1, arena, &error), MU_OK);
    for (size_t i = 0; i < tried; i++) {
        pairs[i] = (struct mu_pair){"c", VALUES[i]};
        records[i] = (struct mu_trial_record){.name = VALUES[i],
            .completed = "",
            .metric = "1",
            .condition = SUCCEEDED,
            .assignments = &pairs[i],
            .n_assignments = 1};
    }
    build_history(history, e, records, tried, arena);
    script = (struct script){.point = NAN};
    return (struct mu_request){
        .experiment = e, .history = history, .wanted = wanted, .first = 10, .arena = arena};
}

static struct mu_reply ask(const struct mu_algorithm *algorithm, struct mu_request *request) {
    struct mu_reply reply;
    assert_int_equal(mu_algorithm_suggest(algorithm, request, &reply, &error), MU_OK);
    assert_int_equal(reply.n, request->wanted);
    return reply;
}

static void give(struct mu_request *request, const struct mu_pair *settings, size_t n) {
    struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
    *e = *request->experiment;
    e->settings = settings;
    e->n_settings = n;
    request->experiment = e;
}

/* ---- tests ---- */

static void proposals_are_asked_for_in_order_and_handed_out(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 3);
    script.point = 2;
    struct mu_reply reply = ask(&SCRIPTED, &request);
    assert_int_equal(script.n_begun, 1);
    assert_int_equal(script.n_pending, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(script.numbers[i], 10 + i);
        assert_true(script.pending[i][0] == 2);
        assert_int_equal(reply.suggestions[i].n_assignments, 1);
        assert_string_equal(reply.suggestions[i].assignments[0].name, "c");
        assert_string_equal(reply.suggestions[i].assignments[0].value, "c");
        assert_null(reply.suggestions[i].trial_name);
        assert_int_equal(reply.suggestions[i].n_labels, 0);
    }
    assert_ptr_not_equal(script.pending[0], script.pending[1]); /* each is kept */
    assert_true(script.seen_before[1] && script.seen_before[2]);
}

static void an_empty_proposal_becomes_an_untried_point(void **state) {
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct mu_request request = request_of(2, 2);
        struct mu_reply reply = ask(silent ? &SILENT : &SCRIPTED, &request);
        const char *a = reply.suggestions[0].assignments[0].value;
        const char *b = reply.suggestions[1].assignments[0].value;
        assert_true((*a == 'c' && *b == 'd') || (*a == 'd' && *b == 'c'));
        assert_int_equal(script.n_pending, silent ? 0 : 2); /* told of what was drawn instead, */
        assert_true(silent || script.seen_before[1]);
    }
}

/* Of four values three were tried: whatever the number, the fourth is drawn. */
static void the_trials_of_a_request_count_as_tried(void **state) {
    (void)state;
    for (uint64_t first = 0; first < 8; first++) {
        struct mu_request request = request_of(3, 1);
        request.first = first;
        assert_string_equal(ask(&SILENT, &request).suggestions[0].assignments[0].value, "d");
    }
}

/* ---- suggestions whose trials are missing ---- */

static void missing_trials_are_counted(void **state) {
    (void)state;
    struct mu_request request = request_of(3, 2);
    struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
    struct mu_history running = *request.history;
    struct mu_trial trials[] = {request.history->trials[0]};
    *e = *request.experiment;
    request.experiment = e;
    assert_int_equal(mu_request_missing(&request), 0); /* without a total, and nobody says more */
    e->parallel_trials = 6;
    assert_int_equal(mu_request_missing(&request), 4);
    trials[0].state = MU_PENDING;
    running.trials = trials;
    running.n = 1;
    request.history = &running;
    assert_int_equal(mu_request_missing(&request), 0); /* what runs is shown */
    request.counted = true;
    assert_int_equal(mu_request_missing(&request), 9);
    request.first = 1;
    assert_int_equal(mu_request_missing(&request), 0);
}

static void missing_suggestions_are_made_again(void **state) {
    (void)state;
    struct mu_algorithm recalling = SCRIPTED;
    for (int recalls = 0; recalls < 2; recalls++) {
        struct mu_request request = request_of(2, 1);
        recalling.recalls = recalls;
        request.counted = true;
        request.first = 4;
        script.point = 3;
        ask(&recalling, &request);
        assert_int_equal(script.n_numbers, recalls ? 3 : 1);
        assert_int_equal(script.n_pending, script.n_numbers);
        assert_int_equal(script.numbers[0], recalls ? 2 : 4);
        assert_int_equal(script.numbers[script.n_numbers - 1], 4);
    }
}

/* No trial is ever shown, and of four values none comes twice. */
static void random_draws_know_those_before_them(void **state) {
    (void)state;
    unsigned values = 0;
    for (uint64_t first = 0; first < 4; first++) {
        struct mu_request request = request_of(0, 1);
        request.counted = true;
        request.first = first;
        values |= 1u << (*ask(&SILENT, &request).suggestions[0].assignments[0].value - 'a');
    }
    assert_int_equal(values, 15);
}

/* What a request says; |step| of the values from 0 to 1, NULL: every number is one. */
struct saying {
    bool stops_early;
    size_t wanted;
    int parallel, most;
    const char *step;
};

/* Whether two requests that say so and differ in a result alone get the same point. */
static bool is_same_point(struct saying saying) {
    const struct mu_parameter_text text = {
        .name = "x", .type = MU_DOUBLE, .min = "0", .max = "1", .step = saying.step};
    const char *texts[2];
    for (int i = 0; i < 2; i++) {
        struct mu_request request = request_of(0, saying.wanted);
        struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
        struct mu_trial_record record = {.name = "t",
            .completed = "2026-01-01T00:00:00Z",
            .condition = MU_TRIAL_SUCCEEDED,
            .metric = i ? "1" : "2",
            .assignments = (const struct mu_pair[]){{"x", "0.5"}},
            .n_assignments = 1};
        struct mu_history history;
        *e = *request.experiment;
        e->parallel_trials = saying.parallel;
        e->max_trials = saying.most;
        e->stops_early = saying.stops_early;
        assert_int_equal(mu_space_init(&e->space, &text, 1, arena, &error), MU_OK);
        build_history(&history, e, &record, 1, arena);
        request.experiment = e;
        request.history = &history;
        request.counted = true;
        request.first = 1;
        texts[i] = ask(&SILENT, &request).suggestions[0].assignments[0].value;
    }
    return strcmp(texts[0], texts[1]) == 0;
}

/* A trial that was stopped early, is not counted yet and keeps its worker could have been given the
 * number. */
static void results_decide_where_a_number_may_be_taken(void **state) {
    (void)state;
    const struct saying taken = {.stops_early = true, .wanted = 1, .parallel = 2, .most = 3};
    struct saying saying = taken;
    assert_false(is_same_point(saying));
    saying.step = "0.001";
    assert_false(is_same_point(saying));
    saying = taken;
    saying.parallel = 0; /* how many workers is not known */
    assert_false(is_same_point(saying));
    saying = taken;
    saying.wanted = 2; /* every worker is accounted for */
    saying.most = 0;
    assert_true(is_same_point(saying));
    saying = taken;
    saying.most = 2; /* no more is to be asked for */
    assert_true(is_same_point(saying));
    saying = taken;
    saying.stops_early = false;
    assert_true(is_same_point(saying));
}

/* Models of different results meet at the ends of ranges. */
/* The one suggestion for a line whose model proposes its end, of a request that is else |request|.
 */
static double near_the_end_of_a_line(struct mu_request request, int parallel) {
    static const struct mu_parameter_text LINE = {
        .name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"};
    struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
    *e = *request.experiment;
    e->parallel_trials = parallel;
    assert_int_equal(mu_space_init(&e->space, &LINE, 1, arena, &error), MU_OK);
    request.experiment = e;
    script.point = 1;
    return atof(ask(&SCRIPTED, &request).suggestions[0].assignments[0].value);
}

static void a_corner_is_left_where_trials_are_missing(void **state) {
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        struct mu_request request = request_of(0, 1);
        request.counted = true;
        request.first = missing ? 1 : 0;
        double x = near_the_end_of_a_line(request, 0);
        assert_true(missing ? x > 0 && x < 1 : x == 1);
    }
}

/* One trial has ended, and nothing tells whether others run but the number of workers. */
static void a_corner_is_left_where_trials_may_be_missing(void **state) {
    (void)state;
    double x = near_the_end_of_a_line(request_of(1, 1), 0);
    assert_true(x > 0 && x < 1);
    assert_true(near_the_end_of_a_line(request_of(1, 1), 1) == 1);
}

static void texts_names_and_labels_travel(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 1);
    script.texts = true;
    struct mu_reply reply = ask(&SCRIPTED, &request);
    const struct mu_suggestion *s = &reply.suggestions[0];
    assert_int_equal(s->n_assignments, 1);
    assert_string_equal(s->assignments[0].value, "[[1]]");
    assert_string_equal(s->trial_name, "named");
    assert_int_equal(s->n_labels, 1);
    assert_string_equal(s->labels[0].name, "generation");
    assert_int_equal(script.n_pending, 0); /* texts are no point */
}

static void settings_of_the_reply_come_with_a_suggestion(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 1);
    assert_int_equal(ask(&SCRIPTED, &request).n_settings, 1);
    assert_int_equal(script.n_described, 1);
    request = request_of(0, 0);
    assert_int_equal(ask(&SCRIPTED, &request).n_settings, 0);
    assert_true(script.n_described == 0 && script.n_begun == 1);
}

static bool after_one(void *user) {
    (void)user;
    return script.n_numbers >= 1;
}

static void nobody_waiting_ends_the_batch(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 3);
    struct mu_reply reply;
    request.should_stop = after_one;
    assert_int_equal(mu_algorithm_suggest(&SCRIPTED, &request, &reply, &error), MU_CANCELLED);
    assert_string_equal(error.text, "nobody waits for the answer");
    assert_int_equal(script.n_numbers, 1);
    assert_int_equal(script.n_described, 0);
}

static void errors_are_the_answer(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 3);
    struct mu_reply reply;
    script.begin_fails = true;
    assert_int_equal(
        mu_algorithm_suggest(&SCRIPTED, &request, &reply, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "begin");
    assert_int_equal(script.n_numbers, 0);
    request = request_of(0, 3);
    script.fails_at = 2;
    assert_int_equal(
        mu_algorithm_suggest(&SCRIPTED, &request, &reply, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "propose");
    assert_int_equal(script.n_numbers, 1);
    request = request_of(0, 1);
    give(&request, &(struct mu_pair){"count", "x"}, 1);
    assert_int_equal(
        mu_algorithm_suggest(&SCRIPTED, &request, &reply, &error), MU_INVALID_ARGUMENT);
    assert_int_equal(script.n_begun, 0);
}

static void options_and_seed_come_from_the_settings(void **state) {
    (void)state;
    struct mu_request request = request_of(0, 1);
    ask(&SCRIPTED, &request);
    assert_int_equal(((const struct options *)request.options)->count, 3);
    assert_true(request.seed == mu_experiment_seed(request.experiment));
    const struct mu_pair given[] = {{"random_state", "0"}, {"count", "5"}};
    give(&request, given, 2);
    ask(&SCRIPTED, &request);
    assert_int_equal(((const struct options *)request.options)->count, 5);
    assert_true(request.seed == 0);
    const struct mu_pair huge = {"random_state", "18446744073709551615"};
    give(&request, &huge, 1);
    ask(&SCRIPTED, &request);
    assert_true(request.seed == UINT64_MAX);
    const struct mu_pair both[] = {{"seed", "11"}, {"random_state", "12"}};
    for (size_t n = 1; n <= 2; n++) { /* another name of Katib's, which random_state overrules */
        give(&request, both, n);
        ask(&SCRIPTED, &request);
        assert_true(request.seed == (n == 1 ? 11 : 12));
    }
    give(&request, &huge, 1);
    ask(&UNSEEDED, &request); /* which does not know it */
    assert_true(request.seed == mu_experiment_seed(request.experiment));
}

static enum mu_status validate(
    const struct mu_algorithm *algorithm, const char *name, const char *value) {
    const struct mu_pair pair = {name, value};
    const struct mu_experiment e = {.name = "e", .settings = &pair, .n_settings = 1};
    error.text[0] = '\0';
    return mu_algorithm_validate(algorithm, &e, arena, &error);
}

static void settings_are_validated(void **state) {
    (void)state;
    assert_int_equal(validate(&SCRIPTED, "count", "4"), MU_OK);
    assert_int_equal(validate(&SCRIPTED, "random_state", "4"), MU_OK);
    assert_int_equal(validate(&SCRIPTED, "seed", "4"), MU_OK);
    assert_int_equal(validate(&SCRIPTED, "random_state", "-1"), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "random_state should be great or equal than zero");
    assert_int_equal(validate(&SCRIPTED, "random_state", "x"), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "failed to validate random_state(x): it is not an integer");
    assert_int_equal(validate(&SCRIPTED, "cuont", "4"), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "unknown setting cuont for algorithm scripted");
    assert_int_equal(validate(&UNSEEDED, "random_state", "4"), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "unknown setting random_state for algorithm unseeded");
}

static void the_document_ends_with_the_seed(void **state) {
    (void)state;
    for (int seeded = 0; seeded < 2; seeded++) {
        char *text;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        mu_algorithm_document(seeded ? &SCRIPTED : &UNSEEDED, out);
        fclose(out);
        assert_non_null(strstr(text, "| setting | type | accepted | default | meaning |\n|---|"));
        assert_int_equal(strstr(text, "| `random_state` | int | >= 0 | unset |") != NULL, seeded);
        free(text);
    }
}

static void services_answer_for_their_algorithms(void **state) {
    (void)state;
    const struct mu_service service = {
        "both", (const struct mu_algorithm *const[]){&SCRIPTED, &SILENT, NULL}};
    assert_ptr_equal(mu_service_find(&service, "silent", &error), &SILENT);
    static const char *const OTHERS[] = {"unknown", "unseeded", "", "SILENT"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        assert_null(mu_service_find(&service, OTHERS[i], &error));
        assert_int_equal(error.code, MU_INVALID_ARGUMENT);
        assert_string_equal(
            error.text, mu_arena_format(arena, "unknown algorithm name %s", OTHERS[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(proposals_are_asked_for_in_order_and_handed_out),
        arena_test(an_empty_proposal_becomes_an_untried_point),
        arena_test(the_trials_of_a_request_count_as_tried),
        arena_test(missing_trials_are_counted),
        arena_test(results_decide_where_a_number_may_be_taken),
        arena_test(missing_suggestions_are_made_again),
        arena_test(random_draws_know_those_before_them),
        arena_test(a_corner_is_left_where_trials_are_missing),
        arena_test(a_corner_is_left_where_trials_may_be_missing),
        arena_test(texts_names_and_labels_travel),
        arena_test(settings_of_the_reply_come_with_a_suggestion),
        arena_test(nobody_waiting_ends_the_batch),
        arena_test(errors_are_the_answer),
        arena_test(options_and_seed_come_from_the_settings),
        arena_test(settings_are_validated),
        arena_test(the_document_ends_with_the_seed),
        arena_test(services_answer_for_their_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hyperband's schedule, and its behaviour when trials come back in any order, fail, vanish, or
 * requests are repeated. */
#include "services/hyperband/tests/lab.h"

#define SETTINGS(r_l, sampler)                                                           \
    {                                                                                    \
        {"r_l", r_l}, {"eta", "3"}, {"resource_name", "epochs"}, {"sampler", sampler}, { \
            "random_state", "7"                                                          \
        }                                                                                \
    }

static double loss_of(const struct mu_suggestion *s) {
    double lr = log10(atof(lab_text(s, "lr"))) + 3;
    double layers = atof(lab_text(s, "layers")) / 50 - 0.4;
    return lr * lr + layers * layers + 1 / atof(lab_text(s, "epochs")) +
           0.1 * (double)strlen(lab_text(s, "optimizer"));
}

/* ---- the schedule ---- */

/* Requests of the size of a rung, every trial finished before the next: table 1 of the paper twice
 * over (the brackets rotate), and each rung holds the best third of the one before. */
static void requests_of_a_rung_follow_the_paper(void **state) {
    (void)state;
    static const struct {
        int n, resource;
    } TABLE[] = {{81, 1}, {27, 3}, {9, 9}, {3, 27}, {1, 81}, {34, 3}, {11, 9}, {3, 27}, {1, 81},
        {15, 9}, {5, 27}, {1, 81}, {8, 27}, {2, 81}, {5, 81}};
    static const struct mu_pair settings[] = SETTINGS("81", "random");
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
        size_t n = (size_t)TABLE[i].n;
        struct mu_reply reply = lab_ask(&lab, n, lab.requested);
        double worst = -INFINITY;
        double before[100];
        size_t n_before = i > 0 ? (size_t)TABLE[i - 1].n : 0;
        size_t better = 0;
        for (size_t k = 0; k < n_before; k++) {
            before[k] = atof(lab.trials[lab.n - n_before + k].metric) - 1.0 / TABLE[i - 1].resource;
        }
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(atoi(lab_text(&reply.suggestions[k], "epochs")), TABLE[i].resource);
            double loss = loss_of(&reply.suggestions[k]);
            worst = fmax(worst, loss - 1.0 / TABLE[i].resource);
            lab_add(&lab, &reply.suggestions[k], SUCCEEDED, loss);
        }
        lab.requested += n;
        bool promotion = i > 0 && n < n_before && TABLE[i].resource == 3 * TABLE[i - 1].resource;
        for (size_t k = 0; k < n_before && promotion; k++) {
            better += before[k] < worst - 1e-9;
        }
        assert_true(!promotion || better == n - 1);
    }
    struct mu_reply reply = lab_ask(&lab, 1, lab.requested);
    assert_string_equal(lab_text(&reply.suggestions[0], "epochs"), "1");
    lab_finish(&lab);
}

/* evaluating_trials of the reply is the number of results that the next rung is chosen from, so
 * asking for a third of it walks the table.
 */
static void the_reply_tells_the_size_of_the_next_rung(void **state) {
    (void)state;
    static const int SIZES[] = {27, 9, 3, 1, 12, 4, 1, 6, 2, 4, 27};
    static const struct mu_pair settings[] = SETTINGS("27", "random");
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    size_t n = 27;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        assert_int_equal(n, SIZES[i]);
        struct mu_reply reply = lab_ask(&lab, n, lab.requested);
        lab.requested += n;
        for (size_t k = 0; k < reply.n; k++) {
            lab_add(&lab, &reply.suggestions[k], SUCCEEDED,
                i < 10 ? loss_of(&reply.suggestions[k]) : 0);
        }
        for (size_t k = 0; k < reply.n_settings; k++) {
            if (strcmp(reply.settings[k].name, "evaluating_trials") == 0) {
                n = (size_t)ceil(atof(reply.settings[k].value) / 3);
            }
        }
    }
    lab_finish(&lab);
}

/* ---- properties under random interleavings ---- */

static void shuffle_trials(struct lab *lab, struct mu_stream *stream) {
    for (size_t i = lab->n; i > 1; i--) {
        size_t j = (size_t)mu_uniform_below(stream, i);
        struct mu_trial_record swap = lab->trials[i - 1];
        lab->trials[i - 1] = lab->trials[j];
        lab->trials[j] = swap;
    }
}

/* Finish some of the running trials, one way or another. */
static void finish_some(struct lab *lab, struct mu_stream *stream) {
    for (size_t i = 0; i < lab->n; i++) {
        struct mu_trial_record *t = &lab->trials[i];
        if (t->condition > RUNNING || mu_uniform(stream) < 0.5) {
            continue;
        }
        static const int ENDS[] = {SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED, SUCCEEDED,
            SUCCEEDED, FAILED, EARLYSTOPPED, KILLED};
        struct mu_suggestion s = {.assignments = t->assignments, .n_assignments = t->n_assignments};
        t->condition = ENDS[mu_uniform_below(stream, 10)];
        t->completed = mu_arena_format(
            lab->arena, "2026-01-02T00:00:%02uZ", (unsigned)mu_uniform_below(stream, 60));
        if (t->condition == SUCCEEDED || t->condition == EARLYSTOPPED) {
            t->metric = mu_arena_format(lab->arena, "%.17g", loss_of(&s));
        }
    }
}

/* Trials that vanish without a trace: Katib does not send those whose metrics never came. */
static void lose_some(struct lab *lab, struct mu_stream *stream) {
    for (size_t i = 0; i < lab->n;) {
        if (lab->trials[i].condition <= RUNNING && mu_uniform(stream) < 0.05) {
            lab->trials[i] = lab->trials[--lab->n];
        } else {
            i++;
        }
    }
}

static int number_at(const struct lab *lab, const char *resource, int condition) {
    int n = 0;
    for (size_t i = 0; i < lab->n; i++) {
        struct mu_suggestion s = {.assignments = lab->trials[i].assignments,
            .n_assignments = lab->trials[i].n_assignments};
        n += strcmp(lab_text(&s, "epochs"), resource) == 0 &&
             (condition < 0 || lab->trials[i].condition == condition);
    }
    return n;
}

static bool is_tried(const struct lab *lab, const struct mu_suggestion *s) {
    for (size_t i = 0; i < lab->n; i++) {
        bool same = true;
        for (size_t j = 0; j < s->n_assignments && same; j++) {
            same = strcmp(lab->trials[i].assignments[j].value, s->assignments[j].value) == 0;
        }
        if (same) {
            return true;
        }
    }
    return false;
}

/* One request: the right number, the same bytes when it is repeated with the trials in another
 * order (a restart is nothing else, since there is no state), only resources of the ladder, and,
 * when nothing got lost, no assignment twice. */
static void ask_and_check(struct lab *lab, struct mu_stream *stream, size_t wanted, bool unique) {
    struct mu_reply reply = lab_ask(lab, wanted, lab->requested);
    char *text = lab_print(lab, &reply);
    shuffle_trials(lab, stream);
    struct mu_reply again = lab_ask(lab, wanted, lab->requested);
    assert_string_equal(text, lab_print(lab, &again));
    lab->requested += wanted;
    for (size_t i = 0; i < wanted; i++) {
        int epochs = atoi(lab_text(&reply.suggestions[i], "epochs"));
        assert_true(epochs == 1 || epochs == 3 || epochs == 9 || epochs == 27);
        assert_true(!unique || !is_tried(lab, &reply.suggestions[i]));
        lab_add(lab, &reply.suggestions[i], mu_uniform(stream) < 0.5 ? CREATED : RUNNING, 0);
    }
}

static void run_interleaving(const char *sampler, uint64_t seed, int steps, bool losing) {
    const struct mu_pair settings[] = SETTINGS("27", sampler);
    static struct lab lab;
    struct mu_stream stream;
    mu_stream_init(&stream, seed, 0, "interleaving");
    lab_init(&lab, THREE, 4, settings, 5);
    for (int step = 0; step < steps; step++) {
        ask_and_check(&lab, &stream, 1 + (size_t)mu_uniform_below(&stream, 9), !losing);
        if (losing) {
            lose_some(&lab, &stream);
        }
        finish_some(&lab, &stream);
    }
    assert_true(number_at(&lab, "27", SUCCEEDED) > 0); /* somebody always gets to the top */
    assert_true(number_at(&lab, "1", -1) > number_at(&lab, "9", -1));
    lab_finish(&lab);
}

static void random_interleavings(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        run_interleaving("random", seed, 60, false);
        run_interleaving("random", seed, 60, true);
    }
}

static void random_interleavings_with_models(void **state) {
    (void)state;
    for (int losing = 0; losing < 2; losing++) {
        run_interleaving("gp", 3, 20, losing);
        run_interleaving("tpe", 4, 40, losing);
    }
}

/* ---- losers never block ---- */

/* All but three of a rung fail in some way or never end: the best of the rest is promoted all the
 * same. */
static void losers_do_not_block(void **state) {
    (void)state;
    static const int ENDS[] = {FAILED, KILLED, EARLYSTOPPED, RUNNING, METRICSUNAVAILABLE};
    static const struct mu_pair settings[] = SETTINGS("27", "random");
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    struct mu_reply reply = lab_ask(&lab, 27, 0);
    double best = INFINITY;
    const struct mu_suggestion *winner = NULL;
    for (size_t i = 0; i < 27; i++) {
        double loss = loss_of(&reply.suggestions[i]);
        bool good = i % 9 == 4;
        lab_add(&lab, &reply.suggestions[i], good ? SUCCEEDED : ENDS[i % 5], good ? loss : -100);
        if (good && loss < best) {
            best = loss;
            winner = &reply.suggestions[i];
        }
    }
    struct mu_reply next = lab_ask(&lab, 9, 27);
    assert_string_equal(lab_text(&next.suggestions[0], "epochs"), "3");
    assert_string_equal(lab_text(&next.suggestions[0], "lr"), lab_text(winner, "lr"));
    int promoted = 0;
    for (size_t i = 0; i < 9; i++) {
        for (size_t k = 0; k < 27; k++) {
            promoted += strcmp(lab_text(&next.suggestions[i], "lr"),
                            lab_text(&reply.suggestions[k], "lr")) == 0;
        }
    }
    assert_int_equal(
        promoted, 3); /* 23 have finished, so 7 might go on, but only 3 have a result that counts */
    lab_finish(&lab);
}

/* The winner's promotion vanishes again and again: the experiment goes on with others at least
 * every other time or so. */
static void a_promotion_that_vanishes_is_not_repeated_for_ever(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("27", "random");
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    struct mu_reply reply = lab_ask(&lab, 3, 0);
    for (size_t i = 0; i < 3; i++) {
        lab_add(&lab, &reply.suggestions[i], SUCCEEDED, (double)i);
    }
    const char *cursed = lab_text(&reply.suggestions[0], "lr");
    lab.requested = 3;
    int others = 0;
    for (int step = 0; step < 60; step++) {
        struct mu_reply one = lab_ask(&lab, 1, lab.requested++);
        if (strcmp(lab_text(&one.suggestions[0], "lr"), cursed) != 0) {
            others++;
            lab_add(&lab, &one.suggestions[0], SUCCEEDED, 10 + loss_of(&one.suggestions[0]));
        }
    }
    assert_true(
        others > 20); /* of 60 fair lots: fewer has a probability of 0.3 % for a fixed seed */
    assert_true(number_at(&lab, "3", -1) > 0);
    lab_finish(&lab);
}

/* A trial as somebody wrote it down. */
static void add_by_hand(struct lab *lab, const char *lr, const char *epochs, double loss) {
    struct mu_pair *pairs = MU_ARRAY(lab->arena, 4, struct mu_pair);
    pairs[0] = (struct mu_pair){"lr", lr}, pairs[1] = (struct mu_pair){"epochs", epochs};
    pairs[2] = (struct mu_pair){"layers", "7"}, pairs[3] = (struct mu_pair){"optimizer", "sgd"};
    lab_add(
        lab, &(struct mu_suggestion){.assignments = pairs, .n_assignments = 4}, SUCCEEDED, loss);
}

static void assert_next(struct lab *lab, const char *lr, const char *epochs) {
    struct mu_reply reply = lab_ask(lab, 1, lab->n);
    assert_string_equal(lab_text(&reply.suggestions[0], "epochs"), epochs);
    assert_string_equal(lab_text(&reply.suggestions[0], "lr"), lr);
}

/* Both rungs have somebody to promote: the higher one is served first, whatever the losses. */
static void the_highest_rung_goes_first(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("27", "random");
    static const char *const LR[] = {"0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08",
        "0.09", "0.011", "0.012", "0.013"};
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    for (size_t i = 0; i < 12; i++) {
        add_by_hand(&lab, LR[i], "1", 1 + (double)i);
    }
    for (size_t i = 0; i < 3; i++) {
        add_by_hand(&lab, LR[2 - i], "3", 10 + (double)i);
    }
    assert_next(
        &lab, LR[2], "9"); /* the best of three at 3; LR[3] waits at 1 with a smaller loss */
    add_by_hand(&lab, LR[2], "9", 10);
    assert_next(&lab, LR[3], "3");
    lab_finish(&lab);
}

/* One configuration run three times at a rung is one of its finishers, not three. */
static void repeated_runs_count_once(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("27", "random");
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 5);
    add_by_hand(&lab, "0.01", "1", 1);
    add_by_hand(&lab, "0.01", "1", 2);
    add_by_hand(&lab, "0.01", "1", 3);
    add_by_hand(&lab, "0.02", "1", 4);
    struct mu_reply reply = lab_ask(&lab, 1, 4);
    assert_string_equal(lab_text(&reply.suggestions[0], "epochs"), "1");
    add_by_hand(&lab, "0.03", "1", 4);
    assert_next(&lab, "0.01", "3");
    lab_finish(&lab);
}

/* ---- spaces of every kind ---- */

static const char *const SAMPLERS[] = {"gp", "tpe", "random"};

/* Four configurations, asked for far more: every (configuration, rung) once before any repeats. */
static void a_finite_space_is_used_up_before_it_repeats(void **state) {
    (void)state;
    static const struct mu_parameter_text FOUR[] = {
        {.name = "epochs", .type = MU_INT, .min = "1", .max = "9"},
        {.name = "x", .type = MU_INT, .min = "1", .max = "4"}};
    for (size_t k = 0; k < 3; k++) {
        const struct mu_pair settings[] = SETTINGS("9", SAMPLERS[k]);
        static struct lab lab;
        lab_init(&lab, FOUR, 2, settings, 5);
        for (size_t step = 0, seen = 0; step < 20; step++) {
            struct mu_reply reply = lab_ask(&lab, 3, 3 * step);
            const struct mu_suggestion *three = reply.suggestions;
            if (step == 0) { /* a batch does not repeat itself */
                assert_string_not_equal(lab_text(&three[0], "x"), lab_text(&three[1], "x"));
                assert_string_not_equal(lab_text(&three[0], "x"), lab_text(&three[2], "x"));
                assert_string_not_equal(lab_text(&three[1], "x"), lab_text(&three[2], "x"));
            }
            for (size_t i = 0; i < 3; i++) {
                bool tried = is_tried(&lab, &reply.suggestions[i]);
                seen += !tried;
                lab_add(&lab, &reply.suggestions[i], step % 4 == 3 ? FAILED : SUCCEEDED,
                    atof(lab_text(&reply.suggestions[i], "x")));
            }
            assert_true(
                step < 12 ||
                seen >=
                    8); /* at most 3 x 4 exist; those that start high have no lower rungs to see */
        }
        lab_finish(&lab);
    }
}

/* The same with trials missing, when lots decide: nothing goes beyond the top, whatever the lots
 * say. */
static void a_finite_space_with_missing_trials_stays_on_the_ladder(void **state) {
    (void)state;
    static const struct mu_parameter_text FEW[] = {
        {.name = "epochs", .type = MU_INT, .min = "1", .max = "9"},
        {.name = "x", .type = MU_INT, .min = "1", .max = "9"}};
    for (int seed = 0; seed < 20; seed++) {
        char text[8];
        snprintf(text, sizeof text, "%d", seed);
        const struct mu_pair settings[] = {{"r_l", "9"}, {"resource_name", "epochs"},
            {"sampler", "random"}, {"random_state", text}};
        static struct lab lab;
        lab_init(&lab, FEW, 2, settings, 4);
        for (size_t step = 0; step < 6; step++) {
            struct mu_reply reply = lab_ask(&lab, 12, 12 * step + 7);
            for (size_t i = 0; i < 12; i++) {
                int epochs = atoi(lab_text(&reply.suggestions[i], "epochs"));
                assert_true(epochs == 1 || epochs == 3 || epochs == 9);
                if (i % 4 != 3) { /* the others are lost */
                    lab_add(&lab, &reply.suggestions[i], SUCCEEDED,
                        atof(lab_text(&reply.suggestions[i], "x")));
                }
            }
        }
        lab_finish(&lab);
    }
}

static void odd_spaces_and_results_are_answered(void **state) {
    (void)state;
    static const char *const ONE[] = {"only"};
    static const char *const NUMBERS[] = {"9", "1", "3"};
    static const struct mu_parameter_text ODD[] = {
        {.name = "epochs", .type = MU_DISCRETE, .list = NUMBERS, .n_list = 3},
        {.name = "tiny", .type = MU_DOUBLE, .min = "1e-300", .max = "2e-300"},
        {.name = "huge", .type = MU_INT, .min = "0", .max = "4611686018427387904"},
        {.name = "same", .type = MU_DOUBLE, .min = "5", .max = "5"},
        {.name = "only", .type = MU_CATEGORICAL, .list = ONE, .n_list = 1},
        {.name = "wide",
            .type = MU_DOUBLE,
            .distribution = MU_LOG_UNIFORM,
            .min = "1e-300",
            .max = "1e300"},
    };
    static const double LOSSES[][4] = {
        {1, 1, 1, 1}, {1e308, -1e308, 1e308, 0}, {0, 0, 0, 1e-300}, {5e-324, 1e308, 3, 3}};
    for (size_t k = 0; k < 3 * 4 * 2; k++) {
        const struct mu_pair settings[] = SETTINGS("9", SAMPLERS[k % 3]);
        static struct lab lab;
        size_t n = k / 12 == 0 ? 6 : 1; /* with the resource alone, too */
        lab_init(&lab, ODD, n, settings, 5);
        for (size_t step = 0; step < 12; step++) {
            struct mu_reply reply = lab_ask(&lab, 4, 4 * step);
            for (size_t i = 0; i < 4; i++) {
                assert_int_equal(reply.suggestions[i].n_assignments, n);
                lab_add(&lab, &reply.suggestions[i], step == 5 ? FAILED : SUCCEEDED,
                    LOSSES[k / 3 % 4][i]);
            }
        }
        lab_finish(&lab);
    }
}

static void all_failing_and_thousands_at_once_are_answered(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        const struct mu_pair settings[] = SETTINGS("27", SAMPLERS[k]);
        static struct lab lab;
        lab_init(&lab, THREE, 4, settings, 5);
        for (size_t step = 0; step < 5; step++) {
            struct mu_reply reply = lab_ask(&lab, 9, 9 * step);
            for (size_t i = 0; i < 9; i++) {
                assert_string_equal(lab_text(&reply.suggestions[i], "epochs"),
                    "1"); /* nobody earned more; the bracket has 27 places */
                lab_add(&lab, &reply.suggestions[i], step < 2 ? FAILED : RUNNING, 0);
            }
            if (step == 2) {
                break;
            }
        }
        (void)lab_ask(&lab, 2500, 27);
        lab_finish(&lab);
    }
}

/* Katib's own example: the resource has the range 1..1 and r_l is 2, so every trial is outside the
 * space it was made for. */
static void resources_beyond_their_range_come_back(void **state) {
    (void)state;
    static const struct mu_parameter_text TEXTS[] = {
        {.name = "lr", .type = MU_DOUBLE, .min = "0.01", .max = "0.03"},
        {.name = "epochs", .type = MU_INT, .min = "1", .max = "1"}};
    static const struct mu_pair settings[] = SETTINGS("9", "gp");
    static struct lab lab;
    lab_init(&lab, TEXTS, 2, settings, 5);
    static const struct {
        size_t n;
        const char *resource;
    } RUNGS[] = {{9, "1"}, {3, "3"}, {1, "9"}};
    for (size_t k = 0; k < 3; k++) {
        struct mu_reply reply = lab_ask(&lab, RUNGS[k].n, lab.requested);
        lab.requested += reply.n;
        for (size_t i = 0; i < reply.n; i++) {
            assert_string_equal(lab_text(&reply.suggestions[i], "epochs"), RUNGS[k].resource);
            lab_add(&lab, &reply.suggestions[i], SUCCEEDED,
                atof(lab_text(&reply.suggestions[i], "lr")));
        }
    }
    lab_finish(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_a_rung_follow_the_paper),
        cmocka_unit_test(the_reply_tells_the_size_of_the_next_rung),
        cmocka_unit_test(random_interleavings),
        cmocka_unit_test(random_interleavings_with_models),
        cmocka_unit_test(losers_do_not_block),
        cmocka_unit_test(a_promotion_that_vanishes_is_not_repeated_for_ever),
        cmocka_unit_test(the_highest_rung_goes_first),
        cmocka_unit_test(repeated_runs_count_once),
        cmocka_unit_test(a_finite_space_is_used_up_before_it_repeats),
        cmocka_unit_test(a_finite_space_with_missing_trials_stays_on_the_ladder),
        cmocka_unit_test(odd_spaces_and_results_are_answered),
        cmocka_unit_test(all_failing_and_thousands_at_once_are_answered),
        cmocka_unit_test(resources_beyond_their_range_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

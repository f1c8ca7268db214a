/* Early stopping: closed forms on a handful of curves, and the risk that curvestop states. */
#include "common/stopping/stopping.h"

#include <string.h>

#include "common/num/stream.h"
#include "tests/support/arena.h"

#define CURVE(...) \
    { (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double), false }
#define N(list) (sizeof(list) / sizeof *(list))

static struct mu_threshold rule;

static bool finds(const char *name, const char *setting, const char *value,
    const struct mu_curve *curves, size_t n) {
    const struct mu_pair pairs[] = {{setting, value}};
    rule = (struct mu_threshold){0, 0};
    return mu_stopper_find(mu_stopper_called(name), pairs, 1, curves, n, arena, &rule);
}

static void assert_rule(size_t step, double loss) {
    assert_int_equal(rule.step, step);
    assert_close(rule.loss, loss, 1e-12);
}

static void the_median_is_one(void **state) {
    /* of the averages 0.75, 1 and 10, whose mean is 3.9167; the fourth trial reported nothing */
    const struct mu_curve curves[] = {
        CURVE(0.5, 1, 9), CURVE(1), {NULL, 0, false}, CURVE(10, 10), CURVE(4, 0)};
    (void)state;
    assert_true(finds("medianstop", "start_step", "2", curves, 4));
    assert_rule(2, 1);
    assert_true(finds("medianstop", "start_step", "2", curves, 5)); /* 0.75, 1, 2, 10 */
    assert_rule(2, 1.5);
    assert_true(finds("medianstop", "start_step", "4", curves, 4)); /* 3.5, 1, 10 */
    assert_rule(4, 3.5);
    assert_false(finds("medianstop", "min_trials_required", "4", curves, 4));
    assert_false(finds("medianstop", "min_trials_required", "x", curves, 5));
}

static void trials_that_were_stopped_are_no_part_of_the_median(void **state) {
    struct mu_curve curves[] = {CURVE(1), CURVE(2), CURVE(3), CURVE(9)};
    (void)state;
    curves[3].stopped = true;
    assert_true(finds("medianstop", "start_step", "1", curves, 4));
    assert_rule(1, 2);
    assert_false(finds("medianstop", "min_trials_required", "4", curves, 4));
}

static void huge_losses_do_not_overflow(void **state) {
    const struct mu_curve curves[] = {CURVE(1e308, 1e308), CURVE(1, 1), CURVE(1e308, 1e308)};
    (void)state;
    assert_true(finds("medianstop", "start_step", "2", curves, 3));
    assert_rule(2, 1e308);
}

static void equal_curves_give_no_rule(void **state) {
    const struct mu_curve curves[] = {CURVE(2, 1, 1), CURVE(2, 1, 1), CURVE(2, 1, 1),
        CURVE(2, 1, 1), CURVE(2, 1, 1), CURVE(2, 1, 1)};
    (void)state;
    for (const struct mu_stopper *const *s = mu_stoppers; *s; s++) {
        assert_false(finds((*s)->name, "min_trials_required", "2", curves, N(curves)));
        assert_false(finds((*s)->name, "min_trials_required", "1", curves, 0));
    }
}

static void the_percentile_is_of_the_best_so_far(void **state) {
    struct mu_curve curves[] = {
        CURVE(5, 1), CURVE(2, 9), CURVE(3, 3), CURVE(8, 4), CURVE(7, 5), CURVE(0)};
    (void)state;
    /* after two reports 1, 2, 3, 4, 5; the sixth did not come so far */
    assert_true(finds("percentilestop", "grace", "2", curves, 6));
    assert_rule(2, 3);
    curves[4].stopped = true; /* still compared, but no longer one of those that ended */
    const struct mu_pair settings[] = {{"grace", "2"}, {"percentile", "25"}};
    const struct mu_stopper *stopper = mu_stopper_called("percentilestop");
    assert_true(mu_stopper_find(stopper, settings, 2, curves, 6, arena, &rule));
    assert_rule(2, 2);
    assert_false(finds("percentilestop", "min_trials_required", "6", curves, 6));
}

/* Every trial gains 2 after the first report and 1 after the second: nothing is uncertain. */
static void equal_gains_stop_all_but_a_new_best(void **state) {
    const struct mu_curve curves[] = {
        CURVE(3, 2, 1), CURVE(4, 3, 2), CURVE(5, 4, 3), CURVE(6, 5, 4), CURVE(7, 6, 5)};
    (void)state;
    assert_true(finds("curvestop", "risk", "0.05", curves, 5));
    assert_rule(1, 3);
    assert_false(mu_threshold_stops(&rule, 3, 1));
    assert_true(mu_threshold_stops(&rule, 3.1, 1));
    assert_false(mu_threshold_stops(&rule, 3.1, 2));
    assert_false(finds("curvestop", "risk", "0.05", curves, 4)); /* five are required */
}

/* Gains 1, 2, 3 of the better half: 2 + t(0.95; 2) sqrt(4/3), with t = 2.9199855803537269. */
static void the_bound_is_that_of_student(void **state) {
    struct mu_curve curves[] = {CURVE(4, 1), CURVE(4, 2), CURVE(4, 3), CURVE(4.5, 4), CURVE(50, 5)};
    (void)state;
    assert_true(finds("curvestop", "risk", "0.05", curves, 5));
    assert_rule(1, 1 + 2 + 2.9199855803537269 * sqrt(4.0 / 3));
    assert_true(finds("curvestop", "risk", "0.2", curves, 5)); /* t(0.8; 2) = 1.0606601717798213 */
    assert_rule(1, 1 + 2 + 1.0606601717798213 * sqrt(4.0 / 3));
}

/* A later step where more is known: after the first report gains are 0 and 6, after the second
 * 0 and 0. */
static void a_step_is_chosen_that_tells_trials_apart(void **state) {
    struct mu_curve curves[] = {CURVE(1, 1, 1, 1), CURVE(8, 2, 2, 2), CURVE(9, 9, 9, 9)};
    (void)state;
    assert_true(finds("curvestop", "min_trials_required", "3", curves, 3));
    assert_rule(2, 1);
}

/* What a rule would have saved is also known of trials that were stopped. */
static void stopped_trials_count_as_savings(void **state) {
    struct mu_curve curves[] = {CURVE(3, 2, 1), CURVE(3, 2, 1), CURVE(3, 2, 1), CURVE(9)};
    (void)state;
    assert_false(finds("curvestop", "min_trials_required", "3", curves, 3));
    curves[3].stopped = true;
    assert_true(finds("curvestop", "min_trials_required", "3", curves, 4));
    assert_rule(1, 3);
}

/* With gains from a normal distribution, the next one passes the bound with the stated risk: 4,000
 * studies, of which a share within 4.5 deviations of 0.1 passes (false alarm 7e-6). */
static void the_risk_is_the_stated_one(void **state) {
    enum { STUDIES = 4000, TRIALS = 8 };
    size_t passed = 0;
    struct mu_stream stream;
    (void)state;
    mu_stream_init(&stream, 7, 0, "gains");
    for (size_t study = 0; study < STUDIES; study++) {
        double losses[TRIALS][2];
        struct mu_curve curves[TRIALS];
        for (size_t i = 0; i < TRIALS; i++) {
            double gain = i + 1 < TRIALS ? 100 + mu_normal(&stream) : 1e3;
            losses[i][1] = (double)i;
            losses[i][0] = losses[i][1] + gain;
            curves[i] = (struct mu_curve){losses[i], 2, false};
        }
        assert_true(finds("curvestop", "risk", "0.1", curves, TRIALS));
        passed += mu_threshold_stops(&rule, 100 + mu_normal(&stream), 1);
    }
    double deviation = sqrt(0.1 * 0.9 / STUDIES);
    assert_close((double)passed / STUDIES, 0.1, 4.5 * deviation);
}

static void the_order_of_trials_does_not_matter(void **state) {
    struct mu_curve curves[] = {CURVE(4, 1), CURVE(4, 2), CURVE(5, 3), CURVE(4.5, 4), CURVE(50, 5)};
    (void)state;
    for (const struct mu_stopper *const *s = mu_stoppers; *s; s++) {
        finds((*s)->name, "min_trials_required", "5", curves, 5);
        struct mu_threshold first = rule;
        struct mu_curve swapped[] = {curves[4], curves[2], curves[0], curves[1], curves[3]};
        finds((*s)->name, "min_trials_required", "5", swapped, 5);
        assert_int_equal(rule.step, first.step);
        assert_close(rule.loss, first.loss, 1e-12);
    }
}

static void settings_have_katibs_texts(void **state) {
    static const struct {
        const char *stopper;
        struct mu_pair setting;
        const char *text; /* NULL: accepted */
    } cases[] = {
        {"medianstop", {"min_trials_required", "2"}, NULL},
        {"medianstop", {"start_step", "5"}, NULL},
        {"medianstop", {"min_trials_required", "0"},
            "min_trials_required must be greater than zero (>0)"},
        {"medianstop", {"start_step", "0"}, "start_step must be greater or equal than one (>=1)"},
        {"medianstop", {"start_step", "1e99"},
            "start_step must be greater or equal than one (>=1)"},
        {"medianstop", {"unknown_conf", "1"},
            "unknown setting unknown_conf for algorithm medianstop"},
        {"medianstop", {"start_step", "x"},
            "failed to validate start_step(x): it is not an integer"},
        {"percentilestop", {"start_step", "4"},
            "unknown setting start_step for algorithm percentilestop"},
        {"percentilestop", {"percentile", "100"},
            "setting percentile: 100 is out of range, accepted is (0.0, 100.0)"},
        {"curvestop", {"risk", "0.5"}, "setting risk: 0.5 is out of range, accepted is (0.0, 0.5)"},
        {"curvestop", {"risk", "0.01"}, NULL},
    };
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct mu_error error = {0};
        enum mu_status status = mu_stopper_validate(
            mu_stopper_called(cases[i].stopper), &cases[i].setting, 1, arena, &error);
        assert_int_equal(status, cases[i].text ? MU_INVALID_ARGUMENT : MU_OK);
        assert_string_equal(error.text, cases[i].text ? cases[i].text : "");
    }
    assert_null(mu_stopper_called("nobody"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_median_is_one),
        arena_test(trials_that_were_stopped_are_no_part_of_the_median),
        arena_test(huge_losses_do_not_overflow),
        arena_test(equal_curves_give_no_rule),
        arena_test(the_percentile_is_of_the_best_so_far),
        arena_test(equal_gains_stop_all_but_a_new_best),
        arena_test(the_bound_is_that_of_student),
        arena_test(a_step_is_chosen_that_tells_trials_apart),
        arena_test(stopped_trials_count_as_savings),
        arena_test(the_risk_is_the_stated_one),
        arena_test(the_order_of_trials_does_not_matter),
        arena_test(settings_have_katibs_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

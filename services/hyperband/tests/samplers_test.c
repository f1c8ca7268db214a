/* Where new configurations come from: the share drawn at random, what TPE learns from, and a space
 * that is used up. */
#include <math.h>

#include "services/hyperband/sampler.h"
#include "services/hyperband/tests/lab.h"

static const struct mu_parameter_text TWO[] = {
    {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
    {.name = "epochs", .type = MU_INT, .min = "1", .max = "9"},
};

#define SETTINGS(sampler)                            \
    {                                                \
        {"r_l", "9"}, {"resource_name", "epochs"}, { \
            "sampler", sampler                       \
        }                                            \
    }

static void add(struct lab *lab, double x, const char *epochs, double loss) {
    struct mu_pair *pairs = MU_ARRAY(lab->arena, 2, struct mu_pair);
    pairs[0] = (struct mu_pair){"x", mu_arena_format(lab->arena, "%.17g", x)};
    pairs[1] = (struct mu_pair){"epochs", epochs};
    lab_add(
        lab, &(struct mu_suggestion){.assignments = pairs, .n_assignments = 2}, SUCCEEDED, loss);
}

static bool is_new(const struct lab *lab, const struct mu_suggestion *s) {
    for (size_t i = 0; i < lab->n; i++) {
        if (strcmp(lab->trials[i].assignments[0].value, lab_text(s, "x")) == 0) {
            return false;
        }
    }
    return true;
}

/* Of |wanted| suggestions, the share of the new configurations that lie above |edge|. */
static double share_above(struct lab *lab, double edge, size_t wanted) {
    struct mu_reply reply = lab_ask(lab, wanted, lab->n);
    size_t new = 0;
    size_t above = 0;
    for (size_t i = 0; i < wanted; i++) {
        bool counts = is_new(lab, &reply.suggestions[i]);
        new += counts;
        above += counts && atof(lab_text(&reply.suggestions[i], "x")) > edge;
    }
    assert_true(new >= wanted / 2);
    return (double)above / (double)new;
}

/* Of 240 new configurations 24 are expected to be those that random search draws, with a standard
 * deviation of 4.6; five of them to both sides are a false alarm in a million. */
static void a_tenth_is_drawn_at_random(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("tpe");
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 20; i++) {
        add(&lab, (i + 0.5) / 20, "1", i);
    }
    struct mu_reply reply = lab_ask(&lab, 240, lab.n);
    uint64_t seed = mu_experiment_seed(&lab.experiment);
    size_t random = 0;
    for (size_t i = 0; i < 240; i++) {
        double x[2];
        mu_space_draw(&lab.experiment.space, seed, lab.n + i, 0, x);
        random +=
            strcmp(lab_text(&reply.suggestions[i], "x"),
                mu_parameter_print(&lab.experiment.space.parameters[0], x[0], lab.arena)) == 0;
    }
    assert_in_range(random, 1, 47);
    lab_finish(&lab);
}

/* Five came to the top with bad results, twelve stayed below with good ones: TPE takes after the
 * five. */
static void for_tpe_who_came_farther_is_better(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("tpe");
    static const char *const EPOCHS[] = {"3", "9"};
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 12; i++) {
        add(&lab, 0.1 + 0.01 * i, "3", i);
    }
    for (int i = 0; i < 10; i++) {
        int pair = i / 2;
        add(&lab, 0.9 + 0.01 * pair, EPOCHS[i % 2], 20 + i);
    }
    assert_true(share_above(&lab, 0.5, 60) > 0.7);
    lab_finish(&lab);
}

/* Two results at the top are too few of their own; with d + 2 = 3 asked for, TPE learns from the
 * twenty below and finds their best, at 0.9. It were random with the two alone. */
static void tpe_learns_from_a_rung_with_enough_results(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("tpe");
    static const char *const EPOCHS[] = {"1", "3", "9"};
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 6; i++) {
        int pair = i / 3;
        add(&lab, 0.9 + 0.01 * pair, EPOCHS[i % 3], 0);
    }
    for (int i = 0; i < 20; i++) {
        add(&lab, 0.88 - 0.04 * i, "1", 1 + i);
    }
    assert_true(share_above(&lab, 0.7, 60) > 0.6);
    lab_finish(&lab);
}

/* Three results at 3 epochs, all at 0.9, are enough for TPE. With the twenty below that they were
 * chosen from it knows what is bad, and kernels are narrower: 0.89 of the proposals lie above 0.8,
 * from the three alone half. */
static void tpe_learns_from_the_rung_below_too(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("tpe");
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 3; i++) {
        add(&lab, 0.9 + 0.01 * i, "1", i);
        add(&lab, 0.9 + 0.01 * i, "3", i);
    }
    for (int i = 0; i < 20; i++) {
        add(&lab, 0.8 - 0.04 * i, "1", 10 + i);
    }
    assert_true(share_above(&lab, 0.8, 60) > 0.7);
    lab_finish(&lab);
}

/* Six results at the top with a gap around the best place: what the process proposes keeps away
 * from what is on its way, earlier in the batch or running. Not believed, all fall within 1e-4. */
static void a_batch_does_not_fall_on_one_spot(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("gp");
    static const double AT[] = {0.05, 0.1, 0.2, 0.7, 0.8, 0.95};
    static const double LOSS[] = {3, 2, 1, 1.1, 2, 3};
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    for (size_t i = 0; i < 6; i++) {
        add(&lab, AT[i], "9", LOSS[i]);
    }
    double x[4];
    struct mu_reply reply = lab_ask(&lab, 3, 6);
    for (size_t i = 0; i < 3; i++) {
        x[i] = atof(lab_text(&reply.suggestions[i], "x"));
    }
    lab_add(&lab, &reply.suggestions[0], RUNNING, 0);
    lab_add(&lab, &reply.suggestions[1], RUNNING, 0);
    reply = lab_ask(&lab, 1, 8);
    x[3] = atof(lab_text(&reply.suggestions[0], "x"));
    for (size_t i = 1; i < 4; i++) {
        for (size_t j = 0; j < i && j < 2; j++) {
            assert_true(fabs(x[i] - x[j]) > 0.005);
        }
    }
    lab_finish(&lab);
}

/* Two configurations have three results each. A process fitted to them would settle where the
 * better one is; with d + 2 = 3 needed, all new ones are drawn as random search draws them. */
static void a_process_wants_configurations_not_results(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("gp");
    static struct lab lab;
    size_t random = 0;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 6; i++) {
        static const char *const EPOCHS[] = {"1", "3", "9"};
        int pair = i / 3;
        add(&lab, 0.3 + 0.1 * pair, EPOCHS[i % 3], i);
    }
    struct mu_reply reply = lab_ask(&lab, 12, lab.n);
    uint64_t seed = mu_experiment_seed(&lab.experiment);
    for (size_t i = 0; i < 12; i++) {
        double x[2];
        mu_space_draw(&lab.experiment.space, seed, lab.n + i, 0, x);
        random +=
            strcmp(lab_text(&reply.suggestions[i], "x"),
                mu_parameter_print(&lab.experiment.space.parameters[0], x[0], lab.arena)) == 0;
    }
    assert_int_equal(random, 12);
    lab_finish(&lab);
}

/* A sampler's view of the trials of |lab|, whose parameters are TWO. */
static void look(struct lab *lab, struct mu_request *request, struct mu_sampler_context *context) {
    struct mu_history *history = MU_NEW(lab->arena, struct mu_history);
    build_history(history, &lab->experiment, lab->trials, lab->n, lab->arena);
    *request = (struct mu_request){
        .experiment = &lab->experiment, .history = history, .arena = lab->arena};
    *context = (struct mu_sampler_context){
        .request = request, .resource = 1, .space = {lab->experiment.space.parameters, 1}};
    mu_ladder_build(
        &context->ladder, &lab->experiment.space.parameters[1], 9, 3, false, lab->arena);
    mu_brackets_build(&context->brackets, request, &context->ladder, &context->space, 1);
}

/* Eight configurations have run to the end with results that are mostly noise. At one of them
 * nothing is expected of another, farther from them there is while none is on its way. */
static void known_configurations_promise_nothing(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("gp");
    static struct lab lab;
    struct mu_request request;
    struct mu_sampler_context context;
    lab_init(&lab, TWO, 2, settings, 3);
    for (int i = 0; i < 8; i++) {
        add(&lab, 0.05 + 0.06 * i, "9", i * 3 % 8);
    }
    look(&lab, &request, &context);
    struct mu_sampler gp = mu_sampler_gp(&context);
    double farther = mu_sampler_gp_worth(gp.model, (double[]){0.8});
    assert_true(mu_sampler_gp_worth(gp.model, (double[]){0.23}) < farther - 100);
    gp.pending(gp.model, (double[]){0.8});
    assert_true(mu_sampler_gp_worth(gp.model, (double[]){0.8}) < farther - 100);
    lab_finish(&lab);
}

/* Of losses 0, 1 and 3 the first two targets lie half as far apart as the last two, whatever the
 * rung; the row ends with the rung's position. */
static void targets_keep_the_proportions_of_losses(void **state) {
    (void)state;
    static const struct mu_pair settings[] = SETTINGS("gp");
    static struct lab lab;
    lab_init(&lab, TWO, 2, settings, 3);
    add(&lab, 0.25, "9", 0);
    add(&lab, 0.5, "1", 1);
    add(&lab, 0.75, "3", 3);
    struct mu_request request;
    struct mu_sampler_context context;
    look(&lab, &request, &context);
    struct mu_frame frame = mu_frame_of(&context.space, lab.arena);
    struct mu_dataset *data = mu_sampler_data(&context, &frame);
    double target[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        const double *row = mu_dataset_row(data, i);
        size_t loss = row[0] == 0.25 ? 0 : row[0] == 0.5 ? 1 : 2;
        target[loss] = data->columns[0].target[i];
        assert_true(fabs(row[1] - (loss == 0 ? 1 : loss == 1 ? 0 : 0.5)) < 1e-12);
    }
    assert_true(fabs((target[0] - target[1]) / (target[1] - target[2]) - 0.5) < 1e-12);
    lab_finish(&lab);
}

/* Three configurations are all there are, and one third of them may go on: the others follow beyond
 * the quota, one rung higher, the best first. */
static void a_space_that_is_used_up_promotes_the_rest(void **state) {
    (void)state;
    static const char *const LIST[] = {"1", "2", "3"};
    const struct mu_parameter_text few[] = {
        {.name = "x", .type = MU_DISCRETE, .list = LIST, .n_list = 3},
        {.name = "epochs", .type = MU_INT, .min = "1", .max = "9"}};
    static const struct mu_pair settings[] = SETTINGS("random");
    static struct lab lab;
    lab_init(&lab, few, 2, settings, 3);
    for (int i = 1; i <= 3; i++) {
        add(&lab, i, "1", 4 - i);
    }
    struct mu_reply reply = lab_ask(&lab, 3, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(atoi(lab_text(&reply.suggestions[i], "x")), 3 - (int)i);
        assert_string_equal(lab_text(&reply.suggestions[i], "epochs"), "3");
    }
    lab_finish(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenth_is_drawn_at_random),
        cmocka_unit_test(for_tpe_who_came_farther_is_better),
        cmocka_unit_test(tpe_learns_from_a_rung_with_enough_results),
        cmocka_unit_test(tpe_learns_from_the_rung_below_too),
        cmocka_unit_test(a_batch_does_not_fall_on_one_spot),
        cmocka_unit_test(known_configurations_promise_nothing),
        cmocka_unit_test(a_process_wants_configurations_not_results),
        cmocka_unit_test(targets_keep_the_proportions_of_losses),
        cmocka_unit_test(a_space_that_is_used_up_promotes_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

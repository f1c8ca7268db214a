/* Settings, resources and spaces that hyperband refuses or must live with. */
#include "services/hyperband/tests/lab.h"

/* ---- settings ---- */

static enum mu_status validate(const struct mu_parameter_text *parameters, size_t n_parameters,
    const struct mu_pair *settings, size_t n, struct mu_error *error) {
    static struct lab lab;
    lab_init(&lab, parameters, n_parameters, settings, n);
    enum mu_status status = mu_algorithm_validate(&mu_hyperband, &lab.experiment, lab.arena, error);
    lab_finish(&lab);
    return status;
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        struct mu_pair settings[4];
        size_t n;
        const char *text; /* NULL: accepted */
    } CASES[] = {
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"eta", "3"}}, 3, NULL},
        {{{"r_l", "81.5"}, {"resource_name", "epochs"}}, 2, NULL},
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"evaluating_trials", "27"},
             {"current_s", "-1"}},
            4, NULL},
        {{{"resource_name", "epochs"}}, 1, "r_l and resource_name must be set."},
        {{{"r_l", "81"}}, 1, "r_l and resource_name must be set."},
        {{{"r_l", "many"}, {"resource_name", "epochs"}}, 2, "r_l must be a positive float number."},
        {{{"r_l", "0"}, {"resource_name", "epochs"}}, 2, "r_l must be a positive float number."},
        {{{"r_l", "-3"}, {"resource_name", "epochs"}}, 2,
            "r_l must be a positive float number. It is \"-3\"."},
        {{{"r_l", "81"}, {"resource_name", "epoch"}}, 2,
            "value of resource_name setting must be in parameters. \"epoch\" is none"},
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"eta", "1"}}, 3, "eta"},
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"eta", "x"}}, 3, "eta"},
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"sampler", "grid"}}, 3, "sampler"},
        {{{"r_l", "81"}, {"resource_name", "epochs"}, {"etta", "3"}}, 3, "etta"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_error error = {.text = ""};
        enum mu_status status = validate(THREE, 4, CASES[i].settings, CASES[i].n, &error);
        assert_int_equal(status, CASES[i].text ? MU_INVALID_ARGUMENT : MU_OK);
        assert_true(!CASES[i].text || strstr(error.text, CASES[i].text));
    }
}

/* Lists hold what resources there are: words are none, and one of them must be within r_l. A list
 * of one is a placeholder as 1..1 is. */
static void lists_are_resources(void **state) {
    (void)state;
    static const char *const WORDS[] = {"10", "many"};
    static const char *const NUMBERS[] = {"50", "100", "9"};
    static const struct {
        struct mu_parameter_text resource;
        const char *r_l, *text; /* of the error */
        const char *rung;       /* where the first suggestion runs, unless words run anywhere */
    } CASES[] = {
        {{.name = "e", .type = MU_CATEGORICAL, .list = WORDS, .n_list = 2}, "9",
            "parameter e has the value \"many\"", NULL},
        {{.name = "e", .type = MU_CATEGORICAL, .list = NUMBERS, .n_list = 3}, "100", NULL, "9"},
        {{.name = "e", .type = MU_CATEGORICAL, .list = NUMBERS, .n_list = 2}, "9",
            "r_l: 9 is less than the least value", "50"},
        {{.name = "e", .type = MU_DISCRETE, .list = NUMBERS, .n_list = 2}, "9",
            "r_l: 9 is less than the least value", "50"},
        {{.name = "e", .type = MU_DISCRETE, .list = NUMBERS, .n_list = 3}, "60", NULL, "9"},
        {{.name = "e", .type = MU_DISCRETE, .list = NUMBERS, .n_list = 1}, "9", NULL, "1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct mu_pair settings[] = {{"r_l", CASES[i].r_l}, {"resource_name", "e"}};
        const struct mu_parameter_text parameters[] = {THREE[0], CASES[i].resource};
        struct mu_error error = {.text = ""};
        enum mu_status status = validate(parameters, 2, settings, 2, &error);
        assert_int_equal(status, CASES[i].text ? MU_INVALID_ARGUMENT : MU_OK);
        assert_true(!CASES[i].text || strstr(error.text, CASES[i].text));
        static struct lab lab;
        lab_init(&lab, parameters, 2, settings, 2);
        struct mu_reply reply = lab_ask(&lab, 1, 0);
        const char *rung = lab_text(&reply.suggestions[0], "e");
        assert_true(CASES[i].rung ? !strcmp(rung, CASES[i].rung)
                                  : !strcmp(rung, WORDS[0]) || !strcmp(rung, WORDS[1]));
        lab_finish(&lab);
    }
}

/* Katib's unit test: resource_name is no parameter; the parameters are answered, all of them and
 * nothing else. */
static void without_the_resource_there_are_still_suggestions(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"r_l", "10"}, {"resource_name", "--num-epochs"}};
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 2);
    struct mu_reply reply = lab_ask(&lab, 2, 0);
    assert_int_equal(reply.suggestions[0].n_assignments, 4);
    assert_string_not_equal(
        lab_text(&reply.suggestions[0], "lr"), lab_text(&reply.suggestions[1], "lr"));
    lab_finish(&lab);
}

/* What a reply says is sent back as settings, and changes nothing. */
static void state_that_comes_back_changes_nothing(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"r_l", "1"},
        {"eta", "2.718281828459045"}, /* its rungs are known by all its digits */
        {"resource_name", "share"}, {"sampler", "random"}, {"random_state", "7"}};
    static const struct mu_parameter_text shares[] = {
        {.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "share", .type = MU_DOUBLE, .min = "0.01", .max = "1"}};
    static struct lab lab;
    lab_init(&lab, shares, 2, settings, 5);
    struct mu_reply reply = lab_ask(&lab, 27, 0);
    for (size_t i = 0; i < 27; i++) {
        lab_add(
            &lab, &reply.suggestions[i], SUCCEEDED, atof(lab_text(&reply.suggestions[i], "lr")));
    }
    struct mu_reply plain = lab_ask(&lab, 9, 27);
    char *expected = lab_print(&lab, &plain);
    struct mu_pair *merged = MU_ARRAY(lab.arena, 5 + reply.n_settings, struct mu_pair);
    memcpy(merged, settings, sizeof settings);
    memcpy(merged + 5, reply.settings, reply.n_settings * sizeof *merged);
    lab.experiment.settings = merged;
    lab.experiment.n_settings = 5 + reply.n_settings;
    assert_int_equal(reply.n_settings, 10);
    struct mu_reply with_state = lab_ask(&lab, 9, 27);
    assert_string_equal(lab_print(&lab, &with_state), expected);
    lab_finish(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(lists_are_resources),
        cmocka_unit_test(without_the_resource_there_are_still_suggestions),
        cmocka_unit_test(state_that_comes_back_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

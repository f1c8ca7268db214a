#include <string.h>

#include "services/darts/darts.h"
#include "tests/support/settings.h"

static const char *const THREE[] = {"3"}, *const BOTH[] = {"3", "5"}, *const SEVEN[] = {"7"},
                         *const QUOTED[] = {"3'"};

#define LISTED(values)                                                       \
    (const struct mu_parameter_text[]) {                                     \
        {                                                                    \
            .name = "filter_size", .type = MU_CATEGORICAL, .list = (values), \
            .n_list = sizeof(values) / sizeof *(values)                      \
        }                                                                    \
    }

/* The operations of Katib's own example for GPUs. */
static const struct mu_operation EXAMPLE[5] = {
    {"separable_convolution", LISTED(THREE), 1},
    {"dilated_convolution", LISTED(BOTH), 1},
    {"avg_pooling", LISTED(THREE), 1},
    {"max_pooling", LISTED(THREE), 1},
    {"skip_connection", NULL, 0},
};

static const struct mu_operation SIZE_SEVEN = {"separable_convolution", LISTED(SEVEN), 1};
static const struct mu_operation SIZE_QUOTED = {"separable_convolution", LISTED(QUOTED), 1};

static struct mu_experiment experiment_of(const struct mu_operation *operations, size_t n,
    const struct mu_pair *settings, size_t n_settings) {
    return (struct mu_experiment){
        .name = "darts",
        .settings = settings,
        .n_settings = n_settings,
        .network = {.present = true, .layers = 3, .operations = operations, .n_operations = n},
    };
}

static enum mu_status validate(const struct mu_experiment *e, struct mu_error *error) {
    *error = (struct mu_error){0};
    return mu_algorithm_validate(&mu_darts, e, arena, error);
}

static struct mu_reply ask(const struct mu_experiment *e, size_t wanted) {
    struct mu_history history = {0};
    struct mu_request request = {
        .experiment = e, .history = &history, .wanted = wanted, .arena = arena};
    struct mu_reply reply;
    struct mu_error error = {0};
    assert_int_equal(mu_algorithm_suggest(&mu_darts, &request, &reply, &error), MU_OK);
    assert_int_equal(reply.n, wanted);
    return reply;
}

static void the_example_validates_and_answers(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"num_epochs", "3"}};
    struct mu_experiment e = experiment_of(EXAMPLE, 5, settings, 1);
    struct mu_error error;
    assert_int_equal(validate(&e, &error), MU_OK);
    struct mu_reply reply = ask(&e, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct mu_pair *pairs = reply.suggestions[i].assignments;
        assert_int_equal(reply.suggestions[i].n_assignments, 3);
        assert_string_equal(pairs[0].name, "algorithm-settings");
        assert_string_equal(pairs[0].value, "{'num_epochs': '3', 'w_lr': 0.025, 'w_lr_min': 0.001, "
                                            "'w_momentum': 0.9, 'w_weight_decay': 0.0003, "
                                            "'w_grad_clip': 5.0, 'alpha_lr': 0.0003, "
                                            "'alpha_weight_decay': 0.001, 'batch_size': 128, "
                                            "'num_workers': 4, 'init_channels': 16, 'print_step': "
                                            "50, 'num_nodes': 4, 'stem_multiplier': 3}");
        assert_string_equal(pairs[1].name, "search-space");
        assert_string_equal(pairs[1].value,
            "['separable_convolution_3x3', 'dilated_convolution_3x3', 'dilated_convolution_5x5', "
            "'avg_pooling_3x3', 'max_pooling_3x3', 'skip_connection']");
        assert_string_equal(pairs[2].name, "num-layers");
        assert_string_equal(pairs[2].value, "3");
    }
}

static void unknown_names_come_last_and_the_last_value_wins(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"num_epoch", "10"}, {"batch_size", "None"},
        {"mine", "a"}, {"num_epoch", "11"}, {"w_lr", "1"}, {"w_lr", "2"}};
    struct mu_experiment e = experiment_of(EXAMPLE, 5, settings, 6);
    struct mu_error error;
    assert_int_equal(validate(&e, &error), MU_OK);
    const char *text = ask(&e, 1).suggestions[0].assignments[0].value;
    assert_non_null(strstr(text, "'w_lr': '2', "));
    assert_non_null(strstr(text, "'batch_size': null, "));
    const char *tail = "'stem_multiplier': 3, 'num_epoch': '11', 'mine': 'a'}";
    assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case cases[] = {
        {{"num_epoch", "10"}, NULL},
        {{"num_workers", "0"}, NULL},
        {{"batch_size", "None"}, NULL},
        {{"w_grad_clip", "0"}, NULL},
        {{"num_epochs", "0"}, "num_epochs should be greater than zero"},
        {{"w_lr", "-0.1"}, "w_lr should be greater or equal than zero"},
        {{"alpha_weight_decay", "-0.02"},
            "alpha_weight_decay should be greater or equal than zero"},
        {{"w_momentum", "-0.8"}, "w_momentum should be greater or equal than zero"},
        {{"batch_size", "0"}, "batch_size should be greater or equal than one"},
        {{"print_step", "0"}, "print_step should be greater or equal than one"},
        {{"num_workers", "-1"}, "num_workers should be greater or equal than zero"},
        {{"num_epochs", "x"}, "failed to validate num_epochs(x): it is not an integer"},
        {{"num_nodes", "4.0"}, "failed to validate num_nodes(4.0): write it as a whole number "
                               "without a point or exponent"},
        {{"w_lr", "nan"}, "failed to validate w_lr(nan): it is not a finite number"},
        {{"mine", "a\"b"}, "failed to validate mine(a\"b): a name or value must not hold quotes, "
                           "\\, $, ` or control characters"},
        {{"mi`ne", "1"}, "failed to validate mi`ne(1): a name or value must not hold quotes, \\, "
                         "$, ` or control characters"},
    };
    assert_settings(&mu_darts, cases, sizeof cases / sizeof *cases);
}

static void operations_are_checked(void **state) {
    (void)state;
    static const struct mu_parameter_text range[] = {
        {.name = "filter_size", .type = MU_INT, .min = "3", .max = "5", .step = "2"}};
    static const struct mu_parameter_text upside_down[] = {
        {.name = "filter_size", .type = MU_CATEGORICAL, .list = BOTH, .n_list = 2},
        {.name = "pool_size", .type = MU_INT, .min = "3", .max = "2", .step = "1"},
        {.name = "rate", .type = MU_DOUBLE, .min = "3.0", .max = "1.0", .step = "0.1"}};
    static const struct mu_parameter_text nameless[] = {
        {.name = "", .type = MU_CATEGORICAL, .list = BOTH, .n_list = 2}};
    static const struct mu_parameter_text typeless[] = {
        {.name = "filter_size", .list = BOTH, .n_list = 2}};
    static const struct mu_parameter_text listless[] = {
        {.name = "filter_size", .type = MU_CATEGORICAL, .min = "1", .max = "2"}};
    static const struct mu_parameter_text boundless[] = {
        {.name = "pool_size", .type = MU_INT, .list = BOTH, .n_list = 2}};
    static const struct mu_parameter_text stepless[] = {
        {.name = "rate", .type = MU_DOUBLE, .min = "3.0", .max = "1.0"}};
    const struct {
        struct mu_operation operation;
        const char *start; /* of the error text; NULL: passes */
    } cases[] = {
        {{"separable_convolution", range, 1}, NULL},
        {{"separable_convolution", upside_down, 3}, NULL},
        {{"skip_connection", NULL, 0}, NULL},
        {{"", range, 1}, "Missing operationType in Operation:"},
        {{"separable_convolution", NULL, 0}, "Missing ParameterConfigs in Operation:"},
        {{"separable_convolution", nameless, 1}, "Missing Name in ParameterConfig:"},
        {{"separable_convolution", typeless, 1}, "Missing ParameterType in ParameterConfig:"},
        {{"separable_convolution", listless, 1}, "Missing List in ParameterConfig.feasibleSpace:"},
        {{"separable_convolution", boundless, 1},
            "Missing Max and Min in ParameterConfig.feasibleSpace:"},
        {{"separable_convolution", stepless, 1},
            "Step parameter should be > 0 in ParameterConfig.feasibleSpace:"},
        {SIZE_SEVEN, "the operations make the primitive separable_convolution_7x7, which"},
        {SIZE_QUOTED,
            "operation separable_convolution, parameter filter_size: the value 3' must not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mu_experiment e = experiment_of(&cases[i].operation, 1, NULL, 0);
        struct mu_error error;
        assert_int_equal(validate(&e, &error), cases[i].start ? MU_INVALID_ARGUMENT : MU_OK);
        if (cases[i].start) {
            assert_memory_equal(error.text, cases[i].start, strlen(cases[i].start));
        }
    }
}

static void a_range_of_sizes_makes_primitives(void **state) {
    (void)state;
    static const struct mu_parameter_text range[] = {
        {.name = "filter_size", .type = MU_INT, .min = "3", .max = "5", .step = "2"}};
    static const struct mu_operation operation = {"dilated_convolution", range, 1};
    struct mu_experiment e = experiment_of(&operation, 1, NULL, 0);
    assert_string_equal(ask(&e, 1).suggestions[0].assignments[1].value,
        "['dilated_convolution_3x3', 'dilated_convolution_5x5']");
    static const struct mu_parameter_text doubles[] = {
        {.name = "filter_size", .type = MU_DOUBLE, .min = "3", .max = "5", .step = "2"}};
    static const struct mu_operation same = {"dilated_convolution", doubles, 1};
    struct mu_experiment d = experiment_of(&same, 1, NULL, 0);
    assert_string_equal(ask(&d, 1).suggestions[0].assignments[1].value,
        "['dilated_convolution_3x3', 'dilated_convolution_5x5']");
    struct mu_error error;
    assert_int_equal(validate(&d, &error), MU_OK);
}

static void what_cannot_be_searched_is_refused(void **state) {
    (void)state;
    static const struct {
        int layers;
        size_t operations;
        const char *text;
        bool valid; /* all the same: Katib's own tests validate operations without layers */
    } CASES[] = {{-3, 5, "num_layers is -3", false}, {0, 5, "num_layers is 0", true},
        {3, 0, "Missing Operations", false}};
    for (size_t i = 0; i < 3; i++) {
        struct mu_experiment e = experiment_of(EXAMPLE, CASES[i].operations, NULL, 0);
        e.network.layers = CASES[i].layers;
        struct mu_history history = {0};
        struct mu_request request = {
            .experiment = &e, .history = &history, .wanted = 1, .arena = arena};
        struct mu_reply reply;
        struct mu_error error = {0};
        assert_int_equal(
            mu_algorithm_suggest(&mu_darts, &request, &reply, &error), MU_INVALID_ARGUMENT);
        assert_non_null(strstr(error.text, CASES[i].text));
        assert_int_equal(validate(&e, &error), CASES[i].valid ? MU_OK : MU_INVALID_ARGUMENT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_example_validates_and_answers),
        arena_test(unknown_names_come_last_and_the_last_value_wins),
        arena_test(settings_are_checked),
        arena_test(operations_are_checked),
        arena_test(a_range_of_sizes_makes_primitives),
        arena_test(what_cannot_be_searched_is_refused),
    };
    return cmocka_run_group_tests_name("darts", tests, NULL, NULL);
}

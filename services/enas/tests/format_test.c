/* Texts byte for byte, and the operation table. */
#include "services/enas/tests/support.h"

#include <string.h>

static void the_documented_example(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    arch->ops[0] = 1;
    arch->ops[1] = 2;
    mu_enas_set_skip(arch, 1, 0, true);
    assert_string_equal(mu_enas_print_arch(&space, arch, arena), "[[1], [2, 1]]");
    assert_string_equal(mu_enas_print_config(&space, arch, arena),
        "{'num_layers': 2, 'input_sizes': [8, 8, 1], 'output_sizes': [4], 'embedding': {'1': "
        "{'opt_id': 1, 'opt_type': "
        "'convolution', 'opt_params': {'filter_size': '5'}}, '2': {'opt_id': 2, 'opt_type': "
        "'reduction', 'opt_params': "
        "{'pool_size': 2}}}}");
}

static void embedding_holds_each_operation_once(void **state) {
    (void)state;
    struct mu_network network = network_of(3, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    arch->ops[0] = 2;
    arch->ops[1] = 0;
    arch->ops[2] = 2;
    const char *text = mu_enas_print_config(&space, arch, arena);
    const char *first = strstr(text, "'embedding': {'2': {'opt_id': 2");
    assert_non_null(first);
    assert_non_null(strstr(first,
        "}}, '0': {'opt_id': 0, 'opt_type': 'convolution', 'opt_params': {'filter_size': '3'}}}}"));
}

static void a_value_listed_twice_is_one_operation(void **state) {
    (void)state;
    static const char *const twice[] = {"3", "5", "3"};
    static const char *const word[] = {"5", "x"};
    static const struct mu_parameter_text parameter[] = {LISTED("filter_size", twice)};
    static const struct mu_parameter_text wrong[] = {
        {.name = "filter_size", .type = MU_DISCRETE, .list = word, .n_list = 2}};
    static const struct mu_operation operation = {"convolution", parameter, 1};
    static const struct mu_operation bad = {"convolution", wrong, 1};
    struct mu_network network = network_of(2, &operation, 1);
    struct mu_enas_space space;
    space_of(&space, &network);
    assert_int_equal(space.table.n, 2);
    network = network_of(2, &bad, 1);
    struct mu_error error = {0};
    assert_int_equal(mu_enas_space_init(&space, &network, arena, &error), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "filter_size: list entry \"x\" is not a finite number"));
}

static void katibs_operations_make_106_entries(void **state) {
    (void)state;
    struct mu_network network = network_of(8, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    const struct mu_enas_table *t = &space.table;
    assert_int_equal(t->n, 106);
    static const size_t first[] = {0, 30, 90, 102};
    static const size_t n[] = {30, 60, 12, 4};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(t->families[i].first, first[i]);
        assert_int_equal(t->families[i].n, n[i]);
    }
    /* The last parameter varies fastest: entry 13 of convolution is 1*10 + 1*2 + 1. */
    assert_int_equal(mu_enas_table_digit(t, 13, 0), 1);
    assert_int_equal(mu_enas_table_digit(t, 13, 1), 1);
    assert_int_equal(mu_enas_table_digit(t, 13, 2), 1);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    for (size_t l = 0; l < 8; l++) {
        arch->ops[l] = 105;
    }
    assert_non_null(strstr(mu_enas_print_config(&space, arch, arena),
        "{'105': {'opt_id': 105, 'opt_type': 'reduction', 'opt_params': {'reduction_type': "
        "'avg_pooling', 'pool_size': 3}}}"));
}

static void every_type_of_parameter_expands(void **state) {
    (void)state;
    static const char *const rates[] = {"0.5", "0.25"};
    static const struct mu_parameter_text parameters[] = {
        {.name = "rate", .type = MU_DOUBLE, .min = "0.1", .max = "0.35", .step = "0.1"},
        {.name = "dropout", .type = MU_DISCRETE, .list = rates, .n_list = 2},
        {.name = "size", .type = MU_INT, .min = "1", .max = "2"}};
    static const struct mu_operation operation = {"convolution", parameters, 3};
    struct mu_network network = network_of(1, &operation, 1);
    struct mu_enas_space space;
    space_of(&space, &network);
    assert_int_equal(space.table.n, 3 * 2 * 2);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    arch->ops[0] = 11;
    assert_string_equal(mu_enas_print_arch(&space, arch, arena), "[[11]]");
    assert_non_null(strstr(mu_enas_print_config(&space, arch, arena),
        "'opt_params': {'rate': 0.3, 'dropout': '0.25', 'size': 2}"));
}

static void texts_are_read_back(void **state) {
    (void)state;
    struct mu_network network = network_of(13, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 2, arena);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 1, "test");
    for (int i = 0; i < 200; i++) {
        mu_enas_draw(&space, &archs[0], &stream);
        assert_true(mu_enas_parse(&space, mu_enas_print_arch(&space, &archs[0], arena), &archs[1]));
        assert_true(mu_enas_equal(&space, &archs[0], &archs[1]));
    }
}

static void other_texts_are_refused(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    assert_true(mu_enas_parse(&space, " [ [1],[2,1] ] ", arch));
    static const char *const bad[] = {"", "[]", "[[1]]", "[[1], [2]]", "[[1], [2, 2]]",
        "[[3], [2, 1]]", "[[-1], [2, 1]]", "[[1], [2, 1]", "[[1], [2, 1]]x",
        "[[1], [2, 1], [0, 0, 0]]", "[[1.0], [2, 1]]", "[[99999999999999999999], [2, 1]]"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(mu_enas_parse(&space, bad[i], arch));
    }
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct mu_parameter_text upside_down[] = {
        {.name = "size", .type = MU_INT, .min = "3", .max = "2"}};
    static const struct mu_parameter_text huge[] = {
        {.name = "size", .type = MU_INT, .min = "1", .max = "1000000000"}};
    static const struct mu_parameter_text many[] = {
        {.name = "a", .type = MU_INT, .min = "1", .max = "1000"},
        {.name = "b", .type = MU_INT, .min = "1", .max = "1000"}};
    static const struct mu_parameter_text endless[] = {
        {.name = "size", .type = MU_INT, .min = "1"}};
    const struct {
        struct mu_network network;
        const char *text; /* part of the error */
    } cases[] = {
        {{.present = false}, "no nasConfig"},
        {{.present = true, .layers = 1, .output_sizes = CLASSES, .n_output_sizes = 1},
            "Missing InputSizes in GraphConfig:"},
        {{.present = true, .layers = 1, .input_sizes = SQUARE, .n_input_sizes = 3},
            "Missing OutputSizes in GraphConfig:"},
        {network_of(0, SMALL, 2), "Missing NumLayers in GraphConfig:"},
        {network_of(129, SMALL, 2), "num_layers is 129, accepted are 1 to 128"},
        {network_of(1, NULL, 0), "nothing to choose from"},
        {network_of(1, &(struct mu_operation){"pool", NULL, 0}, 1),
            "Missing ParameterConfigs in Operation:"},
        {network_of(1, &(struct mu_operation){"pool", upside_down, 1}, 1),
            "min \"3\" is greater than max \"2\""},
        {network_of(1, &(struct mu_operation){"pool", huge, 1}, 1),
            "parameter size has more than 4096 values"},
        {network_of(1, &(struct mu_operation){"pool", many, 2}, 1), "more than 4096 combinations"},
        {network_of(1, &(struct mu_operation){"pool", endless, 1}, 1), "size"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mu_enas_space space;
        struct mu_error error = {0};
        assert_int_equal(
            mu_enas_space_init(&space, &cases[i].network, arena, &error), MU_INVALID_ARGUMENT);
        assert_non_null(strstr(error.text, cases[i].text));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_value_listed_twice_is_one_operation),
        arena_test(the_documented_example),
        arena_test(embedding_holds_each_operation_once),
        arena_test(katibs_operations_make_106_entries),
        arena_test(every_type_of_parameter_expands),
        arena_test(texts_are_read_back),
        arena_test(other_texts_are_refused),
        arena_test(mistakes_are_named),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}

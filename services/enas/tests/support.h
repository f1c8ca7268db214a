/* Networks that the tests of this service share. */
#ifndef MUSHIR_ENAS_TESTS_SUPPORT_H
#define MUSHIR_ENAS_TESTS_SUPPORT_H

#include "services/enas/architecture.h"
#include "tests/support/arena.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LISTED(parameter, values) \
    { .name = (parameter), .type = MU_CATEGORICAL, .list = (values), .n_list = COUNT(values) }

static const char *const SIZES[] = {"3", "5"}, *const THREE_SIZES[] = {"3", "5", "7"},
                         *const FILTERS[] = {"32", "48", "64", "96", "128"};
static const char *const STRIDES[] = {"1", "2"}, *const FEW[] = {"32", "64"},
                         *const KINDS[] = {"max_pooling", "avg_pooling"};

static const struct mu_parameter_text SMALL_CONVOLUTION[] = {LISTED("filter_size", SIZES)};
static const struct mu_parameter_text POOL_OF_TWO[] = {
    {.name = "pool_size", .type = MU_INT, .min = "2", .max = "2"}};
static const struct mu_operation SMALL[] = {
    {"convolution", SMALL_CONVOLUTION, 1}, {"reduction", POOL_OF_TWO, 1}};

/* The four operations of Katib's examples: 30 + 60 + 12 + 4 = 106 entries. */
static const struct mu_parameter_text CONVOLUTION[] = {
    LISTED("filter_size", THREE_SIZES), LISTED("num_filter", FILTERS), LISTED("stride", STRIDES)};
static const struct mu_parameter_text SEPARABLE[] = {LISTED("filter_size", THREE_SIZES),
    LISTED("num_filter", FILTERS), LISTED("stride", STRIDES), LISTED("depth_multiplier", STRIDES)};
static const struct mu_parameter_text DEPTHWISE[] = {LISTED("filter_size", THREE_SIZES),
    LISTED("stride", STRIDES), LISTED("depth_multiplier", STRIDES)};
static const struct mu_parameter_text REDUCTION[] = {LISTED("reduction_type", KINDS),
    {.name = "pool_size", .type = MU_INT, .min = "2", .max = "3", .step = "1"}};
static const struct mu_operation KATIB[] = {{"convolution", CONVOLUTION, 3},
    {"separable_convolution", SEPARABLE, 4}, {"depthwise_convolution", DEPTHWISE, 3},
    {"reduction", REDUCTION, 2}};

static const int32_t SQUARE[] = {8, 8, 1}, CLASSES[] = {4};

static inline struct mu_network network_of(
    int layers, const struct mu_operation *operations, size_t n) {
    return (struct mu_network){.present = true,
        .layers = layers,
        .input_sizes = SQUARE,
        .output_sizes = CLASSES,
        .n_input_sizes = 3,
        .n_output_sizes = 1,
        .operations = operations,
        .n_operations = n};
}

static inline void space_of(struct mu_enas_space *space, const struct mu_network *network) {
    struct mu_error error = {0};
    assert_int_equal(mu_enas_space_init(space, network, arena, &error), MU_OK);
}

#endif

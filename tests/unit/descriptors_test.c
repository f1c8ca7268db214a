/* Finding files and symbols in the embedded descriptor set. */
#include <stdlib.h>
#include <string.h>

#include "common/rpc/descriptors.h"
#include "tests/support/cmocka.h"

extern const uint8_t mu_descriptors[], mu_descriptors_end[];

static struct mu_slice the_set(void) {
    return (struct mu_slice){mu_descriptors, (size_t)(mu_descriptors_end - mu_descriptors)};
}

static bool starts_with_name(struct mu_slice file, const char *name) {
    return file.size > strlen(name) + 2 && file.bytes[0] == 0x0A && file.bytes[1] == strlen(name) &&
           memcmp(file.bytes + 2, name, strlen(name)) == 0;
}

static void files_are_found_by_name(void **state) {
    static const char *const FILES[] = {"api.proto", "grpc/health/v1/health.proto",
        "grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"};
    struct mu_slice file;
    (void)state;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        assert_true(mu_descriptor_file(the_set(), FILES[i], &file));
        assert_true(starts_with_name(file, FILES[i]));
    }
    assert_false(mu_descriptor_file(the_set(), "", &file));
    assert_false(mu_descriptor_file(the_set(), "api", &file));
    assert_false(mu_descriptor_file(the_set(), "api.proto2", &file));
}

static void symbols_of_every_kind_are_found(void **state) {
    static const char *const SYMBOLS[] = {
        "api.v1.beta1.Suggestion",                       /* service */
        ".api.v1.beta1.Suggestion",                      /* with the leading dot of descriptors */
        "api.v1.beta1.Suggestion.GetSuggestions",        /* method */
        "api.v1.beta1.GetSuggestionsRequest",            /* message */
        "api.v1.beta1.GetSuggestionsRequest.experiment", /* field */
        "api.v1.beta1.ExperimentSpec.ParameterSpecs",    /* nested message */
        "api.v1.beta1.ParameterType",                    /* enum */
        "api.v1.beta1.DOUBLE",                           /* value of a file's enum */
        "api.v1.beta1.TrialStatus.TrialConditionType",   /* nested enum */
        "api.v1.beta1.TrialStatus.SUCCEEDED",            /* its value */
    };
    struct mu_slice file;
    (void)state;
    for (size_t i = 0; i < sizeof SYMBOLS / sizeof *SYMBOLS; i++) {
        assert_true(mu_descriptor_symbol(the_set(), SYMBOLS[i], &file));
        assert_true(starts_with_name(file, "api.proto"));
    }
    assert_true(mu_descriptor_symbol(the_set(), "grpc.reflection.v1alpha.ServerReflection", &file));
    assert_true(starts_with_name(file, "grpc/reflection/v1alpha/reflection.proto"));
    assert_true(mu_descriptor_symbol(the_set(), "grpc.reflection.v1.ServerReflection", &file));
    assert_true(starts_with_name(file, "grpc/reflection/v1/reflection.proto"));
}

static void what_is_not_there_is_not_found(void **state) {
    static const char *const NOTHING[] = {"", ".", "api", "api.v1.beta1", "api.v1.beta1.",
        "api.v1.beta1.Suggest", "api.v1.beta1.SuggestionX", "api.v1.beta1.Suggestion.",
        "api.v1.beta1.Suggestion.Nothing", "api.v1.beta1.GetSuggestionsRequest.experiment.name",
        "Suggestion", "api.proto"};
    struct mu_slice file;
    (void)state;
    for (size_t i = 0; i < sizeof NOTHING / sizeof *NOTHING; i++) {
        assert_false(mu_descriptor_symbol(the_set(), NOTHING[i], &file));
    }
}

/* Every truncation is walked within its bounds (which AddressSanitizer watches: the copy ends where
 * the set ends). */
static void a_cut_set_is_read_within_its_bounds(void **state) {
    (void)state;
    struct mu_slice set = the_set();
    struct mu_slice file;
    for (size_t size = 0; size < set.size; size += 17) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, set.bytes, size);
        struct mu_slice part = {realloc(cut, size ? size : 1), size};
        bool found = mu_descriptor_symbol(part, "grpc.reflection.v1alpha.ServerReflection", &file);
        assert_true(!found || file.bytes + file.size <= part.bytes + part.size);
        free((void *)(uintptr_t)part.bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_by_name),
        cmocka_unit_test(symbols_of_every_kind_are_found),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_cut_set_is_read_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

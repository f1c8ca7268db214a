/* What validation says to one setting, for every algorithm's table of cases. */
#ifndef MUSHIR_TESTS_SUPPORT_SETTINGS_H
#define MUSHIR_TESTS_SUPPORT_SETTINGS_H

#include <string.h>

#include "common/search/algorithm.h"
#include "tests/support/arena.h"

struct setting_case {
    struct mu_pair setting;
    const char *text; /* of the error; NULL: the setting is accepted */
};

/* Validate an experiment that has nothing but the case's setting, for each of |n| cases. */
static inline void assert_settings(
    const struct mu_algorithm *algorithm, const struct setting_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct mu_experiment experiment = {
            .name = "settings", .settings = &cases[i].setting, .n_settings = 1};
        struct mu_error error = {0};
        enum mu_status status = mu_algorithm_validate(algorithm, &experiment, arena, &error);
        const char *expected = cases[i].text ? cases[i].text : "";
        if (status != (cases[i].text ? MU_INVALID_ARGUMENT : MU_OK) ||
            strcmp(error.text, expected) != 0) {
            fail_msg("%s=%s: %s", cases[i].setting.name, cases[i].setting.value, error.text);
        }
    }
}

#endif

/* The patch of a stopped trial: exactly these bytes. */
#include "services/medianstop/trial.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

#define N(list) (sizeof(list) / sizeof *(list))
#define NOW "2026-01-02T03:04:05Z"
#define MARK                                                                           \
    "{\"type\":\"EarlyStopped\",\"status\":\"True\",\"reason\":\"TrialEarlyStopped\"," \
    "\"message\":\"Trial is early stopped\",\"lastUpdateTime\":\"" NOW                 \
    "\",\"lastTransitionTime\":\"" NOW "\"}"
#define OBJECT(status)                                                           \
    "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"objective\":{"        \
    "\"objectiveMetricName\":\"loss\",\"metricStrategies\":[{\"name\":\"loss\"," \
    "\"value\":\"min\"}]}},\"status\":{" status "}}"
#define PATCH(status) "{\"metadata\":{\"resourceVersion\":\"7\"},\"status\":{" status "}}"

static char *patch_of(const char *object, const struct mu_pair *reports, size_t n) {
    struct mu_error error;
    char *patch;
    assert_int_equal(
        mu_trial_stop_patch(object, strlen(object), reports, n, NOW, &patch, &error), MU_OK);
    return patch;
}

static void assert_patch(
    const char *object, const struct mu_pair *reports, size_t n, const char *expected) {
    char *patch = patch_of(object, reports, n);
    assert_string_equal(patch ? patch : "none", expected);
    free(patch);
}

static const struct mu_pair REPORTS[] = {{"loss", "3"}, {"other", "9"}, {"loss", "1"}};
#define OBSERVED(min, max, latest)                                                        \
    "\"observation\":{\"metrics\":[{\"name\":\"loss\",\"min\":\"" min "\",\"max\":\"" max \
    "\",\"latest\":\"" latest "\"}]}"

static void a_new_stop(void **state) {
    (void)state;
    assert_patch(OBJECT("\"conditions\":[{\"type\":\"Running\"}]"), REPORTS, N(REPORTS),
        PATCH("\"conditions\":[{\"type\":\"Running\"}," MARK
              "]," OBSERVED("1", "3", "1") ","
                                           "\"completionTime\":\"" NOW "\""));
    assert_patch(
        OBJECT(""), NULL, 0, PATCH("\"conditions\":[" MARK "],\"completionTime\":\"" NOW "\""));
}

static void what_is_there_stays(void **state) {
    (void)state;
    assert_patch(
        OBJECT("\"conditions\":[" MARK "],\"completionTime\":\"x\"," OBSERVED("", "", "5")),
        REPORTS, N(REPORTS), "none");
    assert_patch(OBJECT("\"conditions\":[" MARK "],\"completionTime\":\"x\"," OBSERVED(
                     "unavailable", "unavailable", "unavailable")),
        REPORTS, N(REPORTS), PATCH(OBSERVED("1", "3", "1")));
    assert_patch(OBJECT("\"conditions\":[{\"type\":\"EarlyStopped\",\"status\":\"False\"}],"
                        "\"completionTime\":\"x\""),
        NULL, 0, PATCH("\"conditions\":[" MARK "]"));
}

static void assert_observed(const struct mu_pair *reports, size_t n, const char *observation) {
    char *patch = patch_of(OBJECT(""), reports, n);
    if (!strstr(patch, observation)) {
        fail_msg("%s in %s", observation, patch);
    }
    free(patch);
}

/* As getMetrics of Katib's trial controller: texts of what was smallest, largest and last; a first
 * "nan" stays, for nothing is smaller or larger. */
static void observations(void **state) {
    const struct mu_pair texts[] = {{"loss", "[a, b]"}};
    const struct mu_pair mixed[] = {
        {"loss", "unavailable"}, {"loss", "1e3"}, {"loss", ".5"}, {"loss", " 7"}, {"loss", "2e3 "}};
    const struct mu_pair nan[] = {{"loss", "nan"}, {"loss", "1"}};
    const struct mu_pair huge[] = {{"loss", "1e999"}, {"loss", "1"}, {"loss", "+Inf"}};
    const struct mu_pair foreign[] = {{"other", "1"}};
    (void)state;
    assert_observed(texts, N(texts), OBSERVED("unavailable", "unavailable", "[a, b]"));
    assert_observed(mixed, N(mixed), OBSERVED(".5", "1e3", "2e3 "));
    assert_observed(nan, N(nan), OBSERVED("nan", "nan", "1"));
    assert_observed(huge, N(huge), OBSERVED("1", "+Inf", "+Inf"));
    assert_observed(foreign, N(foreign), OBSERVED("unavailable", "unavailable", "unavailable"));
}

static void without_strategies_the_objective_is_observed(void **state) {
    (void)state;
    assert_patch("{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"objective\":{"
                 "\"objectiveMetricName\":\"loss\"}},\"status\":{\"completionTime\":\"x\"}}",
        REPORTS, N(REPORTS), PATCH("\"conditions\":[" MARK "]," OBSERVED("1", "3", "1")));
}

static void what_is_no_trial_is_refused(void **state) {
    const char *const objects[] = {
        "", "x", "[]", "{}", "{\"metadata\":{\"resourceVersion\":7}}", "{\"metadata\":[]}", "null"};
    (void)state;
    for (size_t i = 0; i < N(objects); i++) {
        struct mu_error error;
        char *patch;
        assert_int_equal(
            mu_trial_stop_patch(objects[i], strlen(objects[i]), NULL, 0, NOW, &patch, &error),
            MU_INTERNAL);
        assert_null(patch);
    }
}

static void messages_of_the_api(void **state) {
    const char *const answers[] = {"{\"message\":\"no\"}", "", "<html>", "{\"message\":1}"};
    const char *const messages[] = {"no", "", "", ""};
    (void)state;
    for (size_t i = 0; i < N(answers); i++) {
        char message[8] = "before";
        mu_trial_api_message(answers[i], strlen(answers[i]), message, sizeof message);
        assert_string_equal(message, messages[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_stop),
        cmocka_unit_test(what_is_there_stays),
        cmocka_unit_test(observations),
        cmocka_unit_test(without_strategies_the_objective_is_observed),
        cmocka_unit_test(what_is_no_trial_is_refused),
        cmocka_unit_test(messages_of_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

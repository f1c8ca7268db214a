/* Names of trials and whose folders they start from; and what hyperband's other names stand for. */
#include "services/hyperband/tests/lab.h"

/* ---- folders ---- */

static void a_promoted_trial_starts_from_its_predecessor(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"r_l", "27"}, {"resource_name", "epochs"},
        {"sampler", "random"}, {"suggestion_trial_dir", "/checkpoint"}};
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 4);
    struct mu_reply reply = lab_ask(&lab, 6, 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(strncmp(reply.suggestions[i].trial_name, "lab-b0r0-", 9), 0);
        assert_null(reply.suggestions[i].parent);
        lab_add(&lab, &reply.suggestions[i], SUCCEEDED, (double)i);
    }
    struct mu_reply up = lab_ask(&lab, 3, 6); /* two of six go on, the third is new */
    assert_int_equal(strncmp(up.suggestions[0].trial_name, "lab-b0r1-", 9), 0);
    assert_string_equal(up.suggestions[0].parent, reply.suggestions[0].trial_name);
    assert_string_equal(up.suggestions[1].parent, reply.suggestions[1].trial_name);
    assert_null(up.suggestions[2].parent);
    lab_finish(&lab);
}

/* Of two runs of one configuration at one rung the failed one does not count; of runs at two rungs
 * the farther one does. */
static void the_predecessor_is_the_farthest_that_finished(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"r_l", "27"}, {"resource_name", "epochs"},
        {"sampler", "random"}, {"suggestion_trial_dir", "/checkpoint"}};
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 4);
    struct mu_reply reply = lab_ask(&lab, 3, 0);
    struct mu_suggestion again = reply.suggestions[0];
    again.trial_name = "another";
    for (size_t i = 0; i < 3; i++) {
        lab_add(&lab, &reply.suggestions[i], SUCCEEDED, (double)i);
    }
    lab_add(&lab, &again, FAILED, 0);
    struct mu_reply up = lab_ask(&lab, 1, 4);
    assert_string_equal(up.suggestions[0].parent, reply.suggestions[0].trial_name);
    lab_add(&lab, &up.suggestions[0], SUCCEEDED, 0);
    for (size_t i = 1; i < 3; i++) { /* the other two got there as well, and are worse */
        struct mu_suggestion other = up.suggestions[0];
        struct mu_pair *pairs = MU_ARRAY(lab.arena, 4, struct mu_pair);
        memcpy(pairs, reply.suggestions[i].assignments, 4 * sizeof *pairs);
        pairs[1].value = "3";
        other.assignments = pairs;
        other.trial_name = i == 1 ? "x" : "y";
        lab_add(&lab, &other, SUCCEEDED, 5);
    }
    struct mu_reply top = lab_ask(&lab, 1, 7);
    assert_string_equal(top.suggestions[0].parent, up.suggestions[0].trial_name);
    lab_finish(&lab);
}

/* ---- the other names ---- */

static void asha_starts_at_the_bottom(void **state) {
    (void)state;
    static const struct mu_pair settings[] = {{"r_l", "27"}, {"resource_name", "epochs"}};
    static struct lab lab;
    lab_init(&lab, THREE, 4, settings, 2);
    lab.experiment.algorithm = "asha";
    struct mu_reply reply = lab_ask(&lab, 100, 0);
    for (size_t i = 0; i < 100; i++) {
        assert_string_equal(lab_text(&reply.suggestions[i], "epochs"), "1");
    }
    lab.experiment.algorithm = "bohb"; /* 27 at 1, 12 at 3, 6 at 9, 4 at 27 */
    reply = lab_ask(&lab, 49, 0);
    assert_string_equal(lab_text(&reply.suggestions[27], "epochs"), "3");
    assert_string_equal(lab_text(&reply.suggestions[48], "epochs"), "27");
    lab_finish(&lab);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promoted_trial_starts_from_its_predecessor),
        cmocka_unit_test(the_predecessor_is_the_farthest_that_finished),
        cmocka_unit_test(asha_starts_at_the_bottom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

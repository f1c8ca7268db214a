/* The front of an experiment, and the setting of replies that names it. */
#include "common/search/front.h"

#include <stdlib.h>
#include <string.h>

#include "common/search/algorithm.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"

enum { MOST = 300 };
static struct mu_error error;

static const struct mu_objective METRICS[] = {{"f", false}, {"g", false}, {"size", false}};
static const struct mu_algorithm RANDOM = {.name = "random", .outcomes = true};
static const struct mu_algorithm DEAF = {.name = "deaf"};

struct loop {
    struct mu_experiment e;
    struct mu_pair settings[2];
    struct mu_trial_record records[MOST];
    size_t n;
};

static struct loop *loop_of(const char *objectives, const char *constraints) {
    static const struct mu_parameter_text X = {
        .name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"};
    struct loop *l = MU_NEW(arena, struct loop);
    l->settings[0] = (struct mu_pair){"objectives", objectives};
    l->settings[1] = (struct mu_pair){"constraints", constraints};
    l->e = (struct mu_experiment){.name = "front",
        .metrics = METRICS,
        .n_metrics = 3,
        .settings = l->settings,
        .n_settings = 2};
    assert_int_equal(mu_space_init(&l->e.space, &X, 1, arena, &error), MU_OK);
    return l;
}

/* A trial called tNNN; NULL: without this metric. */
static void tell(struct loop *l, const char *f, const char *g, const char *size) {
    struct mu_pair *pair = MU_NEW(arena, struct mu_pair);
    const char **additional = MU_ARRAY(arena, 2, const char *);
    *pair = (struct mu_pair){"x", mu_arena_format(arena, "0.%03zu", l->n)};
    additional[0] = g;
    additional[1] = size;
    l->records[l->n] = (struct mu_trial_record){.name = mu_arena_format(arena, "t%03zu", l->n),
        .completed = mu_arena_format(arena, "2026-01-01T%02zu:%02zu:00Z", l->n / 60, l->n % 60),
        .metric = f,
        .additional = additional,
        .condition = f ? MU_TRIAL_SUCCEEDED : MU_TRIAL_FAILED,
        .assignments = pair,
        .n_assignments = 1};
    l->n++;
}

/* The setting of a reply, or NULL. */
static const char *named(const struct mu_algorithm *algorithm, const struct loop *l) {
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    struct mu_reply reply;
    build_history(history, &l->e, l->records, l->n, arena);
    struct mu_request request = {
        .experiment = &l->e, .history = history, .wanted = 1, .first = l->n, .arena = arena};
    assert_int_equal(mu_algorithm_suggest(algorithm, &request, &reply, &error), MU_OK);
    return mu_pairs_find(reply.settings, reply.n_settings, MU_FRONT_SETTING);
}

static void replies_name_the_front(void **state) {
    (void)state;
    struct loop *l = loop_of("f, g", "");
    assert_string_equal(named(&RANDOM, l), "");
    tell(l, "3", "1", NULL);
    tell(l, "1", "3", NULL);
    tell(l, "2", "2", NULL);
    tell(l, "2", "4", NULL); /* dominated */
    tell(l, NULL, "0", NULL);
    tell(l, "0", NULL, NULL);
    tell(l, "2", "2", NULL);
    assert_string_equal(named(&RANDOM, l), "t001,t002,t006,t000");
}

/* What a failed trial reported last is no result, of whichever metric. */
static void a_failed_trial_is_no_compromise(void **state) {
    (void)state;
    struct loop *l = loop_of("g, size", "");
    tell(l, "1", "2", "2");
    tell(l, NULL, "0", "0");
    assert_string_equal(named(&RANDOM, l), "t000");
}

static void only_what_meets_the_constraints(void **state) {
    (void)state;
    struct loop *l = loop_of("f, g:max", "size<=5, f>=1");
    tell(l, "1", "1", "5");
    tell(l, "2", "9", "6");
    tell(l, "0", "9", "5");
    tell(l, "2", "2", "4");
    tell(l, "3", "9", NULL);
    assert_string_equal(named(&RANDOM, l), "t000,t003");
}

static void one_objective_has_no_front(void **state) {
    (void)state;
    struct loop *l = loop_of("", "");
    tell(l, "1", "1", "1");
    assert_null(named(&RANDOM, l));
    l->settings[0].value = "f, g";
    assert_null(named(&DEAF, l));
}

/* With one objective and constraints the front is the best that meets them. */
static void constraints_alone_name_the_best(void **state) {
    (void)state;
    struct loop *l = loop_of("", "size<=5");
    tell(l, "1", "1", "6");
    tell(l, "3", "1", "5");
    tell(l, "2", "1", "5");
    assert_string_equal(named(&RANDOM, l), "t002");
}

/* Of 253 the first, the last and every fourth between. */
static void many_are_spread_over_the_front(void **state) {
    (void)state;
    struct loop *l = loop_of("f, g", "");
    for (size_t i = 0; i < 253; i++) {
        tell(l, mu_arena_format(arena, "%zu", i), mu_arena_format(arena, "%zu", 253 - i), NULL);
    }
    const char *names = named(&RANDOM, l);
    assert_int_equal(strlen(names), 64 * 5 - 1);
    assert_memory_equal(names, "t000,t004,t008,", 15);
    assert_string_equal(names + 62 * 5, "t248,t252");
}

/* A front of |n| trials whose names have |length| characters, the number in the first three. */
static const char *named_at_length(size_t n, size_t length) {
    struct loop *l = loop_of("f, g", "");
    for (size_t i = 0; i < n; i++) {
        char *name = mu_arena_alloc(arena, length + 1);
        memset(name, 'x', length);
        name[length] = 0;
        tell(l, mu_arena_format(arena, "%zu", i), mu_arena_format(arena, "%zu", n - i), NULL);
        memcpy(name, l->records[i].name + 1, 3);
        l->records[i].name = name;
    }
    return named(&RANDOM, l);
}

/* The setting lands in an object that has a bounded size. Of 41 trials with names as long as
 * Kubernetes allows 16 fit: both ends and what lies evenly between. */
static void long_names_are_bounded_in_bytes(void **state) {
    (void)state;
    const char *names = named_at_length(41, 253);
    assert_int_equal(strlen(names), 16 * 254 - 1);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(strtol(names + i * 254, NULL, 10), i * 40 / 15);
    }
}

static void labels_fit_all(void **state) {
    (void)state;
    assert_int_equal(strlen(named_at_length(MU_FRONT_MOST, 63)), MU_FRONT_BYTES - 1);
    assert_int_equal(strlen(named_at_length(MU_FRONT_MOST, 64)), 63 * 65 - 1);
}

/* No name of Kubernetes: half of the bytes each are two too many by a comma. */
static void what_does_not_fit_is_not_named(void **state) {
    (void)state;
    assert_int_equal(strlen(named_at_length(3, MU_FRONT_BYTES / 2 - 1)), MU_FRONT_BYTES - 1);
    assert_string_equal(named_at_length(3, MU_FRONT_BYTES / 2), "");
    assert_string_equal(named_at_length(1, MU_FRONT_BYTES), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(replies_name_the_front),
        arena_test(a_failed_trial_is_no_compromise),
        arena_test(only_what_meets_the_constraints),
        arena_test(one_objective_has_no_front),
        arena_test(constraints_alone_name_the_best),
        arena_test(many_are_spread_over_the_front),
        arena_test(long_names_are_bounded_in_bytes),
        arena_test(labels_fit_all),
        arena_test(what_does_not_fit_is_not_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the cache of trials knows again, and when it forgets. wire_test says that it changes no
 * answer. */
#include "common/wire/cache.h"

#include <string.h>

#include "tests/support/cmocka.h"

enum { LIMIT = 1 << 14, MOST = 200 };

static struct mu_slice slice(const char *text) {
    return (struct mu_slice){(const uint8_t *)text, strlen(text)};
}

/* Trials as a request would ask for them and read what is unknown: how many were. */
static size_t ask_for(struct mu_trial_cache *cache, const char *context,
    const struct mu_slice *bytes, size_t n, enum mu_trial_state state, struct mu_arena *arena) {
    struct mu_trial_lookup lookup;
    mu_trial_cache_find(cache, slice(context), bytes, n, &lookup, arena);
    for (size_t k = 0; k < lookup.n_unknown; k++) {
        struct mu_trial *trial = MU_NEW(arena, struct mu_trial);
        *trial = (struct mu_trial){.name = "t", .completed = "", .started = "", .state = state};
        lookup.trials[lookup.unknown[k]] = trial;
    }
    mu_trial_cache_add(&lookup, bytes);
    return lookup.n_unknown;
}

/* The same for |n| trials of |prefix|. */
static size_t ask(struct mu_trial_cache *cache, const char *context, const char *prefix, size_t n,
    enum mu_trial_state state) {
    struct mu_arena *arena = mu_arena_create(1 << 22);
    struct mu_slice *bytes = MU_ARRAY(arena, n, struct mu_slice);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = slice(mu_arena_format(arena, "%s-%zu", prefix, i));
    }
    size_t unknown = ask_for(cache, context, bytes, n, state, arena);
    mu_arena_destroy(arena);
    return unknown;
}

static void finished_trials_are_known_again(void **state) {
    (void)state;
    struct mu_trial_cache *cache = mu_trial_cache_create(LIMIT);
    assert_int_equal(ask(cache, "one", "trial", 5, MU_DONE), 5);
    assert_int_equal(ask(cache, "one", "trial", 7, MU_FAILED), 2);
    assert_int_equal(ask(cache, "one", "trial", 7, MU_DONE), 0);
    mu_trial_cache_destroy(cache);
}

static void unfinished_trials_are_not_kept(void **state) {
    (void)state;
    struct mu_trial_cache *cache = mu_trial_cache_create(LIMIT);
    assert_int_equal(ask(cache, "one", "trial", 5, MU_PENDING), 5);
    assert_int_equal(ask(cache, "one", "trial", 5, MU_PENDING), 5);
    mu_trial_cache_destroy(cache);
}

static void another_context_is_another_trial(void **state) {
    (void)state;
    struct mu_trial_cache *cache = mu_trial_cache_create(LIMIT);
    assert_int_equal(ask(cache, "one", "trial", 5, MU_DONE), 5);
    assert_int_equal(ask(cache, "two", "trial", 5, MU_DONE), 5);
    assert_int_equal(ask(cache, "one", "trial", 5, MU_DONE), 0);
    mu_trial_cache_destroy(cache);
}

/* Of trials that differ in the middle only, which is not hashed, one is kept. */
static void trials_of_one_hash_are_told_apart(void **state) {
    (void)state;
    struct mu_trial_cache *cache = mu_trial_cache_create(LIMIT);
    for (size_t time = 0; time < 2; time++) {
        struct mu_arena *arena = mu_arena_create(1 << 16);
        struct mu_slice bytes[3];
        for (size_t i = 0; i < 3; i++) {
            bytes[i] = slice(mu_arena_format(arena, "%080d%zu%024d", 0, i, 0));
        }
        assert_int_equal(ask_for(cache, "one", bytes, 3, MU_DONE, arena), 3 - time);
        mu_arena_destroy(arena);
    }
    mu_trial_cache_destroy(cache);
}

/* Filled by one experiment, of no use to the next: it is emptied when nobody holds it, and serves
 * that one. */
static void a_full_cache_starts_afresh_for_others(void **state) {
    (void)state;
    struct mu_trial_cache *cache = mu_trial_cache_create(LIMIT);
    assert_int_equal(ask(cache, "one", "trial", MOST, MU_DONE), MOST);
    assert_true(ask(cache, "one", "trial", MOST, MU_DONE) > 0); /* it is full */
    assert_int_equal(ask(cache, "two", "other", 5, MU_DONE), 5);
    assert_int_equal(ask(cache, "two", "other", 5, MU_DONE), 5); /* kept from here on */
    assert_int_equal(ask(cache, "two", "other", 5, MU_DONE), 0);
    mu_trial_cache_destroy(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_trials_are_known_again),
        cmocka_unit_test(unfinished_trials_are_not_kept),
        cmocka_unit_test(another_context_is_another_trial),
        cmocka_unit_test(trials_of_one_hash_are_told_apart),
        cmocka_unit_test(a_full_cache_starts_afresh_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

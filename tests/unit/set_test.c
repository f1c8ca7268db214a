/* The set of numbered things against a plain list. */
#include "common/base/set.h"

#include "tests/support/arena.h"

enum { THINGS = 1000 };

/* Things are numbers; a look-up counts how often it had to compare. */
struct looked {
    const uint64_t *things;
    uint64_t wanted;
    size_t *comparisons;
};

static bool same(const void *user, size_t number) {
    const struct looked *l = user;
    ++*l->comparisons;
    return l->things[number] == l->wanted;
}

static size_t find(const struct mu_set *set, const uint64_t *things, uint64_t hash, uint64_t wanted,
    size_t *comparisons) {
    return mu_set_find(set, hash, same, &(struct looked){things, wanted, comparisons});
}

/* |hash_of| turns a thing into its hash. */
static size_t fill_and_find(size_t expected, uint64_t (*hash_of)(uint64_t thing)) {
    struct mu_set set;
    uint64_t things[THINGS];
    size_t comparisons = 0;
    mu_set_init(&set, expected, arena);
    for (size_t i = 0; i < THINGS; i++) {
        things[i] = 3 * i;
        assert_int_equal(
            find(&set, things, hash_of(things[i]), things[i], &comparisons), MU_SET_NONE);
        mu_set_add(&set, hash_of(things[i]));
        assert_int_equal(set.n, i + 1);
    }
    comparisons = 0;
    for (size_t i = 0; i < THINGS; i++) {
        assert_int_equal(find(&set, things, hash_of(things[i]), things[i], &comparisons), i);
        assert_int_equal(
            find(&set, things, hash_of(things[i] + 1), things[i] + 1, &comparisons), MU_SET_NONE);
    }
    return comparisons;
}

static uint64_t spread(uint64_t thing) {
    return thing * 0x9E3779B97F4A7C15u;
}
static uint64_t constant(uint64_t thing) {
    (void)thing;
    return UINT64_MAX;
}
static uint64_t of_high_bits(uint64_t thing) {
    return thing << 40; /* one slot for all */
}

static void things_are_found_by_number(void **state) {
    (void)state;
    assert_int_equal(fill_and_find(THINGS, spread), THINGS); /* only things of equal hash compare */
}

static void it_grows(void **state) {
    (void)state;
    assert_int_equal(fill_and_find(0, spread), THINGS);
}

static void equal_hashes_are_told_apart(void **state) {
    (void)state;
    fill_and_find(8, constant);
    assert_int_equal(fill_and_find(8, of_high_bits), THINGS);
}

static void half_of_the_slots_stay_free(void **state) {
    (void)state;
    struct mu_set set;
    mu_set_init(&set, 0, arena);
    for (size_t i = 0; i < THINGS; i++) {
        mu_set_add(&set, spread(i));
        assert_true(2 * set.n <= set.mask + 1 && set.n <= set.capacity);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(things_are_found_by_number),
        arena_test(it_grows),
        arena_test(equal_hashes_are_told_apart),
        arena_test(half_of_the_slots_stay_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Jobs that wait take turns by owner. */
#include "common/rpc/queue.h"
#include "tests/support/cmocka.h"

enum { MOST = 8 };

static struct mu_job jobs[32];

/* Push jobs of |owners| in their order; those without a place are written to |refused|. */
static void push_all(struct mu_queue *queue, const char *owners, char *refused) {
    for (size_t i = 0; owners[i]; i++) {
        jobs[i].owner = (uint64_t)owners[i];
        const struct mu_job *without = mu_queue_push(queue, &jobs[i]);
        if (without) {
            *refused++ = (char)without->owner;
        }
    }
    *refused = '\0';
}

static void pop_all(struct mu_queue *queue, char *owners) {
    while (queue->waiting > 0) {
        *owners++ = (char)mu_queue_pop(queue)->owner;
    }
    *owners = '\0';
}

static void owners_take_turns(void **state) {
    static const struct {
        const char *pushed, *popped, *refused;
    } CASES[] = {
        {"", "", ""},
        {"abcd", "abcd", ""},
        {"aaaa", "aaaa", ""},
        {"aaaab", "abaaa", ""},
        {"aaabbb", "ababab", ""},
        {"abbbca", "abcbab", ""},
        {"aaaaaaaaa", "aaaaaaaa", "a"},
        {"aaaaaaaab", "abaaaaaa", "a"},
        {"aaaaaaaabcdefghijk", "abcdefgh", "aaaaaaaijk"},
        {"abcdefghi", "abcdefgh", "i"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_queue queue;
        char popped[32];
        char refused[32];
        assert_true(mu_queue_init(&queue, MOST));
        push_all(&queue, CASES[i].pushed, refused);
        pop_all(&queue, popped);
        mu_queue_finish(&queue);
        assert_string_equal(popped, CASES[i].popped);
        assert_string_equal(refused, CASES[i].refused);
    }
}

/* Whoever comes again and again is not served before one who has waited since. */
static void nobody_waits_for_newcomers_for_ever(void **state) {
    (void)state;
    struct mu_queue queue;
    struct mu_job first = {.owner = 'a'};
    struct mu_job second = {.owner = 'a'};
    assert_true(mu_queue_init(&queue, MOST));
    assert_null(mu_queue_push(&queue, &first));
    assert_null(mu_queue_push(&queue, &second));
    assert_ptr_equal(mu_queue_pop(&queue), &first);
    size_t served = 0;
    struct mu_job again = {.owner = 'b'};
    struct mu_job *next = NULL;
    while (next != &second) {
        assert_true(served < 3);
        assert_null(mu_queue_push(&queue, &again));
        next = mu_queue_pop(&queue);
        served++;
    }
    mu_queue_finish(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_take_turns),
        cmocka_unit_test(nobody_waits_for_newcomers_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

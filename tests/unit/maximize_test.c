#include "common/model/maximize.h"

#include <math.h>

#include "tests/support/arena.h"

static struct mu_error error;

/* Two lines, a short and a long ladder, a category. */
static const struct mu_parameter_text TEXTS[] = {
    {.name = "a", .type = MU_DOUBLE, .min = "0", .max = "1"},
    {.name = "b", .type = MU_DOUBLE, .min = "0", .max = "1"},
    {.name = "short", .type = MU_INT, .min = "0", .max = "9"},
    {.name = "long", .type = MU_INT, .min = "0", .max = "999"},
    {.name = "c",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"p", "q", "r", "s", "t"},
        .n_list = 5},
};
enum { N = 5 };
static const double SUMMIT[N] = {0.123, 0.877, 3, 707, 4}; /* coordinates */

struct slope {
    const struct mu_frame *frame;
    double top[N];
};

/* -sum w (u - top)^2, narrow as an acquisition function is, and one less off the category. */
static double cone(void *user, const double *u, double *gradient) {
    const struct slope *s = user;
    double value = 0;
    for (size_t j = 0; j < s->frame->n; j++) {
        double gap = u[j] - s->top[j];
        value -= s->frame->category[j] ? gap != 0 : 100 * gap * gap;
        if (gradient) {
            gradient[j] = -200 * gap;
        }
    }
    return value;
}

struct scene {
    struct mu_space space;
    struct mu_frame frame;
    struct mu_seen *seen;
    struct slope slope;
};

static void prepare(struct scene *s) {
    assert_int_equal(mu_space_init(&s->space, TEXTS, N, arena, &error), MU_OK);
    s->frame = mu_frame_of(&s->space, arena);
    s->seen = mu_seen_of(&s->space, 4, arena);
    s->slope.frame = &s->frame;
    mu_frame_encode(&s->frame, SUMMIT, s->slope.top);
}

static struct mu_maximizer maximizer(struct scene *s, bool gradient, uint64_t number) {
    return (struct mu_maximizer){.frame = &s->frame,
        .criterion = cone,
        .user = &s->slope,
        .seen = s->seen,
        .climb = true,
        .gradient = gradient,
        .candidates = 128,
        .seed = 1,
        .number = number};
}

static double value_of(struct scene *s, const double *x) {
    double u[N];
    mu_frame_encode(&s->frame, x, u);
    return cone(&s->slope, u, NULL);
}

/* The level and category of the summit always; its place on the lines to what the search promises:
 * 1e-3 of a gradient of 200 per unit, or the finest step of the pattern. */
static void the_summit_is_climbed(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    for (uint64_t number = 0; number < 20; number++) {
        for (int gradient = 0; gradient < 2; gradient++) {
            struct mu_maximizer m = maximizer(&s, gradient, number);
            double x[N];
            assert_true(mu_maximize(&m, x, arena));
            for (size_t j = 0; j < N; j++) {
                assert_true(fabs(x[j] - SUMMIT[j]) <= (j > 1 ? 0 : gradient ? 1e-4 : 2e-3));
            }
        }
    }
}

/* Without the climb: the best candidate, worse than the summit and never better than what the climb
 * finds from there. */
static void candidates_alone_are_where_the_climb_begins(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    for (uint64_t number = 0; number < 20; number++) {
        struct mu_maximizer m = maximizer(&s, true, number);
        double x[N];
        double climbed[N];
        assert_true(mu_maximize(&m, climbed, arena));
        m.climb = false;
        assert_true(mu_maximize(&m, x, arena));
        assert_true(value_of(&s, x) < -0.01);
        assert_true(value_of(&s, x) < value_of(&s, climbed));
    }
}

/* On grids alone the best point but one is proposed when the best was tried; with every point
 * tried, none. */
static void what_was_seen_is_not_proposed(void **state) {
    (void)state;
    static const struct mu_parameter_text grid[] = {
        {.name = "n", .type = MU_INT, .min = "0", .max = "4"}};
    struct mu_space space;
    assert_int_equal(mu_space_init(&space, grid, 1, arena, &error), MU_OK);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct mu_seen *seen = mu_seen_of(&space, 8, arena);
    struct slope slope = {&frame, {2.6 / 5}};
    static const double order[] = {2, 3, 1, 4, 0}; /* by distance from 2.1 */
    for (size_t i = 0; i < 5; i++) {
        struct mu_maximizer m = {.frame = &frame,
            .criterion = cone,
            .user = &slope,
            .seen = seen,
            .climb = true,
            .candidates = 64,
            .seed = 1};
        double x;
        assert_true(mu_maximize(&m, &x, arena));
        assert_true(x == order[i]);
        mu_seen_add(seen, &x);
        assert_int_equal(mu_maximize(&m, &x, arena), i < 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_summit_is_climbed),
        arena_test(candidates_alone_are_where_the_climb_begins),
        arena_test(what_was_seen_is_not_proposed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

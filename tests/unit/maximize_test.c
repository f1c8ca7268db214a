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
        .evaluations = 4000,
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

/* -|u - top|^2 along the diagonal of a line and the long ladder, 10^4 times as steep across it: one
 * level up or down is downhill unless the line moves with it. What is asked for without slopes is a
 * point of the space. */
static double ridge(void *user, const double *u, double *gradient) {
    enum { LINE = 0, LADDER = 3 };
    const struct slope *s = user;
    double value = cone(user, u, gradient);
    assert_true(gradient || u[LADDER] == mu_frame_at(s->frame, LADDER, u[LADDER]));
    double line = u[LINE] - s->top[LINE];
    double across = line - (u[LADDER] - s->top[LADDER]);
    value -= 1e6 * across * across;
    if (gradient) {
        gradient[LINE] -= 2e6 * across;
        gradient[LADDER] += 2e6 * across;
    }
    return value;
}

/* From a point on the ridge, a tenth of the range away from the summit: its level, to one, and the
 * line to twice a level's width. */
static void a_level_moves_together_with_a_line(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    double good[N];
    s.slope.top[3] += 0.3e-3; /* the summit lies between levels */
    for (size_t j = 0; j < N; j++) {
        good[j] = s.slope.top[j] + (j == 0 || j == 3 ? 0.1 : 0);
    }
    good[3] = mu_frame_at(&s.frame, 3, good[3]);
    good[0] = good[3] - s.slope.top[3] + s.slope.top[0];
    for (uint64_t number = 0; number < 20; number++) {
        struct mu_maximizer m = maximizer(&s, true, number);
        double x[N];
        m.criterion = ridge;
        m.good = good;
        m.n_good = 1;
        assert_true(mu_maximize(&m, x, arena));
        assert_true(fabs(x[3] - SUMMIT[3]) <= 1);
        assert_true(fabs(x[0] - SUMMIT[0]) <= 2e-3);
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
            .evaluations = 4000,
            .seed = 1};
        double x;
        assert_true(mu_maximize(&m, &x, arena));
        assert_true(x == order[i]);
        mu_seen_add(seen, &x);
        assert_int_equal(mu_maximize(&m, &x, arena), i < 4);
    }
}

/* How often a dimension moves, of 2,000 mutations: half the time a line or long ladder, 0.3 times
 * four fifths a category of five; a lone dimension always. Five standard errors: 1 in 1.7 million
 * runs fails by chance. Steps are neither dust nor jumps. */
static void a_mutation_moves_a_part_of_the_dimensions(void **state) {
    (void)state;
    enum { TRIES = 2000 };
    static const double CHANCE[N] = {0.5, 0.5, 0, 0, 0.3 * 0.8};
    struct scene s;
    struct mu_stream stream;
    size_t moved[N] = {0};
    double least = 1;
    double most = 0;
    prepare(&s);
    mu_stream_init(&stream, 1, 0, "test");
    for (size_t i = 0; i < TRIES; i++) {
        double u[N] = {0.5, 0.5, 0.45, 0.5005, 2};
        mu_frame_mutate(&s.frame, &stream, u);
        for (size_t j = 0; j < N; j++) {
            moved[j] += u[j] != (double[]){0.5, 0.5, 0.45, 0.5005, 2}[j];
            assert_true(u[j] >= 0 && (j == 4 ? u[j] < 5 : u[j] <= 1));
        }
        least = u[0] != 0.5 ? fmin(least, fabs(u[0] - 0.5)) : least;
        most = fmax(most, fabs(u[0] - 0.5));
    }
    for (size_t j = 0; j < N; j++) {
        double deviation = sqrt(CHANCE[j] * (1 - CHANCE[j]) / TRIES);
        assert_true(CHANCE[j] == 0 || fabs((double)moved[j] / TRIES - CHANCE[j]) < 5 * deviation);
    }
    assert_true(least < 1e-3 && most > 0.3);
}

static size_t asked;

static double counted(void *user, const double *u, double *gradient) {
    asked++;
    return cone(user, u, gradient);
}

/* A budget is kept but for the last gradient search, and a small one still finds a point. */
static void evaluations_are_bounded(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    for (size_t most = MU_MAXIMIZE_LEAST; most < 2000; most *= 2) {
        struct mu_maximizer m = maximizer(&s, true, 3);
        double x[N];
        m.criterion = counted;
        m.evaluations = most;
        asked = 0;
        assert_true(mu_maximize(&m, x, arena));
        assert_true(asked >= most / 2 && asked <= most + 100);
    }
}

/* A quarter of the candidates lie around the good points: without a climb the best candidate of a
 * narrow summit is one of theirs. */
static void good_points_are_searched_around(void **state) {
    (void)state;
    struct scene s;
    double good[N];
    prepare(&s);
    mu_frame_encode(&s.frame, SUMMIT, good);
    good[0] += 0.03;
    size_t near = 0;
    for (uint64_t number = 0; number < 20; number++) {
        struct mu_maximizer m = maximizer(&s, true, number);
        double x[N];
        m.climb = false;
        m.good = good;
        m.n_good = 1;
        assert_true(mu_maximize(&m, x, arena));
        near += value_of(&s, x) > -0.1;
        m.n_good = 0;
        assert_true(mu_maximize(&m, x, arena));
        assert_true(value_of(&s, x) < -0.1);
    }
    assert_int_equal(near, 20);
}

/* Larger with every call, so that nothing ends a climb but its own limits. */
static double rising(void *user, const double *u, double *gradient) {
    (void)user, (void)u, (void)gradient;
    return (double)++asked;
}

/* Evaluations of a search over one grid of |levels|, an int's or a category's. */
static size_t cost_of(size_t levels, bool ordered) {
    const char *list[100];
    struct mu_space space;
    for (size_t i = 0; i < levels; i++) {
        list[i] = mu_arena_format(arena, "%zu", i);
    }
    const struct mu_parameter_text text = {.name = "n",
        .type = ordered ? MU_INT : MU_CATEGORICAL,
        .min = ordered ? "0" : NULL,
        .max = ordered ? list[levels - 1] : NULL,
        .list = list,
        .n_list = ordered ? 0 : levels};
    assert_int_equal(mu_space_init(&space, &text, 1, arena, &error), MU_OK);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct mu_maximizer m = {.frame = &frame,
        .criterion = rising,
        .seen = mu_seen_of(&space, 4, arena),
        .climb = true,
        .evaluations = 4000,
        .seed = 1};
    double x;
    asked = 0;
    assert_true(mu_maximize(&m, &x, arena));
    return asked;
}

/* 512 candidates; from three of the best and three others four rounds each: over all other levels
 * of up to 16, over at most eight steps of halving width beyond, over at most 64 of a category's
 * levels, of which 64 draws out of 100 may name the present one. */
static void a_climb_has_four_rounds(void **state) {
    (void)state;
    assert_int_equal(cost_of(5, true), 512 + 6 * (1 + 4 * 4));
    assert_int_equal(cost_of(16, true), 512 + 6 * (1 + 4 * 15));
    assert_in_range(cost_of(17, true), 512 + 6 * (1 + 4 * 5), 512 + 6 * (1 + 4 * 8));
    assert_int_equal(cost_of(64, false), 512 + 6 * (1 + 4 * 63));
    assert_in_range(cost_of(100, false), 512 + 6 * (1 + 4 * 58), 512 + 6 * (1 + 4 * 64));
}

struct starts {
    size_t n;
    double u[8];
};

/* 1 - u, whose gradient is told to be 0: every gradient search ends where it begins. */
static double noted(void *user, const double *u, double *gradient) {
    struct starts *s = user;
    if (gradient) {
        assert_true(s->n < 8);
        s->u[s->n++] = *u;
        *gradient = 0;
    }
    return 1 - *u;
}

/* Climbs begin at the best point known, at the three best candidates, and at three of the best
 * fifth. */
static void climbs_begin_at_good_points(void **state) {
    (void)state;
    struct mu_space space;
    assert_int_equal(mu_space_init(&space, TEXTS, 1, arena, &error), MU_OK);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct starts starts = {0};
    const double good = 0.9;
    struct mu_maximizer m = {.frame = &frame,
        .criterion = noted,
        .user = &starts,
        .seen = mu_seen_of(&space, 4, arena),
        .good = &good,
        .n_good = 1,
        .climb = true,
        .gradient = true,
        .evaluations = 4000,
        .seed = 1};
    double x;
    assert_true(mu_maximize(&m, &x, arena));
    assert_int_equal(starts.n, 7);
    assert_true(starts.u[0] == 0.9);
    assert_true(starts.u[1] < starts.u[2] && starts.u[2] < starts.u[3] && starts.u[3] < 0.02);
    for (size_t i = 4; i < 7; i++) {
        assert_true(starts.u[i] > starts.u[3] && starts.u[i] < 0.4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_summit_is_climbed),
        arena_test(a_level_moves_together_with_a_line),
        arena_test(candidates_alone_are_where_the_climb_begins),
        arena_test(what_was_seen_is_not_proposed),
        arena_test(a_mutation_moves_a_part_of_the_dimensions),
        arena_test(evaluations_are_bounded),
        arena_test(good_points_are_searched_around),
        arena_test(a_climb_has_four_rounds),
        arena_test(climbs_begin_at_good_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

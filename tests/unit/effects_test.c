/* Functional analysis of variance against closed forms, and against what is known of functions that
 * a search has looked at. */
#include "common/model/effects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/anova.h"
#include "common/model/divergence.h"
#include "common/model/surrogate.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"
#include "tests/unit/effects_trials.inc"

static struct mu_error error;

static const struct mu_parameter_text TEXTS[] = {
    {.name = "line", .type = MU_DOUBLE, .min = "-1", .max = "3"},
    {.name = "same", .type = MU_INT, .min = "3", .max = "3"},
    {.name = "scale", .type = MU_DOUBLE, .distribution = MU_LOG_UNIFORM, .min = "1e-6", .max = "1"},
    {.name = "count", .type = MU_INT, .min = "1", .max = "4"},
    {.name = "kind",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"a", "b", "c"},
        .n_list = 3},
};
enum { N_TEXTS = sizeof TEXTS / sizeof *TEXTS, LINE = 0, SAME, SCALE, COUNT, KIND };

static struct mu_space space_of(const struct mu_parameter_text *texts, size_t n) {
    struct mu_space space;
    assert_int_equal(mu_space_init(&space, texts, n, arena, &error), MU_OK);
    return space;
}

/* ---- the decomposition of functions that are known ---- */

typedef double (*function)(void *user, const double *u);

static struct mu_anova anova_of(const struct mu_frame *frame, function f) {
    return (struct mu_anova){.frame = frame, .value = f, .u = MU_ARRAY(arena, frame->n, double)};
}

/* Dimensions are those without the constant: line, scale, count, kind. Variances by the formulas
 * for uniform numbers: of 3u 9/12; of (u - 0.5)^2 1/180; of the levels 1/8, 3/8 .. 5/64; of a
 * category that is worth 0, 1 or 5 14/3. */
static double sum(void *user, const double *u) {
    static const double WORTH[] = {0, 1, 5};
    (void)user;
    return 3 * u[0] + (u[1] - 0.5) * (u[1] - 0.5) + u[2] + WORTH[(size_t)u[3]];
}

static void a_sum_is_taken_apart_exactly(void **state) {
    (void)state;
    struct mu_space space = space_of(TEXTS, N_TEXTS);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct mu_anova f = anova_of(&frame, sum);
    static const double PARTS[] = {9.0 / 12, 1.0 / 180, 5.0 / 64, 14.0 / 3};
    double all = 0;
    for (size_t j = 0; j < frame.n; j++) {
        double grid =
            j < 2 ? 0.02 : 0; /* 16 cells leave out 1 / 256 of a line, 5 / 256 of a bowl */
        assert_close(mu_anova_main(&f, j) / PARTS[j], 1, 1e-9 + grid);
        assert_close(mu_anova_total(&f, j) / PARTS[j], 1, 0.3);
        all += PARTS[j];
        for (size_t k = 0; k < j; k++) {
            assert_close(mu_anova_pair(&f, k, j), 0, 1e-12);
        }
    }
    assert_close(mu_anova_variance(&f) / all, 1, 0.01);
}

/* (u - 0.5) (v - 0.5) has variance 1/144 that belongs to the pair alone. */
static double product(void *user, const double *u) {
    (void)user;
    return (u[0] - 0.5) * (u[1] - 0.5);
}

static void a_product_belongs_to_the_pair(void **state) {
    (void)state;
    struct mu_space space = space_of(TEXTS, N_TEXTS);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct mu_anova f = anova_of(&frame, product);
    assert_close(mu_anova_pair(&f, 0, 1) * 144, 1, 0.04); /* two grids of 8 cells */
    assert_close(mu_anova_pair(&f, 0, 2) * 144, 0, 1e-12);
    assert_close(mu_anova_main(&f, 0) * 144, 0, 0.02);
    assert_close(mu_anova_total(&f, 1) * 144, 1, 0.2);
    assert_close(mu_anova_variance(&f) * 144, 1, 0.02);
}

/* Levels that the distribution gives different shares of [0, 1]: of an int from 1 to 4 on a log
 * scale the variance of the level's number, by mu_parameter_edge's own shares. */
static double level(void *user, const double *u) {
    const struct mu_frame *frame = user;
    return mu_parameter_at(mu_frame_parameter(frame, 0), u[0]);
}

static void levels_weigh_what_they_own(void **state) {
    (void)state;
    const struct mu_parameter_text text = {
        .name = "n", .type = MU_INT, .distribution = MU_LOG_UNIFORM, .min = "1", .max = "4"};
    struct mu_space space = space_of(&text, 1);
    struct mu_frame frame = mu_frame_of(&space, arena);
    struct mu_anova f = anova_of(&frame, level);
    f.user = &frame;
    double mean = 0;
    double square = 0;
    for (size_t k = 0; k < 4; k++) {
        double part = mu_parameter_edge(&space.parameters[0], k + 1) -
                      mu_parameter_edge(&space.parameters[0], k);
        mean += part * (double)k;
        square += part * (double)(k * k);
    }
    assert_close(mu_anova_main(&f, 0), square - mean * mean, 1e-12);
}

/* ---- the best among the good ---- */

/* The probability of category 0 by Optuna's rule for kernels, told anew: |first| of |n| points are
 * on it, the prior is one more. */
static double probability(double first, double n) {
    double own = (1 + 1 / (n + 1)) / (1 + 2 / (n + 1));
    double other = 1 / (n + 1) / (1 + 2 / (n + 1));
    return (first * own + (n - first) * other + 0.5) / (n + 1);
}

static void categories_diverge_by_their_frequencies(void **state) {
    (void)state;
    const struct mu_parameter_text text = {
        .name = "c", .type = MU_CATEGORICAL, .list = (const char *const[]){"p", "q"}, .n_list = 2};
    struct mu_space space = space_of(&text, 1);
    static const double AT[] = {0, 0, 0, 1, 1, 1, 0, 1, 1, 1};
    double p = probability(3, 3);
    double q = probability(4, 10);
    double truth = (p - q) * (p - q) / q + (p - q) * (p - q) / (1 - q);
    assert_close(mu_divergence(&space.parameters[0], AT, 3, 10, arena), truth, 1e-12);
    assert_close(mu_divergence(&space.parameters[0], AT, 10, 10, arena), 0, 1e-12);
}

/* Of 20 points spread evenly: ten of them all over are no different, the lowest five are. */
static void lines_diverge_by_where_the_best_are(void **state) {
    (void)state;
    static const struct mu_parameter_text LINES[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "n", .type = MU_INT, .min = "0", .max = "9"},
        {.name = "m", .type = MU_INT, .min = "0", .max = "999"}};
    struct mu_space space = space_of(LINES, 3);
    for (size_t j = 0; j < 3; j++) {
        const struct mu_parameter *parameter = &space.parameters[j];
        double at[20];
        for (size_t i = 0; i < 20; i++) {
            at[i] = mu_parameter_at(parameter, ((double)(i * 7 % 20) + 0.5) / 20);
        }
        double alike = mu_divergence(parameter, at, 10, 20, arena); /* every other one */
        for (size_t i = 0; i < 20; i++) {
            at[i] = mu_parameter_at(parameter, ((double)i + 0.5) / 20);
        }
        double apart = mu_divergence(parameter, at, 5, 20, arena); /* those below a quarter */
        assert_close(mu_divergence(parameter, at, 20, 20, arena), 0, 1e-12);
        assert_true(alike < 0.1 && apart > 0.5);
        for (size_t i = 0; i < 5; i++) {
            at[i] = mu_parameter_at(parameter, 32.5 / 64); /* no infinite density */
        }
        assert_in_range((int)(10 * mu_divergence(parameter, at, 5, 20, arena)), 1, 20);
    }
}

/* ---- from trials ---- */

struct scene {
    struct mu_space space;
    struct mu_trial *trials;
    double *values;
    struct mu_history history;
};

static struct scene scene_of(const struct mu_parameter_text *texts, size_t n_texts, size_t n) {
    struct scene s = {.space = space_of(texts, n_texts),
        .trials = MU_ARRAY(arena, n, struct mu_trial),
        .values = MU_ARRAY(arena, n, double)};
    s.history = (struct mu_history){.trials = s.trials, .n = n};
    return s;
}

static void put(struct scene *s, size_t i, const double *x, double loss) {
    double *copy = MU_ARRAY(arena, s->space.n, double);
    memcpy(copy, x, s->space.n * sizeof *x);
    s->values[i] = loss;
    s->trials[i] = (struct mu_trial){.name = "",
        .state = MU_DONE,
        .loss = loss,
        .values = &s->values[i],
        .n_values = 1,
        .x = copy};
}

static struct mu_effects *effects_of(const struct scene *s) {
    return mu_effects_of(&s->space, &s->history, 0, NULL, NULL, arena);
}

static double sum_of(const struct mu_effects *effects, size_t n) {
    double all = effects->noise;
    for (size_t j = 0; j < n; j++) {
        assert_true(effects->of[j].share >= 0 && effects->of[j].error >= 0);
        all += effects->of[j].share;
    }
    for (size_t i = 0; i < effects->n_pairs; i++) {
        assert_true(effects->pairs[i].share >= 0);
        assert_true(i == 0 || effects->pairs[i].share <= effects->pairs[i - 1].share);
        assert_true(effects->pairs[i].a < effects->pairs[i].b);
        all += effects->pairs[i].share;
    }
    return all;
}

/* Of a line of 50 points the ends come first, then what is between. */
static void the_farthest_trials_are_chosen(void **state) {
    (void)state;
    struct mu_space space = space_of(TEXTS, 1);
    struct mu_frame frame = mu_frame_of(&space, arena);
    double at[50];
    const double *u[50];
    size_t chosen[50];
    for (size_t i = 0; i < 50; i++) {
        at[i] = (double)i / 49;
        u[i] = &at[i];
    }
    assert_int_equal(mu_farthest(&frame, u, 50, 3, chosen, arena), 3);
    assert_int_equal(chosen[0], 0);
    assert_int_equal(chosen[1], 49);
    assert_int_equal(chosen[2], 24);
    assert_int_equal(mu_farthest(&frame, u, 50, 99, chosen, arena), 50);
    for (size_t i = 0; i < 50; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_true(chosen[i] != chosen[k]);
        }
    }
    assert_int_equal(mu_surrogate_rows(10), 202); /* 30 (n^3 + 40 n^2) <= 3e8 */
}

/* Random trials of sum(): 200 of them tell every share within 3 points, 20 within 15. */
static void random_trials_tell_the_shares(void **state) {
    (void)state;
    static const double TRUTH[] = {0.75, 0, 1.0 / 180, 5.0 / 64, 14.0 / 3};
    static const struct {
        size_t n;
        double within;
    } CASES[] = {{20, 0.15}, {200, 0.03}};
    double errors[2];
    for (size_t c = 0; c < 2; c++) {
        struct scene s = scene_of(TEXTS, N_TEXTS, CASES[c].n);
        struct mu_frame frame = mu_frame_of(&s.space, arena);
        for (size_t i = 0; i < CASES[c].n; i++) {
            double x[N_TEXTS];
            double u[N_TEXTS];
            mu_space_draw(&s.space, 7, i, 0, x);
            mu_frame_encode(&frame, x, u);
            put(&s, i, x, 1e6 * sum(NULL, u) - 3);
        }
        struct mu_effects *effects = effects_of(&s);
        assert_non_null(effects);
        assert_int_equal(effects->observed, CASES[c].n);
        for (size_t j = 0; j < N_TEXTS; j++) {
            assert_close(effects->of[j].share, TRUTH[j] / 5.5, CASES[c].within);
        }
        assert_true(effects->of[SAME].share == 0 && effects->of[SAME].error == 0);
        assert_true(sum_of(effects, N_TEXTS) <= 1 + 1e-9);
        errors[c] = effects->of[KIND].error;
    }
    assert_true(errors[1] < errors[0] && errors[1] < 0.05);
}

static void put_sum(struct scene *s, const struct mu_frame *frame, size_t i, const double *x) {
    double u[N_TEXTS];
    mu_frame_encode(frame, x, u);
    put(s, i, x, sum(NULL, u));
}

/* Of 200 trials the first 20 are random, and the others lie in a thousandth of the space: what is
 * far from them has not exploded, and of a value that has it does not matter how large it is. */
static void trials_all_over_the_space_tell_what_exploded(void **state) {
    (void)state;
    static const double TRUTH[] = {0.75, 0, 1.0 / 180, 5.0 / 64, 14.0 / 3};
    struct scene s = scene_of(TEXTS, N_TEXTS, 200);
    struct mu_frame frame = mu_frame_of(&s.space, arena);
    for (size_t i = 0; i < 200; i++) {
        double x[N_TEXTS];
        mu_space_draw(&s.space, 7, i, 0, x);
        if (i >= 20) {
            x[LINE] = -1 + (x[LINE] + 1) / 1000;
            x[COUNT] = 0;
            x[KIND] = 0;
        }
        put_sum(&s, &frame, i, x);
    }
    struct mu_effects *effects = effects_of(&s);
    for (size_t j = 0; j < N_TEXTS; j++) {
        assert_close(effects->of[j].share, TRUTH[j] / 5.5, 0.03);
    }
    s.values[4] = 100;
    double hundred = effects_of(&s)->of[KIND].share;
    s.values[4] = 1e30;
    assert_close(effects_of(&s)->of[KIND].share, hundred, 0.01);
}

/* Values that have nothing to do with the parameters: the process takes them for a function of all
 * at once. 300 trials, seed fixed. */
static void noise_is_nobodys(void **state) {
    (void)state;
    struct scene s = scene_of(TEXTS, N_TEXTS, 300);
    struct mu_stream stream;
    mu_stream_init(&stream, 3, 0, "noise");
    for (size_t i = 0; i < 300; i++) {
        double x[N_TEXTS];
        mu_space_draw(&s.space, 7, i, 0, x);
        put(&s, i, x, mu_normal(&stream));
    }
    struct mu_effects *effects = effects_of(&s);
    for (size_t j = 0; j < N_TEXTS; j++) {
        assert_true(effects->of[j].share < 0.1);
    }
    assert_true(sum_of(effects, N_TEXTS) <= 1 + 1e-9);
}

/* 200 random trials of product(): the pair is found, and is the first. */
static void random_trials_tell_a_pair(void **state) {
    (void)state;
    struct scene s = scene_of(TEXTS, N_TEXTS, 200);
    struct mu_frame frame = mu_frame_of(&s.space, arena);
    for (size_t i = 0; i < 200; i++) {
        double x[N_TEXTS];
        double u[N_TEXTS];
        mu_space_draw(&s.space, 7, i, 0, x);
        mu_frame_encode(&frame, x, u);
        put(&s, i, x, product(NULL, u));
    }
    struct mu_effects *effects = effects_of(&s);
    assert_int_equal(effects->n_pairs, 6);
    assert_true(effects->pairs[0].a == LINE && effects->pairs[0].b == SCALE);
    assert_close(effects->pairs[0].share, 1, 0.1);
    assert_true(effects->of[LINE].share < 0.1 && effects->of[SCALE].share < 0.1);
    assert_true(sum_of(effects, N_TEXTS) <= 1 + 1e-9);
}

static bool stopped(void *user) {
    (void)user;
    return true;
}

static void what_says_nothing_is_not_answered(void **state) {
    (void)state;
    struct scene s = scene_of(TEXTS, N_TEXTS, 12);
    for (size_t i = 0; i < 12; i++) {
        double x[N_TEXTS];
        mu_space_draw(&s.space, 7, i, 0, x);
        put(&s, i, x, 5);
    }
    assert_null(effects_of(&s)); /* all the same */
    for (size_t i = 0; i < 12; i++) {
        s.values[i] = i % 2 ? 1.5e308 : -1.5e308;
    }
    struct mu_effects *effects = effects_of(&s);
    assert_non_null(effects);
    assert_true(sum_of(effects, N_TEXTS) <= 1 + 1e-9);
    assert_null(mu_effects_of(&s.space, &s.history, 0, stopped, NULL, arena));
    s.history.n = MU_EFFECTS_LEAST - 1;
    assert_null(effects_of(&s));
    s.history.n = 12;
    for (size_t i = 0; i < 12; i++) {
        s.trials[i].state = MU_FAILED;
    }
    assert_null(effects_of(&s));
    struct scene constant = scene_of(&TEXTS[SAME], 1, 12);
    double zero = 0;
    for (size_t i = 0; i < 12; i++) {
        put(&constant, i, &zero, (double)i);
    }
    assert_null(effects_of(&constant));
}

/* ---- after a search ---- */

/* Two characters of effects_trials.inc: 12 bits, as a number in [0, 1). */
static double read_number(const char *text) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t high = (size_t)(strchr(DIGITS, text[0]) - DIGITS);
    size_t low = (size_t)(strchr(DIGITS, text[1]) - DIGITS);
    return ((double)(64 * high + low) + 0.5) / 4096;
}

static struct scene searched(const struct search *search) {
    struct scene s = scene_of(search->texts, search->n_texts, search->n);
    for (size_t i = 0; i < search->n; i++) {
        const char *row = search->trials[i];
        double x[16];
        for (size_t j = 0; j < search->n_texts; j++) {
            x[j] = mu_parameter_at(&s.space.parameters[j], read_number(row + 2 * j));
        }
        put(&s, i, x, read_number(row + 2 * search->n_texts));
    }
    return s;
}

static double farthest(const double *a, const double *b, size_t n) {
    double distance = 0;
    for (size_t j = 0; j < n; j++) {
        distance = fmax(distance, fabs(a[j] - b[j]));
    }
    return distance;
}

/* Trials of functions whose shares are known exactly, by TPE and at random. Optuna's fANOVA, which
 * learns a forest, agrees with the truth where trials are random; after a search on five functions
 * of ten, and where it does, ours is within 10 points of it too. */
static void a_search_that_gathers_at_the_optimum_tells_the_shares(void **state) {
    (void)state;
    size_t agreed = 0; /* searches of TPE on which Optuna is right */
    for (size_t k = 0; k < sizeof SEARCHES / sizeof *SEARCHES; k++) {
        const struct search *search = &SEARCHES[k];
        struct scene s = searched(search);
        struct mu_effects *effects = effects_of(&s);
        double share[16];
        assert_non_null(effects);
        assert_int_equal(effects->observed, search->n);
        for (size_t j = 0; j < search->n_texts; j++) {
            share[j] = effects->of[j].share;
        }
        bool right = farthest(search->optuna, search->truth, search->n_texts) <= 0.1;
        assert_true(farthest(share, search->truth, search->n_texts) < 0.03);
        assert_true(!right || farthest(share, search->optuna, search->n_texts) < 0.1);
        assert_true(right || !strcmp(search->algorithm, "tpe"));
        assert_true(sum_of(effects, search->n_texts) <= 1 + 1e-9);
        agreed += right && !strcmp(search->algorithm, "tpe");
    }
    assert_int_equal(agreed, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_sum_is_taken_apart_exactly),
        arena_test(a_product_belongs_to_the_pair),
        arena_test(levels_weigh_what_they_own),
        arena_test(categories_diverge_by_their_frequencies),
        arena_test(lines_diverge_by_where_the_best_are),
        arena_test(the_farthest_trials_are_chosen),
        arena_test(random_trials_tell_the_shares),
        arena_test(trials_all_over_the_space_tell_what_exploded),
        arena_test(noise_is_nobodys),
        arena_test(random_trials_tell_a_pair),
        arena_test(what_says_nothing_is_not_answered),
        arena_test(a_search_that_gathers_at_the_optimum_tells_the_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

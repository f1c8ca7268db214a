/* Expected hypervolume improvement, against the definition: differences of hypervolumes of draws,
 * a closed form, and differences of values. */
#include "common/model/hypervolume.h"

#include "common/model/acquisition.h"
#include "common/num/stream.h"
#include "tests/support/arena.h"

enum { MOST = 3, FRONT = 6 };

static const double REFERENCE[MOST] = {1, 1.1, 0.9};

/* A front of |n| points, and what is left beside it. */
static struct mu_ehvi improvement_of(double *front, size_t n, size_t m, uint64_t seed) {
    struct mu_stream stream;
    mu_stream_init(&stream, seed, m, "front");
    for (size_t i = 0; i < n * m; i++) {
        front[i] = mu_uniform(&stream);
    }
    struct mu_boxes *boxes = MU_NEW(arena, struct mu_boxes);
    *boxes = mu_boxes_of(front, n, m, REFERENCE, 1000, arena);
    return mu_ehvi_of(boxes, arena);
}

/* The mean of 40,000 improvements lies within 5 of its standard errors: false alarms below 1e-5 for
 * all cases together. */
static void it_is_the_mean_of_improvements(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    for (size_t m = 1; m <= MOST; m++) {
        double values[(FRONT + 1) * MOST];
        static const double MEAN[MOST] = {0.5, 0.6, 0.4};
        static const double SD[MOST] = {0.3, 0.2, 0.5};
        double slope[2][MOST];
        struct mu_ehvi e = improvement_of(values, FRONT, m, 7);
        double before = mu_hypervolume(values, FRONT, m, REFERENCE, arena);
        double sum = 0;
        double square = 0;
        struct mu_stream stream;
        mu_stream_init(&stream, 1, m, "draws");
        for (size_t i = 0; i < DRAWS; i++) {
            for (size_t k = 0; k < m; k++) {
                values[FRONT * m + k] = MEAN[k] + SD[k] * mu_normal(&stream);
            }
            double gain = mu_hypervolume(values, FRONT + 1, m, REFERENCE, arena) - before;
            sum += gain / DRAWS;
            square += gain * gain / DRAWS;
        }
        double expected = exp(mu_log_ehvi(&e, MEAN, SD, slope[0], slope[1]));
        assert_close(sum, expected, 5 * sqrt((square - sum * sum) / DRAWS) / fmax(1, expected));
    }
}

/* Of one objective it is the expected improvement, also where that underflows. */
static void of_one_objective_it_is_the_expected_improvement(void **state) {
    (void)state;
    static const double MEANS[] = {-1, 0.3, 0.9, 40};
    double values[FRONT];
    struct mu_ehvi e = improvement_of(values, FRONT, 1, 3);
    double best = 1;
    for (size_t i = 0; i < FRONT; i++) {
        best = fmin(best, values[i]);
    }
    for (size_t i = 0; i < sizeof MEANS / sizeof *MEANS; i++) {
        double sd = 0.5;
        double by[2];
        double own[2];
        double value = mu_log_ehvi(&e, &MEANS[i], &sd, &by[0], &by[1]);
        double expected = mu_acquisition_value(MU_LOG_EI, -MEANS[i], sd, -best, &own[0], &own[1]);
        assert_close(value, expected, 1e-13);
        assert_close(by[0], -own[0], 1e-12);
        assert_close(by[1], own[1], 1e-11);
    }
}

static void slopes_are_differences(void **state) {
    (void)state;
    enum { CASES = 30 };
    struct mu_stream stream;
    mu_stream_init(&stream, 5, 0, "cases");
    for (size_t c = 0; c < CASES; c++) {
        size_t m = 1 + c % MOST;
        double values[FRONT * MOST];
        double at[2][MOST]; /* means and standard deviations */
        double slope[2][MOST];
        double ignored[2][MOST];
        struct mu_ehvi e = improvement_of(values, FRONT, m, c);
        for (size_t k = 0; k < m; k++) {
            at[0][k] = 3 * mu_uniform(&stream) - (double)(c % 5 == 0);
            at[1][k] = c % 4 ? 0.1 + mu_uniform(&stream) : 0.02 + 0.05 * mu_uniform(&stream);
        }
        (void)mu_log_ehvi(&e, at[0], at[1], slope[0], slope[1]);
        for (size_t k = 0; k < 2 * m; k++) {
            double *moved = &at[k / m][k % m];
            double old = *moved;
            double step = 1e-6 * at[1][k % m];
            *moved = old + step;
            double up = mu_log_ehvi(&e, at[0], at[1], ignored[0], ignored[1]);
            *moved = old - step;
            double down = mu_log_ehvi(&e, at[0], at[1], ignored[0], ignored[1]);
            *moved = old;
            assert_close(slope[k / m][k % m], (up - down) / (2 * step), 1e-4);
        }
    }
}

/* Deep in what the front dominates there is still a slope towards it: no underflow. */
static void far_behind_the_front_there_is_a_slope(void **state) {
    (void)state;
    double values[FRONT * 2];
    static const double MEAN[] = {30, 50};
    static const double SD[] = {0.1, 0.1};
    double slope[2][2];
    struct mu_ehvi e = improvement_of(values, FRONT, 2, 1);
    double value = mu_log_ehvi(&e, MEAN, SD, slope[0], slope[1]);
    assert_true(isfinite(value) && value < -1e4);
    for (size_t k = 0; k < 2; k++) {
        assert_true(isfinite(slope[0][k]) && slope[0][k] < 0 && slope[1][k] > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(it_is_the_mean_of_improvements),
        arena_test(of_one_objective_it_is_the_expected_improvement),
        arena_test(slopes_are_differences),
        arena_test(far_behind_the_front_there_is_a_slope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

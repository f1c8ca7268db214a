/* Domination, ranks, crowding, hypervolume and boxes, against what their definitions say, computed
 * without haste. */
#include "common/num/pareto.h"

#include <stdlib.h>

#include "common/num/stream.h"
#include "tests/support/arena.h"

enum { N = 40, MOST_DIMENSIONS = 4 };

/* Points of so few levels that many coordinates, and some points, are equal. */
static double *draw_points(size_t n, size_t m, uint64_t levels, uint64_t seed) {
    double *values = MU_MATRIX(arena, n, m, double);
    struct mu_stream stream;
    mu_stream_init(&stream, seed, m, "points");
    for (size_t i = 0; i < n * m; i++) {
        values[i] = levels ? (double)mu_uniform_below(&stream, levels) / (double)levels
                           : mu_uniform(&stream);
    }
    return values;
}

static void domination_is_nowhere_worse_and_somewhere_better(void **state) {
    (void)state;
    static const double A[] = {1, 2, 3};
    static const double B[] = {1, 2, 4};
    static const double C[] = {0, 5, 3};
    assert_true(mu_dominates(A, B, 3));
    assert_false(mu_dominates(B, A, 3));
    assert_false(mu_dominates(A, A, 3));
    assert_false(mu_dominates(A, C, 3) || mu_dominates(C, A, 3));
}

/* Deb et al., definition 1: what violates less, or both feasible and mu_dominates. */
static bool dominates(
    const double *a, double violation_a, const double *b, double violation_b, size_t m) {
    double of_a = isnan(violation_a) ? HUGE_VAL : violation_a;
    double of_b = isnan(violation_b) ? HUGE_VAL : violation_b;
    return of_a > 0 || of_b > 0 ? of_a < of_b : mu_dominates(a, b, m);
}

/* Peel one front after the other off, comparing every pair. */
static void ranks_slowly(
    const double *values, size_t n, size_t m, const double *violation, size_t *rank) {
    size_t left = n;
    for (size_t i = 0; i < n; i++) {
        rank[i] = SIZE_MAX;
    }
    for (size_t current = 0; left > 0; current++) {
        bool first[N] = {false};
        for (size_t i = 0; i < n; i++) {
            bool dominated = false;
            for (size_t j = 0; j < n && rank[i] == SIZE_MAX; j++) {
                dominated |= rank[j] == SIZE_MAX && dominates(values + j * m, violation[j],
                                                        values + i * m, violation[i], m);
            }
            first[i] = rank[i] == SIZE_MAX && !dominated;
        }
        for (size_t i = 0; i < n; i++) {
            rank[i] = first[i] ? current : rank[i];
            left -= first[i];
        }
    }
}

static void ranks_are_those_of_peeling_fronts(void **state) {
    (void)state;
    for (size_t m = 1; m <= MOST_DIMENSIONS; m++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            double *values = draw_points(N, m, seed % 2 ? 5 : 0, seed);
            double violation[N];
            size_t fast[N];
            size_t slow[N];
            for (size_t i = 0; i < N; i++) {
                violation[i] = i % 7 == 3 ? (double)NAN : i % 3 && seed % 4 > 1 ? values[i * m] : 0;
            }
            mu_pareto_ranks(values, N, m, violation, fast, arena);
            ranks_slowly(values, N, m, violation, slow);
            assert_memory_equal(fast, slow, sizeof fast);
        }
    }
}

static void the_front_is_what_has_rank_0(void **state) {
    (void)state;
    for (size_t m = 1; m <= MOST_DIMENSIONS; m++) {
        double *values = draw_points(N, m, 6, 7);
        size_t rank[N];
        size_t front[N];
        size_t n = mu_pareto_front(values, N, m, front, arena);
        size_t first = 0;
        mu_pareto_ranks(values, N, m, NULL, rank, arena);
        for (size_t i = 0; i < N; i++) {
            first += rank[i] == 0;
        }
        assert_int_equal(n, first);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(rank[front[i]], 0);
            assert_true(i == 0 || values[front[i - 1] * m] <= values[front[i] * m]);
        }
    }
    assert_int_equal(mu_pareto_front(NULL, 0, 2, NULL, arena), 0);
}

/* Four points on a line, the third ones' neighbours nearer: by hand from the definition. */
static void crowding_is_the_span_of_the_neighbours(void **state) {
    (void)state;
    static const double VALUES[] = {0, 10, 4, 6, 5, 5, 10, 0};
    double distance[4];
    mu_crowding(VALUES, 4, 2, distance, arena);
    assert_true(isinf(distance[0]) && isinf(distance[3]));
    assert_close(distance[1], 0.5 + 0.5, 1e-15);
    assert_close(distance[2], 0.6 + 0.6, 1e-15);
    static const double EQUAL[] = {1, 1, 1, 1, 1, 1};
    mu_crowding(EQUAL, 3, 2, distance, arena);
    assert_close(distance[1], 0, 0);
}

/* ---- hypervolume ---- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The sum of all cells of the grid through the coordinates that some point dominates. */
static double volume_of_cells(
    const double *values, size_t n, size_t m, const double *reference, size_t level, double *low) {
    double edges[N + 1];
    double sum = 0;
    if (level == m) {
        for (size_t i = 0; i < n; i++) {
            bool reaches = true;
            for (size_t k = 0; k < m; k++) {
                reaches &= values[i * m + k] <= low[k];
            }
            if (reaches) {
                return 1;
            }
        }
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        edges[i] = fmin(values[i * m + level], reference[level]);
    }
    edges[n] = reference[level];
    qsort(edges, n + 1, sizeof *edges, ascending);
    for (size_t i = 0; i < n; i++) {
        low[level] = edges[i];
        if (edges[i + 1] > edges[i]) {
            sum += (edges[i + 1] - edges[i]) *
                   volume_of_cells(values, n, m, reference, level + 1, low);
        }
    }
    return sum;
}

static const double REFERENCE[MOST_DIMENSIONS] = {0.9, 0.8, 1, 0.95};

static void hypervolumes_are_sums_of_cells(void **state) {
    (void)state;
    for (size_t m = 1; m <= MOST_DIMENSIONS; m++) {
        for (uint64_t seed = 0; seed < 6; seed++) {
            size_t n = m > 3 ? 10 : 16;
            double low[MOST_DIMENSIONS];
            double *values = draw_points(n, m, seed % 2 ? 6 : 0, seed);
            double volume = mu_hypervolume(values, n, m, REFERENCE, arena);
            assert_close(volume, volume_of_cells(values, n, m, REFERENCE, 0, low), 1e-12);
        }
    }
    assert_close(mu_hypervolume(NULL, 0, 3, REFERENCE, arena), 0, 0);
}

/* ---- boxes ---- */

static bool is_in_box(const struct mu_boxes *boxes, size_t box, const double *at) {
    for (size_t k = 0; k < boxes->m; k++) {
        if (at[k] < boxes->lower[box * boxes->m + k] || at[k] >= boxes->upper[box * boxes->m + k]) {
            return false;
        }
    }
    return true;
}

static bool is_covered(const double *values, size_t n, size_t m, const double *at) {
    for (size_t i = 0; i < n; i++) {
        bool reaches = true;
        for (size_t k = 0; k < m; k++) {
            reaches &= values[i * m + k] <= at[k];
        }
        if (reaches) {
            return true;
        }
    }
    return false;
}

static void what_is_not_dominated_lies_in_one_box(void **state) {
    (void)state;
    enum { TRIES = 2000 };
    for (size_t m = 1; m <= MOST_DIMENSIONS; m++) {
        for (uint64_t seed = 0; seed < 4; seed++) {
            double *values = draw_points(12, m, seed % 2 ? 6 : 0, seed);
            double *tries = draw_points(TRIES, m, 0, 99);
            struct mu_boxes boxes = mu_boxes_of(values, 12, m, REFERENCE, 1000, arena);
            for (size_t i = 0; i < TRIES; i++) {
                const double *at = tries + i * m;
                bool below = true;
                size_t hits = 0;
                for (size_t k = 0; k < m; k++) {
                    below &= at[k] < REFERENCE[k];
                }
                for (size_t box = 0; box < boxes.n; box++) {
                    hits += is_in_box(&boxes, box, at);
                }
                assert_int_equal(hits, below && !is_covered(values, 12, m, at));
            }
        }
    }
}

static void a_front_in_the_plane_has_a_box_per_gap(void **state) {
    (void)state;
    double values[2 * N];
    const double reference[] = {2, 2};
    for (size_t i = 0; i < N; i++) {
        values[2 * i] = (double)i / N;
        values[2 * i + 1] = 1 - (double)i / N;
    }
    struct mu_boxes boxes = mu_boxes_of(values, N, 2, reference, 1000, arena);
    assert_int_equal(boxes.n, N + 1);
    boxes = mu_boxes_of(values, N, 2, reference, 20, arena);
    assert_in_range(boxes.n, 18, 20);
}

/* 80 points of a sphere's octant in four dimensions make some 2,000 boxes. What 400 leave out of
 * the points is the part of the hypervolume that adds least: by the first coordinate it would be
 * half. */
static void what_boxes_leave_out_adds_little(void **state) {
    enum { POINTS = 80, M = 4 };
    (void)state;
    double values[POINTS * M];
    const double reference[M] = {1.1, 1.1, 1.1, 1.1};
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "octant");
    for (size_t i = 0; i < POINTS; i++) {
        double length = 0;
        for (size_t k = 0; k < M; k++) {
            values[i * M + k] = fabs(mu_normal(&stream));
            length += values[i * M + k] * values[i * M + k];
        }
        for (size_t k = 0; k < M; k++) {
            values[i * M + k] = 1 - values[i * M + k] / sqrt(length);
        }
    }
    struct mu_boxes boxes = mu_boxes_of(values, POINTS, M, reference, 400, arena);
    double covered = pow(1.1, M);
    for (size_t box = 0; box < boxes.n; box++) {
        double volume = 1;
        for (size_t k = 0; k < M; k++) {
            volume *= boxes.upper[box * M + k] - fmax(0, boxes.lower[box * M + k]);
        }
        covered -= volume;
    }
    assert_in_range(boxes.n, 300, 400);
    assert_true(covered > 0.85 * mu_hypervolume(values, POINTS, M, reference, arena));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(domination_is_nowhere_worse_and_somewhere_better),
        arena_test(ranks_are_those_of_peeling_fronts),
        arena_test(the_front_is_what_has_rank_0),
        arena_test(crowding_is_the_span_of_the_neighbours),
        arena_test(hypervolumes_are_sums_of_cells),
        arena_test(what_is_not_dominated_lies_in_one_box),
        arena_test(a_front_in_the_plane_has_a_box_per_gap),
        arena_test(what_boxes_leave_out_adds_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

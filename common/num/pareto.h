/* Points ordered in several coordinates at once, smaller being better in each: domination, ranks,
 * crowding and hypervolume. Points are rows of |n| x |m| numbers, none of them NAN. */
#ifndef MUSHIR_NUM_PARETO_H
#define MUSHIR_NUM_PARETO_H

#include <stdbool.h>

#include "common/base/arena.h"

/* Whether |a| dominates |b|: nowhere larger and somewhere smaller. */
bool mu_dominates(const double *a, const double *b, size_t m);

/* The rank of every point into |rank|: 0 for those that none dominates, 1 for those that only such
 * of rank 0 do, and so on. |violation|, one per point, NULL: all feasible. A violation is 0 where
 * there is none; NAN, unknown, is the largest. Feasible points come first, then the others by
 * violation (Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic
 * algorithm: NSGA-II", IEEE TEC 2002, definition 1). Efficient non-dominated sort (Zhang, Tian,
 * Cheng and Jin, IEEE TEC 2015): O(n log n) for m <= 2, O(m n^2) at worst for more. */
void mu_pareto_ranks(const double *values, size_t n, size_t m, const double *violation,
    size_t *rank, struct mu_arena *arena);

/* The numbers of points by their ranks, of equal ones in their order, into |order|: one front after
 * the other. */
void mu_order_by_rank(const size_t *rank, size_t n, size_t *order, struct mu_arena *arena);

/* The indices of those that none dominates into |front|, by their coordinates, the first one
 * ascending; returns how many. Equal points are all among them. */
size_t mu_pareto_front(
    const double *values, size_t n, size_t m, size_t *front, struct mu_arena *arena);

/* The crowding distance of every point among all into |distance| (Deb et al. 2002, III-B): INFINITY
 * at the ends of a coordinate. */
void mu_crowding(
    const double *values, size_t n, size_t m, double *distance, struct mu_arena *arena);

/* The volume that the points dominate below |reference| (m coordinates). O(n log n) for m = 2, else
 * by exclusive volumes with one coordinate fewer each time, at worst about n^(m - 1) log n (While,
 * Bradstreet and Barone, "A fast way of calculating exact hypervolumes", IEEE TEC 2012). */
double mu_hypervolume(
    const double *values, size_t n, size_t m, const double *reference, struct mu_arena *arena);

/* Bring the |n| numbers of points in |order| into the order in which each adds most to the
 * hypervolume of those before it, below |reference|, which is beyond all of them: the first |most|,
 * those behind keep theirs; of equals the one that stands first (greedy subset selection:
 * Guerreiro, Fonseca and Paquete, Evol. Comput. 2016). About n hypervolumes of at most |most|
 * points. */
void mu_order_by_volume(const double *values, size_t m, const double *reference, size_t *order,
    size_t n, size_t most, struct mu_arena *arena);

/* Boxes that share nothing and together are what the points do not dominate below a reference: box
 * k goes from lower[k * m ..] (-INFINITY where it has no end) to upper[k * m ..]. */
struct mu_boxes {
    size_t n, m;
    double *lower, *upper;
};

/* The boxes beside |values| below |reference|, at most |most| > m of them: a point that would make
 * more is left out, as if it were not there, those first that add little to the hypervolume. A
 * front of n points gives n + 1 boxes for m = 2, 3 to 4 n for m = 3. Arena-owned. */
struct mu_boxes mu_boxes_of(const double *values, size_t n, size_t m, const double *reference,
    size_t most, struct mu_arena *arena);

#endif

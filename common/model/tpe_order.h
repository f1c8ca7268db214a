/* From what experiments want to what the Parzen estimator takes: one order of all trials, and for
 * each constraint who meets it. */
#ifndef MUSHIR_MODEL_TPE_ORDER_H
#define MUSHIR_MODEL_TPE_ORDER_H

#include "common/base/arena.h"

/* The places of |n| trials, the best first, in |order|: by constrained non-domination and, within a
 * front, in the order in which each adds most to the hypervolume of those before it (Ozaki,
 * Tanigaki, Watanabe, Nomura and Onishi, "Multiobjective tree-structured Parzen estimator", JAIR
 * 2022, algorithm 2; greedy subset selection as in Guerreiro, Fonseca and Paquete 2016). The
 * reference point lies a tenth of the range beyond the worst of all, exploded values
 * (mu_loss_limit) apart. Only the first |most| places are that exact; those behind are by rank and
 * index. |values|: n x m, smaller is better; |violation|: as mu_pareto_ranks. */
void mu_tpe_order(const double *values, size_t n, size_t m, const double *violation, size_t most,
    size_t *order, struct mu_arena *arena);

#endif

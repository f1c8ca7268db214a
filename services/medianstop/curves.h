/* What trials that have ended reported, remembered: their logs never change.
 *
 * Saves time only. Bounded, shared by all threads, keeps its own copies. */
#ifndef MUSHIR_SERVICES_MEDIANSTOP_CURVES_H
#define MUSHIR_SERVICES_MEDIANSTOP_CURVES_H

#include <stdbool.h>

#include "common/base/arena.h"

struct mu_curves;

/* Takes at most |limit| bytes; NULL when that is too little, which every function below accepts. */
struct mu_curves *mu_curves_create(size_t limit);
void mu_curves_destroy(struct mu_curves *curves);

/* The |n| values remembered under |key|, copied to |arena|; false when there are none. */
bool mu_curves_get(
    struct mu_curves *curves, const char *key, struct mu_arena *arena, double **values, size_t *n);

/* Remember |values|, one at least. When there is no room, nothing is remembered; once that has
 * happened more often than there are curves, without one of them being found, all are forgotten:
 * nobody asks for them any more. */
void mu_curves_put(struct mu_curves *curves, const char *key, const double *values, size_t n);

#endif

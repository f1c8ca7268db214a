/* What a model expects of the objective over two parameters. */
#ifndef MUSHIR_CLIENT_REPORT_CONTOUR_H
#define MUSHIR_CLIENT_REPORT_CONTOUR_H

#include <stdio.h>

#include "client/run/state.h"
#include "common/model/effects.h"

enum {
    CL_CONTOUR_SIDE = 24,   /* places along an axis; all values of one that has fewer */
    CL_CONTOUR_PAIRS = 6,   /* those that explain most, alone and together */
    CL_CONTOUR_FOLDS = 5,   /* of the cross-validation, and */
    CL_CONTOUR_JUDGED = 100 /* trials in it at most */
};

/* Write an object, or null without |effects| or without a pair of them:
 *
 *   trials     how many the model is made from (mu_farthest)
 *   explained  share of the variance that it predicts when trials are left out, a fifth at a time;
 *              below 0 when their mean predicts better
 *   log        whether the model is of the objective's logarithm, which it is when objectives span
 *              more than a factor of 30, as the page's scales
 *   pairs      [{x: {name, values}, y: {name, values}, mean, sd}]: values are texts of assignments,
 *              mean and sd have a number for each x of the first y, then of the next. The other
 *              parameters are as in the best trial. |sd| is that of the expectation, without noise:
 *              in the objective's units, or the factor that it is off by when |log|
 *
 * The model is the one that the effects are of: common/model/surrogate.h. */
void cl_contour_write(const struct cl_run *run, const struct mu_effects *effects, FILE *out);

#endif

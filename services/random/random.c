/* Random search (Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 2012).
 *
 * Suggestion number i is a pure function of (seed, i), so a restart does not replay earlier points.
 * In a finite space a point that was tried, is running or stands earlier in the batch is drawn
 * again while an untried one exists. That is what common/search does for any algorithm that has
 * nothing to say; this one never has. */
#include "services/random/random.h"

const struct mu_algorithm mu_random = {
    .name = "random",
    .summary =
        "Independent draws from the declared distributions, without repeats in finite spaces.",
    .outcomes = true,
};

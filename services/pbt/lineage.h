/* What the name of a trial says of its place in the population.
 *
 * Names are all that comes back from a controller besides assignments and values (Katib drops the
 * labels of a reply), so a population is rebuilt from them:
 *
 *   EXPERIMENT-g0s3-1a2b          slot 3, generation 0, starts from nothing
 *   EXPERIMENT-g7s3-p6s1-1a2b     slot 3, generation 7, starts from slot 1's checkpoint of
 *                                 generation 6
 *
 * The last four digits tell attempts at one place apart. */
#ifndef MUSHIR_PBT_LINEAGE_H
#define MUSHIR_PBT_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"

/* A place in the population. */
struct mu_place {
    uint32_t generation, slot;
};

struct mu_lineage {
    struct mu_place self, parent;
    bool has_parent;
};

/* The name of a trial of |experiment|, of at most 63 characters (of a longer one the front of the
 * experiment's name is kept; up to generation 9,999 and slot 99 it adds 23 at most). Arena-owned.
 */
const char *mu_lineage_name(const struct mu_lineage *lineage, const char *experiment,
    uint16_t attempt, struct mu_arena *arena);

/* What |name| says; false when it is no such name, or its numbers have more than nine digits. */
bool mu_lineage_read(const char *name, struct mu_lineage *lineage);

#endif

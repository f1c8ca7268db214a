/* The population, found again from the trials of a request.
 *
 * A slot is a line of trials, each of which went on from a checkpoint: its own last one, or, where
 * the slot had fallen behind, a better slot's. Which trial stands where is in the trials' names
 * (lineage.h); trials of other names are no members. */
#ifndef MUSHIR_PBT_POPULATION_H
#define MUSHIR_PBT_POPULATION_H

#include "common/num/stream.h"
#include "common/search/algorithm.h"
#include "services/pbt/lineage.h"

/* A finished trial and its place. */
struct mu_result {
    struct mu_lineage lineage;
    const struct mu_trial *trial;
};

struct mu_slot {
    const struct mu_result *results; /* with a value, by generation */
    size_t n_results;
    const struct mu_result *failed; /* the last trial of |next| that failed; NULL: none did */
    uint32_t next;                  /* generation of the trial that comes next */
    uint32_t attempts;              /* how many trials of that generation failed */
    bool busy;                      /* a trial of it has not finished, or was just handed out */
};

struct mu_population {
    struct mu_slot *slots;
    size_t n_slots; /* with room for one more per suggestion */
    size_t size;    /* slots that a population of the wanted size has */
    struct mu_arena *arena;
};

/* The population of |size| slots at least that |request|'s trials make up. Arena-owned. */
void mu_population_of(
    struct mu_population *population, const struct mu_request *request, size_t size);

/* The slot whose turn it is: of the idle ones the one of the lowest generation, where each failed
 * attempt counts as one; a slot beyond |size| that has no trial yet only when all others are busy.
 */
size_t mu_population_turn(const struct mu_population *population);

/* The last result of |slot| up to |generation|, or NULL. */
const struct mu_result *mu_slot_result(const struct mu_slot *slot, uint32_t generation);

/* The slot that |slot| should go on from instead of itself, drawn from |stream|; |slot| itself when
 * it is good enough, or fewer than two slots, or than half of |size|, have a result.
 *
 * Truncation selection of Jaderberg et al. (2017), section 4.1: who is among the worst |threshold|
 * takes over one of the best |threshold|. A slot is compared with what the others had reached by
 * its own generation, so that nobody gives up against who has trained longer; of equal ones the
 * lower slot is better. With |behind| it counts as one of the worst whatever its result. */
size_t mu_population_select(const struct mu_population *population, size_t slot, double threshold,
    bool behind, struct mu_stream *stream);

#endif

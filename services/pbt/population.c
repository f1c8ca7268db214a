#include "services/pbt/population.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* ---- from trials ---- */

/* By slot, then generation. Of two results at one place that of the trial that comes first in the
 * history stands first. */
static int compare_places(const void *a, const void *b) {
    const struct mu_result *x = a;
    const struct mu_result *y = b;
    const struct mu_place *p = &x->lineage.self;
    const struct mu_place *q = &y->lineage.self;
    int by_slot = (p->slot > q->slot) - (p->slot < q->slot);
    int by_generation = (p->generation > q->generation) - (p->generation < q->generation);
    int by_trial = (x->trial > y->trial) - (x->trial < y->trial);
    return by_slot ? by_slot : by_generation ? by_generation : by_trial;
}

/* Give every slot its part of |results|. */
static void place_results(struct mu_population *population, struct mu_result *results, size_t n) {
    qsort(results, n, sizeof *results, compare_places);
    for (size_t i = 0; i < n; i++) {
        struct mu_slot *slot = &population->slots[results[i].lineage.self.slot];
        slot->results = slot->n_results ? slot->results : &results[i];
        slot->n_results++;
        slot->next = results[i].lineage.self.generation + 1;
    }
}

static void place_unfinished(struct mu_population *population, const struct mu_result *result) {
    struct mu_slot *slot = &population->slots[result->lineage.self.slot];
    if (result->trial->state == MU_PENDING) {
        slot->busy = true;
    } else if (result->lineage.self.generation == slot->next) {
        slot->failed = result;
        slot->attempts++;
    }
}

void mu_population_of(
    struct mu_population *population, const struct mu_request *request, size_t size) {
    const struct mu_history *history = request->history;
    struct mu_arena *arena = request->arena;
    struct mu_result *results = MU_ARRAY(arena, history->n, struct mu_result);
    struct mu_result *others = MU_ARRAY(arena, history->n, struct mu_result);
    size_t n_results = 0;
    size_t n_others = 0;
    population->size = size;
    population->n_slots = size + history->n + request->wanted;
    population->slots = MU_ARRAY(arena, population->n_slots, struct mu_slot);
    population->arena = arena;
    for (size_t i = 0; i < history->n; i++) {
        struct mu_result result = {.trial = &history->trials[i]};
        bool member = mu_lineage_read(result.trial->name, &result.lineage) &&
                      result.lineage.self.slot < population->n_slots &&
                      result.lineage.parent.slot < population->n_slots;
        if (member && result.trial->state == MU_DONE) {
            results[n_results++] = result;
        } else if (member) {
            others[n_others++] = result;
        }
    }
    place_results(population, results, n_results);
    for (size_t i = 0; i < n_others; i++) {
        place_unfinished(population, &others[i]);
    }
}

/* ---- whose turn it is ---- */

size_t mu_population_turn(const struct mu_population *population) {
    size_t turn = population->n_slots;
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < population->n_slots; i++) {
        const struct mu_slot *slot = &population->slots[i];
        bool begun = i < population->size || slot->n_results > 0 || slot->attempts > 0;
        /* one that has begun goes before any other */
        uint64_t generation = begun ? (uint64_t)slot->next + slot->attempts : UINT64_MAX - 1;
        if (!slot->busy && generation < lowest) {
            turn = i;
            lowest = generation;
        }
    }
    assert(turn < population->n_slots); /* there is room for every suggestion */
    return turn;
}

/* ---- selection ---- */

const struct mu_result *mu_slot_result(const struct mu_slot *slot, uint32_t generation) {
    size_t i = slot->n_results;
    while (i > 0 && slot->results[i - 1].lineage.self.generation > generation) {
        i--;
    }
    return i > 0 ? &slot->results[i - 1] : NULL;
}

/* From the best to the worst; of equal ones the lower slot is better. */
static int compare_losses(const void *a, const void *b) {
    const struct mu_result *x = *(const struct mu_result *const *)a;
    const struct mu_result *y = *(const struct mu_result *const *)b;
    int by_loss = (x->trial->loss > y->trial->loss) - (x->trial->loss < y->trial->loss);
    return by_loss ? by_loss : compare_places(x, y);
}

/* How many of |n| are a share of |threshold|, rounded up; the best and the worst share nobody. */
static size_t share_of(size_t n, double threshold) {
    static const double ROUNDING = 1e-9; /* of the product: a fifth of five is one */
    size_t share = (size_t)ceil(threshold * (double)n - ROUNDING);
    return share < n / 2 ? share : n / 2;
}

/* What each slot had reached by |generation|, from the best to the worst, into |ranked|. */
static size_t rank(
    const struct mu_population *population, uint32_t generation, const struct mu_result **ranked) {
    size_t n = 0;
    for (size_t i = 0; i < population->n_slots; i++) {
        const struct mu_result *result = mu_slot_result(&population->slots[i], generation);
        if (result) {
            ranked[n++] = result;
        }
    }
    qsort(ranked, n, sizeof *ranked, compare_losses);
    return n;
}

size_t mu_population_select(const struct mu_population *population, size_t slot, double threshold,
    bool behind, struct mu_stream *stream) {
    const struct mu_result *own = mu_slot_result(&population->slots[slot], UINT32_MAX);
    if (!own) {
        return slot;
    }
    struct mu_arena_mark mark = mu_arena_mark(population->arena);
    const struct mu_result **ranked =
        MU_ARRAY(population->arena, population->n_slots, const struct mu_result *);
    size_t n = rank(population, own->lineage.self.generation, ranked);
    size_t share = 2 * n < population->size ? 0 : share_of(n, threshold);
    size_t chosen = slot;
    if (share > 0) {
        const struct mu_result *winner = ranked[mu_uniform_below(stream, share)];
        bool worst = compare_losses(&own, &ranked[n - share]) >= 0;
        chosen = behind || worst ? winner->lineage.self.slot : slot;
    }
    mu_arena_release(population->arena, mark);
    return chosen;
}

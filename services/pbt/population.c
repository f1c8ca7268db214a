#include "services/pbt/population.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* ---- from trials ---- */

static int compare_places(struct mu_place a, struct mu_place b) {
    int by_generation = (a.generation > b.generation) - (a.generation < b.generation);
    return by_generation ? by_generation : (a.slot > b.slot) - (a.slot < b.slot);
}

/* Of two results at one place that of the trial that comes first in the history stands first. */
static int compare_results(const void *a, const void *b) {
    const struct mu_result *x = a;
    const struct mu_result *y = b;
    int by_place = compare_places(x->lineage.self, y->lineage.self);
    return by_place ? by_place : (x->trial > y->trial) - (x->trial < y->trial);
}

/* By generation, then from the best to the worst; of equal ones the lower slot is better. */
static int compare_ranks(const void *a, const void *b) {
    const struct mu_result *x = *(const struct mu_result *const *)a;
    const struct mu_result *y = *(const struct mu_result *const *)b;
    struct mu_place px = {x->lineage.self.generation, 0};
    struct mu_place py = {y->lineage.self.generation, 0};
    int by_generation = compare_places(px, py);
    int by_loss = (x->trial->loss > y->trial->loss) - (x->trial->loss < y->trial->loss);
    return by_generation ? by_generation : by_loss ? by_loss : (x > y) - (x < y);
}

static void keep_one_per_place(struct mu_population *population) {
    struct mu_result *results = population->results;
    size_t kept = 0;
    for (size_t i = 0; i < population->n_results; i++) {
        if (!kept || compare_places(results[kept - 1].lineage.self, results[i].lineage.self) != 0) {
            results[kept++] = results[i];
        }
    }
    population->n_results = kept;
}

/* Every slot's latest result; they come by generation. */
static void place_results(struct mu_population *population) {
    for (size_t i = 0; i < population->n_results; i++) {
        const struct mu_result *result = &population->results[i];
        struct mu_slot *slot = &population->slots[result->lineage.self.slot];
        slot->latest = result;
        slot->next = result->lineage.self.generation + 1;
    }
}

static void rank_results(struct mu_population *population, struct mu_arena *arena) {
    size_t n = population->n_results;
    population->ranked = MU_ARRAY(arena, n, const struct mu_result *);
    for (size_t i = 0; i < n; i++) {
        population->ranked[i] = &population->results[i];
    }
    qsort(population->ranked, n, sizeof *population->ranked, compare_ranks);
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
    struct mu_result *others = MU_ARRAY(request->arena, history->n, struct mu_result);
    size_t n_others = 0;
    *population = (struct mu_population){.size = size, .n_slots = size + history->n};
    population->n_slots += request->wanted;
    population->slots = MU_ARRAY(request->arena, population->n_slots, struct mu_slot);
    population->results = MU_ARRAY(request->arena, history->n, struct mu_result);
    for (size_t i = 0; i < history->n; i++) {
        struct mu_result result = {.trial = &history->trials[i]};
        bool member = mu_lineage_read(result.trial->name, &result.lineage) &&
                      result.lineage.self.slot < population->n_slots;
        if (member && result.trial->state == MU_DONE) {
            population->results[population->n_results++] = result;
        } else if (member) {
            others[n_others++] = result;
        }
    }
    qsort(population->results, population->n_results, sizeof *population->results, compare_results);
    keep_one_per_place(population);
    place_results(population);
    rank_results(population, request->arena);
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
        bool begun = i < population->size || slot->latest || slot->attempts > 0;
        uint64_t generation = (uint64_t)slot->next + slot->attempts;
        if (!slot->busy && generation < lowest && (begun || lowest == UINT64_MAX)) {
            turn = i;
            lowest = begun ? generation : UINT64_MAX - 1; /* any that has begun goes first */
        }
    }
    assert(turn < population->n_slots); /* there is room for every suggestion */
    return turn;
}

/* ---- selection ---- */

/* Index of the first result that does not stand before |place|. */
static size_t first_from(const struct mu_population *population, struct mu_place place) {
    size_t low = 0;
    size_t high = population->n_results;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = compare_places(population->results[middle].lineage.self, place) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

const struct mu_result *mu_population_at(
    const struct mu_population *population, struct mu_place place) {
    size_t i = first_from(population, place);
    bool found = i < population->n_results &&
                 compare_places(population->results[i].lineage.self, place) == 0;
    return found ? &population->results[i] : NULL;
}

/* How many of |n| are a share of |threshold|, rounded up; the best and the worst share nobody. */
static size_t share_of(size_t n, double threshold) {
    static const double ROUNDING = 1e-9; /* of the product: a fifth of five is one */
    size_t share = (size_t)ceil(threshold * (double)n - ROUNDING);
    return share < n / 2 ? share : n / 2;
}

size_t mu_population_select(const struct mu_population *population, size_t slot, double threshold,
    bool behind, struct mu_stream *stream) {
    const struct mu_result *own = population->slots[slot].latest;
    if (!own) {
        return slot;
    }
    uint32_t generation = own->lineage.self.generation;
    size_t first = first_from(population, (struct mu_place){generation, 0});
    size_t n = first_from(population, (struct mu_place){generation + 1, 0}) - first;
    size_t share = share_of(n, threshold);
    if (n < 2 || 2 * n < population->size || share == 0) {
        return slot;
    }
    const struct mu_result *const *best = &population->ranked[first];
    const struct mu_result *winner = best[mu_uniform_below(stream, share)];
    bool worst = compare_ranks(&own, &best[n - share]) >= 0;
    bool worse = own->trial->loss > winner->trial->loss;
    return behind || (worst && worse) ? winner->lineage.self.slot : slot;
}

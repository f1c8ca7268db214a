#include "services/pbt/lineage.h"

#include <ctype.h>
#include <string.h>

#include "common/search/algorithm.h"

enum { DIGITS_OF_A_NUMBER = 9, DIGITS_OF_AN_ATTEMPT = 4 };

const char *mu_lineage_name(const struct mu_lineage *lineage, const char *experiment,
    uint16_t attempt, struct mu_arena *arena) {
    const struct mu_place *self = &lineage->self;
    const struct mu_place *parent = &lineage->parent;
    const char *from = lineage->has_parent
                           ? mu_arena_format(arena, "-p%us%u", parent->generation, parent->slot)
                           : "";
    const char *end =
        mu_arena_format(arena, "-g%us%u%s-%04x", self->generation, self->slot, from, attempt);
    return mu_trial_name(experiment, end, arena);
}

/* Moves |*text| over |word|, or over a decimal number. */
static bool skip(const char **text, const char *word) {
    size_t length = strlen(word);
    bool found = strncmp(*text, word, length) == 0;
    *text += found ? length : 0;
    return found;
}

static bool read_number(const char **text, uint32_t *number) {
    int digits = 0;
    for (*number = 0; isdigit((unsigned char)**text) && digits < DIGITS_OF_A_NUMBER; digits++) {
        *number = *number * 10 + (uint32_t)(*(*text)++ - '0');
    }
    return digits > 0;
}

static bool read_place(const char **text, const char *mark, struct mu_place *place) {
    return skip(text, mark) && read_number(text, &place->generation) && skip(text, "s") &&
           read_number(text, &place->slot);
}

static const char *last_of(const char *text, const char *word) {
    const char *last = NULL;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
        last = at;
    }
    return last;
}

bool mu_lineage_read(const char *name, struct mu_lineage *lineage) {
    const char *at = last_of(name, "-g");
    *lineage = (struct mu_lineage){0};
    if (!at || !read_place(&at, "-g", &lineage->self)) {
        return false;
    }
    const char *rest = at;
    lineage->has_parent = read_place(&rest, "-p", &lineage->parent);
    at = lineage->has_parent ? rest : at;
    return skip(&at, "-") && strlen(at) == DIGITS_OF_AN_ATTEMPT &&
           strspn(at, "0123456789abcdef") == DIGITS_OF_AN_ATTEMPT;
}

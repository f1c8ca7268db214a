/* The entries of katib-config that name an image for an algorithm, switched to Mushir's images and
 * back, as text to text.
 *
 * What is changed says what was there: behind a new image the old one stands in a comment (in JSON,
 * which has none, under a key that Katib does not read), and a line that is added is marked. So
 * what was done can be undone to the byte, by whoever has the text alone. */
#ifndef MUSHIR_CLIENT_KATIB_ENTRIES_H
#define MUSHIR_CLIENT_KATIB_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/search/settings.h"

enum cl_katib_form {
    CL_KATIB_CONFIG,      /* Katib 0.16 on: YAML of kind KatibConfig, with both lists */
    CL_KATIB_SUGGESTIONS, /* up to 0.15: JSON, an object of algorithms */
    CL_KATIB_STOPPINGS    /* the same, of early stopping */
};

struct cl_katib_change {
    const char *registry;          /* images are REGISTRY/mushir-PROGRAM:VERSION; NULL: undo */
    const char *const *algorithms; /* to change; NULL: all that Mushir serves */
    size_t n;
    bool *found; /* n: set where an algorithm has an entry */
};

/* Change |text|: *edited, arena-owned, is |text| with its chosen entries restored to what they were
 * and then, with a registry, switched. Everything else is byte for byte the same. Refused
 * (MU_INVALID_ARGUMENT, with the entry and its line) when an entry is not written in a way that
 * this can undo: no image of its own line, an algorithm that is there twice, a command for another
 * image. */
MU_MUST_USE enum mu_status cl_katib_change(const struct cl_katib_change *change,
    enum cl_katib_form form, const char *text, struct mu_arena *arena, const char **edited,
    struct mu_error *error);

/* The service accounts that chosen suggestion entries of |text| name: pairs of algorithm and
 * account, arena-owned. None where the text cannot be read. */
const struct mu_pair *cl_katib_accounts(const struct cl_katib_change *change,
    enum cl_katib_form form, const char *text, struct mu_arena *arena, size_t *n);

/* Program of Mushir for an algorithm, of early stopping with |stopping|; NULL: none. */
const char *cl_katib_program(const char *algorithm, bool stopping);

#endif

/* Algorithm settings: one declarative table per algorithm, from which parsing, validation, error
 * texts and documentation come. */
#ifndef MUSHIR_SEARCH_SETTINGS_H
#define MUSHIR_SEARCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/status.h"

/* A setting or an assignment as it travels: two texts, borrowed. */
struct mu_pair {
    const char *name, *value;
};

enum mu_setting_type { MU_SETTING_INT, MU_SETTING_REAL, MU_SETTING_CHOICE, MU_SETTING_TEXT };

struct mu_setting_spec {
    const char *name;
    enum mu_setting_type type;
    const char *fallback; /* the default, as text; NULL: not set unless given */
    double min,
        max; /* accepted range of numbers; max == 0 with min == 0: unbounded; INFINITY allowed */
    bool min_open, max_open;
    bool none_allowed;          /* the text "None" means: not set */
    const char *const *choices; /* MU_SETTING_CHOICE: accepted texts, ended by NULL */
    const char *out_of_range;   /* error text that a client knows, or a format with %s name and %s
                                   value; NULL: our own */
    const char *unparsable;     /* the same for a text that is no number; NULL: "failed to validate
                                   NAME(VALUE): ..." */
    const char *not_supported;  /* CHOICE: the same, a format with %s name and %s value; NULL:
                                   default text */
    const char *range; /* how documentation shows the range; NULL: made from the fields above */
    const char *help;  /* one sentence for people */
};

/* The setting every algorithm shares: {"random_state", ...}, with Katib's text. */
#define MU_SETTING_RANDOM_STATE                                                                    \
    {                                                                                              \
        .name = "random_state", .type = MU_SETTING_INT, .min = 0, .max = 18446744073709551615.0,   \
        .out_of_range = "random_state should be great or equal than zero",                         \
        .help = "Seed; the same seed and trials give the same suggestions. Unset: derived from "   \
                "the experiment's name and space."                                                 \
    }

struct mu_setting {
    bool given;       /* the client set it, to something else than None */
    bool set;         /* given, or it has a default */
    double real;      /* numbers */
    uint64_t integer; /* MU_SETTING_INT (all ours are non-negative) */
    size_t choice;    /* MU_SETTING_CHOICE: index into choices */
    const char *text; /* as given or the default; "" when not set */
};

/* The table |specs| filled from what the client sent. */
struct mu_settings {
    const struct mu_setting_spec *specs;
    struct mu_setting *values;
    size_t n;
};

/* Fill |settings| from |pairs|; later pairs win. Unknown names are ignored here (controllers replay
 * state of earlier replies); see mu_settings_unknown. MU_INVALID_ARGUMENT names the setting and the
 * value: unparsable numbers "failed to validate NAME(VALUE): ...". */
MU_MUST_USE enum mu_status mu_settings_read(struct mu_settings *settings,
    const struct mu_setting_spec *specs, size_t n_specs, const struct mu_pair *pairs,
    size_t n_pairs, struct mu_arena *arena, struct mu_error *error);

/* The first pair whose name is not in |specs|, or NULL. */
const struct mu_pair *mu_settings_unknown(const struct mu_setting_spec *specs, size_t n_specs,
    const struct mu_pair *pairs, size_t n_pairs);

/* The setting called |name|, which must be in the table (a programmer's error otherwise). */
const struct mu_setting *mu_setting(const struct mu_settings *settings, const char *name);

/* Write the table as Markdown to |out|: the README's settings tables are made with it (`--settings`
 * of every service). */
void mu_settings_document(const struct mu_setting_spec *specs, size_t n_specs, FILE *out);

#endif

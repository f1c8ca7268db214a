/* Algorithm settings: one declarative table per algorithm, from which parsing, validation, error
 * texts and documentation come. */
#ifndef MUSHIR_SEARCH_SETTINGS_H
#define MUSHIR_SEARCH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/member.h"
#include "common/base/status.h"

/* A setting or an assignment as it travels: two texts, borrowed. */
struct mu_pair {
    const char *name, *value;
};

/* The member of an options struct that a setting's value goes to. */
/* clang-format off: version 14 widens _Generic with every pass */
#define MU_MEMBER(type, member) \
    MU_MEMBER_OF(type, member, \
        uint64_t: MU_MEMBER_COUNT, \
        double: MU_MEMBER_REAL, \
        unsigned: MU_MEMBER_CHOICE, \
        const char *: MU_MEMBER_TEXT)
/* clang-format on */

struct mu_setting_spec {
    const char *name;
    struct mu_member value; /* where the value goes: MU_MEMBER(struct my_options, my_member), whose
                               type (uint64_t, double, enum or const char *) says how the text is
                               read; or MU_CHECKED */
    struct mu_member text;  /* optional: a const char * member for the text itself; it stays NULL
                               when the setting has neither been given nor a default: what tells
                               a zero that was given from one that was not */
    const char *fallback;   /* the default; NULL: the members stay zero unless it is given */
    bool none_allowed;      /* the text "None" leaves the members zero */
    double min, max;        /* accepted range of numbers; both 0: unbounded; INFINITY allowed */
    bool min_open, max_open;
    const char *const *choices; /* of an enum: accepted texts, ended by NULL */
    const char *out_of_range;   /* error text that a client knows, or a format with %s name and %s
                                   value; NULL: our own */
    const char *unparsable;     /* the same for a text that is no number; NULL: "failed to validate
                                   NAME(VALUE): ..." */
    const char *not_supported;  /* the same for a text that is none of the choices; NULL: our own */
    const char *range; /* how documentation shows the range; NULL: made from the fields above */
    const char *help;  /* one sentence for people */
};

/* A setting whose text is checked as MU_MEMBER_COUNT, _REAL, _CHOICE or _TEXT, but which nothing
 * depends on. */
#define MU_CHECKED(kind) \
    { kind, MU_NOWHERE }

/* A table of settings and the struct that it fills. */
struct mu_settings {
    const struct mu_setting_spec *specs;
    size_t n;
    size_t options_size;
};
#define MU_SETTINGS(table, options) \
    { table, sizeof table / sizeof *table, sizeof(options) }

/* Fill |options|, zeroed, from |pairs|; of several pairs of one name the last wins. Texts are
 * borrowed. Unknown names are ignored here (controllers send back what earlier replies held); see
 * mu_settings_find. MU_INVALID_ARGUMENT names the setting and the value. */
MU_MUST_USE enum mu_status mu_settings_read(const struct mu_settings *settings,
    const struct mu_pair *pairs, size_t n_pairs, void *options, struct mu_error *error);

/* The row called |name|, or NULL. */
const struct mu_setting_spec *mu_settings_find(
    const struct mu_settings *settings, const char *name);

/* The value of the last of |pairs| that is called |name|, or NULL. */
const char *mu_pairs_find(const struct mu_pair *pairs, size_t n_pairs, const char *name);

/* Write the rows to |out| as rows of a Markdown table (setting, type, accepted, default, meaning);
 * texts of one meaning that follow each other share a row. */
void mu_settings_document(const struct mu_settings *settings, FILE *out);

#endif

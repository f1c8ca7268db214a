/* Where a value that came as a text goes: a member of an options struct, known by the kind of its
 * type and its offset. What every table of options (settings, flags) has in common. */
#ifndef MUSHIR_BASE_MEMBER_H
#define MUSHIR_BASE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mu_member_kind {
    MU_MEMBER_NONE,
    MU_MEMBER_SWITCH, /* bool */
    MU_MEMBER_NUMBER, /* long */
    MU_MEMBER_COUNT,  /* uint64_t */
    MU_MEMBER_REAL,   /* double */
    MU_MEMBER_CHOICE, /* an enum: the index of the text in a list of choices */
    MU_MEMBER_TEXT,   /* const char * */
};

struct mu_member {
    enum mu_member_kind kind;
    size_t offset; /* MU_NOWHERE: a text of this kind is checked, its value is not kept */
};

#define MU_NOWHERE SIZE_MAX

/* The member |member| of |type|. What follows are the types that the reader of the table knows,
 * each with its kind, as _Generic has them; a member that does not exist, or of another type, does
 * not compile. */
#define MU_MEMBER_OF(type, member, ...) \
    { _Generic(((type *)0)->member, __VA_ARGS__), offsetof(type, member) }

#endif

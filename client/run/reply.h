/* What a service answered, held against what it was asked: a reply is input like any other, and
 * becomes commands, paths and lines of a terminal. */
#ifndef MUSHIR_CLIENT_RUN_REPLY_H
#define MUSHIR_CLIENT_RUN_REPLY_H

#include "client/experiment/experiment.h"
#include "common/search/algorithm.h"

/* Names that trials have already. */
struct cl_taken_names {
    const char *const *names;
    size_t n;
};

/* Check |reply| for |e|: |wanted| suggestions, each with exactly the declared parameters and with
 * values inside the feasible space, those of a list given the list's own text; trials named all or
 * not at all, by new DNS labels (RFC 1123); settings of bounded size without control characters.
 *
 * An architecture search declares no parameters: of enas and darts the names are known, of others
 * they are plain words, and a value holds only the characters of JSON's punctuation, of plain words
 * and of the texts that the experiment itself is written with, but no character that would end a
 * quoted word of a shell (mu_text_travels; apostrophes stand for JSON's quotes).
 *
 * MU_INTERNAL names what is wrong. Lists' texts are replaced in the reply's own arrays, from
 * |arena|. */
MU_MUST_USE enum mu_status cl_reply_check(const struct cl_experiment *e,
    const struct cl_taken_names *taken, size_t wanted, struct mu_reply *reply,
    struct mu_arena *arena, struct mu_error *error);

#endif

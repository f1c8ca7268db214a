/* The journal of a run: an SQLite file to which events are only ever added, so that a run killed at
 * any moment can be continued from it.
 *
 * Events are (time, trial, kind, name, value). The state of a run is what its events, replayed in
 * order, make of it:
 *   experiment  name, value = the YAML; once more when a run goes on with another text
 *   setting     name, value from a reply
 *   suggested   name = the trial's name
 *   assignment  name, value of a trial's parameter, after its "suggested"
 *   rule        of early stopping: name = the report that is judged, value = the threshold
 *   started     value = attempt, from 1; what an earlier attempt reported is void
 *   stopping    name = why it was told to stop
 *   metric      name, value
 *   ended       name = condition, value = why
 *   finished    name = reason, value = message (of the experiment)
 * A trial is suggested once and ends once: indices of the file enforce it. Views "trials" and
 * "metrics" are for people. */
#ifndef MUSHIR_CLIENT_RUN_JOURNAL_H
#define MUSHIR_CLIENT_RUN_JOURNAL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/status.h"

struct cl_journal;

enum cl_journal_mode {
    CL_JOURNAL_NEW,    /* must not exist */
    CL_JOURNAL_RESUME, /* must exist */
    CL_JOURNAL_FRESH,  /* replaced, if it is a journal */
    CL_JOURNAL_READ,   /* must exist; not locked, and nothing can be added: somebody may run it */
    CL_JOURNAL_FOLLOW, /* the same, and who has it locked is not waited for */
};

/* Open |path| and lock it against a second run. NULL with |error|: MU_INVALID_ARGUMENT when the
 * mode does not fit or the file is no journal, MU_UNAVAILABLE when another run has it,
 * MU_RESOURCE_EXHAUSTED when no descriptor is free, MU_INTERNAL for I/O. */
struct cl_journal *cl_journal_open(
    const char *path, enum cl_journal_mode mode, struct mu_error *error);

/* The process that runs the journal at |path|, 0 when none does. Asking disturbs nobody. */
pid_t cl_journal_runner(const char *path);

/* Close the file; NULL is allowed. */
void cl_journal_close(struct cl_journal *journal);

/* Group events: all of them or none survive a crash. */
void cl_journal_begin(struct cl_journal *journal);
void cl_journal_commit(struct cl_journal *journal);

struct cl_journal_event {
    long long id; /* grows from event to event */
    long trial;   /* -1: the run */
    const char *time, *kind, *name, *value;
};

/* Append an event; texts may be NULL. Failures are kept for cl_journal_failed: a run that cannot
 * write must stop. */
void cl_journal_add(struct cl_journal *journal, long trial, const char *time, const char *kind,
    const char *name, const char *value);

/* The first failure of writing or reading, or NULL: that the file is not at its place any more is
 * one, since what is written then is lost. */
const char *cl_journal_failed(struct cl_journal *journal);

/* Whether that was because the file is damaged or gone: going on would fail again. */
bool cl_journal_damaged(const struct cl_journal *journal);

/* Call |replay| for every event behind the one with the id |after| (0: every event), in order; all
 * of one moment, also while somebody adds more. Texts are valid during the call. False when they
 * could not be read to the end. */
bool cl_journal_replay(struct cl_journal *journal, long long after,
    void (*replay)(void *user, const struct cl_journal_event *event), void *user);

/* Why they could not: MU_RESOURCE_EXHAUSTED when no descriptor was free, else MU_INTERNAL. */
enum mu_status cl_journal_cause(const struct cl_journal *journal);

/* What tells the journal from another that replaces it under its name, and perhaps in its inode:
 * when it was begun, and its run's own letters. False when nothing stands in it, or when it cannot
 * be read now. */
enum { CL_JOURNAL_ORIGIN = 100 };
bool cl_journal_origin(struct cl_journal *journal, char origin[CL_JOURNAL_ORIGIN]);

/* Write a copy of the whole file, of one moment, also while somebody adds to it. */
MU_MUST_USE enum mu_status cl_journal_copy(
    struct cl_journal *journal, FILE *out, struct mu_error *error);

/* The name and the YAML of the experiment as it was run last, owned by |arena|. False when there is
 * none. */
bool cl_journal_experiment(
    struct cl_journal *journal, struct mu_arena *arena, const char **name, const char **text);

#endif

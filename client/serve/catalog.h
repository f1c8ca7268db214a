/* The experiments of a folder: NAME.yaml with NAME.journal and NAME.trials beside it, as mushir run
 * leaves them, and what the server is to do with each.
 *
 * What is wanted is kept in the file .mushir-serve.json, replaced as a whole with every change, so
 * that a server that was killed goes on where it was. */
#ifndef MUSHIR_CLIENT_SERVE_CATALOG_H
#define MUSHIR_CLIENT_SERVE_CATALOG_H

#include "client/serve/child.h"
#include "client/serve/follow.h"

enum { CL_CATALOG_MOST = 1000, CL_NAME_MOST = 63 };

enum cl_wanted {
    CL_WANT_NOTHING, /* it is over, or was never asked for */
    CL_WANT_RUN,     /* in the queue, or running */
    CL_WANT_PAUSE,   /* no new trials; those that run may end */
    CL_WANT_STOP     /* no trials */
};

enum cl_state {
    CL_STATE_QUEUED,
    CL_STATE_RUNNING,
    CL_STATE_PAUSING,
    CL_STATE_PAUSED,
    CL_STATE_STOPPING,
    CL_STATE_STOPPED,
    CL_STATE_SUCCEEDED,
    CL_STATE_FAILED,
    CL_STATE_BROKEN /* its run ended without a result: |error| says why */
};

struct cl_entry {
    const char *name;
    enum cl_wanted wanted;
    long long place;     /* in the queue: the smallest is first */
    int parallel;        /* trials at a time */
    char *error;         /* NULL: none */
    struct cl_child run; /* its mushir run; pid 0: none of ours */
    bool again;          /* start it once more when it ends */
    bool ended;          /* its run has, with |status|; what the journal says is still to be read */
    int status;
    pid_t elsewhere; /* a run that is not ours; 0: none */
    bool journaled;  /* its journal was there */
    size_t scan;     /* the last one that found it */
    struct cl_follow *follow;
    enum cl_state shown; /* as it was when |version| changed last */
    bool troubled;       /* whether it had an error then */
    long long moment;    /* of its journal then */
    long long version;   /* grows with every change that can be seen */
};

/* An experiment whose files were removed. */
struct cl_gone {
    char name[CL_NAME_MOST + 1];
    long long version; /* 0: none */
};

struct cl_catalog {
    const char *folder;
    struct cl_entry **entries; /* by name */
    size_t n;
    int lock;
    bool unsaved;                         /* what is wanted is to be written down again */
    long long places, version;            /* the last ones given out */
    struct cl_gone gone[CL_CATALOG_MOST]; /* the last ones */
    size_t n_gone, scans;
};

/* Open |folder|, |alone|: made when missing, and no other server may have it so. MU_UNAVAILABLE
 * when one has it, MU_INVALID_ARGUMENT when what is wanted cannot be read (it would be lost),
 * MU_INTERNAL for I/O. To be closed in any case. */
MU_MUST_USE enum mu_status cl_catalog_open(
    struct cl_catalog *catalog, const char *folder, bool alone, struct mu_error *error);
void cl_catalog_close(struct cl_catalog *catalog);

/* Whether |name| can name an experiment's files: letters, digits, '.', '_' and '-', a letter or a
 * digit first. */
bool cl_catalog_names(const char *name);

/* The experiment called |name|, or NULL; a new one, NULL when there are too many. */
struct cl_entry *cl_catalog_find(const struct cl_catalog *catalog, const char *name);
struct cl_entry *cl_catalog_add(struct cl_catalog *catalog, const char *name);

/* Look for journals that others left in the folder. An experiment without journal and YAML goes;
 * one whose journal alone was removed has not begun, and is stopped. Not what is queued or runs. */
void cl_catalog_scan(struct cl_catalog *catalog);

/* Read what was added to the journals, and give what changed a new version. */
void cl_catalog_look(struct cl_catalog *catalog);

/* Write down what is wanted; |unsaved| when that cannot be now, as when the disk is full. */
void cl_catalog_save(struct cl_catalog *catalog);

/* FOLDER/NAME.|extension|, owned by |arena|. */
const char *cl_catalog_path(const struct cl_catalog *catalog, const char *name,
    const char *extension, struct mu_arena *arena);

/* Whether a run of ours has it, until it is known how that ended. */
bool cl_entry_runs(const struct cl_entry *entry);

/* How it stands now, and what that is called. */
enum cl_state cl_entry_state(const struct cl_entry *entry);
const char *cl_state_name(enum cl_state state);

/* Say why its run broke off; NULL: nothing did. */
void cl_entry_set_error(struct cl_entry *entry, const char *error);

#endif

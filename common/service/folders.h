/* Folders of trials: what a trial writes there is what a later one goes on from.
 *
 * A controller mounts ROOT/EXPERIMENT/TRIAL into the trial (Katib: any algorithm with the setting
 * suggestion_trial_dir). Making such a folder, empty or as a copy of an earlier trial's, is the one
 * thing that answering a request does besides answering. It can be repeated: a folder that exists
 * is complete, for it is copied under another name and renamed at its end. A copy that was
 * interrupted goes on at the next request where it had been. */
#ifndef MUSHIR_SERVICE_FOLDERS_H
#define MUSHIR_SERVICE_FOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/status.h"

struct mu_folders {
    const char *root;    /* made when it is missing, with a warning, for then no volume is there */
    uint64_t most_bytes; /* of one copy */
};

/* The folder of one trial. */
struct mu_folder {
    const char *experiment, *trial;
    const char *parent; /* trial of the same experiment whose folder is copied; NULL, or one that
                           has none (which is logged): the folder starts empty */
};

/* Make |folder|. Files are cloned where the file system can, links are copied as links, times are
 * kept; and since service and trial run as different users, everybody may do with a copy what its
 * owner may. |is_over|(|user|) is polled and ends the work.
 *
 * MU_INVALID_ARGUMENT: a name is no name of a file. MU_FAILED_PRECONDITION: the parent's folder
 * holds a link that leads out of it, a device, a socket or a pipe, is deeper than 64 folders, has
 * more than 1,000,000 entries or more than |most_bytes|. MU_DEADLINE_EXCEEDED: nobody waits any
 * more. MU_UNAVAILABLE: another process is at it, or the system refused; the text says what. Takes
 * no memory from an arena, and frees what it takes. */
MU_MUST_USE enum mu_status mu_folders_make(const struct mu_folders *folders,
    const struct mu_folder *folder, bool (*is_over)(void *user), void *user,
    struct mu_error *error);

#endif

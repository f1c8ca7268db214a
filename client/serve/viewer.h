/* The page of mushir serve for a run that was begun by hand: mushir run --watch. */
#ifndef MUSHIR_CLIENT_SERVE_VIEWER_H
#define MUSHIR_CLIENT_SERVE_VIEWER_H

#include "client/serve/child.h"

/* Start a server that only shows the folder of |journal|, on a free port of this machine;
 * |*url| is its page for that journal, owned by |arena|. It dies with this process. MU_UNAVAILABLE
 * when it does not start. */
MU_MUST_USE enum mu_status cl_viewer_start(struct cl_child *viewer, const char *journal,
    struct mu_arena *arena, const char **url, struct mu_error *error);

/* End it; nothing when it was not started. */
void cl_viewer_stop(struct cl_child *viewer);

/* Show |url| in the desktop's browser, when there is a desktop. */
void cl_viewer_open(const char *url);

#endif

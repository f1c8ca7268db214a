/* A parameter as it is written on a command line. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_DRAFT_SPACE_H
#define MUSHIR_CLIENT_EXPERIMENT_DRAFT_SPACE_H

#include "common/base/arena.h"
#include "common/search/experiment.h"

/* The parameter that |spec| declares; its texts are owned by |arena|. The forms:
 *   NAME=LOW:HIGH                a double        NAME=log:LOW:HIGH     on a logarithmic scale
 *   NAME=int:LOW:HIGH[:STEP]     whole numbers   NAME=logint:LOW:HIGH
 *   NAME=a,b,c or NAME=choice:a,b,c              one of these texts
 * MU_INVALID_ARGUMENT says what is wrong with it; the caller says which it is. */
MU_MUST_USE enum mu_status cl_draft_parameter(const char *spec, struct mu_arena *arena,
    struct mu_parameter_text *parameter, struct mu_error *error);

#endif

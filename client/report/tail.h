/* The end of a log. */
#ifndef MUSHIR_CLIENT_REPORT_TAIL_H
#define MUSHIR_CLIENT_REPORT_TAIL_H

#include "common/base/arena.h"

/* The last whole lines of the file |path| within its last |most| bytes (of one longer line its
 * end), as printable UTF-8; "" when it cannot be read. Arena-owned. */
const char *cl_tail(const char *path, size_t most, struct mu_arena *arena);

#endif

/* Messages of the contract's DBManager, which keeps what trials report; each written and read.
 * Texts that are read are owned by the arena. Errors of readers as in stopping.h. */
#ifndef MUSHIR_WIRE_OBSERVATION_H
#define MUSHIR_WIRE_OBSERVATION_H

#include "common/base/arena.h"
#include "common/base/slice.h"
#include "common/base/status.h"

/* One value that a trial reported. */
struct mu_report {
    const char *time, *metric, *value; /* time in RFC 3339 */
};

/* ReportObservationLog: what |trial| reported. Its reply is empty. GetObservationLog's reply is a
 * log too, whose trial is "". */
struct mu_observation_log {
    const char *trial;
    const struct mu_report *reports;
    size_t n;
};
struct mu_slice mu_wire_write_report(const struct mu_observation_log *log, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_report(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_observation_log *log, struct mu_error *error);

/* GetObservationLog: the reports of |metric| ("": of all) from |start| to |end| ("": all times). */
struct mu_log_request {
    const char *trial, *metric, *start, *end;
};
struct mu_slice mu_wire_write_log_request(
    const struct mu_log_request *request, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_log_request(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_log_request *request, struct mu_error *error);
struct mu_slice mu_wire_write_log(const struct mu_observation_log *log, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_log(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_observation_log *log, struct mu_error *error);

#endif

#include "common/wire/observation.h"

#include "common/wire/message.h"
#include "common/wire/unpack.h"

typedef Api__V1__Beta1__ObservationLog LogMessage;
typedef Api__V1__Beta1__MetricLog ReportMessage;
typedef Api__V1__Beta1__ReportObservationLogRequest ReportRequest;
typedef Api__V1__Beta1__GetObservationLogRequest LogRequest;
typedef Api__V1__Beta1__GetObservationLogReply LogReply;

static LogMessage *write_log(const struct mu_observation_log *log, struct mu_arena *arena) {
    LogMessage *out = MU_NEW(arena, LogMessage);
    api__v1__beta1__observation_log__init(out);
    out->n_metric_logs = log->n;
    out->metric_logs = MU_ARRAY(arena, log->n, ReportMessage *);
    for (size_t i = 0; i < log->n; i++) {
        ReportMessage *report = out->metric_logs[i] = MU_NEW(arena, ReportMessage);
        Api__V1__Beta1__Metric *metric = MU_NEW(arena, Api__V1__Beta1__Metric);
        api__v1__beta1__metric_log__init(report);
        api__v1__beta1__metric__init(metric);
        report->time_stamp = mu_message_text(log->reports[i].time);
        report->metric = metric;
        metric->name = mu_message_text(log->reports[i].metric);
        metric->value = mu_message_text(log->reports[i].value);
    }
    return out;
}

/* A report without a metric has an empty name and value. */
static void read_log(const LogMessage *in, struct mu_observation_log *log, struct mu_arena *arena) {
    log->n = in ? in->n_metric_logs : 0;
    struct mu_report *reports = MU_ARRAY(arena, log->n, struct mu_report);
    for (size_t i = 0; i < log->n; i++) {
        const ReportMessage *report = in->metric_logs[i];
        reports[i] = (struct mu_report){.time = report->time_stamp,
            .metric = report->metric ? report->metric->name : "",
            .value = report->metric ? report->metric->value : ""};
    }
    log->reports = reports;
}

struct mu_slice mu_wire_write_report(const struct mu_observation_log *log, struct mu_arena *arena) {
    ReportRequest out = API__V1__BETA1__REPORT_OBSERVATION_LOG_REQUEST__INIT;
    out.trial_name = mu_message_text(log->trial);
    out.observation_log = write_log(log, arena);
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_report(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_observation_log *log, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__report_observation_log_request__descriptor, bytes, arena, &message, error);
    if (status == MU_OK) {
        const ReportRequest *in = (const ReportRequest *)message;
        log->trial = in->trial_name;
        read_log(in->observation_log, log, arena);
    }
    return status;
}

struct mu_slice mu_wire_write_log_request(
    const struct mu_log_request *request, struct mu_arena *arena) {
    LogRequest out = API__V1__BETA1__GET_OBSERVATION_LOG_REQUEST__INIT;
    out.trial_name = mu_message_text(request->trial);
    out.metric_name = mu_message_text(request->metric);
    out.start_time = mu_message_text(request->start);
    out.end_time = mu_message_text(request->end);
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_log_request(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_log_request *request, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__get_observation_log_request__descriptor, bytes, arena, &message, error);
    if (status == MU_OK) {
        const LogRequest *in = (const LogRequest *)message;
        *request =
            (struct mu_log_request){in->trial_name, in->metric_name, in->start_time, in->end_time};
    }
    return status;
}

struct mu_slice mu_wire_write_log(const struct mu_observation_log *log, struct mu_arena *arena) {
    LogReply out = API__V1__BETA1__GET_OBSERVATION_LOG_REPLY__INIT;
    out.observation_log = write_log(log, arena);
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_log(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_observation_log *log, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__get_observation_log_reply__descriptor, bytes, arena, &message, error);
    if (status == MU_OK) {
        log->trial = "";
        read_log(((const LogReply *)message)->observation_log, log, arena);
    }
    return status;
}

/* The domain's texts as protobuf-c's messages, which borrow them. Private to common/wire. */
#ifndef MUSHIR_WIRE_MESSAGE_H
#define MUSHIR_WIRE_MESSAGE_H

#include "api.pb-c.h"
#include "common/base/endpoint.h"
#include "common/base/slice.h"
#include "common/search/record.h"

/* |text| for a message, whose texts are mutable but only read; NULL becomes "". */
char *mu_message_text(const char *text);

Api__V1__Beta1__ParameterAssignment **mu_message_assignments(
    const struct mu_pair *pairs, size_t n, struct mu_arena *arena);
Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments__LabelsEntry **mu_message_labels(
    const struct mu_pair *pairs, size_t n, struct mu_arena *arena);
Api__V1__Beta1__AlgorithmSpec *mu_message_algorithm(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena);
/* NULL when |algorithm| has no name. */
Api__V1__Beta1__EarlyStoppingSpec *mu_message_early_stopping(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena);
Api__V1__Beta1__Experiment *mu_message_experiment(
    const struct mu_experiment_text *experiment, struct mu_arena *arena);

/* Every trial repeats the objective of its |experiment|. */
Api__V1__Beta1__Trial **mu_message_trials(const struct mu_trial_report *trials, size_t n,
    const struct mu_experiment_text *experiment, struct mu_arena *arena);

/* |message| as bytes, owned by |arena|. */
struct mu_slice mu_message_pack(const ProtobufCMessage *message, struct mu_arena *arena);

/* |message| as the reply to |call|. Errors of mu_call_make_reply. */
MU_MUST_USE enum mu_status mu_message_reply(
    const ProtobufCMessage *message, struct mu_call *call, struct mu_error *error);

#endif

/* The controller's side: requests written, replies read. */
#include "common/wire/message.h"
#include "common/wire/unpack.h"
#include "common/wire/wire.h"

typedef Api__V1__Beta1__GetSuggestionsReply ReplyMessage;
typedef Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments SuggestionMessage;

struct mu_slice mu_wire_write_validate(
    const struct mu_experiment_text *experiment, struct mu_arena *arena) {
    Api__V1__Beta1__ValidateAlgorithmSettingsRequest out =
        API__V1__BETA1__VALIDATE_ALGORITHM_SETTINGS_REQUEST__INIT;
    out.experiment = mu_message_experiment(experiment, arena);
    return mu_message_pack(&out.base, arena);
}

struct mu_slice mu_wire_write_request(
    const struct mu_wire_request *request, struct mu_arena *arena) {
    Api__V1__Beta1__GetSuggestionsRequest out = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    out.experiment = mu_message_experiment(request->experiment, arena);
    out.n_trials = request->n_trials;
    out.trials = mu_message_trials(request->trials, request->n_trials, request->experiment, arena);
    out.current_request_number = (int32_t)request->wanted;
    out.total_request_number = (int32_t)(request->first + request->wanted);
    return mu_message_pack(&out.base, arena);
}

static void read_suggestion(
    struct mu_suggestion *out, const SuggestionMessage *in, struct mu_arena *arena) {
    struct mu_pair *pairs = MU_ARRAY(arena, in->n_assignments, struct mu_pair);
    for (size_t i = 0; i < in->n_assignments; i++) {
        pairs[i] = (struct mu_pair){in->assignments[i]->name, in->assignments[i]->value};
    }
    struct mu_pair *labels = MU_ARRAY(arena, in->n_labels, struct mu_pair);
    for (size_t i = 0; i < in->n_labels; i++) {
        labels[i] = (struct mu_pair){in->labels[i]->key, in->labels[i]->value};
    }
    *out = (struct mu_suggestion){.assignments = pairs,
        .n_assignments = in->n_assignments,
        .labels = labels,
        .n_labels = in->n_labels,
        .trial_name = *in->trial_name ? in->trial_name : NULL};
}

enum mu_status mu_wire_read_reply(
    struct mu_slice bytes, struct mu_arena *arena, struct mu_reply *reply, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__get_suggestions_reply__descriptor, bytes, arena, &message, error);
    if (status) {
        return status;
    }
    const ReplyMessage *in = (const ReplyMessage *)message;
    size_t n_settings = in->algorithm ? in->algorithm->n_algorithm_settings : 0;
    struct mu_pair *settings = MU_ARRAY(arena, n_settings, struct mu_pair);
    for (size_t i = 0; i < n_settings; i++) {
        const Api__V1__Beta1__AlgorithmSetting *s = in->algorithm->algorithm_settings[i];
        settings[i] = (struct mu_pair){s->name, s->value};
    }
    *reply = (struct mu_reply){.n = in->n_parameter_assignments,
        .suggestions = MU_ARRAY(arena, in->n_parameter_assignments, struct mu_suggestion),
        .settings = settings,
        .n_settings = n_settings};
    for (size_t i = 0; i < reply->n; i++) {
        read_suggestion(&reply->suggestions[i], in->parameter_assignments[i], arena);
    }
    return MU_OK;
}

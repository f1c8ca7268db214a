/* Replies written. */
#include "common/wire/message.h"
#include "common/wire/wire.h"

typedef Api__V1__Beta1__GetSuggestionsReply ReplyMessage;
typedef Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments SuggestionMessage;

static SuggestionMessage *write_suggestion(const struct mu_suggestion *in, struct mu_arena *arena) {
    SuggestionMessage *out = MU_NEW(arena, SuggestionMessage);
    api__v1__beta1__get_suggestions_reply__parameter_assignments__init(out);
    out->n_assignments = in->n_assignments;
    out->assignments = mu_message_assignments(in->assignments, in->n_assignments, arena);
    out->trial_name = mu_message_text(in->trial_name);
    out->n_labels = in->n_labels;
    out->labels = mu_message_labels(in->labels, in->n_labels, arena);
    return out;
}

enum mu_status mu_wire_write_suggestions(const struct mu_experiment *experiment,
    const struct mu_reply *reply, struct mu_call *call, struct mu_error *error) {
    struct mu_arena *arena = call->arena;
    ReplyMessage out = API__V1__BETA1__GET_SUGGESTIONS_REPLY__INIT;
    out.parameter_assignments = MU_ARRAY(arena, reply->n, SuggestionMessage *);
    out.n_parameter_assignments = reply->n;
    for (size_t i = 0; i < reply->n; i++) {
        out.parameter_assignments[i] = write_suggestion(&reply->suggestions[i], arena);
    }
    if (reply->n_settings) {
        struct mu_algorithm_text algorithm = {
            experiment->algorithm, reply->settings, reply->n_settings};
        out.algorithm = mu_message_algorithm(&algorithm, arena);
    }
    return mu_message_reply(&out.base, call, error);
}

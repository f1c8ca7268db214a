#include "api.pb-c.h"
#include "common/wire/wire.h"

typedef Api__V1__Beta1__GetSuggestionsReply ReplyMessage;
typedef Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments AssignmentsMessage;
typedef Api__V1__Beta1__ParameterAssignment AssignmentMessage;
typedef Api__V1__Beta1__AlgorithmSetting SettingMessage;

/* protobuf-c's structs hold mutable texts, which packing only reads. */
static char *lend(const char *text) {
    union {
        const char *in;
        char *out;
    } u = {text};
    return u.out;
}

static AssignmentsMessage *write_suggestion(
    const struct mu_suggestion *in, struct mu_arena *arena) {
    AssignmentsMessage *out = MU_NEW(arena, AssignmentsMessage);
    api__v1__beta1__get_suggestions_reply__parameter_assignments__init(out);
    out->assignments = MU_ARRAY(arena, in->n_assignments, AssignmentMessage *);
    out->n_assignments = in->n_assignments;
    AssignmentMessage *pairs = MU_ARRAY(arena, in->n_assignments, AssignmentMessage);
    for (size_t i = 0; i < in->n_assignments; i++) {
        api__v1__beta1__parameter_assignment__init(&pairs[i]);
        pairs[i].name = lend(in->assignments[i].name);
        pairs[i].value = lend(in->assignments[i].value);
        out->assignments[i] = &pairs[i];
    }
    if (in->trial_name) {
        out->trial_name = lend(in->trial_name);
    }
    return out;
}

static Api__V1__Beta1__AlgorithmSpec *write_settings(
    const struct mu_experiment *experiment, const struct mu_reply *reply, struct mu_arena *arena) {
    Api__V1__Beta1__AlgorithmSpec *out = MU_NEW(arena, Api__V1__Beta1__AlgorithmSpec);
    api__v1__beta1__algorithm_spec__init(out);
    out->algorithm_name = lend(experiment->algorithm);
    out->algorithm_settings = MU_ARRAY(arena, reply->n_settings, SettingMessage *);
    out->n_algorithm_settings = reply->n_settings;
    SettingMessage *settings = MU_ARRAY(arena, reply->n_settings, SettingMessage);
    for (size_t i = 0; i < reply->n_settings; i++) {
        api__v1__beta1__algorithm_setting__init(&settings[i]);
        settings[i].name = lend(reply->settings[i].name);
        settings[i].value = lend(reply->settings[i].value);
        out->algorithm_settings[i] = &settings[i];
    }
    return out;
}

void mu_wire_write_suggestions(const struct mu_experiment *experiment, const struct mu_reply *reply,
    struct mu_arena *arena, const uint8_t **bytes, size_t *size) {
    ReplyMessage out = API__V1__BETA1__GET_SUGGESTIONS_REPLY__INIT;
    out.parameter_assignments = MU_ARRAY(arena, reply->n, AssignmentsMessage *);
    out.n_parameter_assignments = reply->n;
    for (size_t i = 0; i < reply->n; i++) {
        out.parameter_assignments[i] = write_suggestion(&reply->suggestions[i], arena);
    }
    if (reply->n_settings) {
        out.algorithm = write_settings(experiment, reply, arena);
    }
    *size = api__v1__beta1__get_suggestions_reply__get_packed_size(&out);
    uint8_t *packed = mu_arena_alloc(arena, *size);
    api__v1__beta1__get_suggestions_reply__pack(&out, packed);
    *bytes = packed;
}

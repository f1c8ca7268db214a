#include "common/wire/stopping.h"

#include "common/wire/message.h"
#include "common/wire/read.h"
#include "common/wire/unpack.h"

typedef Api__V1__Beta1__GetEarlyStoppingRulesRequest StoppingRequest;
typedef Api__V1__Beta1__GetEarlyStoppingRulesReply StoppingReply;
typedef Api__V1__Beta1__ValidateEarlyStoppingSettingsRequest ValidateRequest;
typedef Api__V1__Beta1__SetTrialStatusRequest StatusRequest;
typedef Api__V1__Beta1__EarlyStoppingRule RuleMessage;

/* ---- requests for rules ---- */

struct mu_slice mu_wire_write_stopping(
    const struct mu_stopping_request *request, struct mu_arena *arena) {
    StoppingRequest out = API__V1__BETA1__GET_EARLY_STOPPING_RULES_REQUEST__INIT;
    out.experiment = mu_message_experiment(request->experiment, arena);
    out.n_trials = request->n_trials;
    out.trials = mu_message_trials(request->trials, request->n_trials, request->experiment, arena);
    out.db_manager_address = mu_message_text(request->db_manager);
    return mu_message_pack(&out.base, arena);
}

static struct mu_algorithm_text read_algorithm(
    const Api__V1__Beta1__EarlyStoppingSpec *in, struct mu_arena *arena) {
    size_t n = in ? in->n_algorithm_settings : 0;
    struct mu_pair *settings = MU_ARRAY(arena, n, struct mu_pair);
    for (size_t i = 0; i < n; i++) {
        settings[i] =
            (struct mu_pair){in->algorithm_settings[i]->name, in->algorithm_settings[i]->value};
    }
    return (struct mu_algorithm_text){in ? in->algorithm_name : "", settings, n};
}

enum mu_status mu_wire_read_stopping(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_stopping_question *question, struct mu_error *error) {
    ProtobufCMessage *message;
    struct mu_wire_metrics metrics;
    enum mu_status status =
        mu_wire_unpack(&api__v1__beta1__get_early_stopping_rules_request__descriptor, bytes, arena,
            &message, error);
    if (status) {
        return status;
    }
    const StoppingRequest *in = (const StoppingRequest *)message;
    *question = (struct mu_stopping_question){
        .db_manager = in->db_manager_address, .n_trials = in->n_trials};
    status = mu_wire_read_experiment(&question->experiment, &metrics, in->experiment, arena, error);
    if (status) {
        return status;
    }
    question->algorithm = read_algorithm(
        in->experiment && in->experiment->spec ? in->experiment->spec->early_stopping : NULL,
        arena);
    struct mu_trial_record *trials = MU_ARRAY(arena, in->n_trials, struct mu_trial_record);
    for (size_t i = 0; i < in->n_trials; i++) {
        mu_wire_read_trial(&trials[i], in->trials[i], &metrics, arena);
    }
    question->trials = trials;
    return MU_OK;
}

/* ---- rules ---- */

struct mu_slice mu_wire_write_rules(
    const struct mu_stopping_rule *rules, size_t n, struct mu_arena *arena) {
    StoppingReply out = API__V1__BETA1__GET_EARLY_STOPPING_RULES_REPLY__INIT;
    out.n_early_stopping_rules = n;
    out.early_stopping_rules = MU_ARRAY(arena, n, RuleMessage *);
    for (size_t i = 0; i < n; i++) {
        RuleMessage *rule = out.early_stopping_rules[i] = MU_NEW(arena, RuleMessage);
        api__v1__beta1__early_stopping_rule__init(rule);
        rule->name = mu_message_text(rules[i].metric);
        rule->value = mu_message_text(rules[i].value);
        rule->comparison = (Api__V1__Beta1__ComparisonType)rules[i].comparison;
        rule->start_step = rules[i].start_step;
    }
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_rules(struct mu_slice bytes, struct mu_arena *arena,
    const struct mu_stopping_rule **rules, size_t *n, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__get_early_stopping_rules_reply__descriptor, bytes, arena, &message, error);
    if (status) {
        return status;
    }
    const StoppingReply *in = (const StoppingReply *)message;
    struct mu_stopping_rule *list =
        MU_ARRAY(arena, in->n_early_stopping_rules, struct mu_stopping_rule);
    for (size_t i = 0; i < in->n_early_stopping_rules; i++) {
        const RuleMessage *rule = in->early_stopping_rules[i];
        int comparison = (int)rule->comparison;
        if (comparison < MU_EQUAL || comparison > MU_GREATER) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "comparison %d of rule %.200s is none of EQUAL, LESS, GREATER", comparison,
                rule->name);
        }
        list[i] = (struct mu_stopping_rule){
            rule->name, rule->value, (enum mu_comparison)comparison, rule->start_step};
    }
    *rules = list;
    *n = in->n_early_stopping_rules;
    return MU_OK;
}

/* ---- settings, and trials that were stopped ---- */

struct mu_slice mu_wire_write_validate_stopping(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena) {
    ValidateRequest out = API__V1__BETA1__VALIDATE_EARLY_STOPPING_SETTINGS_REQUEST__INIT;
    out.early_stopping = mu_message_early_stopping(algorithm, arena);
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_validate_stopping(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_algorithm_text *algorithm, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status =
        mu_wire_unpack(&api__v1__beta1__validate_early_stopping_settings_request__descriptor, bytes,
            arena, &message, error);
    if (status == MU_OK) {
        *algorithm = read_algorithm(((const ValidateRequest *)message)->early_stopping, arena);
    }
    return status;
}

struct mu_slice mu_wire_write_stopped(const char *trial, struct mu_arena *arena) {
    StatusRequest out = API__V1__BETA1__SET_TRIAL_STATUS_REQUEST__INIT;
    out.trial_name = mu_message_text(trial);
    return mu_message_pack(&out.base, arena);
}

enum mu_status mu_wire_read_stopped(
    struct mu_slice bytes, struct mu_arena *arena, const char **trial, struct mu_error *error) {
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_unpack(
        &api__v1__beta1__set_trial_status_request__descriptor, bytes, arena, &message, error);
    if (status == MU_OK) {
        *trial = ((const StatusRequest *)message)->trial_name;
    }
    return status;
}

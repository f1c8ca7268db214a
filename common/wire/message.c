#include "common/wire/message.h"

char *mu_message_text(const char *text) {
    union {
        const char *in;
        char *out;
    } u = {text ? text : ""};
    return u.out;
}

static char **write_texts(const char *const *list, size_t n, struct mu_arena *arena) {
    char **out = MU_ARRAY(arena, n, char *);
    for (size_t i = 0; i < n; i++) {
        out[i] = mu_message_text(list[i]);
    }
    return out;
}

/* The contract has a message of its own for each kind of a name with a value. */
#define PAIRS(function, Message, begin, key)                                                   \
    static Message **function(const struct mu_pair *pairs, size_t n, struct mu_arena *arena) { \
        Message **out = MU_ARRAY(arena, n, Message *);                                         \
        Message *messages = MU_ARRAY(arena, n, Message);                                       \
        for (size_t i = 0; i < n; i++) {                                                       \
            begin(&messages[i]);                                                               \
            messages[i].key = mu_message_text(pairs[i].name);                                  \
            messages[i].value = mu_message_text(pairs[i].value);                               \
            out[i] = &messages[i];                                                             \
        }                                                                                      \
        return out;                                                                            \
    }
PAIRS(write_assignments, Api__V1__Beta1__ParameterAssignment,
    api__v1__beta1__parameter_assignment__init, name)
PAIRS(
    write_settings, Api__V1__Beta1__AlgorithmSetting, api__v1__beta1__algorithm_setting__init, name)
PAIRS(write_stopping_settings, Api__V1__Beta1__EarlyStoppingSetting,
    api__v1__beta1__early_stopping_setting__init, name)
PAIRS(write_metrics, Api__V1__Beta1__Metric, api__v1__beta1__metric__init, name)
PAIRS(write_labels, Api__V1__Beta1__TrialSpec__LabelsEntry,
    api__v1__beta1__trial_spec__labels_entry__init, key)
PAIRS(write_reply_labels, Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments__LabelsEntry,
    api__v1__beta1__get_suggestions_reply__parameter_assignments__labels_entry__init, key)

Api__V1__Beta1__ParameterAssignment **mu_message_assignments(
    const struct mu_pair *pairs, size_t n, struct mu_arena *arena) {
    return write_assignments(pairs, n, arena);
}

Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments__LabelsEntry **mu_message_labels(
    const struct mu_pair *pairs, size_t n, struct mu_arena *arena) {
    return write_reply_labels(pairs, n, arena);
}

/* ---- experiments ---- */

static Api__V1__Beta1__ParameterSpec *write_parameter(
    const struct mu_parameter_text *in, struct mu_arena *arena) {
    Api__V1__Beta1__ParameterSpec *out = MU_NEW(arena, Api__V1__Beta1__ParameterSpec);
    Api__V1__Beta1__FeasibleSpace *space = MU_NEW(arena, Api__V1__Beta1__FeasibleSpace);
    api__v1__beta1__parameter_spec__init(out);
    api__v1__beta1__feasible_space__init(space);
    out->name = mu_message_text(in->name);
    out->parameter_type = (Api__V1__Beta1__ParameterType)in->type;
    out->feasible_space = space;
    space->min = mu_message_text(in->min);
    space->max = mu_message_text(in->max);
    space->step = mu_message_text(in->step);
    space->distribution = (Api__V1__Beta1__Distribution)in->distribution;
    space->n_list = in->n_list;
    space->list = write_texts(in->list, in->n_list, arena);
    return out;
}

static Api__V1__Beta1__ParameterSpec **write_parameters(
    const struct mu_parameter_text *in, size_t n, struct mu_arena *arena) {
    Api__V1__Beta1__ParameterSpec **out = MU_ARRAY(arena, n, Api__V1__Beta1__ParameterSpec *);
    for (size_t i = 0; i < n; i++) {
        out[i] = write_parameter(&in[i], arena);
    }
    return out;
}

static Api__V1__Beta1__ObjectiveSpec *write_objective(
    const struct mu_experiment_text *in, struct mu_arena *arena) {
    Api__V1__Beta1__ObjectiveSpec *out = MU_NEW(arena, Api__V1__Beta1__ObjectiveSpec);
    api__v1__beta1__objective_spec__init(out);
    out->type = in->maximize ? API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE
                             : API__V1__BETA1__OBJECTIVE_TYPE__MINIMIZE;
    out->goal = in->goal;
    if (in->n_metrics) {
        out->objective_metric_name = mu_message_text(in->metrics[0]);
        out->n_additional_metric_names = in->n_metrics - 1;
        out->additional_metric_names = write_texts(in->metrics + 1, in->n_metrics - 1, arena);
    }
    return out;
}

Api__V1__Beta1__AlgorithmSpec *mu_message_algorithm(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena) {
    Api__V1__Beta1__AlgorithmSpec *out = MU_NEW(arena, Api__V1__Beta1__AlgorithmSpec);
    api__v1__beta1__algorithm_spec__init(out);
    out->algorithm_name = mu_message_text(algorithm->name);
    out->n_algorithm_settings = algorithm->n_settings;
    out->algorithm_settings = write_settings(algorithm->settings, algorithm->n_settings, arena);
    return out;
}

Api__V1__Beta1__EarlyStoppingSpec *mu_message_early_stopping(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena) {
    if (!algorithm->name) {
        return NULL;
    }
    Api__V1__Beta1__EarlyStoppingSpec *out = MU_NEW(arena, Api__V1__Beta1__EarlyStoppingSpec);
    api__v1__beta1__early_stopping_spec__init(out);
    out->algorithm_name = mu_message_text(algorithm->name);
    out->n_algorithm_settings = algorithm->n_settings;
    out->algorithm_settings =
        write_stopping_settings(algorithm->settings, algorithm->n_settings, arena);
    return out;
}

static Api__V1__Beta1__Operation *write_operation(
    const struct mu_operation *in, struct mu_arena *arena) {
    Api__V1__Beta1__Operation *out = MU_NEW(arena, Api__V1__Beta1__Operation);
    Api__V1__Beta1__Operation__ParameterSpecs *specs =
        MU_NEW(arena, Api__V1__Beta1__Operation__ParameterSpecs);
    api__v1__beta1__operation__init(out);
    api__v1__beta1__operation__parameter_specs__init(specs);
    out->operation_type = mu_message_text(in->type);
    out->parameter_specs = specs;
    specs->n_parameters = in->n_parameters;
    specs->parameters = write_parameters(in->parameters, in->n_parameters, arena);
    return out;
}

static int32_t *write_sizes(const int32_t *in, size_t n, struct mu_arena *arena) {
    int32_t *out = MU_ARRAY(arena, n, int32_t);
    for (size_t i = 0; i < n; i++) {
        out[i] = in[i];
    }
    return out;
}

static Api__V1__Beta1__GraphConfig *write_graph(
    const struct mu_network *in, struct mu_arena *arena) {
    Api__V1__Beta1__GraphConfig *out = MU_NEW(arena, Api__V1__Beta1__GraphConfig);
    api__v1__beta1__graph_config__init(out);
    out->num_layers = in->layers;
    out->n_input_sizes = in->n_input_sizes;
    out->input_sizes = write_sizes(in->input_sizes, in->n_input_sizes, arena);
    out->n_output_sizes = in->n_output_sizes;
    out->output_sizes = write_sizes(in->output_sizes, in->n_output_sizes, arena);
    return out;
}

static Api__V1__Beta1__NasConfig *write_network(
    const struct mu_network *in, struct mu_arena *arena) {
    if (!in->present) {
        return NULL;
    }
    Api__V1__Beta1__NasConfig *out = MU_NEW(arena, Api__V1__Beta1__NasConfig);
    Api__V1__Beta1__NasConfig__Operations *list =
        MU_NEW(arena, Api__V1__Beta1__NasConfig__Operations);
    api__v1__beta1__nas_config__init(out);
    api__v1__beta1__nas_config__operations__init(list);
    out->graph_config = write_graph(in, arena);
    out->operations = list;
    list->n_operation = in->n_operations;
    list->operation = MU_ARRAY(arena, in->n_operations, Api__V1__Beta1__Operation *);
    for (size_t i = 0; i < in->n_operations; i++) {
        list->operation[i] = write_operation(&in->operations[i], arena);
    }
    return out;
}

Api__V1__Beta1__Experiment *mu_message_experiment(
    const struct mu_experiment_text *experiment, struct mu_arena *arena) {
    Api__V1__Beta1__Experiment *out = MU_NEW(arena, Api__V1__Beta1__Experiment);
    Api__V1__Beta1__ExperimentSpec *spec = MU_NEW(arena, Api__V1__Beta1__ExperimentSpec);
    Api__V1__Beta1__ExperimentSpec__ParameterSpecs *specs =
        MU_NEW(arena, Api__V1__Beta1__ExperimentSpec__ParameterSpecs);
    api__v1__beta1__experiment__init(out);
    api__v1__beta1__experiment_spec__init(spec);
    api__v1__beta1__experiment_spec__parameter_specs__init(specs);
    out->name = mu_message_text(experiment->name);
    out->spec = spec;
    spec->parameter_specs = experiment->n_parameters ? specs : NULL;
    specs->n_parameters = experiment->n_parameters;
    specs->parameters = write_parameters(experiment->parameters, experiment->n_parameters, arena);
    spec->objective = write_objective(experiment, arena);
    spec->algorithm = mu_message_algorithm(&experiment->algorithm, arena);
    spec->early_stopping = mu_message_early_stopping(&experiment->early_stopping, arena);
    spec->parallel_trial_count = experiment->parallel_trials;
    spec->max_trial_count = experiment->max_trials;
    spec->nas_config = write_network(&experiment->network, arena);
    return out;
}

/* ---- trials ---- */

static Api__V1__Beta1__TrialSpec *write_spec(const struct mu_trial_report *in,
    Api__V1__Beta1__ObjectiveSpec *objective, struct mu_arena *arena) {
    Api__V1__Beta1__TrialSpec *out = MU_NEW(arena, Api__V1__Beta1__TrialSpec);
    Api__V1__Beta1__TrialSpec__ParameterAssignments *list =
        MU_NEW(arena, Api__V1__Beta1__TrialSpec__ParameterAssignments);
    api__v1__beta1__trial_spec__init(out);
    api__v1__beta1__trial_spec__parameter_assignments__init(list);
    out->objective = objective;
    out->parameter_assignments = list;
    list->n_assignments = in->n_assignments;
    list->assignments = write_assignments(in->assignments, in->n_assignments, arena);
    out->n_labels = in->n_labels;
    out->labels = write_labels(in->labels, in->n_labels, arena);
    return out;
}

static Api__V1__Beta1__TrialStatus *write_status(
    const struct mu_trial_report *in, struct mu_arena *arena) {
    Api__V1__Beta1__TrialStatus *out = MU_NEW(arena, Api__V1__Beta1__TrialStatus);
    Api__V1__Beta1__Observation *observation = MU_NEW(arena, Api__V1__Beta1__Observation);
    api__v1__beta1__trial_status__init(out);
    api__v1__beta1__observation__init(observation);
    out->start_time = mu_message_text(in->started);
    out->completion_time = mu_message_text(in->completed);
    out->condition = (Api__V1__Beta1__TrialStatus__TrialConditionType)in->condition;
    out->observation = observation;
    observation->n_metrics = in->n_metrics;
    observation->metrics = write_metrics(in->metrics, in->n_metrics, arena);
    return out;
}

Api__V1__Beta1__Trial **mu_message_trials(const struct mu_trial_report *trials, size_t n,
    const struct mu_experiment_text *experiment, struct mu_arena *arena) {
    Api__V1__Beta1__Trial **out = MU_ARRAY(arena, n, Api__V1__Beta1__Trial *);
    Api__V1__Beta1__ObjectiveSpec *objective = write_objective(experiment, arena);
    for (size_t i = 0; i < n; i++) {
        out[i] = MU_NEW(arena, Api__V1__Beta1__Trial);
        api__v1__beta1__trial__init(out[i]);
        out[i]->name = mu_message_text(trials[i].name);
        out[i]->spec = write_spec(&trials[i], objective, arena);
        out[i]->status = write_status(&trials[i], arena);
    }
    return out;
}

struct mu_slice mu_message_pack(const ProtobufCMessage *message, struct mu_arena *arena) {
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = mu_arena_alloc(arena, size);
    protobuf_c_message_pack(message, bytes);
    return (struct mu_slice){bytes, size};
}

enum mu_status mu_message_reply(
    const ProtobufCMessage *message, struct mu_call *call, struct mu_error *error) {
    uint8_t *bytes = mu_call_make_reply(call, protobuf_c_message_get_packed_size(message), error);
    if (bytes) {
        protobuf_c_message_pack(message, bytes);
    }
    return bytes ? MU_OK : error->code;
}

#include "client/run/request.h"

#include <string.h>

#include "api.pb-c.h"

/* Messages borrow texts; protobuf-c's fields are not const. */
static char *text(const char *borrowed) {
    return (char *)(uintptr_t)(borrowed ? borrowed : "");
}

static char **texts(const char *const *list, size_t n, struct mu_arena *arena) {
    char **copy = MU_ARRAY(arena, n, char *);
    for (size_t i = 0; i < n; i++) {
        copy[i] = text(list[i]);
    }
    return copy;
}

static Api__V1__Beta1__ParameterSpec *parameter(
    const struct mu_parameter_text *p, struct mu_arena *arena) {
    Api__V1__Beta1__ParameterSpec *spec = MU_NEW(arena, Api__V1__Beta1__ParameterSpec);
    Api__V1__Beta1__FeasibleSpace *space = MU_NEW(arena, Api__V1__Beta1__FeasibleSpace);
    api__v1__beta1__parameter_spec__init(spec);
    api__v1__beta1__feasible_space__init(space);
    spec->name = text(p->name);
    spec->parameter_type = (Api__V1__Beta1__ParameterType)p->type;
    spec->feasible_space = space;
    space->min = text(p->min);
    space->max = text(p->max);
    space->step = text(p->step);
    space->distribution = (Api__V1__Beta1__Distribution)p->distribution;
    space->n_list = p->n_list;
    space->list = texts(p->list, p->n_list, arena);
    return spec;
}

static Api__V1__Beta1__ParameterSpec **parameters(
    const struct mu_parameter_text *list, size_t n, struct mu_arena *arena) {
    Api__V1__Beta1__ParameterSpec **specs = MU_ARRAY(arena, n, Api__V1__Beta1__ParameterSpec *);
    for (size_t i = 0; i < n; i++) {
        specs[i] = parameter(&list[i], arena);
    }
    return specs;
}

static Api__V1__Beta1__ObjectiveSpec *objective(
    const struct cl_experiment *e, struct mu_arena *arena) {
    Api__V1__Beta1__ObjectiveSpec *spec = MU_NEW(arena, Api__V1__Beta1__ObjectiveSpec);
    api__v1__beta1__objective_spec__init(spec);
    spec->type = e->maximize ? API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE
                             : API__V1__BETA1__OBJECTIVE_TYPE__MINIMIZE;
    spec->goal = e->has_goal ? e->goal : 0;
    spec->objective_metric_name = text(e->metrics[0].name);
    spec->n_additional_metric_names = e->n_metrics - 1;
    spec->additional_metric_names = MU_ARRAY(arena, e->n_metrics, char *);
    for (size_t i = 1; i < e->n_metrics; i++) {
        spec->additional_metric_names[i - 1] = text(e->metrics[i].name);
    }
    return spec;
}

/* The user's settings, overwritten and extended by those that replies asked for: what Katib's
 * controller sends. */
static Api__V1__Beta1__AlgorithmSpec *algorithm(const struct cl_experiment *e,
    const struct mu_pair *more, size_t n_more, struct mu_arena *arena) {
    Api__V1__Beta1__AlgorithmSpec *spec = MU_NEW(arena, Api__V1__Beta1__AlgorithmSpec);
    api__v1__beta1__algorithm_spec__init(spec);
    spec->algorithm_name = text(e->algorithm);
    spec->algorithm_settings =
        MU_ARRAY(arena, e->n_settings + n_more, Api__V1__Beta1__AlgorithmSetting *);
    for (size_t i = 0; i < e->n_settings + n_more; i++) {
        const struct mu_pair *pair = i < e->n_settings ? &e->settings[i] : &more[i - e->n_settings];
        size_t at = 0;
        while (at < spec->n_algorithm_settings &&
               strcmp(spec->algorithm_settings[at]->name, pair->name)) {
            at++;
        }
        if (at == spec->n_algorithm_settings) {
            spec->algorithm_settings[spec->n_algorithm_settings++] =
                MU_NEW(arena, Api__V1__Beta1__AlgorithmSetting);
            api__v1__beta1__algorithm_setting__init(spec->algorithm_settings[at]);
        }
        spec->algorithm_settings[at]->name = text(pair->name);
        spec->algorithm_settings[at]->value = text(pair->value);
    }
    return spec;
}

static Api__V1__Beta1__EarlyStoppingSpec *early_stopping(
    const struct cl_early_stopping *early, struct mu_arena *arena) {
    if (!early->algorithm) {
        return NULL;
    }
    Api__V1__Beta1__EarlyStoppingSpec *spec = MU_NEW(arena, Api__V1__Beta1__EarlyStoppingSpec);
    api__v1__beta1__early_stopping_spec__init(spec);
    spec->algorithm_name = text(early->algorithm);
    spec->n_algorithm_settings = early->n_settings;
    spec->algorithm_settings =
        MU_ARRAY(arena, early->n_settings, Api__V1__Beta1__EarlyStoppingSetting *);
    for (size_t i = 0; i < early->n_settings; i++) {
        Api__V1__Beta1__EarlyStoppingSetting *setting =
            MU_NEW(arena, Api__V1__Beta1__EarlyStoppingSetting);
        api__v1__beta1__early_stopping_setting__init(setting);
        setting->name = text(early->settings[i].name);
        setting->value = text(early->settings[i].value);
        spec->algorithm_settings[i] = setting;
    }
    return spec;
}

static Api__V1__Beta1__Operation *operation(
    const struct mu_operation *from, struct mu_arena *arena) {
    Api__V1__Beta1__Operation *message = MU_NEW(arena, Api__V1__Beta1__Operation);
    Api__V1__Beta1__Operation__ParameterSpecs *specs =
        MU_NEW(arena, Api__V1__Beta1__Operation__ParameterSpecs);
    api__v1__beta1__operation__init(message);
    api__v1__beta1__operation__parameter_specs__init(specs);
    message->operation_type = text(from->type);
    message->parameter_specs = specs;
    specs->n_parameters = from->n_parameters;
    specs->parameters = parameters(from->parameters, from->n_parameters, arena);
    return message;
}

static int32_t *sizes(const int32_t *from, size_t n, struct mu_arena *arena) {
    int32_t *copy = MU_ARRAY(arena, n, int32_t);
    for (size_t i = 0; i < n; i++) {
        copy[i] = from[i];
    }
    return copy;
}

static Api__V1__Beta1__NasConfig *network(const struct mu_network *from, struct mu_arena *arena) {
    if (!from->present) {
        return NULL;
    }
    Api__V1__Beta1__NasConfig *config = MU_NEW(arena, Api__V1__Beta1__NasConfig);
    Api__V1__Beta1__GraphConfig *graph = MU_NEW(arena, Api__V1__Beta1__GraphConfig);
    Api__V1__Beta1__NasConfig__Operations *operations =
        MU_NEW(arena, Api__V1__Beta1__NasConfig__Operations);
    api__v1__beta1__nas_config__init(config);
    api__v1__beta1__graph_config__init(graph);
    api__v1__beta1__nas_config__operations__init(operations);
    config->graph_config = graph;
    config->operations = operations;
    graph->num_layers = from->layers;
    graph->n_input_sizes = from->n_input_sizes;
    graph->input_sizes = sizes(from->input_sizes, from->n_input_sizes, arena);
    graph->n_output_sizes = from->n_output_sizes;
    graph->output_sizes = sizes(from->output_sizes, from->n_output_sizes, arena);
    operations->n_operation = from->n_operations;
    operations->operation = MU_ARRAY(arena, from->n_operations, Api__V1__Beta1__Operation *);
    for (size_t i = 0; i < from->n_operations; i++) {
        operations->operation[i] = operation(&from->operations[i], arena);
    }
    return config;
}

static Api__V1__Beta1__Experiment *experiment(const struct cl_experiment *e,
    const struct mu_pair *settings, size_t n_settings, struct mu_arena *arena) {
    Api__V1__Beta1__Experiment *message = MU_NEW(arena, Api__V1__Beta1__Experiment);
    Api__V1__Beta1__ExperimentSpec *spec = MU_NEW(arena, Api__V1__Beta1__ExperimentSpec);
    Api__V1__Beta1__ExperimentSpec__ParameterSpecs *specs =
        MU_NEW(arena, Api__V1__Beta1__ExperimentSpec__ParameterSpecs);
    api__v1__beta1__experiment__init(message);
    api__v1__beta1__experiment_spec__init(spec);
    api__v1__beta1__experiment_spec__parameter_specs__init(specs);
    message->name = text(e->name);
    message->spec = spec;
    spec->parameter_specs = e->n_parameters ? specs : NULL;
    specs->n_parameters = e->n_parameters;
    specs->parameters = parameters(e->parameters, e->n_parameters, arena);
    spec->objective = objective(e, arena);
    spec->algorithm = algorithm(e, settings, n_settings, arena);
    spec->early_stopping = early_stopping(&e->early, arena);
    spec->parallel_trial_count = e->parallel;
    spec->max_trial_count = e->max_trials > 0 ? e->max_trials : 0;
    spec->nas_config = network(&e->network, arena);
    return message;
}

static Api__V1__Beta1__TrialSpec *trial_spec(
    const struct cl_experiment *e, const struct cl_request_trial *from, struct mu_arena *arena) {
    Api__V1__Beta1__TrialSpec *spec = MU_NEW(arena, Api__V1__Beta1__TrialSpec);
    Api__V1__Beta1__TrialSpec__ParameterAssignments *list =
        MU_NEW(arena, Api__V1__Beta1__TrialSpec__ParameterAssignments);
    api__v1__beta1__trial_spec__init(spec);
    api__v1__beta1__trial_spec__parameter_assignments__init(list);
    spec->objective = objective(e, arena);
    spec->parameter_assignments = list;
    list->n_assignments = from->n_assignments;
    list->assignments = MU_ARRAY(arena, from->n_assignments, Api__V1__Beta1__ParameterAssignment *);
    for (size_t i = 0; i < from->n_assignments; i++) {
        list->assignments[i] = MU_NEW(arena, Api__V1__Beta1__ParameterAssignment);
        api__v1__beta1__parameter_assignment__init(list->assignments[i]);
        list->assignments[i]->name = text(from->assignments[i].name);
        list->assignments[i]->value = text(from->assignments[i].value);
    }
    return spec;
}

static Api__V1__Beta1__TrialStatus *trial_status(
    const struct cl_request_trial *from, struct mu_arena *arena) {
    Api__V1__Beta1__TrialStatus *status = MU_NEW(arena, Api__V1__Beta1__TrialStatus);
    Api__V1__Beta1__Observation *observation = MU_NEW(arena, Api__V1__Beta1__Observation);
    api__v1__beta1__trial_status__init(status);
    api__v1__beta1__observation__init(observation);
    status->start_time = text(from->started);
    status->completion_time = text(from->completed);
    status->condition = (Api__V1__Beta1__TrialStatus__TrialConditionType)from->condition;
    status->observation = observation;
    observation->n_metrics = from->n_metrics;
    observation->metrics = MU_ARRAY(arena, from->n_metrics, Api__V1__Beta1__Metric *);
    for (size_t i = 0; i < from->n_metrics; i++) {
        observation->metrics[i] = MU_NEW(arena, Api__V1__Beta1__Metric);
        api__v1__beta1__metric__init(observation->metrics[i]);
        observation->metrics[i]->name = text(from->metrics[i].name);
        observation->metrics[i]->value = text(from->metrics[i].value);
    }
    return status;
}

static const uint8_t *pack(const ProtobufCMessage *message, struct mu_arena *arena, size_t *size) {
    *size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = MU_ARRAY(arena, *size, uint8_t);
    protobuf_c_message_pack(message, bytes);
    return bytes;
}

const uint8_t *cl_request_validate(
    const struct cl_experiment *e, struct mu_arena *arena, size_t *size) {
    Api__V1__Beta1__ValidateAlgorithmSettingsRequest request =
        API__V1__BETA1__VALIDATE_ALGORITHM_SETTINGS_REQUEST__INIT;
    request.experiment = experiment(e, NULL, 0, arena);
    return pack(&request.base, arena, size);
}

const uint8_t *cl_request_suggestions(const struct cl_experiment *e,
    const struct cl_request_trial *trials, size_t n_trials, size_t wanted, size_t accepted,
    const struct mu_pair *settings, size_t n_settings, struct mu_arena *arena, size_t *size) {
    Api__V1__Beta1__GetSuggestionsRequest request = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    request.experiment = experiment(e, settings, n_settings, arena);
    request.n_trials = n_trials;
    request.trials = MU_ARRAY(arena, n_trials, Api__V1__Beta1__Trial *);
    for (size_t i = 0; i < n_trials; i++) {
        request.trials[i] = MU_NEW(arena, Api__V1__Beta1__Trial);
        api__v1__beta1__trial__init(request.trials[i]);
        request.trials[i]->name = text(trials[i].name);
        request.trials[i]->spec = trial_spec(e, &trials[i], arena);
        request.trials[i]->status = trial_status(&trials[i], arena);
    }
    request.current_request_number = (int32_t)wanted;
    request.total_request_number = (int32_t)(wanted + accepted);
    return pack(&request.base, arena, size);
}

/* ---- replies ---- */

static void *allocate(void *arena, size_t size) {
    return mu_arena_try_alloc(arena, size);
}

static void release(void *arena, void *memory) {
    (void)arena;
    (void)memory;
}

static void read_suggestion(const Api__V1__Beta1__GetSuggestionsReply__ParameterAssignments *from,
    struct mu_arena *arena, struct cl_suggested *to) {
    to->name = from->trial_name;
    to->n_assignments = from->n_assignments;
    to->assignments = MU_ARRAY(arena, from->n_assignments, struct mu_pair);
    for (size_t i = 0; i < from->n_assignments; i++) {
        to->assignments[i] =
            (struct mu_pair){from->assignments[i]->name, from->assignments[i]->value};
    }
}

enum mu_status cl_request_read_reply(const uint8_t *bytes, size_t size, size_t wanted,
    struct mu_arena *arena, struct cl_suggestions *out, struct mu_error *error) {
    ProtobufCAllocator allocator = {allocate, release, arena};
    Api__V1__Beta1__GetSuggestionsReply *reply =
        api__v1__beta1__get_suggestions_reply__unpack(&allocator, size, bytes);
    if (!reply) {
        return mu_fail(
            error, MU_INTERNAL, "the reply of the service cannot be read (%zu bytes)", size);
    }
    if (reply->n_parameter_assignments != wanted) {
        return mu_fail(error, MU_INTERNAL,
            "the service answered with %zu suggestions instead of %zu",
            reply->n_parameter_assignments, wanted);
    }
    out->n = wanted;
    out->items = MU_ARRAY(arena, wanted, struct cl_suggested);
    for (size_t i = 0; i < wanted; i++) {
        read_suggestion(reply->parameter_assignments[i], arena, &out->items[i]);
    }
    out->n_settings = reply->algorithm ? reply->algorithm->n_algorithm_settings : 0;
    out->settings = MU_ARRAY(arena, out->n_settings, struct mu_pair);
    for (size_t i = 0; i < out->n_settings; i++) {
        out->settings[i] = (struct mu_pair){reply->algorithm->algorithm_settings[i]->name,
            reply->algorithm->algorithm_settings[i]->value};
    }
    return MU_OK;
}

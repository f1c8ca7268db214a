#include "common/wire/read.h"

#include <string.h>

#include "common/wire/unpack.h"
#include "common/wire/wire.h"

/* protobuf-c's names are long; these stand for those used here. */
typedef Api__V1__Beta1__GetSuggestionsRequest SuggestionsRequest;
typedef Api__V1__Beta1__ValidateAlgorithmSettingsRequest ValidateRequest;
typedef Api__V1__Beta1__Experiment ExperimentMessage;
typedef Api__V1__Beta1__ExperimentSpec SpecMessage;
typedef Api__V1__Beta1__ObjectiveSpec ObjectiveMessage;
typedef Api__V1__Beta1__ParameterSpec ParameterMessage;
typedef Api__V1__Beta1__Trial TrialMessage;

static void read_parameter(struct mu_parameter_text *out, const ParameterMessage *in) {
    *out = (struct mu_parameter_text){.name = in->name, .type = (int)in->parameter_type};
    if (in->feasible_space) {
        out->distribution = (int)in->feasible_space->distribution;
        out->min = in->feasible_space->min;
        out->max = in->feasible_space->max;
        out->step = in->feasible_space->step;
        out->list = (const char *const *)in->feasible_space->list;
        out->n_list = in->feasible_space->n_list;
    }
}

static struct mu_parameter_text *read_parameters(
    ParameterMessage *const *in, size_t n, struct mu_arena *arena) {
    struct mu_parameter_text *out = MU_ARRAY(arena, n, struct mu_parameter_text);
    for (size_t i = 0; i < n; i++) {
        read_parameter(&out[i], in[i]);
    }
    return out;
}

static void read_operation(
    struct mu_operation *out, const Api__V1__Beta1__Operation *in, struct mu_arena *arena) {
    *out = (struct mu_operation){.type = in->operation_type};
    if (in->parameter_specs) {
        out->parameters = read_parameters(
            in->parameter_specs->parameters, in->parameter_specs->n_parameters, arena);
        out->n_parameters = in->parameter_specs->n_parameters;
    }
}

static void read_network(
    struct mu_network *out, const Api__V1__Beta1__NasConfig *in, struct mu_arena *arena) {
    *out = (struct mu_network){.present = true};
    if (in->graph_config) {
        out->layers = in->graph_config->num_layers;
        out->input_sizes = in->graph_config->input_sizes;
        out->n_input_sizes = in->graph_config->n_input_sizes;
        out->output_sizes = in->graph_config->output_sizes;
        out->n_output_sizes = in->graph_config->n_output_sizes;
    }
    size_t n = in->operations ? in->operations->n_operation : 0;
    struct mu_operation *operations = MU_ARRAY(arena, n, struct mu_operation);
    for (size_t i = 0; i < n; i++) {
        read_operation(&operations[i], in->operations->operation[i], arena);
    }
    out->operations = operations;
    out->n_operations = n;
}

static void read_algorithm(
    struct mu_experiment *out, const Api__V1__Beta1__AlgorithmSpec *in, struct mu_arena *arena) {
    struct mu_pair *settings = MU_ARRAY(arena, in->n_algorithm_settings, struct mu_pair);
    for (size_t i = 0; i < in->n_algorithm_settings; i++) {
        settings[i] =
            (struct mu_pair){in->algorithm_settings[i]->name, in->algorithm_settings[i]->value};
    }
    out->algorithm = in->algorithm_name;
    out->settings = settings;
    out->n_settings = in->n_algorithm_settings;
}

static enum mu_status read_objective(
    struct mu_experiment *out, const ObjectiveMessage *in, struct mu_error *error) {
    int type = (int)in->type;
    if (type < 0 || type > API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "objective.type %d is neither MINIMIZE nor MAXIMIZE", type);
    }
    out->goal = in->goal;
    return MU_OK;
}

static enum mu_status read_spec(struct mu_experiment *out, const SpecMessage *spec,
    struct mu_arena *arena, struct mu_error *error) {
    out->parallel_trials = spec->parallel_trial_count;
    out->max_trials = spec->max_trial_count;
    out->stops_early = spec->early_stopping && *spec->early_stopping->algorithm_name;
    if (spec->algorithm) {
        read_algorithm(out, spec->algorithm, arena);
    }
    if (spec->nas_config) {
        read_network(&out->network, spec->nas_config, arena);
    }
    enum mu_status status = spec->objective ? read_objective(out, spec->objective, error) : MU_OK;
    if (status || !spec->parameter_specs) {
        return status;
    }
    size_t n = spec->parameter_specs->n_parameters;
    return mu_space_init(
        &out->space, read_parameters(spec->parameter_specs->parameters, n, arena), n, arena, error);
}

enum mu_status mu_wire_read_experiment(struct mu_experiment *out, struct mu_wire_metrics *metrics,
    const ExperimentMessage *in, struct mu_arena *arena, struct mu_error *error) {
    mu_wire_metrics_init(metrics, in && in->spec ? in->spec->objective : NULL, arena);
    *out = (struct mu_experiment){.name = in ? in->name : "",
        .metrics = metrics->list,
        .n_metrics = metrics->set.n,
        .algorithm = ""};
    return in && in->spec ? read_spec(out, in->spec, arena, error) : MU_OK;
}

static void read_assignments(struct mu_trial_record *out,
    const Api__V1__Beta1__TrialSpec__ParameterAssignments *in, struct mu_arena *arena) {
    struct mu_pair *pairs = MU_ARRAY(arena, in->n_assignments, struct mu_pair);
    for (size_t i = 0; i < in->n_assignments; i++) {
        pairs[i] = (struct mu_pair){in->assignments[i]->name, in->assignments[i]->value};
    }
    out->assignments = pairs;
    out->n_assignments = in->n_assignments;
}

static void read_labels(
    struct mu_trial_record *out, const Api__V1__Beta1__TrialSpec *in, struct mu_arena *arena) {
    struct mu_pair *pairs = MU_ARRAY(arena, in->n_labels, struct mu_pair);
    for (size_t i = 0; i < in->n_labels; i++) {
        pairs[i] = (struct mu_pair){in->labels[i]->key, in->labels[i]->value};
    }
    out->labels = pairs;
    out->n_labels = in->n_labels;
}

void mu_wire_read_trial(struct mu_trial_record *out, const TrialMessage *in,
    const struct mu_wire_metrics *metrics, struct mu_arena *arena) {
    const char *const *texts = mu_wire_metrics_read(metrics, in, arena);
    *out = (struct mu_trial_record){
        .name = in->name, .completed = "", .metric = texts[0], .additional = texts + 1};
    if (in->status) {
        out->completed = in->status->completion_time;
        out->started = in->status->start_time;
        out->condition = (int)in->status->condition;
    }
    if (in->spec) {
        read_labels(out, in->spec, arena);
    }
    if (in->spec && in->spec->parameter_assignments) {
        read_assignments(out, in->spec->parameter_assignments, arena);
    }
}

/* Clients that send no objective with the experiment leave its direction to the trials, which all
 * have the same. */
static void borrow_direction(
    struct mu_wire_metrics *metrics, TrialMessage *const *trials, size_t n) {
    bool maximize = false;
    for (size_t i = 0; i < n; i++) {
        const ObjectiveMessage *o = trials[i]->spec ? trials[i]->spec->objective : NULL;
        maximize |= o && o->type == API__V1__BETA1__OBJECTIVE_TYPE__MAXIMIZE;
    }
    for (size_t k = 0; k < metrics->set.n; k++) {
        metrics->list[k].maximize = maximize;
    }
}

static bool has_direction(const ExperimentMessage *in) {
    return in && in->spec && in->spec->objective &&
           in->spec->objective->type != API__V1__BETA1__OBJECTIVE_TYPE__UNKNOWN;
}

/* Take the message field |name| out of |message|, one of |type|. */
static struct mu_wire_parts split(struct mu_slice message, const ProtobufCMessageDescriptor *type,
    const char *name, struct mu_arena *arena) {
    struct mu_wire_parts parts;
    mu_wire_split(
        message, protobuf_c_message_descriptor_get_field_by_name(type, name)->id, &parts, arena);
    return parts;
}

/* What reading a trial depends on: the experiment's specification without its algorithm, whose
 * settings some services change with every reply. False when a client sends it in several pieces,
 * to be merged. */
static bool context_of_trials(
    struct mu_slice request, struct mu_slice *context, struct mu_arena *arena) {
    struct mu_wire_parts experiment =
        split(request, &api__v1__beta1__get_suggestions_request__descriptor, "experiment", arena);
    if (experiment.n != 1) {
        return false;
    }
    struct mu_wire_parts spec =
        split(experiment.values[0], &api__v1__beta1__experiment__descriptor, "spec", arena);
    if (spec.n != 1) {
        return false;
    }
    *context =
        split(spec.values[0], &api__v1__beta1__experiment_spec__descriptor, "algorithm", arena)
            .rest;
    return true;
}

/* Unpack and parse the trials that |cache| does not know. Without a direction of its own the
 * experiment's depends on all trials, so then none is looked up. */
static enum mu_status read_trials(struct mu_wire_suggestions *out, struct mu_wire_metrics *metrics,
    const ExperimentMessage *in, const struct mu_wire_parts *parts, struct mu_trial_cache *cache,
    struct mu_arena *arena, struct mu_error *error) {
    struct mu_trial_lookup lookup;
    struct mu_slice context = {0};
    bool directed = has_direction(in),
         known = directed && context_of_trials(parts->rest, &context, arena);
    mu_trial_cache_find(known ? cache : NULL, context, parts->values, parts->n, &lookup, arena);
    TrialMessage **messages = MU_ARRAY(arena, lookup.n_unknown, TrialMessage *);
    for (size_t k = 0; k < lookup.n_unknown; k++) {
        ProtobufCMessage *message;
        enum mu_status status = mu_wire_unpack(&api__v1__beta1__trial__descriptor,
            parts->values[lookup.unknown[k]], arena, &message, error);
        if (status) {
            return status;
        }
        messages[k] = (TrialMessage *)message;
    }
    if (!directed) {
        borrow_direction(metrics, messages, lookup.n_unknown);
    }
    struct mu_trial *trials = MU_ARRAY(arena, lookup.n_unknown, struct mu_trial);
    for (size_t k = 0; k < lookup.n_unknown; k++) {
        struct mu_trial_record record;
        mu_wire_read_trial(&record, messages[k], metrics, arena);
        mu_trial_read(&trials[k], &out->experiment, &record, arena);
        if (!out->others && trials[k].state != MU_PENDING) {
            out->others = mu_wire_metrics_others(metrics, messages[k], arena);
        }
        lookup.trials[lookup.unknown[k]] = &trials[k];
    }
    mu_trial_cache_add(&lookup, parts->values);
    mu_history_of(&out->history, lookup.trials, parts->n, arena);
    return MU_OK;
}

static enum mu_status read_numbers(
    struct mu_wire_suggestions *out, const SuggestionsRequest *in, struct mu_error *error) {
    int wanted = in->current_request_number;
    int total = in->total_request_number;
    if (wanted < 0 || wanted > MU_MOST_WANTED) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "current_request_number %d is outside 0 to %d",
            wanted, MU_MOST_WANTED);
    }
    out->wanted = (size_t)wanted;
    out->counted = total > 0 && total >= wanted;
    out->first = out->counted ? (uint64_t)(total - wanted) : 0;
    return MU_OK;
}

enum mu_status mu_wire_read_suggestions(const uint8_t *bytes, size_t size,
    struct mu_trial_cache *cache, struct mu_arena *arena, struct mu_wire_suggestions *out,
    struct mu_error *error) {
    const ProtobufCMessageDescriptor *type = &api__v1__beta1__get_suggestions_request__descriptor;
    struct mu_wire_parts parts = split((struct mu_slice){bytes, size}, type, "trials", arena);
    ProtobufCMessage *message;
    struct mu_wire_metrics metrics;
    enum mu_status status = mu_wire_unpack(type, parts.rest, arena, &message, error);
    if (status) {
        return status;
    }
    const SuggestionsRequest *in = (const SuggestionsRequest *)message;
    out->n_trials = parts.n;
    status = read_numbers(out, in, error);
    if (!status) {
        status = mu_wire_read_experiment(&out->experiment, &metrics, in->experiment, arena, error);
    }
    if (!status) {
        status = read_trials(out, &metrics, in->experiment, &parts, cache, arena, error);
    }
    if (!status && !out->counted) {
        out->first = mu_history_digest(&out->history);
    }
    return status;
}

enum mu_status mu_wire_read_validate(const uint8_t *bytes, size_t size, struct mu_arena *arena,
    struct mu_experiment *experiment, struct mu_error *error) {
    ProtobufCMessage *message;
    struct mu_wire_metrics metrics;
    enum mu_status status =
        mu_wire_unpack(&api__v1__beta1__validate_algorithm_settings_request__descriptor,
            (struct mu_slice){bytes, size}, arena, &message, error);
    return status ? status
                  : mu_wire_read_experiment(experiment, &metrics,
                        ((const ValidateRequest *)message)->experiment, arena, error);
}

struct mu_note mu_wire_note(const struct mu_wire_suggestions *in) {
    const struct mu_history *history = &in->history;
    size_t counts[] = {[MU_PENDING] = 0, [MU_DONE] = 0, [MU_FAILED] = 0};
    for (size_t i = 0; i < history->n; i++) {
        counts[history->trials[i].state]++;
    }
    return (struct mu_note){.experiment = in->experiment.name,
        .algorithm = in->experiment.algorithm,
        .trials = in->n_trials,
        .asked = in->wanted,
        .observed = counts[MU_DONE],
        .failed = counts[MU_FAILED],
        .running = counts[MU_PENDING],
        .dropped = history->n_infeasible + history->foreign};
}

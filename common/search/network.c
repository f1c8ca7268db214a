#include "common/search/network.h"

#include <string.h>

static bool present(const char *text) {
    return text && *text;
}

bool mu_text_travels(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || strchr("\"'\\$`", *c)) {
            return false;
        }
    }
    return true;
}

static enum mu_status missing(struct mu_error *error, const char *what,
    const struct mu_operation *o, const struct mu_parameter_text *p) {
    return mu_fail(error, MU_INVALID_ARGUMENT, "%s:\noperation_type: \"%s\"%s%s%s", what,
        o->type ? o->type : "", p ? "\nparameter_specs { parameters { name: \"" : "",
        p && p->name ? p->name : "", p ? "\" } }" : "");
}

static enum mu_status check_list(
    const struct mu_operation *o, const struct mu_parameter_text *p, struct mu_error *error) {
    if (p->n_list == 0) {
        return missing(error, "Missing List in ParameterConfig.feasibleSpace", o, p);
    }
    for (size_t i = 0; i < p->n_list; i++) {
        double number;
        if (p->type == MU_DISCRETE && !mu_read_double(p->list[i], &number)) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "operation %s, parameter %s: list entry \"%.200s\" is not a finite number, which "
                "type discrete needs",
                o->type, p->name, p->list[i]);
        }
        if (!mu_text_travels(p->list[i])) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "operation %s, parameter %s: the value %.200s must not hold quotes, \\, $, ` or "
                "control characters",
                o->type, p->name, p->list[i]);
        }
    }
    return MU_OK;
}

static enum mu_status check_range(
    const struct mu_operation *o, const struct mu_parameter_text *p, struct mu_error *error) {
    double step;
    if (!present(p->min) && !present(p->max)) {
        return missing(error, "Missing Max and Min in ParameterConfig.feasibleSpace", o, p);
    }
    if (p->type == MU_DOUBLE &&
        (!present(p->step) || !mu_read_double(p->step, &step) || step <= 0)) {
        return missing(
            error, "Step parameter should be > 0 in ParameterConfig.feasibleSpace", o, p);
    }
    return MU_OK;
}

static enum mu_status check_parameter(
    const struct mu_operation *o, const struct mu_parameter_text *p, struct mu_error *error) {
    if (!present(p->name)) {
        return missing(error, "Missing Name in ParameterConfig", o, p);
    }
    if (!mu_text_travels(p->name)) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "operation %s: the parameter name %.200s must not hold quotes, \\, $, ` or control "
            "characters",
            o->type, p->name);
    }
    switch (p->type) {
    case MU_CATEGORICAL:
    case MU_DISCRETE:
        return check_list(o, p, error);
    case MU_INT:
    case MU_DOUBLE:
        return check_range(o, p, error);
    default:
        return missing(error, "Missing ParameterType in ParameterConfig", o, p);
    }
}

static enum mu_status check_operation(
    const struct mu_operation *o, const char *bare, struct mu_error *error) {
    if (!present(o->type)) {
        return missing(error, "Missing operationType in Operation", o, NULL);
    }
    if (!mu_text_travels(o->type)) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "the operationType %.200s must not hold quotes, \\, $, ` or control characters",
            o->type);
    }
    if (o->n_parameters == 0 && !(bare && strcmp(o->type, bare) == 0)) {
        return missing(error, "Missing ParameterConfigs in Operation", o, NULL);
    }
    for (size_t i = 0; i < o->n_parameters; i++) {
        enum mu_status status = check_parameter(o, &o->parameters[i], error);
        for (size_t j = 0; j < i && !status; j++) {
            if (strcmp(o->parameters[j].name, o->parameters[i].name) == 0) {
                status = mu_fail(error, MU_INVALID_ARGUMENT,
                    "operation %s has two parameters called %s", o->type, o->parameters[i].name);
            }
        }
        if (status) {
            return status;
        }
    }
    return MU_OK;
}

enum mu_status mu_network_check(
    const struct mu_network *network, const char *bare, struct mu_error *error) {
    enum mu_status status = MU_OK;
    for (size_t i = 0; i < network->n_operations && !status; i++) {
        status = check_operation(&network->operations[i], bare, error);
    }
    return status;
}

static enum mu_status expand_range(struct mu_values *values, const struct mu_operation *o,
    const struct mu_parameter_text *text, size_t most, struct mu_arena *arena,
    struct mu_error *error) {
    struct mu_parameter *p = MU_NEW(arena, struct mu_parameter);
    struct mu_parameter_text plain = *text;
    plain.distribution = MU_UNIFORM; /* every value counts alike, and a logarithm would refuse
                                        bounds that are fine here */
    enum mu_status status = mu_parameter_init(p, &plain, arena, error);
    if (status) {
        return status;
    }
    if (p->levels == 0 || p->levels > most) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "operation %s, parameter %s has more than %zu values", o->type, text->name, most);
    }
    const char **texts = MU_ARRAY(arena, p->levels, const char *);
    for (size_t i = 0; i < p->levels; i++) {
        texts[i] = mu_parameter_print(p, (double)i, arena);
    }
    *values = (struct mu_values){texts, p->levels, true};
    return MU_OK;
}

static bool holds(const struct mu_values *values, const char *text) {
    for (size_t i = 0; i < values->n; i++) {
        if (strcmp(values->texts[i], text) == 0) {
            return true;
        }
    }
    return false;
}

enum mu_status mu_network_values(struct mu_values *values, const struct mu_operation *operation,
    const struct mu_parameter_text *parameter, size_t most, struct mu_arena *arena,
    struct mu_error *error) {
    if (parameter->type == MU_INT || parameter->type == MU_DOUBLE) {
        return expand_range(values, operation, parameter, most, arena, error);
    }
    if (parameter->n_list > most) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "operation %s, parameter %s has more than %zu values", operation->type, parameter->name,
            most);
    }
    const char **texts = MU_ARRAY(arena, parameter->n_list, const char *);
    *values = (struct mu_values){texts, 0, false};
    for (size_t i = 0; i < parameter->n_list; i++) {
        if (!holds(values, parameter->list[i])) {
            texts[values->n++] = parameter->list[i];
        }
    }
    return MU_OK;
}

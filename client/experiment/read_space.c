#include "client/experiment/read_space.h"

#include <string.h>

#include "client/experiment/fields.h"

static const struct cl_field parameter_fields[] = {{"name", CL_NODE_TEXT, true},
    {"parameterType", CL_NODE_TEXT, true}, {"feasibleSpace", CL_NODE_MAP, true}, {NULL, 0, false}};
static const struct cl_field space_fields[] = {{"min", CL_NODE_TEXT, false},
    {"max", CL_NODE_TEXT, false}, {"step", CL_NODE_TEXT, false}, {"list", CL_NODE_LIST, false},
    {"distribution", CL_NODE_TEXT, false}, {NULL, 0, false}};
static const struct cl_field network_fields[] = {
    {"graphConfig", CL_NODE_MAP, true}, {"operations", CL_NODE_LIST, true}, {NULL, 0, false}};
static const struct cl_field graph_fields[] = {{"numLayers", CL_NODE_NUMBER, false},
    {"inputSizes", CL_NODE_LIST, false}, {"outputSizes", CL_NODE_LIST, false}, {NULL, 0, false}};
static const struct cl_field operation_fields[] = {
    {"operationType", CL_NODE_TEXT, true}, {"parameters", CL_NODE_LIST, false}, {NULL, 0, false}};

static const char *const type_names[] = {"double", "int", "discrete", "categorical"};
static const char *const distribution_names[] = {"uniform", "logUniform", "normal", "logNormal"};

/* The position of the text under |key| among |names|, from 1; 0 when absent or wrong (a problem).
 */
static int choice(const struct cl_checker *c, const struct cl_node *map, const char *path,
    const char *key, const char *const *names, size_t n) {
    const char *text = cl_node_text(map, key, NULL);
    if (!text) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(text, names[i])) {
            return (int)i + 1;
        }
    }
    const char *near = cl_schema_nearest(text, names, n);
    const char *accepted = "";
    for (size_t i = 0; i < n; i++) {
        accepted = mu_arena_format(c->arena, "%s%s%s", accepted, i ? ", " : "", names[i]);
    }
    cl_problem_add(c->problems, c->arena, cl_node_get(map, key),
        "%s.%s: \"%s\" is unknown%s%s%s; accepted are %s", path, key, text,
        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "", accepted);
    return 0;
}

/* The parameter's own check, the one that services use, gets its line here. */
static void check_parameter(
    const struct cl_checker *c, const struct cl_node *node, const struct mu_parameter_text *text) {
    struct mu_parameter parameter;
    struct mu_error error;
    if (mu_parameter_init(&parameter, text, c->arena, &error) != MU_OK) {
        cl_problem_add(c->problems, c->arena, node, "%s", error.text);
    }
}

static void read_parameter(const struct cl_checker *c, const struct cl_node *node, const char *path,
    struct mu_parameter_text *out, bool check) {
    size_t before = c->problems->errors;
    if (!cl_schema_check(c, node, path, parameter_fields)) {
        return;
    }
    const struct cl_node *space = cl_node_get(node, "feasibleSpace");
    const char *space_path = mu_arena_format(c->arena, "%s.feasibleSpace", path);
    if (space && !cl_schema_check(c, space, space_path, space_fields)) {
        return;
    }
    out->name = cl_node_text(node, "name", "");
    out->type = choice(c, node, path, "parameterType", type_names, 4);
    out->distribution = choice(c, space, space_path, "distribution", distribution_names, 4);
    out->min = cl_node_text(space, "min", "");
    out->max = cl_node_text(space, "max", "");
    out->step = cl_node_text(space, "step", "");
    out->list = cl_fields_texts(c, cl_node_get(space, "list"),
        mu_arena_format(c->arena, "%s.list", space_path), &out->n_list);
    if (check && c->problems->errors == before) {
        check_parameter(c, node, out);
    }
    out->distribution =
        out->distribution ? out->distribution : MU_UNIFORM; /* as Katib's defaulting does */
}

static struct mu_parameter_text *read_list(const struct cl_checker *c, const struct cl_node *list,
    const char *path, bool check, size_t *n) {
    *n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    struct mu_parameter_text *texts = MU_ARRAY(c->arena, *n, struct mu_parameter_text);
    for (size_t i = 0; i < *n; i++) {
        texts[i].name = texts[i].min = texts[i].max = texts[i].step = "";
        read_parameter(
            c, list->items[i], mu_arena_format(c->arena, "%s[%zu]", path, i), &texts[i], check);
        for (size_t j = 0; j < i; j++) {
            if (*texts[i].name && !strcmp(texts[i].name, texts[j].name)) {
                cl_problem_add(c->problems, c->arena, list->items[i],
                    "parameter %s is there twice; first on line %d", texts[i].name,
                    list->items[j]->line);
            }
        }
    }
    return texts;
}

void cl_read_parameters(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *list = cl_node_get(spec, "parameters");
    const struct cl_node *network = cl_node_get(spec, "nasConfig");
    e->parameters = read_list(c, list, "spec.parameters", true, &e->n_parameters);
    if (e->n_parameters == 0 && !network) {
        cl_problem_add(c->problems, c->arena, spec,
            "spec needs parameters, or a nasConfig for an architecture search");
    } else if (e->n_parameters > 0 && network) {
        cl_problem_add(
            c->problems, c->arena, network, "spec cannot have both parameters and a nasConfig");
    }
}

static const int32_t *read_sizes(
    const struct cl_checker *c, const struct cl_node *list, const char *path, size_t *n) {
    *n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    int32_t *sizes = MU_ARRAY(c->arena, *n, int32_t);
    for (size_t i = 0; i < *n; i++) {
        double number = 0;
        const struct cl_node *item = list->items[i];
        if (item->kind != CL_NODE_NUMBER || !mu_read_double(item->text, &number) || number < 1 ||
            number > INT32_MAX || number != (double)(int32_t)number) {
            cl_problem_add(
                c->problems, c->arena, item, "%s[%zu] must be a whole number from 1 on", path, i);
            number = 1;
        }
        sizes[i] = (int32_t)number;
    }
    return sizes;
}

static void read_operation(const struct cl_checker *c, const struct cl_node *node, const char *path,
    struct mu_operation *operation) {
    operation->type = cl_node_text(node, "operationType", "");
    if (cl_schema_check(c, node, path, operation_fields)) {
        operation->parameters = read_list(c, cl_node_get(node, "parameters"),
            mu_arena_format(c->arena, "%s.parameters", path), false, &operation->n_parameters);
    }
}

void cl_read_network(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *node = cl_node_get(spec, "nasConfig");
    const struct cl_node *graph = cl_node_get(node, "graphConfig");
    const struct cl_node *list = cl_node_get(node, "operations");
    if (!node || !cl_schema_check(c, node, "spec.nasConfig", network_fields)) {
        return;
    }
    struct mu_network *network = &e->network;
    network->present = true;
    if (graph && cl_schema_check(c, graph, "spec.nasConfig.graphConfig", graph_fields)) {
        network->layers =
            cl_fields_count(c, graph, "spec.nasConfig.graphConfig", "numLayers", 1, 0);
        network->input_sizes = read_sizes(c, cl_node_get(graph, "inputSizes"),
            "spec.nasConfig.graphConfig.inputSizes", &network->n_input_sizes);
        network->output_sizes = read_sizes(c, cl_node_get(graph, "outputSizes"),
            "spec.nasConfig.graphConfig.outputSizes", &network->n_output_sizes);
    }
    network->n_operations = list && list->kind == CL_NODE_LIST ? list->n : 0;
    struct mu_operation *operations =
        MU_ARRAY(c->arena, network->n_operations, struct mu_operation);
    for (size_t i = 0; i < network->n_operations; i++) {
        read_operation(c, list->items[i],
            mu_arena_format(c->arena, "spec.nasConfig.operations[%zu]", i), &operations[i]);
    }
    network->operations = operations;
}

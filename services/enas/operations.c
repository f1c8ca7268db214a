#include "services/enas/operations.h"

static enum mu_status expand_family(
    struct mu_enas_family *family, size_t first, struct mu_arena *arena, struct mu_error *error) {
    const struct mu_operation *o = family->operation;
    struct mu_values *values = MU_ARRAY(arena, o->n_parameters, struct mu_values);
    family->values = values;
    family->first = first;
    family->n = 1;
    for (size_t i = 0; i < o->n_parameters; i++) {
        enum mu_status status = mu_network_values(
            &values[i], o, &o->parameters[i], MU_ENAS_MOST_OPERATIONS, arena, error);
        if (status) {
            return status;
        }
        family->n *= values[i].n;
        if (family->n + first > MU_ENAS_MOST_OPERATIONS) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "the operations have more than %d combinations of parameter values (counted up to "
                "%s of operation %s); use fewer "
                "values",
                MU_ENAS_MOST_OPERATIONS, o->parameters[i].name, o->type);
        }
    }
    return MU_OK;
}

/* Family and digits of every entry, the last parameter varying fastest. */
static void number_entries(struct mu_enas_table *table, struct mu_arena *arena) {
    for (size_t i = 0; i < table->n_families; i++) {
        size_t n = table->families[i].operation->n_parameters;
        table->width = n > table->width ? n : table->width;
    }
    uint16_t *family = MU_ARRAY(arena, table->n, uint16_t);
    uint16_t *digits = MU_MATRIX(arena, table->n, table->width, uint16_t);
    for (size_t id = 0, i = 0; id < table->n; id++) {
        i += id == table->families[i].first + table->families[i].n;
        const struct mu_enas_family *f = &table->families[i];
        size_t rest = id - f->first;
        family[id] = (uint16_t)i;
        for (size_t p = f->operation->n_parameters; p-- > 0; rest /= f->values[p].n) {
            digits[id * table->width + p] = (uint16_t)(rest % f->values[p].n);
        }
    }
    table->family = family;
    table->digits = digits;
}

enum mu_status mu_enas_table_init(struct mu_enas_table *table, const struct mu_network *network,
    struct mu_arena *arena, struct mu_error *error) {
    struct mu_enas_family *families = MU_ARRAY(arena, network->n_operations, struct mu_enas_family);
    *table = (struct mu_enas_table){.families = families, .n_families = network->n_operations};
    enum mu_status status = mu_network_check(network, NULL, error);
    for (size_t i = 0; i < network->n_operations && !status; i++) {
        families[i].operation = &network->operations[i];
        status = expand_family(&families[i], table->n, arena, error);
        table->n += families[i].n;
    }
    if (status) {
        return status;
    }
    if (table->n == 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "Missing Operations in NasConfig: there is nothing to choose from");
    }
    number_entries(table, arena);
    return MU_OK;
}

size_t mu_enas_table_digit(const struct mu_enas_table *table, size_t id, size_t parameter) {
    return table->digits[id * table->width + parameter];
}

double mu_enas_table_distance(const struct mu_enas_table *table, size_t a, size_t b) {
    if (a == b) {
        return 0;
    }
    if (table->family[a] != table->family[b]) {
        return 1;
    }
    size_t n = table->families[table->family[a]].operation->n_parameters;
    size_t differ = 0;
    for (size_t i = 0; i < n; i++) {
        differ += mu_enas_table_digit(table, a, i) != mu_enas_table_digit(table, b, i);
    }
    return (double)differ / (double)n;
}

/* Architectures as texts: the two assignments of a trial, in Python's json.dumps with apostrophes.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/writer.h"
#include "services/enas/architecture.h"

/* ---- reading ---- */

static const char *blanks(const char *c) {
    return c + strspn(c, " \t\r\n");
}

/* The byte |expected| after blanks; NULL when something else stands there. */
static const char *expect(const char *c, char expected) {
    if (!c) {
        return NULL;
    }
    c = blanks(c);
    return *c == expected ? c + 1 : NULL;
}

/* A number below |limit| after blanks. */
static const char *number(const char *c, unsigned long limit, unsigned long *value) {
    if (!c) {
        return NULL;
    }
    c = blanks(c);
    size_t digits = strspn(c, "0123456789");
    if (digits == 0 || digits > 6) {
        return NULL;
    }
    *value = strtoul(c, NULL, 10);
    return *value < limit ? c + digits : NULL;
}

static const char *parse_layer(
    const struct mu_enas_space *space, const char *c, struct mu_enas_arch *arch, size_t l) {
    unsigned long value;
    c = number(expect(c, '['), space->table.n, &value);
    if (c) {
        arch->ops[l] = (uint16_t)value;
    }
    for (size_t j = 0; j < l && c; j++) {
        c = number(expect(c, ','), 2, &value);
        if (c) {
            mu_enas_set_skip(arch, l, j, value == 1);
        }
    }
    return expect(c, ']');
}

bool mu_enas_parse(const struct mu_enas_space *space, const char *text, struct mu_enas_arch *arch) {
    const char *c = expect(text, '[');
    for (size_t l = 0; l < space->layers && c; l++) {
        c = l ? expect(c, ',') : c;
        c = parse_layer(space, c, arch, l);
    }
    c = expect(c, ']');
    return c && *blanks(c) == '\0';
}

/* ---- writing ---- */

static void write_sizes(struct mu_writer *w, const char *name, const int32_t *sizes, size_t n) {
    mu_write(w, "'%s': [", name);
    for (size_t i = 0; i < n; i++) {
        mu_write(w, i ? ", %d" : "%d", sizes[i]);
    }
    mu_write(w, "], ");
}

static void write_operation(
    struct mu_writer *w, const struct mu_enas_table *table, size_t id, const char *before) {
    const struct mu_enas_family *f = &table->families[table->family[id]];
    mu_write(w, "%s'%zu': {'opt_id': %zu, 'opt_type': '%s', 'opt_params': {", before, id, id,
        f->operation->type);
    for (size_t i = 0; i < f->operation->n_parameters; i++) {
        const char *quote = f->values[i].numbers ? "" : "'";
        mu_write(w, "%s'%s': %s%s%s", i ? ", " : "", f->operation->parameters[i].name, quote,
            f->values[i].texts[mu_enas_table_digit(table, id, i)], quote);
    }
    mu_write(w, "}}");
}

static bool used_before(const struct mu_enas_arch *arch, size_t layer) {
    for (size_t l = 0; l < layer; l++) {
        if (arch->ops[l] == arch->ops[layer]) {
            return true;
        }
    }
    return false;
}

const char *mu_enas_print_arch(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena) {
    struct mu_writer w = {.arena = arena};
    for (size_t l = 0; l < space->layers; l++) {
        mu_write(&w, l ? ", [%d" : "[[%d", arch->ops[l]);
        for (size_t j = 0; j < l; j++) {
            mu_write(&w, ", %d", mu_enas_skip(arch, l, j));
        }
        mu_write(&w, "]");
    }
    mu_write(&w, "]");
    return w.text;
}

const char *mu_enas_print_config(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena) {
    const struct mu_network *network = space->network;
    struct mu_writer w = {.arena = arena};
    mu_write(&w, "{'num_layers': %d, ", network->layers);
    write_sizes(&w, "input_sizes", network->input_sizes, network->n_input_sizes);
    write_sizes(&w, "output_sizes", network->output_sizes, network->n_output_sizes);
    mu_write(&w, "'embedding': {");
    for (size_t l = 0; l < space->layers; l++) {
        if (!used_before(arch, l)) {
            write_operation(&w, &space->table, arch->ops[l], l ? ", " : "");
        }
    }
    mu_write(&w, "}}");
    return w.text;
}

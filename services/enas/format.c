/* Architectures as texts: the two assignments of a trial, in Python's json.dumps with apostrophes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A text under construction; while |text| is NULL it is only measured. */
struct writer {
    char *text;
    size_t n;
};

static void put(struct writer *w, const char *text) {
    size_t n = strlen(text);
    if (w->text) {
        memcpy(w->text + w->n, text, n);
    }
    w->n += n;
}

static void put_number(struct writer *w, long value) {
    char text[24];
    snprintf(text, sizeof text, "%ld", value);
    put(w, text);
}

static void put_quoted(struct writer *w, const char *text) {
    put(w, "'");
    put(w, text);
    put(w, "'");
}

static void put_sizes(struct writer *w, const char *name, const int32_t *sizes, size_t n) {
    put(w, name);
    put(w, ": [");
    for (size_t i = 0; i < n; i++) {
        put(w, i ? ", " : "");
        put_number(w, sizes[i]);
    }
    put(w, "], ");
}

static void put_arch(
    struct writer *w, const struct mu_enas_space *space, const struct mu_enas_arch *arch) {
    put(w, "[");
    for (size_t l = 0; l < space->layers; l++) {
        put(w, l ? ", [" : "[");
        put_number(w, arch->ops[l]);
        for (size_t j = 0; j < l; j++) {
            put(w, mu_enas_skip(arch, l, j) ? ", 1" : ", 0");
        }
        put(w, "]");
    }
    put(w, "]");
}

static void put_operation(struct writer *w, const struct mu_enas_table *table, size_t id) {
    const struct mu_enas_family *f = &table->families[table->family[id]];
    put(w, "'");
    put_number(w, (long)id);
    put(w, "': {'opt_id': ");
    put_number(w, (long)id);
    put(w, ", 'opt_type': ");
    put_quoted(w, f->operation->type);
    put(w, ", 'opt_params': {");
    for (size_t i = 0; i < f->operation->n_parameters; i++) {
        const char *value = f->values[i].texts[mu_enas_table_digit(table, id, i)];
        put(w, i ? ", " : "");
        put_quoted(w, f->operation->parameters[i].name);
        put(w, ": ");
        if (f->values[i].numbers) {
            put(w, value);
        } else {
            put_quoted(w, value);
        }
    }
    put(w, "}}");
}

static bool used_before(const struct mu_enas_arch *arch, size_t layer) {
    for (size_t l = 0; l < layer; l++) {
        if (arch->ops[l] == arch->ops[layer]) {
            return true;
        }
    }
    return false;
}

static void put_config(
    struct writer *w, const struct mu_enas_space *space, const struct mu_enas_arch *arch) {
    const struct mu_network *network = space->network;
    put(w, "{'num_layers': ");
    put_number(w, network->layers);
    put(w, ", ");
    put_sizes(w, "'input_sizes'", network->input_sizes, network->n_input_sizes);
    put_sizes(w, "'output_sizes'", network->output_sizes, network->n_output_sizes);
    put(w, "'embedding': {");
    for (size_t l = 0; l < space->layers; l++) {
        if (!used_before(arch, l)) {
            put(w, l ? ", " : "");
            put_operation(w, &space->table, arch->ops[l]);
        }
    }
    put(w, "}}");
}

static const char *write_twice(
    void (*write)(struct writer *, const struct mu_enas_space *, const struct mu_enas_arch *),
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena) {
    struct writer w = {0};
    write(&w, space, arch);
    w = (struct writer){.text = mu_arena_alloc(arena, w.n + 1)};
    write(&w, space, arch);
    return w.text;
}

const char *mu_enas_print_arch(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena) {
    return write_twice(put_arch, space, arch, arena);
}

const char *mu_enas_print_config(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena) {
    return write_twice(put_config, space, arch, arena);
}

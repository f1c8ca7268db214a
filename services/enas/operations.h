/* The operation table: every operation of the experiment with every combination of its parameters'
 * values, numbered from 0. */
#ifndef MUSHIR_ENAS_OPERATIONS_H
#define MUSHIR_ENAS_OPERATIONS_H

#include "common/search/network.h"

enum {
    MU_ENAS_MOST_OPERATIONS = 4096, /* entries of the table */
    MU_ENAS_MOST_LAYERS = 128,
};

/* One operation of the experiment and the part of the table it fills. */
struct mu_enas_family {
    const struct mu_operation *operation;
    const struct mu_values *values; /* of each of its parameters */
    size_t first, n; /* its entries are first .. first+n-1; the last parameter varies fastest */
};

struct mu_enas_table {
    const struct mu_enas_family *families;
    size_t n_families, n;   /* n: entries in all */
    const uint16_t *family; /* n: of each entry */
    const uint16_t *digits; /* n x width: index of the value of each parameter, see
                               mu_enas_table_digit */
    size_t width;           /* most parameters of a family */
};

/* Expand the operations of |network|. MU_INVALID_ARGUMENT as mu_network_check and
 * mu_network_values, when no entry comes out, or more than MU_ENAS_MOST_OPERATIONS. */
MU_MUST_USE enum mu_status mu_enas_table_init(struct mu_enas_table *table,
    const struct mu_network *network, struct mu_arena *arena, struct mu_error *error);

/* Index of the value that parameter |parameter| has in entry |id|. */
size_t mu_enas_table_digit(const struct mu_enas_table *table, size_t id, size_t parameter);

/* How different two entries are, in [0, 1]: 1 for different operations, else the share of
 * parameters that differ. */
double mu_enas_table_distance(const struct mu_enas_table *table, size_t a, size_t b);

#endif

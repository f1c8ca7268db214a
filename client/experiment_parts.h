/* The parts of reading an experiment. Private to experiment*.c; mistakes go to the checker's
 * problems, and reading goes on. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_PARTS_H
#define MUSHIR_CLIENT_EXPERIMENT_PARTS_H

#include "client/experiment.h"
#include "client/schema.h"

/* The whole number under |name|, at least |least|; |fallback| when absent or wrong. */
int read_count(const struct checker *c, const struct node *map, const char *path, const char *name,
    int least, int fallback);

/* A list of {name, value}. */
struct mu_pair *read_settings(
    const struct checker *c, const struct node *list, const char *path, size_t *n);

/* The texts of |list|; those of another kind are problems. */
const char *const *read_texts(
    const struct checker *c, const struct node *list, const char *path, size_t *n);

void read_objective(const struct checker *c, const struct node *spec, struct experiment *e);
void read_parameters(const struct checker *c, const struct node *spec, struct experiment *e);
void read_network(const struct checker *c, const struct node *spec, struct experiment *e);
void read_collector(
    const struct checker *c, const struct node *spec, struct collector_spec *collector);
void read_template(const struct checker *c, const struct node *spec, struct experiment *e);

#endif

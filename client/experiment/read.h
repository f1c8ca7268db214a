/* A Katib Experiment read from YAML, checked strictly: every mistake is found and named with its
 * line before anything runs. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_READ_H
#define MUSHIR_CLIENT_EXPERIMENT_READ_H

#include "client/experiment/experiment.h"

/* Read the Experiment in |bytes|, the one called |name| when there are several (NULL: there must be
 * just one). All from |arena|. NULL with problems when anything is wrong; warnings alone do not
 * fail. */
struct cl_experiment *cl_experiment_read(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct cl_problems *problems);

/* The same, but what could be read of an experiment with mistakes comes too (NULL only when no
 * document is one): problems->errors tells. */
struct cl_experiment *cl_experiment_read_all(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct cl_problems *problems);

#endif

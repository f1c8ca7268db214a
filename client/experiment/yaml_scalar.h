/* What a YAML scalar is to Kubernetes: the rules of sigs.k8s.io/yaml, which kubectl reads with
 * (YAML 1.1 truth values and numbers, explicit tags). */
#ifndef MUSHIR_CLIENT_EXPERIMENT_YAML_SCALAR_H
#define MUSHIR_CLIENT_EXPERIMENT_YAML_SCALAR_H

#include "client/experiment/document.h"

/* Set |node|'s kind and value from its text. |tag| is the explicit tag or NULL; |plain| tells that
 * the scalar stands without quotes. False when the tag does not allow the text ("!!int abc"). */
bool cl_yaml_resolve(struct cl_node *node, const char *tag, bool plain, struct mu_arena *arena);

#endif

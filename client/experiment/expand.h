/* Kubernetes' expansion of $(NAME) and $$ in a container's words, done by the kubelet before the
 * container starts. Matches k8s.io/kubernetes/third_party/forked/golang/expansion. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_EXPAND_H
#define MUSHIR_CLIENT_EXPERIMENT_EXPAND_H

#include <stdbool.h>

#include "common/base/arena.h"

/* The variables that may be named: |n| texts "NAME=value"; of equal names the latest counts. */
struct cl_environment {
    const char *const *pairs;
    size_t n;
};

/* |text| with $(NAME) replaced by the variable's value and $$ by $. The name of an unknown variable
 * stays as it is written, as does a $ before anything else. Arena-owned. */
const char *cl_expand(
    const char *text, const struct cl_environment *environment, struct mu_arena *arena);

/* The same for a text that a shell reads next, which would take what stayed, $(NAME), for a command
 * and run it. Where NAME looks like a variable (capitals, digits, '_'), the text begins with a
 * shell function of that name, which prints "$(NAME)"; with |words| any other is quoted. Other
 * $(...) are the author's own commands. */
const char *cl_expand_for_shell(
    const char *text, bool words, const struct cl_environment *environment, struct mu_arena *arena);

/* The first $(NAME) of |text| that cl_expand_for_shell keeps from the shell, as "NAME" of |arena|;
 * NULL when there is none. */
const char *cl_expand_unknown(
    const char *text, bool words, const struct cl_environment *environment, struct mu_arena *arena);

#endif

/* From a trial template and a suggestion to the command of a local process, as Katib makes its
 * jobs. */
#ifndef MUSHIR_CLIENT_TEMPLATE_H
#define MUSHIR_CLIENT_TEMPLATE_H

#include "client/experiment.h"

/* Whether a trialParameter's reference is about the trial itself: ${trialSpec.Name} and its like.
 */
bool template_is_meta(const char *reference);

/* Whether Katib knows this reference; |why| tells when not. */
bool template_meta_valid(const char *reference, char *why, size_t size);

/* Check placeholders against trialParameters, both ways, and that a container can be found. */
void template_check(
    const struct trial_template *t, struct mu_arena *arena, struct problems *problems);

/* What a trial gives for substitution. */
struct trial_identity {
    const char *name, *space_name;
    const struct mu_pair *assignments;
    size_t n_assignments;
};

/* |text| with every ${trialParameters.NAME} replaced. Without a template the experiment's own
 * parameter names can be used. MU_INVALID_ARGUMENT when an assignment that the template needs is
 * missing. */
MU_MUST_USE enum mu_status template_fill(const struct trial_template *t, const char *text,
    const struct trial_identity *trial, struct mu_arena *arena, const char **filled,
    struct mu_error *error);

/* The command of a trial: argv ended by NULL, and its container's environment as "NAME=value". */
struct trial_command {
    const char **argv;
    const char **environment;
    size_t n_environment;
};

/* The primary container's command and arguments, filled in. When the experiment's collector reads
 * the log or a file they are joined and given to a shell, as Katib's collectors do.
 * MU_INVALID_ARGUMENT names what is missing. */
MU_MUST_USE enum mu_status template_command(const struct experiment *e,
    const struct trial_identity *trial, struct mu_arena *arena, struct trial_command *command,
    struct mu_error *error);

/* The primary container of the template's job, or NULL with |why|. */
const struct node *template_container(const struct trial_template *t, char *why, size_t size);

#endif

/* A trial template: its placeholders filled in as Katib does, and its primary container found. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_TEMPLATE_H
#define MUSHIR_CLIENT_EXPERIMENT_TEMPLATE_H

#include "client/experiment/experiment.h"

/* How placeholders begin: of parameters, and of the trial itself. */
#define CL_TEMPLATE_PARAMETER "${trialParameters."
#define CL_TEMPLATE_META "${trialSpec."

/* Whether a trialParameter's reference is about the trial itself: ${trialSpec.Name} and its like.
 */
bool cl_template_is_meta(const char *reference);

/* Whether Katib knows this reference; |why| tells when not. */
bool cl_template_meta_valid(const char *reference, char *why, size_t size);

/* Check placeholders against trialParameters, both ways, and that a container can be found; warn of
 * what Katib would run otherwise than it reads. */
void cl_template_check(
    const struct cl_experiment *e, struct mu_arena *arena, struct cl_problems *problems);

/* What a trial gives for substitution. */
struct cl_trial_identity {
    const char *name, *space_name;
    const struct mu_pair *assignments;
    size_t n_assignments;
};

/* |text| with every ${trialParameters.NAME} replaced. Without a template the experiment's own
 * parameter names can be used. MU_INVALID_ARGUMENT when an assignment that the template needs is
 * missing. */
MU_MUST_USE enum mu_status cl_template_fill(const struct cl_trial_template *t, const char *text,
    const struct cl_trial_identity *trial, struct mu_arena *arena, const char **filled,
    struct mu_error *error);

/* The primary container of the template's job, or NULL with |why|. */
const struct cl_node *cl_template_container(
    const struct cl_trial_template *t, char *why, size_t size);

/* Whether Katib takes a command that begins with these words (NULL: no such word) for a shell with
 * a script: "sh" or "bash", not a path to one, and "-c". */
bool cl_template_runs_shell(const char *first, const char *second);

/* What the pod's field |path| ("metadata.name") is for a trial run here, or NULL: not known. */
const char *cl_template_field(
    const struct cl_experiment *e, const struct cl_trial_identity *trial, const char *path);

/* Whether cl_template_field knows |path|. */
bool cl_template_knows_field(const char *path);

#endif

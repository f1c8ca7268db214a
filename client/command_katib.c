/* mushir katib: switch the installed katib-config to Mushir's images, or back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/katib/file.h"
#include "client/text/visible.h"

/* The words of a list with commas, into |change|. */
static void take_names(struct cl_katib_change *change, const char *list, struct mu_arena *arena) {
    char *rest = mu_arena_copy(arena, list);
    const char **names = MU_ARRAY(arena, strlen(list) + 1, const char *);
    for (char *name; (name = strsep(&rest, ",")) != NULL;) {
        names[change->n++] = name;
    }
    change->algorithms = names;
    change->found = MU_ARRAY(arena, change->n, bool);
    memset(change->found, 0, change->n * sizeof *change->found);
}

static bool has_program(const char *algorithm) {
    return cl_katib_program(algorithm, false) || cl_katib_program(algorithm, true);
}

/* Every algorithm that was asked for is Mushir's; after the change: and has an entry. */
static enum mu_status check_names(
    const struct cl_katib_change *change, bool changed, struct mu_error *error) {
    for (size_t i = 0; i < change->n; i++) {
        if (!has_program(change->algorithms[i])) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "Mushir has no algorithm \"%s\"",
                change->algorithms[i]);
        }
        if (changed && !change->found[i]) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "katib-config has no entry for %s",
                change->algorithms[i]);
        }
    }
    return MU_OK;
}

/* The characters of an image's name before its tag; |registry| may end with '/'. */
static enum mu_status check_registry(
    const char **registry, struct mu_arena *arena, struct mu_error *error) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_:/";
    size_t n = strlen(*registry);
    while (n && (*registry)[n - 1] == '/') {
        n--;
    }
    if (!n || strspn(*registry, letters) < n) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "--registry: \"%s\" cannot stand before an image's name", *registry);
    }
    *registry = mu_arena_copy_bytes(arena, *registry, n);
    return MU_OK;
}

/* Katib grants an account of its own what early stopping needs, but leaves one that an entry names
 * to whoever named it (composer.go: DesiredDeployment). */
static void advise(const struct cl_katib_found *found) {
    for (size_t i = 0; found->stopping && i < found->n_accounts; i++) {
        const char *account = found->accounts[i].value;
        cl_visible_line(stderr,
            "mushir: %s runs as the service account %s. For early stopping it needs, in each "
            "namespace N of experiments:",
            found->accounts[i].name, account);
        cl_visible_line(stderr, "  kubectl -n N create role mushir-early-stopping --verb=get,patch "
                                "--resource=trials.kubeflow.org,trials.kubeflow.org/status");
        cl_visible_line(stderr,
            "  kubectl -n N create rolebinding mushir-early-stopping-%s "
            "--role=mushir-early-stopping --serviceaccount=N:%s",
            account, account);
    }
}

static enum mu_status prepare(
    const struct cl_context *context, struct cl_katib_change *change, struct mu_error *error) {
    const struct cl_katib_options *options = &context->options->katib;
    if (!options->undo == !options->registry) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "give --registry, or --undo");
    }
    if (options->algorithms) {
        take_names(change, options->algorithms, context->arena);
    }
    change->registry = options->registry;
    if (change->registry && check_registry(&change->registry, context->arena, error) != MU_OK) {
        return error->code;
    }
    return check_names(change, false, error);
}

enum cl_exit_code cl_command_katib(struct cl_context *context) {
    struct cl_katib_change change = {0};
    struct cl_katib_found found;
    struct mu_error error;
    const char *edited;
    if (prepare(context, &change, &error) != MU_OK) {
        return cl_cli_fail(&error);
    }
    if (!cl_cli_read_file(context)) {
        return CL_EXIT_INVALID;
    }
    enum mu_status status = cl_katib_file_change(
        &change, context->text, stderr, context->arena, &edited, &found, &error);
    if (status == MU_OK) {
        status = check_names(&change, true, &error);
    }
    if (status != MU_OK) {
        return cl_cli_fail(&error);
    }
    if (!found.n_changes) {
        cl_visible_line(stderr, "mushir: nothing to change");
    } else if (change.registry) {
        advise(&found);
    }
    fputs(edited, stdout);
    if (fflush(stdout)) {
        cl_visible_line(stderr, "mushir: %s", strerror(errno));
        return CL_EXIT_FAILED;
    }
    return CL_EXIT_GOOD;
}

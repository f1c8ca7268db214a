#include "client/experiment/draft.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/draft_space.h"
#include "client/experiment/template.h"
#include "client/text/json.h"
#include "client/text/shell.h"

enum {
    TRIALS = 30,      /* an evening's worth; TPE leaves its random start behind after ten */
    LONGEST_NAME = 40 /* what Katib's webhook accepts */
};

/* The image is not used here; on a cluster it has to hold the command. */
static const char image[] = "python:3.12";

struct drafting {
    const struct cl_draft *draft;
    const struct mu_parameter_text *parameters;
    struct mu_arena *arena;
};

/* ---- the name ---- */

static bool is_script(const char *word) {
    const char *dot = strrchr(word, '.');
    return *word != '-' && dot && dot != word && isalpha((unsigned char)dot[1]) &&
           cl_shell_plain(word);
}

/* The words of a shell's |script| as far as blanks part them; their number. */
static size_t parted(const char *script, struct mu_arena *arena, const char *const **words) {
    const char **all = MU_ARRAY(arena, strlen(script) / 2 + 1, const char *);
    char *rest = mu_arena_copy(arena, script);
    char *word;
    size_t n = 0;
    while ((word = strtok_r(rest, " \t\n", &rest))) {
        all[n++] = word;
    }
    *words = all;
    return n;
}

/* The file name without folder and extension of the first word that looks like a script, else of
 * the first word: "train" of python3 src/train.py --lr {lr}, for a shell or not. */
static const char *subject(const struct cl_draft *draft, struct mu_arena *arena) {
    const char *const *words = draft->words;
    size_t n = draft->n_words;
    size_t at = 0;
    if (n > 2 && cl_template_runs_shell(words[0], words[1])) {
        n = parted(words[2], arena, &words);
    }
    while (at < n && !is_script(words[at])) {
        at++;
    }
    const char *path = at < n ? words[at] : n ? words[0] : "";
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    return mu_arena_copy_bytes(arena, file, strcspn(file, "."));
}

/* |text| as a DNS label that begins with a letter. */
static const char *label(const char *text, struct mu_arena *arena) {
    char *name = mu_arena_alloc(arena, LONGEST_NAME + 1);
    size_t n = 0;
    for (; *text && n < LONGEST_NAME; text++) {
        int c = tolower((unsigned char)*text);
        bool plain = (c >= 'a' && c <= 'z') || (n > 0 && c >= '0' && c <= '9');
        if (plain || (n > 0 && name[n - 1] != '-')) {
            name[n++] = (char)(plain ? c : '-');
        }
    }
    while (n > 0 && name[n - 1] == '-') {
        n--;
    }
    name[n] = '\0';
    return n ? name : "experiment";
}

/* ---- the command ---- */

/* The parameter whose {NAME} |text| begins with, or NULL. */
static const struct mu_parameter_text *named(const struct drafting *d, const char *text) {
    for (size_t i = 0; i < d->draft->n_parameters; i++) {
        size_t length = strlen(d->parameters[i].name);
        if (!strncmp(text + 1, d->parameters[i].name, length) && text[1 + length] == '}') {
            return &d->parameters[i];
        }
    }
    return NULL;
}

static const char *placeholder(const struct drafting *d, const struct mu_parameter_text *p) {
    return mu_arena_format(d->arena, CL_TEMPLATE_PARAMETER "%s}", p->name);
}

/* All that may stand where the parameter is named; of numbers nothing that a shell would change. */
static const char *all_values(const struct drafting *d, const struct mu_parameter_text *p) {
    const char *all = "0";
    for (size_t i = 0; i < p->n_list; i++) {
        all = mu_arena_format(d->arena, "%s%s", all, p->list[i]);
    }
    return all;
}

/* |word| with every {NAME} replaced by what |value| gives for it. */
static const char *replaced(const struct drafting *d, const char *word,
    const char *(*value)(const struct drafting *d, const struct mu_parameter_text *p)) {
    const char *done = "";
    const char *from = word;
    for (const char *at = word; (at = strchr(at, '{'));) {
        const struct mu_parameter_text *p = at > word && at[-1] == '$' ? NULL : named(d, at);
        if (!p) {
            at++;
            continue;
        }
        done = mu_arena_format(d->arena, "%s%.*s%s", done, (int)(at - from), from, value(d, p));
        from = at += strlen(p->name) + 2;
    }
    return mu_arena_format(d->arena, "%s%s", done, from);
}

/* |text| so that the kubelet's expansion of $(NAME) and $$ gives |text|: a '$' before another, a
 * parenthesis or a byte beyond ASCII is doubled. */
static const char *kept_from_kubelet(const char *text, struct mu_arena *arena) {
    char *out = mu_arena_alloc(arena, 2 * strlen(text) + 1);
    size_t n = 0;
    for (; *text; text++) {
        out[n++] = *text;
        if (*text == '$' && (text[1] == '$' || text[1] == '(' || (unsigned char)text[1] >= 0x80)) {
            out[n++] = '$';
        }
    }
    out[n] = '\0';
    return out;
}

/* Katib joins the words with blanks and gives them to a shell, so each is quoted as that shell
 * needs it. "sh -c SCRIPT" alone is such a shell already. */
static const char *const *template_words(const struct drafting *d) {
    const struct cl_draft *draft = d->draft;
    const char **words = MU_ARRAY(d->arena, draft->n_words, const char *);
    bool shell = draft->n_words >= 2 && cl_template_runs_shell(draft->words[0], draft->words[1]);
    bool script = shell && draft->n_words == 3;
    for (size_t i = 0; i < draft->n_words; i++) {
        const char *word = replaced(d, draft->words[i], placeholder);
        bool plain = script || (cl_shell_plain(replaced(d, draft->words[i], all_values)) &&
                                   !(shell && i == 0));
        words[i] = kept_from_kubelet(plain ? word : cl_shell_quoted(word, d->arena), d->arena);
    }
    return words;
}

static enum mu_status check_used(
    const struct drafting *d, const char *const *words, struct mu_error *error) {
    for (size_t i = 0; i < d->draft->n_parameters; i++) {
        const char *mark = placeholder(d, &d->parameters[i]);
        bool used = false;
        for (size_t j = 0; j < d->draft->n_words && !used; j++) {
            used = strstr(words[j], mark) != NULL;
        }
        if (!used) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "parameter %s is not in the command: write {%s} where its value belongs",
                d->parameters[i].name, d->parameters[i].name);
        }
    }
    return MU_OK;
}

/* ---- YAML; texts in double quotes, which it reads as JSON's ---- */

static void field(FILE *out, const char *before, const char *value, const char *after) {
    fputs(before, out);
    cl_json_string(out, value);
    fputs(after, out);
}

static void write_parameter(FILE *out, const struct mu_parameter_text *p) {
    static const char *const types[] = {
        [MU_DOUBLE] = "double", [MU_INT] = "int", [MU_CATEGORICAL] = "categorical"};
    field(out, "    - name: ", p->name, "\n");
    fprintf(out, "      parameterType: %s\n      feasibleSpace: {", types[p->type]);
    for (size_t i = 0; i < p->n_list; i++) {
        field(out, i ? ", " : "list: [", p->list[i], i + 1 == p->n_list ? "]" : "");
    }
    if (p->n_list == 0) {
        field(out, "min: ", p->min, "");
        field(out, ", max: ", p->max, "");
    }
    if (*p->step) {
        field(out, ", step: ", p->step, "");
    }
    fputs(p->distribution == MU_LOG_UNIFORM ? ", distribution: logUniform}\n" : "}\n", out);
}

static void write_head(FILE *out, const struct drafting *d) {
    const struct cl_draft *draft = d->draft;
    const char *name = draft->name ? draft->name : label(subject(draft, d->arena), d->arena);
    field(out, "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata:\n  name: ", name,
        "\nspec:\n  objective:\n");
    fprintf(out, "    type: %s\n", draft->maximize ? "maximize" : "minimize");
    field(out, "    objectiveMetricName: ", draft->objective ? draft->objective : "loss", "\n");
    field(out, "  algorithm:\n    algorithmName: ", draft->algorithm ? draft->algorithm : "tpe",
        "\n");
    fprintf(out, "  maxTrialCount: %zu\n  parallelTrialCount: %zu\n",
        draft->trials ? draft->trials : TRIALS, draft->parallel ? draft->parallel : 1);
}

static void write_template(FILE *out, const struct drafting *d, const char *const *words) {
    fputs("  trialTemplate:\n    primaryContainerName: trial\n    trialParameters:\n", out);
    for (size_t i = 0; i < d->draft->n_parameters; i++) {
        field(out, "      - {name: ", d->parameters[i].name, "");
        field(out, ", reference: ", d->parameters[i].name, "}\n");
    }
    fprintf(out,
        "    trialSpec:\n"
        "      apiVersion: batch/v1\n"
        "      kind: Job\n"
        "      spec:\n"
        "        template:\n"
        "          spec:\n"
        "            restartPolicy: Never\n"
        "            containers:\n"
        "              - name: trial\n"
        "                image: %s  # for a cluster; not used on this machine\n"
        "                command:\n",
        image);
    for (size_t i = 0; i < d->draft->n_words; i++) {
        field(out, "                  - ", words[i], "\n");
    }
}

static const char *write_all(const struct drafting *d, const char *const *words) {
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    write_head(out, d);
    fputs("  parameters:\n", out);
    for (size_t i = 0; i < d->draft->n_parameters; i++) {
        write_parameter(out, &d->parameters[i]);
    }
    write_template(out, d, words);
    fclose(out);
    const char *yaml = mu_arena_copy(d->arena, bytes);
    free(bytes);
    return yaml;
}

enum mu_status cl_draft_write(const struct cl_draft *draft, struct mu_arena *arena,
    const char **yaml, struct mu_error *error) {
    struct mu_parameter_text *parameters =
        MU_ARRAY(arena, draft->n_parameters, struct mu_parameter_text);
    const struct drafting d = {draft, parameters, arena};
    if (draft->n_words == 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "which command? give it after --");
    }
    if (draft->n_parameters == 0) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "what is to be tuned? give --param NAME=LOW:HIGH");
    }
    for (size_t i = 0; i < draft->n_parameters; i++) {
        struct mu_error why;
        if (cl_draft_parameter(draft->parameters[i], arena, &parameters[i], &why) != MU_OK) {
            return mu_fail(error, why.code, "--param %s: %s", draft->parameters[i], why.text);
        }
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(parameters[i].name, parameters[j].name)) {
                return mu_fail(error, MU_INVALID_ARGUMENT, "--param %s: %s is there twice",
                    draft->parameters[i], parameters[i].name);
            }
        }
    }
    const char *const *words = template_words(&d);
    if (check_used(&d, words, error) != MU_OK) {
        return error->code;
    }
    *yaml = write_all(&d, words);
    return MU_OK;
}

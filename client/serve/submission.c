#include "client/serve/submission.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/draft.h"
#include "client/experiment/draft_space.h"
#include "client/experiment/read.h"
#include "client/text/shell.h"
#include "common/search/number.h"

enum { MOST_PARAMETERS = 1000, MOST_TRIALS = 1000000, MOST_WORDS = 1000 };

/* Names that other tools have for the algorithms. */
static const struct {
    const char *theirs, *katib;
} algorithms[] = {{"random_search", "random"}, {"grid_search", "grid"},
    {"bayesian_optimization", "bayesianoptimization"}, {"bayesian", "bayesianoptimization"},
    {"tree_parzen_estimator", "tpe"}, {"cma_es", "cmaes"}, {"cma-es", "cmaes"},
    {"population_based_training", "pbt"}};

static const char *algorithm_of(const char *name) {
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (!strcmp(algorithms[i].theirs, name)) {
            return algorithms[i].katib;
        }
    }
    return name;
}

/* ---- members ---- */

static enum mu_status get_text(
    const json_t *object, const char *name, const char **text, struct mu_error *error) {
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_string(value)) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s is a text", name);
    }
    *text = value ? json_string_value(value) : NULL;
    return MU_OK;
}

static enum mu_status get_count(
    const json_t *object, const char *name, size_t *count, struct mu_error *error) {
    const json_t *value = json_object_get(object, name);
    json_int_t n = json_integer_value(value);
    if (value && (!json_is_integer(value) || n < 1 || n > MOST_TRIALS)) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "%s is a whole number from 1 to %d", name, MOST_TRIALS);
    }
    *count = value ? (size_t)n : 0;
    return MU_OK;
}

/* Whoever misspells a member should hear of it. */
static enum mu_status check_members(
    const json_t *object, const char *const *known, const char *where, struct mu_error *error) {
    void *at = json_object_iter((json_t *)(uintptr_t)object);
    for (; at; at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        const char *const *name = known;
        while (*name && strcmp(*name, json_object_iter_key(at)) != 0) {
            name++;
        }
        if (!*name) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "%s has no member %.60s", where,
                json_object_iter_key(at));
        }
    }
    return MU_OK;
}

/* ---- hyperparameters ---- */

/* A number, or a text that is one, as a text. NULL when it is neither. */
static const char *number_text(const json_t *value, struct mu_arena *arena) {
    char text[32];
    double number;
    if (json_is_integer(value)) {
        return mu_arena_format(arena, "%lld", (long long)json_integer_value(value));
    }
    if (json_is_real(value)) {
        mu_print_double(json_real_value(value), text);
        return mu_arena_copy(arena, text);
    }
    const char *own = json_string_value(value);
    return own && mu_read_double(own, &number) ? mu_arena_copy(arena, own) : NULL;
}

static enum mu_status list_range(const char *name, const json_t *values, struct mu_arena *arena,
    const char **spec, struct mu_error *error) {
    const json_t *value;
    size_t i;
    const char *range = mu_arena_format(arena, "%s=choice:", name);
    json_array_foreach(values, i, value) {
        const char *text =
            json_is_string(value) ? json_string_value(value) : number_text(value, arena);
        if (!text || strchr(text, ',')) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "hyperparameters.%s.values: texts without ',', or numbers", name);
        }
        range = mu_arena_format(arena, "%s%s%s", range, i ? "," : "", text);
    }
    *spec = range;
    return MU_OK;
}

static const char *range_kind(const char *type, bool logarithmic) {
    bool whole = !strcmp(type, "int") || !strcmp(type, "integer");
    bool real = !strcmp(type, "float") || !strcmp(type, "double");
    return whole ? logarithmic ? "logint:" : "int:" : real ? logarithmic ? "log:" : "" : NULL;
}

static enum mu_status number_range(const char *name, const json_t *object, struct mu_arena *arena,
    const char **spec, struct mu_error *error) {
    const char *type = NULL;
    const char *scale = NULL;
    const char *min = number_text(json_object_get(object, "min"), arena);
    const char *max = number_text(json_object_get(object, "max"), arena);
    const char *step = number_text(json_object_get(object, "step"), arena);
    if (get_text(object, "type", &type, error) != MU_OK ||
        get_text(object, "scale", &scale, error) != MU_OK) {
        return error->code;
    }
    if (scale && strcmp(scale, "log") != 0 && strcmp(scale, "linear") != 0) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "hyperparameters.%s.scale is log or linear", name);
    }
    const char *kind = range_kind(type ? type : "float", scale && !strcmp(scale, "log"));
    if (!kind || !min || !max) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "hyperparameters.%s: a type (float or int) with min and max, or values", name);
    }
    *spec = mu_arena_format(
        arena, "%s=%s%s:%s%s%s", name, kind, min, max, step ? ":" : "", step ? step : "");
    return MU_OK;
}

static enum mu_status read_parameter(const char *name, const json_t *object, struct mu_arena *arena,
    const char **spec, struct mu_error *error) {
    static const char *const known[] = {"type", "min", "max", "step", "scale", "values", NULL};
    const json_t *values = json_object_get(object, "values");
    if (!json_is_object(object)) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "hyperparameters.%.60s is an object", name);
    }
    if (check_members(
            object, known, mu_arena_format(arena, "hyperparameters.%.60s", name), error) != MU_OK) {
        return error->code;
    }
    struct mu_parameter_text parameter;
    struct mu_error why;
    enum mu_status status = json_is_array(values) ? list_range(name, values, arena, spec, error)
                                                  : number_range(name, object, arena, spec, error);
    if (status == MU_OK && cl_draft_parameter(*spec, arena, &parameter, &why) != MU_OK) {
        return mu_fail(error, why.code, "hyperparameters.%.60s: %s", name, why.text);
    }
    return status;
}

static enum mu_status read_parameters(
    const json_t *object, struct mu_arena *arena, struct cl_draft *draft, struct mu_error *error) {
    size_t n = json_object_size(object);
    const char **specs = MU_ARRAY(arena, n + 1, const char *);
    void *at = json_object_iter((json_t *)(uintptr_t)object);
    if (n == 0 || n > MOST_PARAMETERS) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "hyperparameters is an object with 1 to %d names", MOST_PARAMETERS);
    }
    for (; at; at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        if (read_parameter(json_object_iter_key(at), json_object_iter_value(at), arena,
                &specs[draft->n_parameters++], error) != MU_OK) {
            return error->code;
        }
    }
    draft->parameters = specs;
    return MU_OK;
}

/* ---- the command ---- */

/* Whether a word of |draft| has {NAME} for the parameter that |spec| declares. */
static bool is_named(const struct cl_draft *draft, const char *spec, struct mu_arena *arena) {
    const char *name = mu_arena_format(arena, "{%.*s}", (int)strcspn(spec, "="), spec);
    for (size_t i = 0; i < draft->n_words; i++) {
        if (strstr(draft->words[i], name)) {
            return true;
        }
    }
    return false;
}

/* --NAME={NAME} for every parameter that the command does not name. */
static void name_parameters(struct cl_draft *draft, struct mu_arena *arena) {
    const char **words = MU_ARRAY(arena, draft->n_words + draft->n_parameters, const char *);
    bool script = draft->n_words == 3 && !strcmp(draft->words[0], "sh");
    size_t n = draft->n_words;
    memcpy(words, draft->words, n * sizeof *words);
    for (size_t i = 0; i < draft->n_parameters; i++) {
        const char *spec = draft->parameters[i];
        int length = (int)strcspn(spec, "=");
        if (is_named(draft, spec, arena)) {
            continue;
        }
        if (script) {
            words[2] =
                mu_arena_format(arena, "%s --%.*s={%.*s}", words[2], length, spec, length, spec);
        } else {
            words[n++] = mu_arena_format(arena, "--%.*s={%.*s}", length, spec, length, spec);
        }
    }
    draft->words = words;
    draft->n_words = n;
}

/* A shell's script without the white space at its end, so that words can be appended to its last
 * command; all of it where the end is escaped. */
static const char *script_of(const char *text, struct mu_arena *arena) {
    size_t length = strlen(text);
    size_t kept = length;
    while (kept && strchr(" \t\r\n", text[kept - 1])) {
        kept--;
    }
    return mu_arena_copy_bytes(arena, text, kept && text[kept - 1] == '\\' ? length : kept);
}

static enum mu_status read_command(
    const json_t *value, struct mu_arena *arena, struct cl_draft *draft, struct mu_error *error) {
    size_t n = json_is_string(value) ? 3 : json_array_size(value);
    const char **words = MU_ARRAY(arena, n + 1, const char *);
    const json_t *word;
    size_t i;
    if (n == 0 || n > MOST_WORDS || (json_is_string(value) && !json_string_length(value))) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "model_training_code is a command: a text for a shell, or a list of words");
    }
    if (json_is_string(value)) {
        words[0] = "sh";
        words[1] = "-c";
        words[2] = script_of(json_string_value(value), arena);
    }
    json_array_foreach(value, i, word) {
        words[i] = json_string_value(word);
        if (!words[i]) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "model_training_code is a list of texts");
        }
    }
    draft->words = words;
    draft->n_words = n;
    return MU_OK;
}

/* ---- the whole ---- */

static enum mu_status read_rest(
    const json_t *root, struct cl_draft *draft, struct mu_error *error) {
    const char *goal = NULL;
    const char *algorithm = NULL;
    if (get_text(root, "name", &draft->name, error) != MU_OK ||
        get_text(root, "objective", &draft->objective, error) != MU_OK ||
        get_text(root, "goal", &goal, error) != MU_OK ||
        get_text(root, "hpo_algorithm", &algorithm, error) != MU_OK ||
        get_count(root, "trials", &draft->trials, error) != MU_OK ||
        get_count(root, "parallel", &draft->parallel, error) != MU_OK) {
        return error->code;
    }
    if (goal && strcmp(goal, "minimize") != 0 && strcmp(goal, "maximize") != 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "goal is minimize or maximize");
    }
    draft->maximize = goal && !strcmp(goal, "maximize");
    draft->algorithm = algorithm ? algorithm_of(algorithm) : NULL;
    return MU_OK;
}

static enum mu_status write_draft(
    const json_t *root, struct mu_arena *arena, const char **yaml, struct mu_error *error) {
    static const char *const known[] = {"model_training_code", "hyperparameters", "hpo_algorithm",
        "name", "objective", "goal", "trials", "parallel", NULL};
    struct cl_draft draft = {0};
    if (check_members(root, known, "the experiment", error) != MU_OK ||
        read_command(json_object_get(root, "model_training_code"), arena, &draft, error) != MU_OK ||
        read_parameters(json_object_get(root, "hyperparameters"), arena, &draft, error) != MU_OK ||
        read_rest(root, &draft, error) != MU_OK) {
        return error->code;
    }
    assert(draft.words && draft.parameters);
    name_parameters(&draft, arena);
    return cl_draft_write(&draft, arena, yaml, error);
}

enum mu_status cl_submission_read(const char *json, size_t size, struct mu_arena *arena,
    const char **yaml, struct mu_error *error) {
    json_error_t why;
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &why);
    enum mu_status status =
        json_is_object(root) ? write_draft(root, arena, yaml, error)
        : root               ? mu_fail(error, MU_INVALID_ARGUMENT, "the experiment is an object")
               : mu_fail(error, MU_INVALID_ARGUMENT, "no JSON: line %d: %s", why.line, why.text);
    if (status == MU_OK) { /* it may hold texts of the JSON */
        *yaml = mu_arena_copy(arena, *yaml);
    }
    json_decref(root);
    return status;
}

/* ---- budgets ---- */

/* The bytes of the line's end at |at|, as YAML 1.1 (section 4.2) has them; 0: none is there. */
static size_t line_end(const char *at) {
    static const char *const ends[] = {
        "\r\n", "\n", "\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!strncmp(at, ends[i], strlen(ends[i]))) {
            return strlen(ends[i]);
        }
    }
    return 0;
}

/* The bytes of the letter at |at|, in UTF-8. */
static size_t letter(const char *at) {
    size_t n = 1;
    while (((unsigned char)at[n] & 0xC0) == 0x80) {
        n++;
    }
    return n;
}

/* Where line |line|, letter |column|, both from 1, is in |text|; NULL: nowhere. */
static const char *at_place(const char *text, int line, int column) {
    static const char mark[] = "\xEF\xBB\xBF"; /* of the byte order, which is no letter */
    text += strncmp(text, mark, strlen(mark)) ? 0 : strlen(mark);
    int l = 1;
    for (int c = 1; *text && !(l == line && c == column);) {
        size_t end = line_end(text);
        text += end ? end : letter(text);
        l += end > 0;
        c = end ? 1 : c + 1;
    }
    return *text ? text : NULL;
}

enum mu_status cl_submission_raise(const char *yaml, int trials, struct mu_arena *arena,
    const char **raised, struct mu_error *error) {
    struct cl_problems problems = {0};
    const struct cl_experiment *e = cl_experiment_read(yaml, strlen(yaml), NULL, arena, &problems);
    const struct cl_node *count =
        e ? cl_node_get(cl_node_get(e->root, "spec"), "maxTrialCount") : NULL;
    const char *at = count ? at_place(yaml, count->line, count->column) : NULL;
    size_t digits = at ? strspn(at, "0123456789") : 0;
    if (digits == 0) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "the experiment has no maxTrialCount that can be raised");
    }
    if (trials <= e->max_trials) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "maxTrialCount is %d already", e->max_trials);
    }
    *raised = mu_arena_format(arena, "%.*s%d%s", (int)(at - yaml), yaml, trials, at + digits);
    return MU_OK;
}

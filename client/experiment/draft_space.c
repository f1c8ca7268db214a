#include "client/experiment/draft_space.h"

#include <math.h>
#include <string.h>

#include "common/search/number.h"

enum { MOST_FIELDS = 3 }; /* LOW:HIGH:STEP */

/* The kinds of range that have a name, and the one that has none. */
static const struct range_kind {
    const char *prefix;
    enum mu_parameter_type type;
    enum mu_distribution distribution;
    bool stepped;
} kinds[] = {{"log:", MU_DOUBLE, MU_LOG_UNIFORM, false}, {"int:", MU_INT, MU_UNIFORM, true},
    {"logint:", MU_INT, MU_LOG_UNIFORM, false}, {"", MU_DOUBLE, MU_UNIFORM, false}};

static const char forms[] =
    "a range is NAME=LOW:HIGH, NAME=log:LOW:HIGH, NAME=int:LOW:HIGH[:STEP] or "
    "NAME=logint:LOW:HIGH, a list NAME=a,b,c or NAME=choice:a,b,c";

/* The parts of |text| between |separator|s, at most |room|; their number, also when it is larger.
 */
static size_t split(
    const char *text, char separator, struct mu_arena *arena, const char **parts, size_t room) {
    const char marks[] = {separator, '\0'};
    size_t n = 0;
    for (;; text++) {
        size_t length = strcspn(text, marks);
        if (n < room) {
            parts[n] = mu_arena_copy_bytes(arena, text, length);
        }
        n++;
        text += length;
        if (!*text) {
            return n;
        }
    }
}

/* Whether |value| can be put into single or double quotes and into JSON as it is. */
static bool reaches_unchanged(const char *value) {
    for (; *value; value++) {
        if ((unsigned char)*value < ' ' || *value == 0x7f || strchr("\"\\'$`", *value)) {
            return false;
        }
    }
    return true;
}

static enum mu_status read_list(
    const char *text, struct mu_arena *arena, struct mu_parameter_text *p, struct mu_error *error) {
    size_t room = strlen(text) + 1;
    const char **values = MU_ARRAY(arena, room, const char *);
    p->n_list = split(text, ',', arena, values, room);
    p->list = values;
    p->type = MU_CATEGORICAL;
    for (size_t i = 0; i < p->n_list; i++) {
        if (!*values[i]) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "value %zu of the list is empty", i + 1);
        }
        if (!reaches_unchanged(values[i])) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "a value with a quote, a backslash, '$', '`' or a control "
                "character does not reach the command unchanged");
        }
    }
    return MU_OK;
}

static enum mu_status check_numbers(
    const struct range_kind *kind, const char *const *fields, size_t n, struct mu_error *error) {
    for (size_t i = 0; i < n; i++) {
        double number;
        if (!mu_read_double(fields[i], &number)) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "\"%s\" is no number; %s", fields[i], forms);
        }
        if (kind->type == MU_INT && number != trunc(number)) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "\"%s\" is no whole number", fields[i]);
        }
    }
    return MU_OK;
}

static enum mu_status read_range(
    const char *text, struct mu_arena *arena, struct mu_parameter_text *p, struct mu_error *error) {
    const struct range_kind *kind = kinds;
    const char *fields[MOST_FIELDS];
    while (strncmp(text, kind->prefix, strlen(kind->prefix)) != 0) {
        kind++;
    }
    size_t n = split(text + strlen(kind->prefix), ':', arena, fields, MOST_FIELDS);
    if (check_numbers(kind, fields, n < MOST_FIELDS ? n : MOST_FIELDS, error) != MU_OK) {
        return error->code;
    }
    if (n < 2 || n > (kind->stepped ? 3 : 2)) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s", forms);
    }
    p->type = kind->type;
    p->distribution = kind->distribution;
    p->min = fields[0];
    p->max = fields[1];
    p->step = n == 3 ? fields[2] : "";
    return MU_OK;
}

static enum mu_status read_name(
    const char *spec, struct mu_arena *arena, struct mu_parameter_text *p, struct mu_error *error) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *equals = strchr(spec, '=');
    if (!equals || equals == spec || spec + strspn(spec, letters) != equals) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "NAME= is missing, NAME being of letters, digits, '_', '-' and '.'");
    }
    p->name = mu_arena_copy_bytes(arena, spec, (size_t)(equals - spec));
    return MU_OK;
}

enum mu_status cl_draft_parameter(
    const char *spec, struct mu_arena *arena, struct mu_parameter_text *p, struct mu_error *error) {
    static const char choice[] = "choice:";
    struct mu_parameter checked;
    *p = (struct mu_parameter_text){.name = "", .min = "", .max = "", .step = ""};
    p->distribution = MU_UNIFORM;
    if (read_name(spec, arena, p, error) != MU_OK) {
        return error->code;
    }
    const char *text = strchr(spec, '=') + 1;
    bool chosen = !strncmp(text, choice, strlen(choice));
    enum mu_status status = chosen || strchr(text, ',')
                                ? read_list(chosen ? text + strlen(choice) : text, arena, p, error)
                                : read_range(text, arena, p, error);
    /* The check of the services, in the words of the services. */
    return status == MU_OK ? mu_parameter_init(&checked, p, arena, error) : status;
}

#include "common/search/settings.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/search/number.h"

static bool bounded(const struct mu_setting_spec *spec) {
    return spec->min != 0 || spec->max != 0;
}

static void format_range(const struct mu_setting_spec *spec, char text[160]) {
    char low[32] = "-inf";
    char high[32] = "inf";
    if (spec->range) {
        snprintf(text, 160, "%s", spec->range);
        return;
    }
    if (!bounded(spec)) {
        snprintf(text, 160, "any number");
        return;
    }
    bool from = isfinite(spec->min), to = isfinite(spec->max) && spec->max < 0x1p63;
    if (from) {
        mu_print_double(spec->min, low);
    }
    if (to) {
        mu_print_double(spec->max, high);
    }
    if (spec->value.kind == MU_MEMBER_COUNT) { /* integers without ".0" */
        low[strcspn(low, ".")] = '\0';
        high[strcspn(high, ".")] = '\0';
    }
    if (!to) {
        snprintf(text, 160, "%s %s", spec->min_open ? ">" : ">=", low);
    } else {
        snprintf(text, 160, "%s%s, %s%s", spec->min_open ? "(" : "[", low, high,
            spec->max_open ? ")" : "]");
    }
}

/* A text of the table: a format with the setting's name and (shortened) value. */
static enum mu_status fail_as(const struct mu_setting_spec *spec, const char *format,
    const char *value, struct mu_error *error) {
    char shortened[208];
    snprintf(shortened, sizeof shortened, "%.200s", value);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return mu_fail(error, MU_INVALID_ARGUMENT, format, spec->name, shortened);
#pragma GCC diagnostic pop
}

static enum mu_status out_of_range(
    const struct mu_setting_spec *spec, const char *value, struct mu_error *error) {
    char range[160];
    if (spec->out_of_range) {
        return fail_as(spec, spec->out_of_range, value, error);
    }
    format_range(spec, range);
    return mu_fail(error, MU_INVALID_ARGUMENT, "setting %s: %.200s is out of range, accepted is %s",
        spec->name, value, range);
}

static enum mu_status unparsable(const struct mu_setting_spec *spec, const char *value,
    const char *what, struct mu_error *error) {
    if (spec->unparsable) {
        return fail_as(spec, spec->unparsable, value, error);
    }
    return mu_fail(error, MU_INVALID_ARGUMENT, "failed to validate %s(%.200s): it is not %s",
        spec->name, value, what);
}

static enum mu_status check_range(
    const struct mu_setting_spec *spec, double v, const char *text, struct mu_error *error) {
    if (!bounded(spec)) {
        return MU_OK;
    }
    bool low = spec->min_open ? v <= spec->min : v < spec->min,
         high = spec->max_open ? v >= spec->max : v > spec->max;
    return low || high ? out_of_range(spec, text, error) : MU_OK;
}

/* |size| bytes of a value to where they are kept, if they are. */
static void store(struct mu_member member, void *options, const void *value, size_t size) {
    if (member.offset != MU_NOWHERE) {
        memcpy((char *)options + member.offset, value, size);
    }
}

/* Integers are read exactly, so that every seed of 64 bits is told apart; "3.0" and "1e3" count as
 * integers too. */
static enum mu_status read_count(
    const struct mu_setting_spec *spec, const char *text, void *options, struct mu_error *error) {
    double real;
    if (!mu_read_double(text, &real) || floor(real) != real) {
        return unparsable(spec, text, "an integer", error);
    }
    enum mu_status status = check_range(spec, real, text, error);
    if (status) {
        return status;
    }
    char *end;
    errno = 0;
    uint64_t count = strtoull(text, &end, 10);
    if (errno || *end != '\0') {
        count = real >= 0x1p64 ? UINT64_MAX : real > 0 ? (uint64_t)real : 0;
    }
    store(spec->value, options, &count, sizeof count);
    return MU_OK;
}

static enum mu_status read_real(
    const struct mu_setting_spec *spec, const char *text, void *options, struct mu_error *error) {
    double real;
    if (!mu_read_double(text, &real)) {
        return unparsable(spec, text, "a finite number", error);
    }
    enum mu_status status = check_range(spec, real, text, error);
    if (!status) {
        store(spec->value, options, &real, sizeof real);
    }
    return status;
}

static enum mu_status read_choice(
    const struct mu_setting_spec *spec, const char *text, void *options, struct mu_error *error) {
    char all[256] = "";
    for (unsigned i = 0; spec->choices[i]; i++) {
        if (strcmp(spec->choices[i], text) == 0) {
            store(spec->value, options, &i, sizeof i);
            return MU_OK;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", spec->choices[i]);
    }
    if (spec->not_supported) {
        return fail_as(spec, spec->not_supported, text, error);
    }
    return mu_fail(
        error, MU_INVALID_ARGUMENT, "setting %s: %.200s is not one of %s", spec->name, text, all);
}

static enum mu_status read_value(
    const struct mu_setting_spec *spec, const char *text, void *options, struct mu_error *error) {
    switch (spec->value.kind) {
    case MU_MEMBER_COUNT:
        return read_count(spec, text, options, error);
    case MU_MEMBER_REAL:
        return read_real(spec, text, options, error);
    case MU_MEMBER_CHOICE:
        return read_choice(spec, text, options, error);
    case MU_MEMBER_TEXT:
        store(spec->value, options, &text, sizeof text);
        return MU_OK;
    case MU_MEMBER_NONE:
    case MU_MEMBER_SWITCH:
    case MU_MEMBER_NUMBER:
        break;
    }
    assert(!"a setting of another kind");
    return mu_fail(error, MU_INTERNAL, "setting %s has no such kind", spec->name);
}

static bool is_none(const struct mu_setting_spec *spec, const char *text) {
    return spec->none_allowed && (strcmp(text, "None") == 0 || strcmp(text, "none") == 0);
}

static enum mu_status read_one(
    const struct mu_setting_spec *spec, const char *text, void *options, struct mu_error *error) {
    if (!text || is_none(spec, text)) {
        return MU_OK;
    }
    if (spec->text.kind) {
        assert(spec->text.kind == MU_MEMBER_TEXT);
        store(spec->text, options, &text, sizeof text);
    }
    return read_value(spec, text, options, error);
}

const char *mu_pairs_find(const struct mu_pair *pairs, size_t n_pairs, const char *name) {
    for (size_t i = n_pairs; i-- > 0;) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}

const struct mu_setting_spec *mu_settings_find(
    const struct mu_settings *settings, const char *name) {
    for (size_t i = 0; i < settings->n; i++) {
        if (strcmp(settings->specs[i].name, name) == 0) {
            return &settings->specs[i];
        }
    }
    return NULL;
}

enum mu_status mu_settings_read(const struct mu_settings *settings, const struct mu_pair *pairs,
    size_t n_pairs, void *options, struct mu_error *error) {
    enum mu_status status = MU_OK;
    for (size_t i = 0; i < settings->n && !status; i++) {
        const struct mu_setting_spec *spec = &settings->specs[i];
        const char *given = mu_pairs_find(pairs, n_pairs, spec->name);
        status = read_one(spec, given ? given : spec->fallback, options, error);
    }
    return status;
}

static void document_type(const struct mu_setting_spec *spec, FILE *out) {
    char range[160];
    switch (spec->value.kind) {
    case MU_MEMBER_COUNT:
    case MU_MEMBER_REAL:
        format_range(spec, range);
        fprintf(out, "%s | %s%s", spec->value.kind == MU_MEMBER_COUNT ? "int" : "float", range,
            spec->none_allowed ? " or None" : "");
        break;
    case MU_MEMBER_CHOICE:
        fprintf(out, "choice | ");
        for (size_t i = 0; spec->choices[i]; i++) {
            fprintf(out, "%s`%s`", i ? ", " : "", spec->choices[i]);
        }
        break;
    case MU_MEMBER_TEXT:
    case MU_MEMBER_NONE:
    case MU_MEMBER_SWITCH:
    case MU_MEMBER_NUMBER:
        fprintf(out, "text | %s", spec->range ? spec->range : "any");
    }
}

/* Whether nothing but the names of two texts differs. */
static bool is_alike(const struct mu_setting_spec *a, const struct mu_setting_spec *b) {
    return a->value.kind == MU_MEMBER_TEXT && b->value.kind == MU_MEMBER_TEXT && a->help &&
           b->help && strcmp(a->help, b->help) == 0;
}

void mu_settings_document(const struct mu_settings *settings, FILE *out) {
    for (size_t i = 0; i < settings->n; i++) {
        const struct mu_setting_spec *spec = &settings->specs[i];
        fprintf(out, "| `%s`", spec->name);
        while (i + 1 < settings->n && is_alike(spec, spec + 1)) {
            spec = &settings->specs[++i];
            fprintf(out, ", `%s`", spec->name);
        }
        fprintf(out, " | ");
        document_type(spec, out);
        fprintf(out, " | %s | %s |\n", spec->fallback && *spec->fallback ? spec->fallback : "unset",
            spec->help ? spec->help : "");
    }
}

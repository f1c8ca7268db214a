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
    if (spec->type == MU_SETTING_INT) { /* integers without ".0" */
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

/* Integers are read exactly, so that every seed of 64 bits is told apart; "3.0" and "1e3" count as
 * integers too. */
static enum mu_status read_int(
    const struct mu_setting_spec *spec, struct mu_setting *s, struct mu_error *error) {
    if (!mu_read_double(s->text, &s->real) || floor(s->real) != s->real) {
        return unparsable(spec, s->text, "an integer", error);
    }
    enum mu_status status = check_range(spec, s->real, s->text, error);
    if (status) {
        return status;
    }
    char *end;
    errno = 0;
    s->integer = strtoull(s->text, &end, 10);
    if (errno || *end != '\0') {
        s->integer = s->real >= 0x1p64 ? UINT64_MAX : s->real > 0 ? (uint64_t)s->real : 0;
    }
    return MU_OK;
}

static enum mu_status read_real(
    const struct mu_setting_spec *spec, struct mu_setting *s, struct mu_error *error) {
    if (!mu_read_double(s->text, &s->real)) {
        return unparsable(spec, s->text, "a finite number", error);
    }
    return check_range(spec, s->real, s->text, error);
}

static enum mu_status read_choice(
    const struct mu_setting_spec *spec, struct mu_setting *s, struct mu_error *error) {
    char all[256] = "";
    for (size_t i = 0; spec->choices[i]; i++) {
        if (strcmp(spec->choices[i], s->text) == 0) {
            s->choice = i;
            return MU_OK;
        }
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", spec->choices[i]);
    }
    if (spec->not_supported) {
        return fail_as(spec, spec->not_supported, s->text, error);
    }
    return mu_fail(error, MU_INVALID_ARGUMENT, "setting %s: %.200s is not one of %s", spec->name,
        s->text, all);
}

static enum mu_status read_one(const struct mu_setting_spec *spec, struct mu_setting *s,
    const char *text, struct mu_error *error) {
    *s = (struct mu_setting){.text = ""};
    if (!text || (spec->none_allowed && (strcmp(text, "None") == 0 || strcmp(text, "none") == 0))) {
        return MU_OK;
    }
    s->set = true;
    s->text = text;
    switch (spec->type) {
    case MU_SETTING_INT:
        return read_int(spec, s, error);
    case MU_SETTING_REAL:
        return read_real(spec, s, error);
    case MU_SETTING_CHOICE:
        return read_choice(spec, s, error);
    case MU_SETTING_TEXT:
        break;
    }
    return MU_OK;
}

static ptrdiff_t find_spec(const struct mu_setting_spec *specs, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (strcmp(specs[i].name, name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

enum mu_status mu_settings_read(struct mu_settings *settings, const struct mu_setting_spec *specs,
    size_t n_specs, const struct mu_pair *pairs, size_t n_pairs, struct mu_arena *arena,
    struct mu_error *error) {
    struct mu_setting *values = MU_ARRAY(arena, n_specs, struct mu_setting);
    const char **texts = MU_ARRAY(arena, n_specs, const char *);
    *settings = (struct mu_settings){specs, values, n_specs};
    for (size_t i = 0; i < n_pairs; i++) {
        ptrdiff_t at = find_spec(specs, n_specs, pairs[i].name);
        if (at >= 0) {
            texts[at] = pairs[i].value;
        }
    }
    for (size_t i = 0; i < n_specs; i++) {
        enum mu_status status =
            read_one(&specs[i], &values[i], texts[i] ? texts[i] : specs[i].fallback, error);
        if (status) {
            return status;
        }
        values[i].given = texts[i] && values[i].set;
    }
    return MU_OK;
}

const struct mu_pair *mu_settings_unknown(const struct mu_setting_spec *specs, size_t n_specs,
    const struct mu_pair *pairs, size_t n_pairs) {
    for (size_t i = 0; i < n_pairs; i++) {
        if (find_spec(specs, n_specs, pairs[i].name) < 0) {
            return &pairs[i];
        }
    }
    return NULL;
}

const struct mu_setting *mu_setting(const struct mu_settings *settings, const char *name) {
    ptrdiff_t at = find_spec(settings->specs, settings->n, name);
    assert(at >= 0);
    return &settings->values[at];
}

static void document_type(const struct mu_setting_spec *spec, FILE *out) {
    char range[160];
    switch (spec->type) {
    case MU_SETTING_INT:
    case MU_SETTING_REAL:
        format_range(spec, range);
        fprintf(out, "%s | %s%s", spec->type == MU_SETTING_INT ? "int" : "float", range,
            spec->none_allowed ? " or None" : "");
        break;
    case MU_SETTING_CHOICE:
        fprintf(out, "choice | ");
        for (size_t i = 0; spec->choices[i]; i++) {
            fprintf(out, "%s`%s`", i ? ", " : "", spec->choices[i]);
        }
        break;
    case MU_SETTING_TEXT:
        fprintf(out, "text | %s", spec->range ? spec->range : "any");
        break;
    }
}

void mu_settings_document(const struct mu_setting_spec *specs, size_t n_specs, FILE *out) {
    fprintf(out, "| setting | type | accepted | default | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_specs; i++) {
        fprintf(out, "| `%s` | ", specs[i].name);
        document_type(&specs[i], out);
        fprintf(out, " | %s | %s |\n", specs[i].fallback ? specs[i].fallback : "unset",
            specs[i].help ? specs[i].help : "");
    }
}

#include "common/service/flags.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum mu_status set_number(const struct mu_flag *flag, long *target, const char *shown,
    const char *value, struct mu_error *error) {
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    bool digits =
        isdigit((unsigned char)value[0]) || (value[0] == '-' && isdigit((unsigned char)value[1]));
    if (errno || *end || !digits || number < flag->min || number > flag->max) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "%s is \"%.100s\": a whole number from %ld to %ld is accepted", shown, value, flag->min,
            flag->max);
    }
    *target = number;
    return MU_OK;
}

static enum mu_status set_text(const struct mu_flag *flag, const char **target, const char *shown,
    const char *value, struct mu_error *error) {
    char accepted[200] = "";
    for (size_t i = 0; flag->choices && flag->choices[i]; i++) {
        if (strcmp(flag->choices[i], value) == 0) {
            *target = flag->choices[i];
            return MU_OK;
        }
        size_t used = strlen(accepted);
        snprintf(accepted + used, sizeof accepted - used, "%s%s", i ? ", " : "", flag->choices[i]);
    }
    if (flag->choices) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s is \"%.100s\": accepted are %s", shown,
            value, accepted);
    }
    if (!*value) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s needs a value", shown);
    }
    *target = value;
    return MU_OK;
}

static enum mu_status set(const struct mu_flag *flag, void *options, const char *shown,
    const char *value, struct mu_error *error) {
    void *target = (char *)options + flag->value.offset;
    return flag->value.kind == MU_MEMBER_NUMBER ? set_number(flag, target, shown, value, error)
                                                : set_text(flag, target, shown, value, error);
}

static void variable_name(const struct mu_flag *flag, char name[64]) {
    int length = snprintf(name, 64, "MUSHIR_%s", flag->name);
    for (int i = 0; i < length && i < 63; i++) {
        name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
    }
}

/* Kubernetes gives every pod beside a Service called "mushir" the variable
 * MUSHIR_PORT=tcp://address:port, which is not meant for us. */
static bool from_kubernetes(const char *value) {
    return strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0;
}

static enum mu_status read_environment(
    const struct mu_flag *flags, size_t n, void *options, struct mu_error *error) {
    enum mu_status status = MU_OK;
    for (size_t i = 0; i < n && !status; i++) {
        char name[64];
        variable_name(&flags[i], name);
        const char *value = flags[i].value.kind == MU_MEMBER_SWITCH ? NULL : getenv(name);
        if (value && *value && !from_kubernetes(value)) {
            status = set(&flags[i], options, name, value, error);
        }
    }
    return status;
}

static const struct mu_flag *find(
    const struct mu_flag *flags, size_t n, const char *name, size_t length) {
    for (size_t i = 0; i < n; i++) {
        if (strlen(flags[i].name) == length && strncmp(flags[i].name, name, length) == 0) {
            return &flags[i];
        }
    }
    return NULL;
}

/* Read the option at argv[*at]; moves |*at| past a value of its own. */
static enum mu_status read_argument(const struct mu_flag *flags, size_t n, void *options, int argc,
    char **argv, int *at, struct mu_error *error) {
    const char *argument = argv[*at];
    const char *name = strncmp(argument, "--", 2) == 0 ? argument + 2 : "";
    size_t length = strcspn(name, "=");
    const struct mu_flag *flag = find(flags, n, name, length);
    if (!flag) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "unknown option %.100s (--help lists them)", argument);
    }
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", flag->name);
    if (flag->value.kind == MU_MEMBER_SWITCH) {
        *(bool *)((char *)options + flag->value.offset) = true;
        return name[length] ? mu_fail(error, MU_INVALID_ARGUMENT, "%s takes no value", shown)
                            : MU_OK;
    }
    if (name[length]) {
        return set(flag, options, shown, name + length + 1, error);
    }
    if (*at + 1 >= argc) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s needs a value", shown);
    }
    return set(flag, options, shown, argv[++*at], error);
}

enum mu_status mu_flags_read(const struct mu_flag *flags, size_t n, void *options, int argc,
    char **argv, struct mu_error *error) {
    enum mu_status status = read_environment(flags, n, options, error);
    for (int at = 1; at < argc && !status; at++) {
        status = read_argument(flags, n, options, argc, argv, &at, error);
    }
    return status;
}

const char *mu_flags_default(const struct mu_flag *flag, const void *options, char text[128]) {
    const char *source = (const char *)options + flag->value.offset;
    text[0] = '\0';
    if (flag->value.kind == MU_MEMBER_NUMBER && *(const long *)(const void *)source >= 0) {
        snprintf(text, 128, "(default %ld)", *(const long *)(const void *)source);
    } else if (flag->value.kind == MU_MEMBER_TEXT && *(const char *const *)(const void *)source) {
        snprintf(text, 128, "(default %s)", *(const char *const *)(const void *)source);
    }
    return text;
}

void mu_flags_help(const struct mu_flag *flags, size_t n, const void *options, FILE *out) {
    for (size_t i = 0; i < n; i++) {
        char left[64];
        char fallback[128];
        snprintf(left, sizeof left, "--%s %s", flags[i].name,
            flags[i].value_name ? flags[i].value_name : "");
        mu_flags_default(&flags[i], options, fallback);
        fprintf(out, "  %-26s %s%s%s\n", left, flags[i].help, *fallback ? " " : "", fallback);
    }
}

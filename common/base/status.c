#include "common/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

const char *mu_status_name(int code) {
    switch (code) {
#define X(name, number, text) \
    case number:              \
        return text;
        MU_STATUS_MAP(X)
#undef X
    }
    return "UNKNOWN";
}

enum mu_status mu_fail(struct mu_error *error, enum mu_status code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        error->text[0] = '\0';
    }
    mu_text_repair(error->text);
    error->code = code;
    return code;
}

#include "client/experiment/filter.h"

#include <stdio.h>

pcre2_code *cl_filter_compile(const char *filter, char *why, size_t size) {
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)filter, PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DUPNAMES, &code, &at, NULL);
    if (!compiled && why) {
        PCRE2_UCHAR text[160];
        pcre2_get_error_message(code, text, sizeof text);
        snprintf(why, size, "%s at character %zu", (const char *)text, at + 1);
    }
    return compiled;
}

bool cl_filter_valid(const char *filter, char *why, size_t size) {
    pcre2_code *compiled = cl_filter_compile(filter, why, size);
    uint32_t groups = 0;
    if (!compiled) {
        return false;
    }
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_code_free(compiled);
    if (groups < 2) {
        snprintf(why, size, "needs two groups in parentheses, the metric's name and its value");
    }
    return groups >= 2;
}

/* Where Go's regular expressions (RE2's syntax, package regexp/syntax) end before PCRE's do. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/filter.h"

enum { MOST_REPEATS = 1000 };

/* The escapes after a backslash that stand for something; any punctuation may be escaped too. */
static const char *escape_refused(const char *at) {
    if (isdigit((unsigned char)*at)) {
        bool octal = *at == '0' || (*at < '8' && at[1] >= '0' && at[1] <= '7');
        return octal ? NULL : "backreferences";
    }
    bool known = !isalpha((unsigned char)*at) || strchr("AbBdDsSwWzQEpPafnrtvxC", *at);
    return !known ? "such escapes" : *at == 'C' ? "\\C" : NULL;
}

/* Skip "\Q...\E". */
static const char *skip_quoted(const char *at) {
    const char *end = strstr(at, "\\E");
    return end ? end + 2 : at + strlen(at);
}

/* "(?" is followed by a name, by flags, or by what only PCRE has. */
static const char *group_refused(const char *at) {
    if (*at == 'P' || *at == '<') {
        const char *name = *at == 'P' ? at + 1 : at;
        return *name == '<' && name[1] != '=' && name[1] != '!' ? NULL : "look-around";
    }
    size_t flags = strspn(at, "imsU-");
    return at[flags] == ')' || at[flags] == ':' ? NULL : "look-around or other (?...) groups";
}

/* The length of "{n}", "{n,}" or "{n,m}"; 0 when it is none and stands for itself. */
static size_t counted(const char *at, bool *large) {
    char *end;
    if (!isdigit((unsigned char)at[1])) {
        return 0;
    }
    unsigned long low = strtoul(at + 1, &end, 10);
    unsigned long high = low;
    if (*end == ',') {
        end++;
        high = isdigit((unsigned char)*end) ? strtoul(end, &end, 10) : low;
    }
    *large = low > MOST_REPEATS || high > MOST_REPEATS;
    return *end == '}' ? (size_t)(end + 1 - at) : 0;
}

/* Pass over a class, from behind its "["; the reason when it is refused. */
static const char *class_refused(const char **at) {
    const char *p = *at + (**at == '^');
    p += *p == ']';
    while (*p && *p != ']') {
        if (*p == '[' && p[1] == ':' && strstr(p + 2, ":]")) {
            p = strstr(p + 2, ":]") + 2;
            continue;
        }
        if (*p == '\\' && p[1]) {
            const char *why =
                strchr("bBAzQE", p[1]) ? "such escapes in a class" : escape_refused(p + 1);
            if (why) {
                return why;
            }
            p++;
        }
        p++;
    }
    *at = *p ? p + 1 : p;
    return NULL;
}

const char *cl_filter_go_refuses(const char *filter) {
    bool repeated = false; /* the last thing was a repetition */
    for (const char *at = filter; *at;) {
        bool large = false;
        size_t count = *at == '{' ? counted(at, &large) : strchr("*+?", *at) ? 1 : 0;
        const char *why = NULL;
        if (count) {
            why = repeated ? "possessive or double repetitions"
                  : large  ? "repetitions beyond 1000"
                           : NULL;
            at += count + (at[count] == '?');
        } else if (*at == '\\' && at[1] == 'Q') {
            at = skip_quoted(at + 2);
        } else if (*at == '\\' && at[1]) {
            why = escape_refused(at + 1);
            at += 2;
        } else if (*at == '[') {
            at++;
            why = class_refused(&at);
        } else if (*at == '(' && at[1] == '?') {
            why = group_refused(at + 2);
            at += 2;
        } else if (*at == '(' && at[1] == '*') {
            why = "verbs (*...)";
        } else {
            at++;
        }
        if (why) {
            return why;
        }
        repeated = count > 0;
    }
    return NULL;
}

#include "client/text/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/search/parameter.h"

/* Whether YAML 1.1 takes the letter of |n| bytes at |text| for the end of a line, which folds the
 * blanks around it, or for none that a file may hold: U+0080 to U+009F, U+2028, U+2029, U+FFFE,
 * U+FFFF. |point| is its number. */
static bool is_not_plain_in_yaml(const char *text, size_t n, unsigned *point) {
    const unsigned char *b = (const unsigned char *)text;
    *point = n == 2   ? (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu)
             : n == 3 ? (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu)
                      : 0;
    return (*point >= 0x80 && *point < 0xA0) || *point == 0x2028 || *point == 0x2029 ||
           *point >= 0xFFFE;
}

void cl_json_string(FILE *out, const char *text) {
    const char *end = text + strlen(text);
    size_t n;
    unsigned point;
    putc('"', out);
    for (; text < end; text += n ? n : 1) {
        n = mu_text_sequence(text, (size_t)(end - text));
        if (*text == '"' || *text == '\\') {
            fprintf(out, "\\%c", *text);
        } else if ((unsigned char)*text < 0x20 || *text == '<' || *text == 0x7f) {
            fprintf(out, "\\u%04x", (unsigned char)*text);
        } else if (is_not_plain_in_yaml(text, n, &point)) {
            fprintf(out, "\\u%04x", point);
        } else if (n) {
            fwrite(text, n, 1, out);
        } else {
            fputs("\\ufffd", out);
        }
    }
    putc('"', out);
}

void cl_json_number(FILE *out, double value) {
    char text[32];
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    mu_print_double(value, text);
    fputs(text, out);
}

void cl_json_pairs(FILE *out, const struct mu_pair *pairs, size_t n) {
    putc('{', out);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        cl_json_string(out, pairs[i].name);
        fputs(": ", out);
        cl_json_string(out, pairs[i].value);
    }
    putc('}', out);
}

/* ---- reading ---- */

struct scan {
    const char *at, *end;
};

static void blanks(struct scan *s) {
    while (s->at < s->end && isspace((unsigned char)*s->at)) {
        s->at++;
    }
}

static bool take(struct scan *s, char wanted) {
    blanks(s);
    if (s->at < s->end && *s->at == wanted) {
        s->at++;
        return true;
    }
    return false;
}

static void put_utf8(char **to, unsigned code) {
    if (code < 0x80) {
        *(*to)++ = (char)code;
    } else if (code < 0x800) {
        *(*to)++ = (char)(0xc0 | code >> 6);
        *(*to)++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *(*to)++ = (char)(0xe0 | code >> 12);
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
        *(*to)++ = (char)(0x80 | (code & 0x3f));
    } else {
        *(*to)++ = (char)(0xf0 | code >> 18);
        *(*to)++ = (char)(0x80 | (code >> 12 & 0x3f));
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
        *(*to)++ = (char)(0x80 | (code & 0x3f));
    }
}

/* The four digits after "u", which |s| stands at. */
static bool code_unit(const struct scan *s, unsigned *unit) {
    unsigned value = 0;
    if (s->end - s->at < 5 || *s->at != 'u') {
        return false;
    }
    for (int i = 1; i <= 4; i++) {
        int c = tolower((unsigned char)s->at[i]);
        if (!isxdigit(c)) {
            return false;
        }
        value = value << 4 | (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    *unit = value;
    return true;
}

/* "uXXXX", and what belongs to it when it is the first half of a pair. */
static bool code_point(struct scan *s, char **to) {
    unsigned code;
    if (!code_unit(s, &code)) {
        return false;
    }
    s->at += 5;
    if (code >= 0xd800 && code < 0xe000) {
        struct scan next = {s->at + 1, s->end};
        unsigned low = 0;
        bool pair = code < 0xdc00 && s->end > s->at && *s->at == '\\' && code_unit(&next, &low) &&
                    low >= 0xdc00 && low < 0xe000;
        s->at += pair ? 6 : 0;
        code = pair ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
    }
    put_utf8(to, code);
    return true;
}

static bool escape(struct scan *s, char **to) {
    static const char from[] = "\"\\/bfnrt";
    static const char plain[] = "\"\\/\b\f\n\r\t";
    const char *found = s->at < s->end ? strchr(from, *s->at) : NULL;
    if (found && *found) {
        *(*to)++ = plain[found - from];
        s->at++;
        return true;
    }
    return code_point(s, to);
}

/* A string, its opening quote taken; malloc'd, or NULL. */
static char *string(struct scan *s) {
    char *text = malloc((size_t)(s->end - s->at) + 1);
    char *to = text;
    while (text && s->at < s->end && *s->at != '"') {
        if (*s->at != '\\') {
            *to++ = *s->at++;
            continue;
        }
        s->at++;
        if (!escape(s, &to)) {
            break;
        }
    }
    if (!text || s->at >= s->end || *s->at != '"') {
        free(text);
        return NULL;
    }
    s->at++;
    *to = '\0';
    return text;
}

static char *word(struct scan *s) {
    const char *start = s->at;
    while (s->at < s->end && !strchr(",}] \t\r\n", *s->at)) {
        s->at++;
    }
    return s->at > start ? strndup(start, (size_t)(s->at - start)) : NULL;
}

/* The text of a nested list or object. */
static char *nested(struct scan *s) {
    const char *start = s->at;
    int depth = 0;
    do {
        blanks(s);
        if (s->at >= s->end) {
            return NULL;
        }
        char c = *s->at++;
        if (c == '"') {
            char *text = string(s);
            if (!text) {
                return NULL;
            }
            free(text);
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    } while (depth > 0);
    return strndup(start, (size_t)(s->at - start));
}

/* One "name": value; false at a mistake. */
static bool member(struct scan *s, struct cl_json_member *to) {
    char *name = take(s, '"') ? string(s) : NULL;
    if (!name || !take(s, ':')) {
        free(name);
        return false;
    }
    blanks(s);
    bool quoted = take(s, '"');
    bool holds = s->at < s->end && (*s->at == '{' || *s->at == '[');
    char *value = quoted ? string(s) : holds ? nested(s) : word(s);
    if (!value) {
        free(name);
        return false;
    }
    *to = (struct cl_json_member){name, value, quoted};
    return true;
}

struct cl_json_member *cl_json_flat_object(const char *text, size_t length, size_t *n) {
    struct scan s = {text, text + length};
    struct cl_json_member *members = NULL;
    size_t room = 0;
    bool good = take(&s, '{');
    *n = 0;
    while (good) {
        if (*n == room) {
            room = room ? 2 * room : 16;
            struct cl_json_member *larger = realloc(members, room * sizeof *members);
            if (!larger) {
                break;
            }
            members = larger;
        }
        good = member(&s, &members[*n]);
        *n += good;
        if (good && take(&s, '}')) {
            return members;
        }
        good = good && take(&s, ',');
    }
    cl_json_members_free(members, *n);
    *n = 0;
    return NULL;
}

const struct cl_json_member *cl_json_find(
    const struct cl_json_member *members, size_t n, const char *name) {
    while (n-- > 0) {
        if (!strcmp(members[n].name, name)) {
            return &members[n];
        }
    }
    return NULL;
}

void cl_json_members_free(struct cl_json_member *members, size_t n) {
    for (size_t i = 0; i < n; i++) {
        free(members[i].name);
        free(members[i].value);
    }
    free(members);
}

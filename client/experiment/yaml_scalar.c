#include "client/experiment/yaml_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAG(name) "tag:yaml.org,2002:" name

struct word {
    const char *text;
    enum cl_node_kind kind;
    const char *value;
};

/* YAML 1.1's words in the three spellings that are resolved. */
static const struct word WORDS[] = {{"", CL_NODE_NULL, "null"}, {"~", CL_NODE_NULL, "null"},
    {"null", CL_NODE_NULL, "null"}, {"Null", CL_NODE_NULL, "null"}, {"NULL", CL_NODE_NULL, "null"},
    {"y", CL_NODE_BOOL, "true"}, {"Y", CL_NODE_BOOL, "true"}, {"yes", CL_NODE_BOOL, "true"},
    {"Yes", CL_NODE_BOOL, "true"}, {"YES", CL_NODE_BOOL, "true"}, {"true", CL_NODE_BOOL, "true"},
    {"True", CL_NODE_BOOL, "true"}, {"TRUE", CL_NODE_BOOL, "true"}, {"on", CL_NODE_BOOL, "true"},
    {"On", CL_NODE_BOOL, "true"}, {"ON", CL_NODE_BOOL, "true"}, {"n", CL_NODE_BOOL, "false"},
    {"N", CL_NODE_BOOL, "false"}, {"no", CL_NODE_BOOL, "false"}, {"No", CL_NODE_BOOL, "false"},
    {"NO", CL_NODE_BOOL, "false"}, {"false", CL_NODE_BOOL, "false"},
    {"False", CL_NODE_BOOL, "false"}, {"FALSE", CL_NODE_BOOL, "false"},
    {"off", CL_NODE_BOOL, "false"}, {"Off", CL_NODE_BOOL, "false"}, {"OFF", CL_NODE_BOOL, "false"},
    {".nan", CL_NODE_NUMBER, "nan"}, {".NaN", CL_NODE_NUMBER, "nan"},
    {".NAN", CL_NODE_NUMBER, "nan"}, {".inf", CL_NODE_NUMBER, "inf"},
    {".Inf", CL_NODE_NUMBER, "inf"}, {".INF", CL_NODE_NUMBER, "inf"},
    {"+.inf", CL_NODE_NUMBER, "inf"}, {"+.Inf", CL_NODE_NUMBER, "inf"},
    {"+.INF", CL_NODE_NUMBER, "inf"}, {"-.inf", CL_NODE_NUMBER, "-inf"},
    {"-.Inf", CL_NODE_NUMBER, "-inf"}, {"-.INF", CL_NODE_NUMBER, "-inf"}, {NULL, 0, NULL}};

/* |text| without its underscores, which separate digits. */
static char *digits_of(const char *text, struct mu_arena *arena) {
    char *plain = MU_ARRAY(arena, strlen(text) + 1, char);
    char *to = plain;
    for (; *text; text++) {
        if (*text != '_') {
            *to++ = *text;
        }
    }
    return plain;
}

static int base_of(const char **digits) {
    int mark = **digits == '0' ? tolower((unsigned char)(*digits)[1]) : 0;
    int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    *digits += base ? 2 : 0;
    return base ? base : **digits == '0' ? 8 : 10;
}

/* An integer of 64 bits in Go's notation (0x10, 0o7, 0b1, 012), or NULL; as a decimal text. */
static const char *integer(const char *text, struct mu_arena *arena) {
    bool negative = *text == '-';
    const char *digits = text + (*text == '-' || *text == '+');
    int base = base_of(&digits);
    char *end;
    if (!isxdigit((unsigned char)*digits)) {
        return NULL;
    }
    errno = 0;
    unsigned long long magnitude = strtoull(digits, &end, base);
    unsigned long long most = negative ? 1ULL << 63 : *text == '+' ? INT64_MAX : UINT64_MAX;
    if (*end || errno || magnitude > most) {
        return NULL;
    }
    return mu_arena_format(arena, "%s%llu", negative && magnitude ? "-" : "", magnitude);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, finite. */
static bool real(const char *text) {
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789");
    at += whole;
    if (*at == '.') {
        size_t part = strspn(at + 1, "0123456789");
        if (!whole && !part) {
            return false;
        }
        at += 1 + part;
    } else if (!whole) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        size_t power = strspn(at, "0123456789");
        if (!power) {
            return false;
        }
        at += power;
    }
    return !*at && isfinite(strtod(text, NULL));
}

/* What a scalar without quotes or tag is. */
static void resolve_plain(struct cl_node *node, struct mu_arena *arena) {
    const char *text = node->text;
    for (const struct word *word = WORDS; word->text; word++) {
        if (!strcmp(word->text, text)) {
            node->kind = word->kind;
            node->value = word->value;
            return;
        }
    }
    bool numeric = isdigit((unsigned char)*text) || *text == '+' || *text == '-';
    const char *digits = numeric ? digits_of(text, arena) : text;
    const char *whole = numeric ? integer(digits, arena) : NULL;
    if (whole || ((numeric || *text == '.') && real(digits))) {
        node->kind = CL_NODE_NUMBER;
        node->value = whole ? whole : digits;
    }
}

bool cl_yaml_resolve(struct cl_node *node, const char *tag, bool plain, struct mu_arena *arena) {
    static const struct {
        const char *tag;
        enum cl_node_kind kind;
    } tags[] = {{TAG("bool"), CL_NODE_BOOL}, {TAG("int"), CL_NODE_NUMBER},
        {TAG("float"), CL_NODE_NUMBER}, {TAG("null"), CL_NODE_NULL}};
    node->kind = CL_NODE_TEXT;
    node->value = node->text;
    if (!tag) {
        if (plain) {
            resolve_plain(node, arena);
        }
        return true;
    }
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (!strcmp(tag, tags[i].tag)) {
            resolve_plain(node, arena);
            bool whole = !strpbrk(node->value, ".eEn"); /* of numbers: no fraction, no infinity */
            return node->kind == tags[i].kind && (strcmp(tag, TAG("int")) != 0 || whole);
        }
    }
    return true; /* "!!str", and tags that Kubernetes does not know: a text */
}

#include "common/rpc/descriptors.h"

#include <string.h>

#include "common/base/field.h"

/* Field numbers of google/protobuf/descriptor.proto. Everything has its name in field 1. */
enum {
    SET_FILE = 1,
    NAME = 1,
    FILE_PACKAGE = 2,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_MESSAGE = 3,
    MESSAGE_ENUM = 4,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
};

/* The next length-delimited field of |message|, which is moved past it; others are skipped. False
 * at the end, or where the bytes make no sense. */
static bool next_field(struct mu_slice *message, unsigned *number, struct mu_slice *value) {
    const uint8_t *at = message->bytes;
    const uint8_t *end = at + message->size;
    struct mu_field field;
    while (at < end && mu_field_read(&at, end, &field)) {
        if (field.delimited) {
            *message = (struct mu_slice){at, (size_t)(end - at)};
            *number = field.number;
            *value = field.value;
            return true;
        }
    }
    return false;
}

static struct mu_slice field_of(struct mu_slice message, unsigned wanted) {
    unsigned number;
    struct mu_slice field;
    while (next_field(&message, &number, &field)) {
        if (number == wanted) {
            return field;
        }
    }
    return (struct mu_slice){NULL, 0};
}

static bool is(struct mu_slice bytes, const char *text, size_t size) {
    return bytes.size == size && (size == 0 || memcmp(bytes.bytes, text, size) == 0);
}

/* |symbol| without the leading |scope| and the dot behind it; NULL when it does not lie inside. */
static const char *inside(const char *symbol, struct mu_slice scope) {
    if (scope.size == 0) {
        return symbol;
    }
    bool within = strlen(symbol) > scope.size && memcmp(symbol, scope.bytes, scope.size) == 0 &&
                  symbol[scope.size] == '.';
    return within ? symbol + scope.size + 1 : NULL;
}

/* Whether one of |parent|'s fields |number| is called |name|. */
static bool has_child(struct mu_slice parent, unsigned wanted, const char *name) {
    unsigned number;
    struct mu_slice field;
    while (next_field(&parent, &number, &field)) {
        if (number == wanted && is(field_of(field, NAME), name, strlen(name))) {
            return true;
        }
    }
    return false;
}

/* What may stand inside a declaration: the field that holds it, the field of its plain children,
 * and of its nested messages and enums. */
struct shape {
    unsigned children, messages, enums;
};
static const struct shape of_file = {FILE_SERVICE, FILE_MESSAGE, FILE_ENUM},
                          of_message = {MESSAGE_FIELD, MESSAGE_MESSAGE, MESSAGE_ENUM};

/* Whether |symbol|, relative to |scope|, is declared in it. Depth is that of the symbol's dots. */
static bool declares(struct mu_slice scope, const struct shape *shape, const char *symbol) {
    unsigned number;
    struct mu_slice field;
    while (next_field(&scope, &number, &field)) {
        struct mu_slice name = field_of(field, NAME);
        const char *rest = name.size > 0 ? inside(symbol, name) : NULL;
        bool known =
            number == shape->children || number == shape->messages || number == shape->enums;
        if (known && is(name, symbol, strlen(symbol))) {
            return true;
        }
        if (number == shape->enums && has_child(field, ENUM_VALUE, symbol)) {
            return true; /* an enum's values live in the scope around it */
        }
        if (rest && number == shape->messages && declares(field, &of_message, rest)) {
            return true;
        }
        if (rest && shape == &of_file && number == FILE_SERVICE &&
            has_child(field, SERVICE_METHOD, rest)) {
            return true;
        }
    }
    return false;
}

bool mu_descriptor_file(struct mu_slice set, const char *name, struct mu_slice *file) {
    unsigned number;
    while (next_field(&set, &number, file)) {
        if (number == SET_FILE && is(field_of(*file, NAME), name, strlen(name))) {
            return true;
        }
    }
    return false;
}

bool mu_descriptor_symbol(struct mu_slice set, const char *symbol, struct mu_slice *file) {
    unsigned number;
    symbol += *symbol == '.';
    while (next_field(&set, &number, file)) {
        const char *relative =
            number == SET_FILE ? inside(symbol, field_of(*file, FILE_PACKAGE)) : NULL;
        if (relative && declares(*file, &of_file, relative)) {
            return true;
        }
    }
    return false;
}

#include "common/wire/unpack.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/text.h"

struct allocation {
    struct mu_arena *arena;
    bool exhausted;
};

static void *allocate(void *user, size_t size) {
    struct allocation *a = user;
    void *memory = mu_arena_try_alloc(a->arena, size);
    a->exhausted |= !memory;
    return memory;
}

static void release(void *user, void *memory) {
    (void)user;
    (void)memory; /* the arena frees it */
}

enum { MOST_NESTED = 16 }; /* the contract's messages nest seven deep */

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80)) {
            return true;
        }
    }
    return false;
}

struct field {
    unsigned number;
    bool delimited; /* wire type 2: |value| is a string, a message or packed numbers */
    struct mu_slice value;
};

/* The field at |*at|, which moves behind it; false when it is malformed or of a type that proto3
 * does not use. */
static bool read_field(const uint8_t **at, const uint8_t *end, struct field *field) {
    uint64_t key;
    uint64_t number;
    if (!read_varint(at, end, &key)) {
        return false;
    }
    *field = (struct field){.number = (unsigned)(key >> 3), .delimited = (key & 7) == 2};
    size_t width = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if ((key & 7) == 0) {
        return read_varint(at, end, &number);
    }
    if (field->delimited) {
        if (!read_varint(at, end, &number) || number > (uint64_t)(end - *at)) {
            return false;
        }
        width = (size_t)number;
        field->value = (struct mu_slice){*at, width};
    } else if (width == 0 || (size_t)(end - *at) < width) {
        return false;
    }
    *at += width;
    return true;
}

/* An empty message may have no address, to which nothing may be added. */
static const uint8_t *end_of(struct mu_slice message) {
    return message.size > 0 ? message.bytes + message.size : message.bytes;
}

/* Walk |message|, one of |type|: the name of the first string field that is not text, or NULL. A
 * malformed message is left to protobuf-c. */
static const char *bad_text(
    const ProtobufCMessageDescriptor *type, struct mu_slice message, int depth) {
    const uint8_t *at = message.bytes;
    const uint8_t *end = end_of(message);
    struct field field;
    while (at < end && read_field(&at, end, &field)) {
        const ProtobufCFieldDescriptor *f =
            field.delimited ? protobuf_c_message_descriptor_get_field(type, field.number) : NULL;
        if (f && f->type == PROTOBUF_C_TYPE_STRING &&
            !mu_text_valid((const char *)field.value.bytes, field.value.size)) {
            return f->name;
        }
        if (f && f->type == PROTOBUF_C_TYPE_MESSAGE && depth < MOST_NESTED) {
            const char *inner = bad_text(f->descriptor, field.value, depth + 1);
            if (inner) {
                return inner;
            }
        }
    }
    return NULL;
}

void mu_wire_split(
    struct mu_slice message, unsigned number, struct mu_wire_parts *parts, struct mu_arena *arena) {
    const uint8_t *at = message.bytes;
    const uint8_t *end = end_of(message);
    struct field field;
    size_t n = 0;
    size_t taken = 0;
    while (at < end) {
        const uint8_t *from = at;
        if (!read_field(&at, end, &field)) {
            break;
        }
        if (field.delimited && field.number == number) {
            n++;
            taken += (size_t)(at - from);
        }
    }
    uint8_t *rest = mu_arena_array(arena, message.size - taken, 1);
    *parts = (struct mu_wire_parts){
        MU_ARRAY(arena, n, struct mu_slice), 0, {rest, message.size - taken}};
    for (at = message.bytes; at < end;) {
        const uint8_t *from = at;
        bool whole = read_field(&at, end, &field);
        if (whole && field.delimited && field.number == number) {
            parts->values[parts->n++] = field.value;
            continue;
        }
        at = whole ? at : end;
        rest = (uint8_t *)memcpy(rest, from, (size_t)(at - from)) + (at - from);
    }
}

enum mu_status mu_wire_unpack(const ProtobufCMessageDescriptor *type, struct mu_slice bytes,
    struct mu_arena *arena, ProtobufCMessage **message, struct mu_error *error) {
    const char *field = bad_text(type, bytes, 0);
    if (field) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "field %s of the message is not UTF-8 text", field);
    }
    struct allocation allocation = {.arena = arena};
    ProtobufCAllocator allocator = {allocate, release, &allocation};
    *message = protobuf_c_message_unpack(type, &allocator, bytes.size, bytes.bytes);
    if (*message) {
        return MU_OK;
    }
    if (allocation.exhausted) {
        return mu_fail(error, MU_RESOURCE_EXHAUSTED,
            "a message of %zu bytes needs more memory than one request may have", bytes.size);
    }
    return mu_fail(error, MU_INVALID_ARGUMENT, "a message of %zu bytes is not a valid %s",
        bytes.size, type->name);
}

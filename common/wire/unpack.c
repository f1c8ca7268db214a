#include "common/wire/unpack.h"

#include <stdbool.h>
#include <string.h>

#include "common/base/field.h"
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
    struct mu_field field;
    while (at < end && mu_field_read(&at, end, &field)) {
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
    struct mu_field field;
    size_t n = 0;
    size_t taken = 0;
    while (at < end) {
        const uint8_t *from = at;
        if (!mu_field_read(&at, end, &field)) {
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
        bool whole = mu_field_read(&at, end, &field);
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

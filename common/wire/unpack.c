#include "common/wire/unpack.h"

#include <stdbool.h>

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

static bool skip_scalar(const uint8_t **at, const uint8_t *end, unsigned wire) {
    uint64_t ignored;
    size_t width = wire == 1 ? 8 : wire == 5 ? 4 : 0;
    if (wire == 0) {
        return read_varint(at, end, &ignored);
    }
    if (width == 0 || (size_t)(end - *at) < width) {
        return false;
    }
    *at += width;
    return true;
}

/* Walk |bytes| as a message of |type|: the name of the first string field that is not text, or NULL. A malformed message is left to
 * protobuf-c. */
static const char *bad_text(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size, int depth) {
    const uint8_t *at = bytes, *end = bytes + size;
    while (at < end) {
        uint64_t key, length;
        if (!read_varint(&at, end, &key)) {
            return NULL;
        }
        if ((key & 7) != 2) {
            if (!skip_scalar(&at, end, key & 7)) {
                return NULL;
            }
            continue;
        }
        if (!read_varint(&at, end, &length) || length > (uint64_t)(end - at)) {
            return NULL;
        }
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3));
        if (f && f->type == PROTOBUF_C_TYPE_STRING && !mu_text_valid((const char *)at, (size_t)length)) {
            return f->name;
        }
        if (f && f->type == PROTOBUF_C_TYPE_MESSAGE && depth < MOST_NESTED) {
            const char *inner = bad_text(f->descriptor, at, (size_t)length, depth + 1);
            if (inner) {
                return inner;
            }
        }
        at += length;
    }
    return NULL;
}

enum mu_status mu_wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size, struct mu_arena *arena,
                              ProtobufCMessage **message, struct mu_error *error) {
    const char *field = bad_text(type, bytes, size, 0);
    if (field) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "field %s of the request is not UTF-8 text", field);
    }
    struct allocation allocation = {.arena = arena};
    ProtobufCAllocator allocator = {allocate, release, &allocation};
    *message = protobuf_c_message_unpack(type, &allocator, size, bytes);
    if (*message) {
        return MU_OK;
    }
    if (allocation.exhausted) {
        return mu_fail(error, MU_RESOURCE_EXHAUSTED, "a request of %zu bytes needs more memory than one request may have", size);
    }
    return mu_fail(error, MU_INVALID_ARGUMENT, "the request of %zu bytes is not a valid %s", size, type->name);
}

/* Unpacking with everything checked that protobuf-c leaves unchecked. Private to common/wire. */
#ifndef MUSHIR_WIRE_UNPACK_H
#define MUSHIR_WIRE_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"
#include "common/base/slice.h"

/* The values of the message field |number| in |message|, in order, as slices of it, and everything
 * else as |rest|: what there is once is read without unpacking what there is many times. Slices and
 * rest are owned by the arena. A malformed message leaves all from the fault on in |rest|, for
 * mu_wire_unpack to refuse. */
struct mu_wire_parts {
    struct mu_slice *values;
    size_t n;
    struct mu_slice rest;
};
void mu_wire_split(
    struct mu_slice message, unsigned number, struct mu_wire_parts *parts, struct mu_arena *arena);

/* Unpack |bytes| as a message of |type| into the arena; |*message| points to it.
 * MU_INVALID_ARGUMENT: malformed, or a text that is not UTF-8 or holds a NUL (named);
 * MU_RESOURCE_EXHAUSTED: the arena's limit is passed. */
MU_MUST_USE enum mu_status mu_wire_unpack(const ProtobufCMessageDescriptor *type,
    struct mu_slice bytes, struct mu_arena *arena, ProtobufCMessage **message,
    struct mu_error *error);

#endif

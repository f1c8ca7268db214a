/* Unpacking with everything checked that protobuf-c leaves unchecked. Private to common/wire. */
#ifndef MUSHIR_WIRE_UNPACK_H
#define MUSHIR_WIRE_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"

/* Unpack |bytes| as a message of |type| into the arena; |*message| points to it. MU_INVALID_ARGUMENT: malformed, or a text that is not UTF-8 or
 * holds a NUL (named); MU_RESOURCE_EXHAUSTED: the arena's limit is passed. */
MU_MUST_USE enum mu_status mu_wire_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size, struct mu_arena *arena,
                                          ProtobufCMessage **message, struct mu_error *error);

#endif

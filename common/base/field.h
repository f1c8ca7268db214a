/* The fields of a serialized protobuf message, read one by one without unpacking it
 * (protobuf.dev/programming-guides/encoding). */
#ifndef MUSHIR_BASE_FIELD_H
#define MUSHIR_BASE_FIELD_H

#include <stdbool.h>

#include "common/base/slice.h"

struct mu_field {
    unsigned number;
    bool delimited;        /* wire type 2: |value| is a string, a message or packed numbers */
    struct mu_slice value; /* borrowed; of delimited fields only */
};

/* The number at |*at|, seven bits a byte, which moves behind it; false at |end|, or after ten bytes
 * that do not end it. */
static inline bool mu_varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value) {
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

/* The field at |*at|, which moves behind it; false at |end|, or when it is malformed or of a type
 * that proto3 does not use. */
static inline bool mu_field_read(const uint8_t **at, const uint8_t *end, struct mu_field *field) {
    enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, FIXED32 = 5 };
    uint64_t key;
    uint64_t number;
    if (!mu_varint_read(at, end, &key)) {
        return false;
    }
    unsigned type = key & 7;
    *field = (struct mu_field){.number = (unsigned)(key >> 3), .delimited = type == DELIMITED};
    size_t width = type == FIXED64 ? 8 : type == FIXED32 ? 4 : 0;
    if (type == VARINT) {
        return mu_varint_read(at, end, &number);
    }
    if (field->delimited) {
        if (!mu_varint_read(at, end, &number) || number > (uint64_t)(end - *at)) {
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

#endif

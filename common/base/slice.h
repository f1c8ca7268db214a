/* Bytes that belong to somebody else. */
#ifndef MUSHIR_BASE_SLICE_H
#define MUSHIR_BASE_SLICE_H

#include <stddef.h>
#include <stdint.h>

struct mu_slice {
    const uint8_t *bytes;
    size_t size;
};

#endif

/* Finding files in a serialized google.protobuf.FileDescriptorSet, without a descriptor library:
 * server reflection's data. */
#ifndef MUSHIR_RPC_DESCRIPTORS_H
#define MUSHIR_RPC_DESCRIPTORS_H

#include <stdbool.h>

#include "common/base/slice.h"

/* The FileDescriptorProto called |name| in |set|, such as "grpc/health/v1/health.proto". False when
 * there is none. */
bool mu_descriptor_file(struct mu_slice set, const char *name, struct mu_slice *file);

/* The FileDescriptorProto that declares |symbol|, a fully qualified service, method, message, enum,
 * field or enum value. */
bool mu_descriptor_symbol(struct mu_slice set, const char *symbol, struct mu_slice *file);

#endif

/* Status codes and error texts: how every function that can fail says so.
 *
 * Codes are gRPC's own numbers, so that one value travels from the deepest function to the wire.
 * The human text travels in a caller-owned struct mu_error; nobody logs an error and also returns
 * it. */
#ifndef MUSHIR_BASE_STATUS_H
#define MUSHIR_BASE_STATUS_H

/* One list gives the enum and the names: (enumerator, gRPC number, text). */
#define MU_STATUS_MAP(X)                             \
    X(OK, 0, "OK")                                   \
    X(CANCELLED, 1, "CANCELLED")                     \
    X(UNKNOWN, 2, "UNKNOWN")                         \
    X(INVALID_ARGUMENT, 3, "INVALID_ARGUMENT")       \
    X(DEADLINE_EXCEEDED, 4, "DEADLINE_EXCEEDED")     \
    X(NOT_FOUND, 5, "NOT_FOUND")                     \
    X(ALREADY_EXISTS, 6, "ALREADY_EXISTS")           \
    X(PERMISSION_DENIED, 7, "PERMISSION_DENIED")     \
    X(RESOURCE_EXHAUSTED, 8, "RESOURCE_EXHAUSTED")   \
    X(FAILED_PRECONDITION, 9, "FAILED_PRECONDITION") \
    X(ABORTED, 10, "ABORTED")                        \
    X(OUT_OF_RANGE, 11, "OUT_OF_RANGE")              \
    X(UNIMPLEMENTED, 12, "UNIMPLEMENTED")            \
    X(INTERNAL, 13, "INTERNAL")                      \
    X(UNAVAILABLE, 14, "UNAVAILABLE")                \
    X(DATA_LOSS, 15, "DATA_LOSS")                    \
    X(UNAUTHENTICATED, 16, "UNAUTHENTICATED")

enum mu_status {
#define X(name, number, text) MU_##name = number,
    MU_STATUS_MAP(X)
#undef X
};

#define MU_MUST_USE __attribute__((warn_unused_result))
#define MU_PRINTF(text, arguments) __attribute__((format(printf, text, arguments)))

struct mu_error {
    enum mu_status code;
    char text[1024]; /* what was wrong, naming the field and the value; always terminated */
};

/* The name of |code|, such as "INVALID_ARGUMENT"; "UNKNOWN" for a number that is not in the list.
 * Static storage. */
const char *mu_status_name(int code);

/* Write |code| and the formatted text into |error| (cut to fit on a character border; bytes that
 * are not UTF-8 become '?') and return |code|, so that a failing function ends in `return
 * mu_fail(error, ...)`. */
enum mu_status mu_fail(struct mu_error *error, enum mu_status code, const char *format, ...)
    MU_PRINTF(3, 4);

#endif

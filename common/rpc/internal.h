/* What the files of common/rpc share. */
#ifndef MUSHIR_RPC_INTERNAL_H
#define MUSHIR_RPC_INTERNAL_H

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/compression.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/rpc/budget.h"
#include "common/rpc/core.h"
#include "common/rpc/pool.h"
#include "common/rpc/rpc.h"

#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Core is not instrumented, so ThreadSanitizer cannot see that an event happens after the operation
 * that asked for it. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MU_RPC_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(MU_RPC_TSAN)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define mu_rpc_handing_over(address) __tsan_release(address)
#define mu_rpc_taking_over(address) __tsan_acquire(address)
#else
#define mu_rpc_handing_over(address) ((void)(address))
#define mu_rpc_taking_over(address) ((void)(address))
#endif

/* What core gives back when an operation ended: the address of one of these, embedded in what the
 * operation belongs to. */
struct mu_rpc_tag {
    void (*on_done)(struct mu_rpc_tag *tag, bool ok); /* on the polling thread */
};

struct mu_rpc_call;

/* One way of answering calls. */
struct mu_rpc_kind {
    size_t size;  /* of the structure that starts with struct mu_rpc_call */
    bool payload; /* it arrives when its first message has */
    void (*arrived)(struct mu_rpc_call *call); /* polling thread; holds a reference for it */
    void (*closed)(struct mu_rpc_call
            *call); /* polling thread; the call is over for the client; may be NULL */
    void (*finish)(struct mu_rpc_call *call); /* last reference gone; any thread; may be NULL */
};

/* One path that is served. */
struct mu_rpc_endpoint {
    const char *path; /* NULL: every path that is not registered */
    const struct mu_rpc_kind *kind;
    const struct mu_endpoint *method; /* unary: of a contract, with the state of its handlers */
    void *state;
    bool finishes;    /* of its contract */
    void *registered; /* core's handle */
};

struct mu_rpc_call {
    struct mu_rpc_server *server;
    const struct mu_rpc_endpoint *endpoint;
    struct mu_rpc_tag on_new, on_close, on_sent, on_read;
    grpc_call *call;
    gpr_timespec deadline, arrived_at;
    grpc_metadata_array metadata;
    grpc_call_details details; /* of unregistered paths */
    grpc_byte_buffer *payload; /* the message that was read last; NULL when the client sent none */
    int core_cancelled;        /* written by core */
    atomic_bool stopped;       /* ours: the call is over, whatever we still compute */
    atomic_int references;     /* events in flight and owners */
    bool awaited;              /* waits for its client; this and the next are under awaited.lock */
    struct mu_rpc_call *earlier, *later;
    gpr_timespec awaited_since;
};

/* The calls that wait for their client, in the order of their waiting. */
struct mu_rpc_awaited {
    pthread_mutex_t lock;
    struct mu_rpc_call *first, *last;
};

/* A call that answers with a stream: one message in flight, ended by us when the server stops.
 * Guarded by the server's streams_lock. */
struct mu_rpc_stream {
    struct mu_rpc_call call;
    struct mu_rpc_stream *next, **link; /* in server->streams while open */
    bool counted;                       /* in the budget, as are |held| bytes that are being sent */
    size_t held;
    bool writing, begun, ended;
    enum mu_status end_code; /* with |ending|: how to end once nothing is in flight */
    bool ending;
    const char *end_text;
    void (*advance)(struct mu_rpc_stream *stream); /* start whatever can be started now */
};

struct mu_rpc_server {
    struct mu_rpc_options options;
    grpc_server *core;
    grpc_completion_queue *events;
    struct mu_rpc_endpoint *endpoints;
    size_t n_endpoints;
    int port;
    struct mu_rpc_tag on_shutdown;
    atomic_size_t live; /* calls, armed ones included, and 1 for the server itself: at 0 the event
                           queue closes */
    struct mu_pool *pool;
    atomic_size_t running;
    struct mu_rpc_budget budget;
    struct mu_rpc_awaited awaited;
    atomic_bool accepting, draining; /* health says SERVING while it accepts and does not drain */
    atomic_bool refusing;            /* new calls */
    struct mu_rpc_tls *tls;          /* NULL: plaintext */
    pthread_mutex_t streams_lock;
    struct mu_rpc_stream *streams;
    bool streams_closed; /* new streams end at once */
};

/* call.c */
/* Have core give the next call of |endpoint|; nothing without memory (logged). Any thread. */
void mu_rpc_arm(struct mu_rpc_server *server, const struct mu_rpc_endpoint *endpoint);
/* One of server->live less; at 0 the event queue closes. Any thread. */
void mu_rpc_release_live(struct mu_rpc_server *server);
/* One owner more, one less: the last frees the call. Any thread. */
void mu_rpc_call_ref(struct mu_rpc_call *call);
void mu_rpc_call_unref(struct mu_rpc_call *call);
/* Start |ops|; |tag| comes back on the polling thread, holding a reference until then. False:
 * refused (our bug; logged). */
bool mu_rpc_batch(struct mu_rpc_call *call, const grpc_op *ops, size_t n, struct mu_rpc_tag *tag);
/* Answer a unary call with |message|, which core shares, or, unless |code| is MU_OK, with |text|
 * alone. */
void mu_rpc_reply(
    struct mu_rpc_call *call, enum mu_status code, const char *text, grpc_slice message);
/* The last message read as one slice (to be unreffed); the call's byte buffer is freed. False:
 * none, or it cannot be decompressed. */
bool mu_rpc_message(struct mu_rpc_call *call, grpc_slice *message);
/* Seconds from |since|, of the monotonic clock, until now. */
double mu_rpc_seconds_since(gpr_timespec since);
/* End a call that nothing was begun for, with |text| for its client. */
void mu_rpc_refuse(struct mu_rpc_call *call, enum mu_status code, const char *text);
extern const struct mu_rpc_kind mu_rpc_unknown;

/* await.c: begin and end to wait for the client of |call|. Drop the call that has waited longest;
 * false: none waits. */
void mu_rpc_await(struct mu_rpc_call *call);
void mu_rpc_await_no_more(struct mu_rpc_call *call);
bool mu_rpc_make_room(struct mu_rpc_server *server);
/* Drop those that have waited too long. */
void mu_rpc_drop_late(struct mu_rpc_server *server);

/* stream.c */
/* Begin, or refuse what would be one stream too many. Takes streams_lock. */
void mu_rpc_stream_open(struct mu_rpc_stream *stream);
/* mu_rpc_kind.closed and .finish of streams. The first takes streams_lock. */
void mu_rpc_stream_closed(struct mu_rpc_call *call);
void mu_rpc_stream_finish(struct mu_rpc_call *call);
/* The next three under streams_lock. Send a copy of |bytes|, while nothing is being sent; ends the
 * stream if there is no room for them. */
void mu_rpc_stream_send(struct mu_rpc_stream *stream, const void *bytes, size_t size);
/* Have it ended with |code| and |text| (static) when nothing is being sent; the first call counts.
 */
void mu_rpc_stream_end(struct mu_rpc_stream *stream, enum mu_status code, const char *text);
/* True when there is nothing to do for |stream| now: it writes, has ended, or was ended here. */
bool mu_rpc_stream_try_end(struct mu_rpc_stream *stream);
/* Take streams_lock. End every stream, and each that is begun from now on; advance every one, for
 * what they tell has changed. */
void mu_rpc_streams_close(struct mu_rpc_server *server);
void mu_rpc_streams_advance(struct mu_rpc_server *server);

/* unary.c, health.c, reflection.c */
extern const struct mu_rpc_kind mu_rpc_unary, mu_rpc_health_check, mu_rpc_health_watch,
    mu_rpc_reflection;

/* The packed ServerReflectionResponse of |server|'s endpoints to the packed |question|, to be
 * freed; NULL, with MU_INVALID_ARGUMENT, when it is no ServerReflectionRequest, or with
 * MU_RESOURCE_EXHAUSTED. Apart from its stream for tests. */
enum mu_status mu_rpc_reflect(const struct mu_rpc_server *server, const uint8_t *question,
    size_t size, uint8_t **reply, size_t *reply_size);

/* Bytes that one connection may send before others are read (docs/adr/0033-one-budget.md). */
enum { MU_RPC_TURN = 32 << 10 };

/* connections.c: bound the connections of the process, and keep a descriptor for when there are no
 * more. */
void mu_rpc_connections_init(size_t limit);
/* Pause after whole turns while |held|() (NULL: never) is more than |bytes|. Before any is served.
 */
void mu_rpc_connections_pause(uint64_t (*held)(void), uint64_t bytes);
/* Close those that have been silent for so long. */
void mu_rpc_connections_drop_idle(long seconds);
/* Whether those who connect to |port| are accepted, as far as can be seen from whoever waited at
 * this look and the last ones. */
bool mu_rpc_connections_accepted(int port);

/* credentials.c: the files of TLS, read and tried; NULL with |error|. Paths are borrowed. */
struct mu_rpc_tls *mu_rpc_tls_create(const struct mu_rpc_options *options, struct mu_error *error);
void mu_rpc_tls_destroy(struct mu_rpc_tls *tls); /* NULL is allowed */
/* Read the files again; on failure the former content stays. Not from two threads at once. */
enum mu_status mu_rpc_tls_reload(struct mu_rpc_tls *tls, struct mu_error *error);
/* Whether a file is another one than when they were last read. */
bool mu_rpc_tls_changed(const struct mu_rpc_tls *tls);
/* For one listener. |tls| (NULL: plaintext) outlives it. */
grpc_server_credentials *mu_rpc_credentials(struct mu_rpc_tls *tls);

/* server.c: whether what core has to say stays out of the log. */
void mu_rpc_quiet_core(bool quiet);

#endif

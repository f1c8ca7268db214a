/* What clients can make a server hold, in one sum with one limit (docs/adr/0033-one-budget.md):
 * connections, calls, messages that wait, replies and answers of streams that are not read. */
#ifndef MUSHIR_RPC_BUDGET_H
#define MUSHIR_RPC_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mu_rpc_budget {
    size_t limit;                       /* bytes */
    size_t connection;                  /* bytes of one */
    size_t connections, calls, streams; /* the most of each */
    atomic_size_t open, streaming;      /* calls, and those among them that answer with a stream */
    atomic_size_t bytes;                /* of messages and replies */
    atomic_size_t freed;                /* bytes given back since the allocator was trimmed */
    size_t most_connected;              /* of connections since then */
};

/* A budget of |limit| bytes, nothing of it taken; connections with |tls| need more. Connections may
 * have half of it and calls an eighth, so that a message of three eighths fits whatever else
 * clients do; streams, which may last for ever, may be half of the calls. */
void mu_rpc_budget_init(struct mu_rpc_budget *budget, size_t limit, bool tls);

/* Count one more call; false when there are more than there may be. To be left in either case. */
bool mu_rpc_budget_enter(struct mu_rpc_budget *budget);
void mu_rpc_budget_leave(struct mu_rpc_budget *budget);

/* The same for a call, counted already, that answers with a stream. */
bool mu_rpc_budget_begin_stream(struct mu_rpc_budget *budget);
void mu_rpc_budget_end_stream(struct mu_rpc_budget *budget);

/* Count |bytes| of a message or a reply; false when all that is held is then beyond the limit. To
 * be released in either case. */
bool mu_rpc_budget_hold(struct mu_rpc_budget *budget, size_t bytes);
void mu_rpc_budget_release(struct mu_rpc_budget *budget, size_t bytes);

/* Give memory back to the system that the allocator keeps, if calls or connections have left much
 * and no call is open, now that there are |connections|. Whether it was. From one thread. */
bool mu_rpc_budget_trim(struct mu_rpc_budget *budget, size_t connections);

#endif

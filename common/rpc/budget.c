#include "common/rpc/budget.h"

#include <malloc.h>

#include "common/rpc/internal.h"

/* Bytes that core and the allocator take for each, measured (docs/adr/0033-one-budget.md). */
enum { CONNECTION = 20 << 10, TLS_CONNECTION = 88 << 10, CALL = 16 << 10 };

void mu_rpc_budget_init(struct mu_rpc_budget *budget, size_t limit, bool tls) {
    size_t connection = tls ? TLS_CONNECTION : CONNECTION;
    *budget = (struct mu_rpc_budget){
        .limit = limit,
        .connection = connection,
        .connections = limit / 2 / connection,
        .calls = limit / 8 / CALL,
        .streams = limit / 16 / CALL,
    };
}

bool mu_rpc_budget_enter(struct mu_rpc_budget *budget) {
    return atomic_fetch_add(&budget->open, 1) < budget->calls;
}

void mu_rpc_budget_leave(struct mu_rpc_budget *budget) {
    atomic_fetch_add(&budget->freed, CALL);
    atomic_fetch_sub(&budget->open, 1);
}

bool mu_rpc_budget_begin_stream(struct mu_rpc_budget *budget) {
    return atomic_fetch_add(&budget->streaming, 1) < budget->streams;
}

void mu_rpc_budget_end_stream(struct mu_rpc_budget *budget) {
    atomic_fetch_sub(&budget->streaming, 1);
}

bool mu_rpc_budget_hold(struct mu_rpc_budget *budget, size_t bytes) {
    size_t held = atomic_fetch_add(&budget->bytes, bytes) + bytes;
    size_t rest = mu_rpc_connections() * budget->connection + atomic_load(&budget->open) * CALL;
    return held + rest <= budget->limit;
}

void mu_rpc_budget_release(struct mu_rpc_budget *budget, size_t bytes) {
    atomic_fetch_add(&budget->freed, bytes);
    atomic_fetch_sub(&budget->bytes, bytes);
}

/* Less than this is kept for the calls to come. */
enum { WORTH_TRIMMING = 4 << 20 };

bool mu_rpc_budget_trim(struct mu_rpc_budget *budget, size_t connections) {
    if (connections > budget->most_connected) {
        budget->most_connected = connections;
    }
    size_t left = (budget->most_connected - connections) * budget->connection;
    if (atomic_load(&budget->open) > 0 || atomic_load(&budget->freed) + left < WORTH_TRIMMING) {
        return false;
    }
    atomic_store(&budget->freed, 0);
    budget->most_connected = connections;
    malloc_trim(0);
    return true;
}

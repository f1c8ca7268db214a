/* Counters of a service, in the text format of Prometheus. */
#ifndef MUSHIR_SERVICE_METRICS_H
#define MUSHIR_SERVICE_METRICS_H

#include <stdatomic.h>
#include <stdio.h>

#include "common/rpc/rpc.h"

enum { MU_METRICS_METHODS = 16, MU_METRICS_STATUSES = 17, MU_METRICS_BUCKETS = 12 };

struct mu_metrics_method {
    const char *path;
    atomic_ullong by_status[MU_METRICS_STATUSES];
    atomic_ullong by_latency[MU_METRICS_BUCKETS + 1]; /* not cumulative; the last is +Inf */
    atomic_ullong nanoseconds;
};

struct mu_metrics {
    struct mu_metrics_method methods[MU_METRICS_METHODS];
    size_t n_methods;
    atomic_ullong trials, observed, failed, running, dropped; /* all, and of these */
    atomic_ullong suggestions, bytes;
};

/* What is true at the moment of printing. */
struct mu_metrics_now {
    const char *service, *version;
    size_t queued, running, workers;
    uint64_t resident;
    unsigned long long log_lost;
};

/* Counters for the endpoints of |contracts|, ended by NULL; more than MU_METRICS_METHODS are not
 * counted. */
void mu_metrics_init(struct mu_metrics *metrics, const struct mu_contract *const *contracts);

/* Count a request. Any thread. */
void mu_metrics_count(struct mu_metrics *metrics, const struct mu_rpc_outcome *outcome);

/* Write everything to |out| in Prometheus' text format. Any thread. */
void mu_metrics_print(struct mu_metrics *metrics, const struct mu_metrics_now *now, FILE *out);

#endif

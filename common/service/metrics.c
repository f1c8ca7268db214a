#include "common/service/metrics.h"

#include <inttypes.h>
#include <string.h>

static const double bucket_ends[MU_METRICS_BUCKETS] = {
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}; /* seconds */

void mu_metrics_init(struct mu_metrics *metrics, const struct mu_contract *const *contracts) {
    memset(metrics, 0, sizeof *metrics);
    for (; *contracts; contracts++) {
        for (size_t i = 0; i < (*contracts)->n_endpoints; i++) {
            if (metrics->n_methods < MU_METRICS_METHODS) {
                metrics->methods[metrics->n_methods++].path = (*contracts)->endpoints[i].path;
            }
        }
    }
}

static void add(atomic_ullong *counter, unsigned long long amount) {
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static unsigned long long get(atomic_ullong *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void mu_metrics_count(struct mu_metrics *metrics, const struct mu_rpc_outcome *outcome) {
    size_t at = 0;
    size_t bucket = 0;
    size_t status = (size_t)outcome->status;
    while (at < metrics->n_methods && strcmp(metrics->methods[at].path, outcome->method) != 0) {
        at++;
    }
    if (at == metrics->n_methods) {
        return;
    }
    while (bucket < MU_METRICS_BUCKETS && outcome->seconds > bucket_ends[bucket]) {
        bucket++;
    }
    struct mu_metrics_method *method = &metrics->methods[at];
    add(&method->by_status[status < MU_METRICS_STATUSES ? status : MU_UNKNOWN], 1);
    add(&method->by_latency[bucket], 1);
    add(&method->nanoseconds, (unsigned long long)(outcome->seconds * 1e9));
    add(&metrics->trials, outcome->note->trials);
    add(&metrics->observed, outcome->note->observed);
    add(&metrics->failed, outcome->note->failed);
    add(&metrics->running, outcome->note->running);
    add(&metrics->dropped, outcome->note->dropped);
    add(&metrics->suggestions, outcome->status == MU_OK ? outcome->note->asked : 0);
    add(&metrics->bytes, outcome->request_bytes);
}

static const char *short_name(const struct mu_metrics_method *method) {
    return strrchr(method->path, '/') + 1;
}

static void head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Whether a status is shown before it occurs: what appears as 1 is no increase to Prometheus, and
 * alerts wait for the first of some (deploy/chart/files/alerts.yaml). */
static bool is_awaited(int code) {
    return code == MU_OK || code == MU_INTERNAL || code == MU_RESOURCE_EXHAUSTED;
}

static void print_requests(struct mu_metrics *metrics, FILE *out) {
    head(out, "mushir_requests_total", "counter", "Requests by method and gRPC status.");
    for (size_t i = 0; i < metrics->n_methods; i++) {
        for (int code = 0; code < MU_METRICS_STATUSES; code++) {
            unsigned long long count = get(&metrics->methods[i].by_status[code]);
            if (count > 0 || is_awaited(code)) {
                fprintf(out, "mushir_requests_total{method=\"%s\",status=\"%s\"} %llu\n",
                    short_name(&metrics->methods[i]), mu_status_name(code), count);
            }
        }
    }
}

static void print_latency(struct mu_metrics *metrics, FILE *out) {
    head(out, "mushir_request_seconds", "histogram",
        "Time from arrival to reply, waiting for a worker included.");
    for (size_t i = 0; i < metrics->n_methods; i++) {
        struct mu_metrics_method *method = &metrics->methods[i];
        unsigned long long sum = 0;
        for (size_t bucket = 0; bucket < MU_METRICS_BUCKETS; bucket++) {
            sum += get(&method->by_latency[bucket]);
            fprintf(out, "mushir_request_seconds_bucket{method=\"%s\",le=\"%g\"} %llu\n",
                short_name(method), bucket_ends[bucket], sum);
        }
        sum += get(&method->by_latency[MU_METRICS_BUCKETS]);
        fprintf(out, "mushir_request_seconds_bucket{method=\"%s\",le=\"+Inf\"} %llu\n",
            short_name(method), sum);
        fprintf(out, "mushir_request_seconds_sum{method=\"%s\"} %.9f\n", short_name(method),
            1e-9 * (double)get(&method->nanoseconds));
        fprintf(out, "mushir_request_seconds_count{method=\"%s\"} %llu\n", short_name(method), sum);
    }
}

static void print_states(struct mu_metrics *metrics, FILE *out) {
    const struct {
        const char *name;
        atomic_ullong *counter;
    } states[] = {{"observed", &metrics->observed}, {"failed", &metrics->failed},
        {"running", &metrics->running}, {"dropped", &metrics->dropped}};
    head(out, "mushir_trial_states_total", "counter",
        "Trials that came with requests, by what they are good for; dropped: of another experiment "
        "or outside the space.");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        fprintf(out, "mushir_trial_states_total{state=\"%s\"} %llu\n", states[i].name,
            get(states[i].counter));
    }
}

static void print_one(
    FILE *out, const char *name, const char *type, const char *help, unsigned long long value) {
    head(out, name, type, help);
    fprintf(out, "%s %llu\n", name, value);
}

void mu_metrics_print(struct mu_metrics *metrics, const struct mu_metrics_now *now, FILE *out) {
    head(out, "mushir_info", "gauge", "The service and its version.");
    fprintf(out, "mushir_info{service=\"%s\",version=\"%s\"} 1\n", now->service, now->version);
    print_requests(metrics, out);
    print_latency(metrics, out);
    print_one(out, "mushir_trials_total", "counter", "Trials that came with requests.",
        get(&metrics->trials));
    print_states(metrics, out);
    print_one(out, "mushir_suggestions_total", "counter", "Suggestions made.",
        get(&metrics->suggestions));
    print_one(out, "mushir_request_bytes_total", "counter", "Bytes of the requests' messages.",
        get(&metrics->bytes));
    print_one(out, "mushir_queue_depth", "gauge", "Requests waiting for a worker.", now->queued);
    print_one(out, "mushir_requests_running", "gauge", "Requests being answered.", now->running);
    print_one(out, "mushir_workers", "gauge", "Requests that can be answered at the same time.",
        now->workers);
    print_one(out, "mushir_log_lines_lost_total", "counter",
        "Lines of the log that could not be written.", now->log_lost);
    print_one(out, "process_resident_memory_bytes", "gauge", "Resident memory.", now->resident);
}

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/search/number.h"
#include "common/stopping/stopping.h"
#include "common/wire/contract.h"
#include "common/wire/observation.h"
#include "common/wire/stopping.h"
#include "services/medianstop/curves.h"
#include "services/medianstop/medianstop.h"
#include "services/medianstop/stop.h"

/* The DBManager gets so long for the logs that are not remembered; a controller waits for rules
 * before it uses the suggestions that it has got. */
static const double SECONDS_FOR_LOGS = 1.5;

/* Memory to read one log: some 60,000 reports. */
enum { LOG_MEMORY = 16 << 20 };

/* Handlers wait for other servers most of the time. */
enum { WORKERS = 4 };

enum { KUBERNETES_PORT = 443, DEFAULT_PORT = 6788 };

struct state {
    struct mu_curves *curves; /* or NULL */
    struct mu_kubernetes api;
    pthread_mutex_t lock;
    char db_manager[256]; /* under the lock: the one that was named last */
};

static void remember(struct state *own, const char *db_manager) {
    size_t length = strlen(db_manager);
    if (length > 0 && length < sizeof own->db_manager) {
        pthread_mutex_lock(&own->lock);
        memcpy(own->db_manager, db_manager, length + 1);
        pthread_mutex_unlock(&own->lock);
    }
}

static const char *remembered(struct state *own, struct mu_arena *arena) {
    char address[sizeof own->db_manager];
    pthread_mutex_lock(&own->lock);
    memcpy(address, own->db_manager, sizeof address);
    pthread_mutex_unlock(&own->lock);
    return mu_arena_copy(arena, address);
}

/* ---- logs ---- */

static void destroy_scratch(void *user) {
    struct mu_arena **scratch = user;
    mu_arena_destroy(*scratch);
}

/* An arena that lives as long as |call|'s, to read into without touching that one's limit; NULL
 * without memory. */
static struct mu_arena *scratch_for(struct mu_call *call) {
    struct mu_arena **scratch = MU_NEW(call->arena, struct mu_arena *);
    mu_arena_defer(call->arena, destroy_scratch, scratch);
    return *scratch = mu_arena_create(LOG_MEMORY);
}

/* The reports in |bytes|, owned by |arena|, whose limit is kept here. False: they are too many, or
 * cannot be read. */
static bool read_log(
    const struct mu_slice *bytes, struct mu_arena *arena, struct mu_observation_log *log) {
    struct mu_error error;
    if (!mu_arena_enter(arena)) {
        return mu_wire_read_log(*bytes, arena, log, &error) == MU_OK;
    }
    return false;
}

/* A trial whose log is asked for. */
struct waiting {
    struct mu_curve *curve;
    const char *key;
};

struct asking {
    struct state *own;
    struct mu_arena *arena;
    const char *metric;
    struct waiting *waiting;
};

/* The values of |metric| that are finite numbers, in the order of |log|. The arena is not left. */
static void keep_curve(
    const struct asking *asking, struct waiting *waiting, const struct mu_observation_log *log) {
    double *values = mu_arena_try_alloc(asking->arena, log->n * sizeof *values);
    size_t n = 0;
    for (size_t i = 0; values && i < log->n; i++) {
        n += strcmp(log->reports[i].metric, asking->metric) == 0 &&
             mu_read_double(log->reports[i].value, &values[n]);
    }
    if (n > 0) {
        waiting->curve->losses = values;
        waiting->curve->n = n;
        mu_curves_put(asking->own->curves, waiting->key, values, n);
    }
}

static void take_log(void *user, size_t number, const struct mu_asked *answer) {
    const struct asking *asking = user;
    const struct mu_slice bytes = {answer->bytes, answer->size};
    struct mu_observation_log log;
    struct mu_arena *scratch = mu_arena_create(LOG_MEMORY);
    if (scratch && read_log(&bytes, scratch, &log)) {
        keep_curve(asking, &asking->waiting[number], &log);
    }
    mu_arena_destroy(scratch);
}

/* ---- the curves of a request ---- */

static bool has_ended(const struct mu_trial_record *trial) {
    return trial->condition == MU_TRIAL_SUCCEEDED || trial->condition == MU_TRIAL_EARLY_STOPPED;
}

/* What a log is remembered under; a trial that is made again with its name is another. The lengths
 * keep apart what would read the same in a row. */
static const char *key_of(const struct mu_stopping_question *question,
    const struct mu_trial_record *trial, struct mu_arena *arena) {
    const char *metric = question->experiment.metrics[0].name;
    const char *started = trial->started ? trial->started : "";
    return mu_arena_format(arena, "%zu %zu %zu %zu %s%s%s%s%s", strlen(question->db_manager),
        strlen(metric), strlen(trial->name), strlen(started), question->db_manager, metric,
        trial->name, started, trial->completed ? trial->completed : "");
}

static struct mu_asked ask_for(const char *trial, const char *metric, struct mu_arena *arena) {
    const struct mu_log_request request = {.trial = trial, .metric = metric};
    struct mu_slice bytes = mu_wire_write_log_request(&request, arena);
    return (struct mu_asked){bytes.bytes, bytes.size};
}

/* Ask for what is not remembered; what does not come in time is left out. */
static void ask_for_logs(struct mu_call *call, struct asking *asking, struct mu_asked *asked,
    size_t n, const char *db_manager) {
    const struct mu_questions questions = {.address = db_manager,
        .path = MU_CONTRACT_GET_LOG,
        .asked = asked,
        .n = n,
        .seconds = SECONDS_FOR_LOGS,
        .answered = take_log,
        .user = asking};
    struct mu_error error;
    if (n > 0 && mu_call_ask_each(call, &questions, &error)) {
        const struct mu_log_field fields[] = {{.name = "db_manager", .text = db_manager},
            {.name = "asked", .number = (double)n}, {.name = "error", .text = error.text}};
        mu_log(
            MU_LOG_WARNING, "logs of trials are missing", fields, sizeof fields / sizeof *fields);
    }
}

/* The curves of the trials that have ended, as they were reported. */
static struct mu_curve *read_curves(struct state *own, struct mu_call *call,
    const struct mu_stopping_question *question, size_t *n) {
    struct mu_curve *curves = MU_ARRAY(call->arena, question->n_trials, struct mu_curve);
    struct mu_asked *asked = MU_ARRAY(call->arena, question->n_trials, struct mu_asked);
    struct asking asking = {own, call->arena, question->experiment.metrics[0].name,
        MU_ARRAY(call->arena, question->n_trials, struct waiting)};
    size_t n_asked = 0;
    *n = 0;
    for (size_t i = 0; i < question->n_trials; i++) {
        const struct mu_trial_record *trial = &question->trials[i];
        if (has_ended(trial)) {
            struct mu_curve *curve = &curves[(*n)++];
            const char *key = key_of(question, trial, call->arena);
            double *values;
            curve->stopped = trial->condition == MU_TRIAL_EARLY_STOPPED;
            if (mu_curves_get(own->curves, key, call->arena, &values, &curve->n)) {
                curve->losses = values;
            } else {
                curve->n = 0;
                asking.waiting[n_asked] = (struct waiting){curve, key};
                asked[n_asked++] = ask_for(trial->name, asking.metric, call->arena);
            }
        }
    }
    ask_for_logs(call, &asking, asked, n_asked, question->db_manager);
    return curves;
}

/* Smaller is better. */
static void negate(struct mu_curve *curves, size_t n, struct mu_arena *arena) {
    for (size_t i = 0; i < n; i++) {
        double *losses = MU_ARRAY(arena, curves[i].n, double);
        for (size_t k = 0; k < curves[i].n; k++) {
            losses[k] = -curves[i].losses[k];
        }
        curves[i].losses = losses;
    }
}

/* ---- rules ---- */

/* How many rules there are, one at most. A collector gets rules as NAME;VALUE;COMPARISON;STEP, so a
 * metric with a semicolon in its name has none. */
static size_t find_rule(struct state *own, struct mu_call *call,
    const struct mu_stopping_question *question, struct mu_stopping_rule *rule) {
    const struct mu_stopper *stopper = mu_stopper_called(question->algorithm.name);
    const struct mu_objective *objective = &question->experiment.metrics[0];
    struct mu_threshold found;
    size_t n;
    if (!stopper || strchr(objective->name, ';')) {
        return 0;
    }
    struct mu_curve *curves = read_curves(own, call, question, &n);
    if (objective->maximize) {
        negate(curves, n, call->arena);
    }
    if (!mu_stopper_find(stopper, question->algorithm.settings, question->algorithm.n_settings,
            curves, n, call->arena, &found)) {
        return 0;
    }
    char value[32];
    mu_print_double(objective->maximize ? -found.loss : found.loss, value);
    *rule = (struct mu_stopping_rule){objective->name, mu_arena_copy(call->arena, value),
        objective->maximize ? MU_LESS : MU_GREATER, (int)found.step};
    return 1;
}

static enum mu_status get_rules(void *state, struct mu_call *call, struct mu_error *error) {
    struct state *own = state;
    struct mu_stopping_question question;
    struct mu_stopping_rule rule;
    enum mu_status status = mu_wire_read_stopping(
        (struct mu_slice){call->bytes, call->size}, call->arena, &question, error);
    if (status) {
        return status;
    }
    call->note = (struct mu_note){.experiment = question.experiment.name,
        .algorithm = question.algorithm.name,
        .trials = question.n_trials};
    remember(own, question.db_manager);
    size_t n = find_rule(own, call, &question, &rule);
    struct mu_slice reply = mu_wire_write_rules(&rule, n, call->arena);
    call->reply = reply.bytes;
    call->reply_size = reply.size;
    return MU_OK;
}

/* ---- settings ---- */

static enum mu_status validate(void *state, struct mu_call *call, struct mu_error *error) {
    struct mu_algorithm_text algorithm;
    (void)state;
    enum mu_status status = mu_wire_read_validate_stopping(
        (struct mu_slice){call->bytes, call->size}, call->arena, &algorithm, error);
    if (status) {
        return status;
    }
    call->note.algorithm = algorithm.name;
    const struct mu_stopper *stopper = mu_stopper_called(algorithm.name);
    return stopper ? mu_stopper_validate(
                         stopper, algorithm.settings, algorithm.n_settings, call->arena, error)
                   : mu_fail(error, MU_INVALID_ARGUMENT, "unknown algorithm name %.200s",
                         algorithm.name);
}

/* ---- trials that were stopped ---- */

/* All that |trial| has reported; false with |error|. */
static bool ask_for_reports(struct mu_call *call, const char *db_manager, const char *trial,
    struct mu_observation_log *log, struct mu_error *error) {
    const struct mu_asked asked = ask_for(trial, "", call->arena);
    struct mu_arena *scratch = scratch_for(call);
    struct mu_asked answer = {0};
    if (mu_call_ask(call, db_manager, MU_CONTRACT_GET_LOG, &asked, &answer, error)) {
        return false;
    }
    const struct mu_slice bytes = {answer.bytes, answer.size};
    mu_fail(error, MU_RESOURCE_EXHAUSTED, "the log is too long, or cannot be read");
    return scratch && read_log(&bytes, scratch, log);
}

/* The same as texts; without them the trial is still marked, and no report. */
static const struct mu_pair *read_reports(
    struct state *own, struct mu_call *call, const char *trial, size_t *n) {
    const char *db_manager = remembered(own, call->arena);
    struct mu_observation_log log = {.n = 0};
    struct mu_error error;
    *n = 0;
    if (!ask_for_reports(call, db_manager, trial, &log, &error)) {
        const struct mu_log_field fields[] = {{.name = "trial", .text = trial},
            {.name = "db_manager", .text = db_manager}, {.name = "error", .text = error.text}};
        mu_log(MU_LOG_WARNING, "a stopped trial is marked without its observation", fields,
            sizeof fields / sizeof *fields);
        return NULL;
    }
    struct mu_pair *reports = MU_ARRAY(call->arena, log.n, struct mu_pair);
    for (size_t i = 0; i < log.n; i++) {
        reports[i] = (struct mu_pair){log.reports[i].metric, log.reports[i].value};
    }
    *n = log.n;
    return reports;
}

static enum mu_status set_trial_status(void *state, struct mu_call *call, struct mu_error *error) {
    struct state *own = state;
    const char *trial;
    size_t n;
    enum mu_status status = mu_wire_read_stopped(
        (struct mu_slice){call->bytes, call->size}, call->arena, &trial, error);
    if (status) {
        return status;
    }
    const struct mu_pair *reports = read_reports(own, call, trial, &n);
    return mu_stop_trial(&own->api, trial, reports, n, error);
}

/* ---- the contract ---- */

static void *open_state(const struct mu_contract *contract, const struct mu_means *means) {
    struct state *own = calloc(1, sizeof *own);
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    (void)contract;
    if (own) {
        own->curves = mu_curves_create(means->memory);
        own->api.host = host && *host ? host : NULL;
        own->api.port = port ? (unsigned)strtoul(port, NULL, 10) : KUBERNETES_PORT;
        own->api.account = means->account;
        pthread_mutex_init(&own->lock, NULL);
        remember(own, means->db_manager);
    }
    return own;
}

static void close_state(void *state) {
    struct state *own = state;
    if (own) {
        mu_curves_destroy(own->curves);
        pthread_mutex_destroy(&own->lock);
    }
    free(own);
}

static void print_names(const struct mu_contract *contract, FILE *out) {
    (void)contract;
    for (const struct mu_stopper *const *s = mu_stoppers; *s; s++) {
        fprintf(out, " %s", (*s)->name);
    }
}

static void print_settings(const struct mu_contract *contract, FILE *out) {
    (void)contract;
    for (const struct mu_stopper *const *s = mu_stoppers; *s; s++) {
        fprintf(out, "%s### %s\n\n%s\n\n", s == mu_stoppers ? "" : "\n", (*s)->name, (*s)->summary);
        fprintf(out, "| setting | type | accepted | default | meaning |\n|---|---|---|---|---|\n");
        mu_settings_document(&(*s)->settings, out);
    }
}

static const struct mu_endpoint ENDPOINTS[] = {
    {MU_CONTRACT_GET_RULES, get_rules},
    {MU_CONTRACT_VALIDATE_STOPPING, validate},
    {MU_CONTRACT_SET_TRIAL_STATUS, set_trial_status},
};
const struct mu_contract mu_early_stopping = {
    .name = MU_CONTRACT_EARLY_STOPPING,
    .endpoints = ENDPOINTS,
    .n_endpoints = sizeof ENDPOINTS / sizeof *ENDPOINTS,
    .finishes = true,
    .port = DEFAULT_PORT,
    .workers = WORKERS,
    .open = open_state,
    .close = close_state,
    .print_names = print_names,
    .print_settings = print_settings,
};

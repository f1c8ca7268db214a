/* Fuzz target: bytes -> the EarlyStopping contract.
 *
 * The first byte is the number of an endpoint, or behind those the Kubernetes API. Then come parts,
 * two bytes of length (big endian) before each: the message, or the API's answer, and the logs that
 * a DBManager gives in turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/num/stream.h"
#include "common/search/number.h"
#include "common/wire/stopping.h"
#include "fuzz/target.h"
#include "services/medianstop/medianstop.h"
#include "services/medianstop/trial.h"

enum { ARENA_LIMIT = 32 << 20, MEMORY = 1 << 20, MOST_PARTS = 16 };

static struct {
    struct mu_asked parts[MOST_PARTS];
    size_t n;
} input;

/* What is left when the parts are full belongs to none. */
static void split(const uint8_t *bytes, size_t size) {
    input.n = 0;
    while (size >= 2 && input.n < MOST_PARTS) {
        size_t length = (size_t)bytes[0] << 8 | bytes[1];
        bytes += 2;
        size -= 2;
        length = length < size ? length : size;
        input.parts[input.n++] = (struct mu_asked){bytes, length};
        bytes += length;
        size -= length;
    }
}

/* A trial's log stays the same however often and beside whatever else it is asked for. */
static struct mu_asked log_of(const struct mu_asked *question) {
    return input.n < 2
               ? (struct mu_asked){NULL, 0}
               : input.parts[1 + mu_hash(0, question->bytes, question->size) % (input.n - 1)];
}

static enum mu_status ask(struct mu_call *call, const char *address, const char *path,
    const struct mu_asked *asked, struct mu_asked *answer, struct mu_error *error) {
    (void)call, (void)address, (void)path, (void)error;
    *answer = log_of(asked);
    return MU_OK;
}

static enum mu_status ask_each(const struct mu_questions *questions, struct mu_error *error) {
    (void)error;
    for (size_t i = 0; i < questions->n; i++) {
        struct mu_asked answer = log_of(&questions->asked[i]);
        questions->answered(questions->user, i, &answer);
    }
    return MU_OK;
}

/* One rule at most, which a collector can judge. */
static void check_rules(const struct mu_call *call) {
    const struct mu_stopping_rule *rules;
    struct mu_error error;
    double value;
    size_t n;
    if (mu_wire_read_rules(
            (struct mu_slice){call->reply, call->reply_size}, call->arena, &rules, &n, &error) ||
        n > 1) {
        abort();
    }
    if (n == 1 && (rules->start_step < 1 || strchr(rules->metric, ';') ||
                      !mu_read_double(rules->value, &value))) {
        abort();
    }
}

/* Whether |call| was answered within its memory, with any status but MU_INTERNAL. */
static bool answer(void *state, const struct mu_endpoint *endpoint, struct mu_call *call) {
    struct mu_error error;
    if (mu_arena_enter(call->arena)) {
        return false;
    }
    enum mu_status status = endpoint->handler(state, call, &error);
    if (status == MU_INTERNAL) {
        fprintf(stderr, "internal: %s\n", error.text);
        abort();
    }
    if (status == MU_OK && endpoint == &mu_early_stopping.endpoints[0]) {
        check_rules(call);
    }
    mu_arena_leave(call->arena);
    return true;
}

/* The same message twice: what is remembered changes nothing. */
static void serve(size_t number) {
    const struct mu_endpoint *endpoint = &mu_early_stopping.endpoints[number];
    const struct mu_means means = {.memory = MEMORY, .db_manager = "", .account = "/nowhere"};
    void *state = mu_early_stopping.open(&mu_early_stopping, &means);
    struct mu_call calls[2];
    bool answered = true;
    for (size_t i = 0; i < 2; i++) {
        calls[i] = (struct mu_call){.bytes = input.parts[0].bytes,
            .size = input.parts[0].size,
            .arena = mu_arena_create(ARENA_LIMIT),
            .ask = ask,
            .ask_each = ask_each};
        answered &= answer(state, endpoint, &calls[i]);
    }
    if (answered && (calls[0].reply_size != calls[1].reply_size ||
                        (calls[0].reply_size > 0 &&
                            memcmp(calls[0].reply, calls[1].reply, calls[0].reply_size) != 0))) {
        abort();
    }
    mu_arena_destroy(calls[0].arena);
    mu_arena_destroy(calls[1].arena);
    mu_early_stopping.close(state);
}

static void patch_object(const char *object, size_t size) {
    static const struct mu_pair reports[] = {{"loss", "0.5"}, {"loss", "nan"}};
    char message[64];
    char *patch = NULL;
    struct mu_error error;
    if (mu_trial_stop_patch(object, size, reports, 2, "2026-01-01T00:00:00Z", &patch, &error) &&
        patch) {
        abort();
    }
    free(patch);
    mu_trial_api_message(object, size, message, sizeof message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    mu_log_setup(false, MU_LOG_OFF);
    unsetenv("KUBERNETES_SERVICE_HOST");
    if (size > 0) {
        split(bytes + 1, size - 1);
    }
    if (size > 0 && input.n > 0) {
        size_t kind = *bytes % (mu_early_stopping.n_endpoints + 1);
        if (kind < mu_early_stopping.n_endpoints) {
            serve(kind);
        } else {
            patch_object((const char *)input.parts[0].bytes, input.parts[0].size);
        }
    }
    return 0;
}

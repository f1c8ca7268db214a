/* Fuzz target: bytes -> YAML -> experiment -> a trial's command, a request and metrics from the
 * same bytes.
 *
 * With libFuzzer (preset fuzz) it explores; otherwise the main below replays each file, every
 * beginning of it, and the file with each byte changed in turn: what people and editors do to YAML.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/read.h"
#include "client/experiment/template_command.h"
#include "client/run/metrics.h"
#include "common/wire/wire.h"
#include "fuzz/target.h"

static void ignore(void *user, size_t metric, const char *value, const char *time) {
    (void)metric, (void)time;
    *(size_t *)user += strlen(value);
}

static void use(
    const struct cl_experiment *e, const uint8_t *bytes, size_t size, struct mu_arena *arena) {
    struct mu_pair *assignments = MU_ARRAY(arena, e->n_parameters, struct mu_pair);
    for (size_t i = 0; i < e->n_parameters; i++) {
        assignments[i] = (struct mu_pair){e->parameters[i].name, "1"};
    }
    struct cl_trial_identity identity = {"trial", e->space_name, assignments, e->n_parameters};
    struct cl_trial_command command;
    struct mu_error error;
    size_t found = 0;
    mu_wire_write_validate(cl_experiment_text(e, arena), arena);
    enum mu_status made = cl_template_command(e, &identity, arena, &command, &error);
    (void)made; /* some have no command */
    struct cl_metric_parser *parser = cl_metric_parser_create(e);
    cl_metric_parse_line(parser, (const char *)bytes, size < 4096 ? size : 4096, ignore, &found);
    cl_metric_parser_destroy(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct mu_arena *arena = mu_arena_create(64 << 20);
    struct cl_problems problems = {0};
    if (!mu_arena_enter(arena)) {
        struct cl_experiment *e =
            cl_experiment_read((const char *)bytes, size, NULL, arena, &problems);
        if ((e == NULL) != (problems.errors > 0)) {
            abort(); /* a refusal must say why */
        }
        if (e) {
            use(e, bytes, size, arena);
        }
    }
    mu_arena_leave(arena);
    mu_arena_destroy(arena);
    return 0;
}

#ifndef LIBFUZZER
static void replay(uint8_t *bytes, size_t size) {
    LLVMFuzzerTestOneInput(bytes, size);
    for (size_t i = 0; i < size; i += 3) {
        uint8_t kept = bytes[i];
        LLVMFuzzerTestOneInput(bytes, i);
        bytes[i] = (uint8_t) "{}[]:,&*'\"-#|>%@`! \n\t\x80\xff"[i % 23];
        LLVMFuzzerTestOneInput(bytes, size);
        bytes[i] = kept;
    }
}

int main(int argc, char **argv) {
    enum { LARGEST = 1 << 20 };
    uint8_t *bytes = malloc(LARGEST);
    for (int i = 1; i < argc && bytes; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            free(bytes);
            return 1;
        }
        size_t size = fread(bytes, 1, LARGEST, file);
        fclose(file);
        replay(bytes, size);
    }
    free(bytes);
    return 0;
}
#endif

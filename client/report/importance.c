#include "client/report/importance.h"

#include <math.h>
#include <stdio.h>

#include "client/run/request.h"
#include "client/text/json.h"

const struct mu_wire_suggestions *cl_importance_read(
    const struct cl_run *run, struct mu_arena *arena) {
    struct mu_wire_suggestions *in = MU_NEW(arena, struct mu_wire_suggestions);
    struct mu_error error;
    if (run->e->n_parameters == 0) {
        return NULL;
    }
    struct mu_slice bytes = mu_wire_write_request(cl_run_request(run, 1, arena), arena);
    enum mu_status status =
        mu_wire_read_suggestions(bytes.bytes, bytes.size, NULL, arena, in, &error);
    return status == MU_OK ? in : NULL;
}

const struct mu_effects *cl_importance_of(const struct cl_run *run, struct mu_arena *arena) {
    const struct mu_wire_suggestions *in = cl_importance_read(run, arena);
    return in ? mu_effects_of(&in->experiment.space, &in->history, 0, NULL, NULL, arena) : NULL;
}

static void share(FILE *out, const char *name, double value, const char *end) {
    fprintf(out, "\"%s\": ", name);
    cl_json_number(out, value);
    fputs(end, out);
}

void cl_importance_write(const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    fprintf(out, "{\"observed\": %zu, \"sure\": %s, ", effects ? effects->observed : 0,
        effects && effects->observed >= MU_EFFECTS_SURE ? "true" : "false");
    share(out, "noise", effects ? effects->noise : (double)NAN, ", \"pairs\": [");
    for (size_t i = 0; effects && i < effects->n_pairs; i++) {
        const struct mu_interaction *pair = &effects->pairs[i];
        fprintf(out, "%s{\"a\": ", i ? ", " : "");
        cl_json_string(out, run->e->parameters[pair->a].name);
        fputs(", \"b\": ", out);
        cl_json_string(out, run->e->parameters[pair->b].name);
        fputs(", ", out);
        share(out, "share", pair->share, "}");
    }
    fputs("]}", out);
}

void cl_importance_write_parameter(const struct mu_effects *effects, size_t i, FILE *out) {
    share(out, "importance", effects ? effects->of[i].share : (double)NAN, ", ");
    share(out, "error", effects ? effects->of[i].error : (double)NAN, ", ");
    share(out, "good", effects ? effects->of[i].good : (double)NAN, "");
}

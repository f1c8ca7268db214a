#include "common/model/frame.h"

static enum mu_frame_kind kind_of(const struct mu_parameter *parameter) {
    if (!parameter->ordered) {
        return MU_FRAME_CATEGORY;
    }
    return parameter->levels == 0 || parameter->levels > MU_FRAME_LEVELS ? MU_FRAME_LINE
                                                                         : MU_FRAME_LADDER;
}

struct mu_frame mu_frame_of(const struct mu_space *space, struct mu_arena *arena) {
    size_t *index = MU_ARRAY(arena, space->n, size_t);
    size_t n = 0;
    enum mu_frame_kind *kind = MU_ARRAY(arena, space->n, enum mu_frame_kind);
    bool *category = MU_ARRAY(arena, space->n, bool);
    uint64_t *levels = MU_ARRAY(arena, space->n, uint64_t);
    for (size_t j = 0; j < space->n; j++) {
        const struct mu_parameter *parameter = &space->parameters[j];
        if (parameter->levels != 1) {
            index[n] = j;
            kind[n] = kind_of(parameter);
            category[n] = kind[n] == MU_FRAME_CATEGORY;
            levels[n] = kind[n] == MU_FRAME_LINE ? 0 : parameter->levels;
            n++;
        }
    }
    return (struct mu_frame){.space = space,
        .n = n,
        .parameter = index,
        .kind = kind,
        .category = category,
        .levels = levels};
}

const struct mu_parameter *mu_frame_parameter(const struct mu_frame *frame, size_t j) {
    return &frame->space->parameters[frame->parameter[j]];
}

void mu_frame_encode(const struct mu_frame *frame, const double *x, double *u) {
    for (size_t j = 0; j < frame->n; j++) {
        double at = x[frame->parameter[j]];
        u[j] = frame->kind[j] == MU_FRAME_CATEGORY
                   ? at
                   : mu_parameter_unit(mu_frame_parameter(frame, j), at);
    }
}

void mu_frame_decode(const struct mu_frame *frame, const double *u, double *x) {
    for (size_t i = 0; i < frame->space->n; i++) {
        x[i] = 0;
    }
    for (size_t j = 0; j < frame->n; j++) {
        x[frame->parameter[j]] = frame->kind[j] == MU_FRAME_CATEGORY
                                     ? u[j]
                                     : mu_parameter_at(mu_frame_parameter(frame, j), u[j]);
    }
}

double mu_frame_distance(const struct mu_frame *frame, const double *u, const double *v) {
    double sum = 0;
    for (size_t j = 0; j < frame->n; j++) {
        double gap = u[j] - v[j];
        sum += frame->category[j] ? gap != 0 : gap * gap;
    }
    return sum;
}

double mu_frame_at(const struct mu_frame *frame, size_t j, double position) {
    if (frame->kind[j] == MU_FRAME_CATEGORY) {
        uint64_t level = (uint64_t)(position * (double)frame->levels[j]);
        return (double)(level < frame->levels[j] ? level : frame->levels[j] - 1);
    }
    const struct mu_parameter *parameter = mu_frame_parameter(frame, j);
    return frame->kind[j] == MU_FRAME_LINE
               ? position
               : mu_parameter_unit(parameter, mu_parameter_at(parameter, position));
}

double mu_frame_level(const struct mu_frame *frame, size_t j, uint64_t level) {
    return frame->kind[j] == MU_FRAME_CATEGORY
               ? (double)level
               : mu_parameter_unit(mu_frame_parameter(frame, j), (double)level);
}

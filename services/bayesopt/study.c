#include "services/bayesopt/study.h"

struct mu_bayesopt_study *mu_bayesopt_study_of(
    const struct mu_request *request, const struct mu_bayesopt_plan *plan) {
    struct mu_arena *arena = request->arena;
    const struct mu_space *space = &request->experiment->space;
    struct mu_bayesopt_study *s = MU_NEW(arena, struct mu_bayesopt_study);
    *s = (struct mu_bayesopt_study){
        .request = request, .plan = *plan, .frame = mu_frame_of(space, arena)};
    s->data = mu_dataset_of(&s->frame, request->outcomes, request->history,
        request->wanted + MU_REQUEST_RECALLED, arena);
    s->seen = mu_request_seen(request);
    s->tpe = mu_tpe_of_history(&(struct mu_tpe_options){0}, space, request->outcomes,
        request->history, request->wanted + MU_REQUEST_RECALLED, arena);
    return s;
}

void mu_bayesopt_suggested(struct mu_bayesopt_study *s, const double *x) {
    (void)mu_dataset_add(s->data, x, MU_PENDING, NULL);
    mu_tpe_avoid(s->tpe, x);
}

struct mu_maximizer mu_bayesopt_maximizer(const struct mu_bayesopt_study *s, uint64_t number) {
    return (struct mu_maximizer){.frame = &s->frame,
        .seen = s->seen,
        .climb = s->plan.climb,
        .seed = s->request->seed,
        .number = number};
}

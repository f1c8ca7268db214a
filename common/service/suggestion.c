#include "common/service/suggestion.h"

#include "common/wire/contract.h"
#include "common/wire/wire.h"

static enum mu_status get_suggestions(
    void *user, struct mu_rpc_request *rpc, struct mu_error *error) {
    const struct mu_suggestion_service *own = user;
    struct mu_wire_suggestions *in = MU_NEW(rpc->arena, struct mu_wire_suggestions);
    enum mu_status status =
        mu_wire_read_suggestions(rpc->bytes, rpc->size, own->cache, rpc->arena, in, error);
    rpc->note = (struct mu_rpc_note){
        in->experiment.name, in->experiment.algorithm, in->n_trials, in->wanted};
    if (status) {
        return status;
    }
    const struct mu_algorithm *algorithm =
        mu_service_find(own->service, in->experiment.algorithm, error);
    if (!algorithm) {
        return error->code;
    }
    struct mu_request request = {
        .experiment = &in->experiment,
        .history = &in->history,
        .wanted = in->wanted,
        .first = in->first,
        .arena = rpc->arena,
        .should_stop = mu_rpc_should_stop,
        .user = rpc,
    };
    struct mu_reply reply;
    status = mu_algorithm_suggest(algorithm, &request, &reply, error);
    if (!status) {
        mu_wire_write_suggestions(
            &in->experiment, &reply, rpc->arena, &rpc->reply, &rpc->reply_size);
    }
    return status;
}

static enum mu_status validate_settings(
    void *user, struct mu_rpc_request *rpc, struct mu_error *error) {
    const struct mu_suggestion_service *own = user;
    struct mu_experiment *experiment = MU_NEW(rpc->arena, struct mu_experiment);
    enum mu_status status =
        mu_wire_read_validate(rpc->bytes, rpc->size, rpc->arena, experiment, error);
    rpc->note =
        (struct mu_rpc_note){.experiment = experiment->name, .algorithm = experiment->algorithm};
    if (status) {
        return status;
    }
    const struct mu_algorithm *algorithm =
        mu_service_find(own->service, experiment->algorithm, error);
    return algorithm ? mu_algorithm_validate(algorithm, experiment, rpc->arena, error)
                     : error->code;
}

const struct mu_rpc_method mu_suggestion_methods[MU_SUGGESTION_METHODS] = {
    {MU_CONTRACT_GET_SUGGESTIONS, get_suggestions},
    {MU_CONTRACT_VALIDATE_ALGORITHM, validate_settings},
};

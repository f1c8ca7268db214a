#include "common/service/service.h"
#include "services/bayesopt/bayesopt.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){
            "bayesopt", (const struct mu_algorithm *const[]){&mu_bayesopt, NULL}});
}

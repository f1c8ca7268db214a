#include "common/service/service.h"
#include "services/tpe/tpe.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){
            "tpe", (const struct mu_algorithm *const[]){&mu_tpe, &mu_multivariate_tpe, NULL}});
}

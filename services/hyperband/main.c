#include "common/service/service.h"
#include "services/hyperband/hyperband.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){
            "hyperband", (const struct mu_algorithm *const[]){&mu_hyperband, NULL}});
}

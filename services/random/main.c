#include "common/service/service.h"
#include "services/random/random.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){
            "random", (const struct mu_algorithm *const[]){&mu_random, NULL}});
}

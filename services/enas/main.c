#include "common/service/service.h"
#include "services/enas/enas.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){"enas", (const struct mu_algorithm *const[]){&mu_enas, NULL}});
}

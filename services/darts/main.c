#include "common/service/service.h"
#include "services/darts/darts.h"

int main(int argc, char **argv) {
    return mu_service_main(argc, argv,
        &(const struct mu_service){"darts", (const struct mu_algorithm *const[]){&mu_darts, NULL}});
}

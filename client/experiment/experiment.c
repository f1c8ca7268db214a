#include "client/experiment/experiment.h"

const char *cl_strategy_name(enum cl_strategy strategy) {
    static const char *const names[] = {"min", "max", "latest"};
    return names[strategy];
}

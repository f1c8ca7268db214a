#include <stdio.h>

#include "client/cli.h"

enum exit_code command_run(struct context *context) {
    (void)context;
    fputs("mushir: run comes later\n", stderr);
    return EXIT_FAILED;
}

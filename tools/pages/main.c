/* Writes one page to standard output; the build calls it for each. */
#include <string.h>

#include "tools/pages/pages.h"

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } pages[] = {{"mushir.1", pages_man_client}, {"mushir-service.1", pages_man_services},
        {"bash", pages_bash}, {"zsh", pages_zsh}, {"fish", pages_fish}};
    for (size_t i = 0; argc == 2 && i < sizeof pages / sizeof *pages; i++) {
        if (!strcmp(argv[1], pages[i].name)) {
            pages[i].write(stdout);
            return ferror(stdout) || fflush(stdout);
        }
    }
    fprintf(stderr, "usage: pages mushir.1|mushir-service.1|bash|zsh|fish\n");
    return 2;
}

/* Manual pages and completions of shells, from the tables that the programs read their command
 * lines by. */
#ifndef MUSHIR_PAGES_H
#define MUSHIR_PAGES_H

#include <stdio.h>

/* mushir(1), and mushir-service(1) of all services. */
void pages_man_client(FILE *out);
void pages_man_services(FILE *out);

/* What a shell of this kind reads to complete mushir's words. */
void pages_bash(FILE *out);
void pages_zsh(FILE *out);
void pages_fish(FILE *out);

#endif

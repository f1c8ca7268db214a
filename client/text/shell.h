/* Words of a POSIX shell's command line. */
#ifndef MUSHIR_CLIENT_TEXT_SHELL_H
#define MUSHIR_CLIENT_TEXT_SHELL_H

#include <stdbool.h>

#include "common/base/arena.h"

/* Whether a shell reads |text| as one word that means itself: no blanks, no quotes, nothing that it
 * expands. The empty text does not. */
bool cl_shell_plain(const char *text);

/* |text| in single quotes, in which a shell changes nothing (POSIX 2.2.2); arena-owned. */
const char *cl_shell_quoted(const char *text, struct mu_arena *arena);

/* |text| as one word: as it stands when plain, else quoted. */
const char *cl_shell_word(const char *text, struct mu_arena *arena);

#endif

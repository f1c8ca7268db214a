/* A text that stands in a file of YAML or JSON, replaced line by line: the bytes of every line that
 * stays, and of the file around it, stay too. */
#ifndef MUSHIR_CLIENT_KATIB_EMBEDDED_H
#define MUSHIR_CLIENT_KATIB_EMBEDDED_H

#include "client/experiment/document.h"
#include "client/text/lines.h"

/* A line's place in the file, indentation included, without what ends the line. */
struct cl_span {
    size_t from, to;
};

struct cl_embedded {
    const char *file; /* borrowed */
    const char *text;
    struct cl_span *spans; /* of the lines of |text|, empty ones at its end left out */
    size_t n;
    const char *indent; /* before each line that is not empty */
    bool quoted;        /* in double quotes: a line ends with \n, written as these two characters */
};

/* The text that |file| itself is. */
struct cl_embedded cl_embedded_whole(const char *file, struct mu_arena *arena);

/* The text of the scalar |node| of |file|: a literal block (|) or in double quotes. False when it
 * is written otherwise, or is empty. */
bool cl_embedded_find(const char *file, const struct cl_node *node, struct mu_arena *arena,
    struct cl_embedded *embedded);

/* The file with the lines |now| in place of the text's, of which |match| says which stay
 * (cl_lines_match). Empty lines at the end are the file's and stay as they are. In quotes a line
 * that does not stay is written without escapes but those of quotes and backslashes. */
const char *cl_embedded_replace(const struct cl_embedded *embedded, const struct cl_lines *now,
    const size_t *match, struct mu_arena *arena);

/* The byte of |line| that its column |column| (from 1, in characters) begins with. */
size_t cl_column_byte(const char *line, int column);

#endif

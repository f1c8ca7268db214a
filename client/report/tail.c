#include "client/report/tail.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/text/file.h"
#include "common/base/text.h"

/* NULs would end the text, and tabs are no harm. */
static void soften(char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\0' || text[i] == '\t' || text[i] == '\r') {
            text[i] = ' ';
        }
    }
}

const char *cl_tail(const char *path, size_t most, struct mu_arena *arena) {
    off_t size;
    int fd = cl_file_open(AT_FDCWD, path, &size);
    char *text = mu_arena_alloc(arena, most + 1);
    if (fd < 0) {
        return "";
    }
    off_t from = size > (off_t)most ? size - (off_t)most : 0;
    ssize_t n = pread(fd, text, most, from);
    close(fd);
    soften(text, n > 0 ? (size_t)n : 0);
    text[n > 0 ? n : 0] = '\0';
    char *line = from > 0 ? strchr(text, '\n') : NULL;
    text = line && line[1] ? line + 1 : text;
    mu_text_repair(text);
    return text;
}

/* Files that others may have put there. */
#ifndef MUSHIR_CLIENT_TEXT_FILE_H
#define MUSHIR_CLIENT_TEXT_FILE_H

#include <sys/types.h>

/* Bytes of a path that the system takes (PATH_MAX is 4096) and a short name behind it. */
enum { CL_LONGEST_PATH = 4200 };

/* Open |path|, seen from |folder| (AT_FDCWD: from here), to read it; |*size| are its bytes. -1
 * unless it is a file: no link, no folder, and no pipe, whose reader would wait for a writer. */
int cl_file_open(int folder, const char *path, off_t *size);

/* The same of what |path| may be a link to. */
int cl_file_follow(const char *path, off_t *size);

#endif

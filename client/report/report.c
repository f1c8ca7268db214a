#include "client/report/report.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/report/data.h"

/* client/report/page, put together and embedded by the build. */
extern const char cl_report_page[], cl_report_page_end[];

void cl_report_print(const struct cl_run *run, FILE *out) {
    static const char mark[] = "@DATA@";
    const char *at =
        memmem(cl_report_page, (size_t)(cl_report_page_end - cl_report_page), mark, strlen(mark));
    assert(at);
    fwrite(cl_report_page, 1, (size_t)(at - cl_report_page), out);
    cl_data_write(run, out);
    at += strlen(mark);
    fwrite(at, 1, (size_t)(cl_report_page_end - at), out);
}

/* By another name, too, once it is there. */
static bool same_file(const char *a, const char *b) {
    struct stat x;
    struct stat y;
    return a && b &&
           (!strcmp(a, b) ||
               (!stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino));
}

enum mu_status cl_report_check(const struct cl_run *run, const char *path, struct mu_error *error) {
    bool taken = same_file(path, run->file) || same_file(path, run->journal_path);
    return taken ? mu_fail(error, MU_INVALID_ARGUMENT,
                       "%s is what the run reads: give the report a file of its own with --report",
                       path)
                 : MU_OK;
}

enum mu_status cl_report_write(const struct cl_run *run, const char *path, struct mu_error *error) {
    struct stat there;
    bool replaced = stat(path, &there) || S_ISREG(there.st_mode); /* no device, no pipe */
    const char *written = replaced ? mu_arena_format(run->arena, "%s.new", path) : path;
    if (cl_report_check(run, path, error) != MU_OK) {
        return error->code;
    }
    FILE *out = fopen(written, "w");
    if (!out) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", written, strerror(errno));
    }
    cl_report_print(run, out);
    bool good = !ferror(out);
    good = !fclose(out) && good && (!replaced || !rename(written, path));
    if (!good) {
        mu_fail(error, MU_INTERNAL, "%s: %s", path, strerror(errno));
        if (replaced) {
            unlink(written);
        }
        return error->code;
    }
    return MU_OK;
}

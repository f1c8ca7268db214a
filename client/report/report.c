#include "client/report/report.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
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

enum mu_status cl_report_write(const struct cl_run *run, const char *path, struct mu_error *error) {
    const char *temporary = mu_arena_format(run->arena, "%s.new", path);
    FILE *out = fopen(temporary, "w");
    if (!out) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", temporary, strerror(errno));
    }
    cl_report_print(run, out);
    bool good = !ferror(out);
    good = !fclose(out) && good && !rename(temporary, path);
    if (!good) {
        mu_fail(error, MU_INTERNAL, "%s: %s", path, strerror(errno));
        unlink(temporary);
        return error->code;
    }
    return MU_OK;
}

/* Fuzz target: bytes -> the head of a request to the admin port, which is read again with every
 * byte that comes: what was decided stays decided. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/service/http.h"
#include "fuzz/target.h"

enum { HEAD_SIZE = 4096 }; /* what a connection holds */

static void check(const struct mu_http_head *head, size_t size) {
    bool full = size >= HEAD_SIZE;
    bool readable = memchr(head->path, '\0', MU_HTTP_PATH) != NULL;
    bool page = head->path[0] == '/' && !strchr(head->path, '?') && !strchr(head->path, ' ');
    if (!readable || (head->status == 0 && full) || (head->status == 200 && !page)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    size = size < HEAD_SIZE ? size : HEAD_SIZE;
    struct mu_http_head whole = mu_http_parse((const char *)bytes, size);
    check(&whole, size);
    for (size_t part = size / 2; part < size; part += 1 + size / 8) {
        struct mu_http_head early = mu_http_parse((const char *)bytes, part);
        check(&early, part);
        if (early.status && (early.status != whole.status || strcmp(early.path, whole.path) != 0)) {
            abort();
        }
    }
    return 0;
}

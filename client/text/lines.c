#include "client/text/lines.h"

#include <stdlib.h>
#include <string.h>

#include "client/text/visible.h"

enum { MOST_BETWEEN = 4000 };

struct cl_lines cl_lines_split(const char *text, struct mu_arena *arena) {
    struct cl_lines lines = {.n = 1};
    for (const char *at = text; *at; at++) {
        lines.n += *at == '\n';
    }
    lines.items = MU_ARRAY(arena, lines.n, const char *);
    for (size_t i = 0; i < lines.n; i++) {
        size_t length = strcspn(text, "\n");
        lines.items[i] = mu_arena_copy_bytes(arena, text, length);
        text += length + 1;
    }
    return lines;
}

char *cl_lines_join(const struct cl_lines *lines, struct mu_arena *arena) {
    char *bytes = NULL;
    size_t size;
    bool first = true;
    FILE *out = open_memstream(&bytes, &size);
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->items[i]) {
            fprintf(out, "%s%s", first ? "" : "\n", lines->items[i]);
            first = false;
        }
    }
    fclose(out);
    char *joined = mu_arena_copy_bytes(arena, bytes, size);
    free(bytes);
    return joined;
}

static bool same(const char *a, const char *b) {
    return !strcmp(a, b);
}

/* What differs: rows of |before| and columns of |now|, after |head| equal lines. */
struct middle {
    const char **before, **now;
    size_t head, rows, columns;
    uint16_t *common; /* (rows + 1) x (columns + 1): longest common subsequence from there on */
};

static struct middle middle_of(const struct cl_lines *before, const struct cl_lines *now) {
    size_t least = before->n < now->n ? before->n : now->n;
    size_t head = 0;
    size_t tail = 0;
    while (head < least && same(before->items[head], now->items[head])) {
        head++;
    }
    while (tail < least - head &&
           same(before->items[before->n - 1 - tail], now->items[now->n - 1 - tail])) {
        tail++;
    }
    return (struct middle){.before = before->items + head,
        .now = now->items + head,
        .head = head,
        .rows = before->n - head - tail,
        .columns = now->n - head - tail};
}

static uint16_t *common(const struct middle *m, size_t row, size_t column) {
    return &m->common[row * (m->columns + 1) + column];
}

static void measure(struct middle *m, struct mu_arena *arena) {
    m->common = mu_arena_matrix(arena, m->rows + 1, m->columns + 1, sizeof *m->common);
    memset(m->common, 0, (m->rows + 1) * (m->columns + 1) * sizeof *m->common);
    for (size_t i = m->rows; i-- > 0;) {
        for (size_t j = m->columns; j-- > 0;) {
            uint16_t down = *common(m, i + 1, j);
            uint16_t right = *common(m, i, j + 1);
            *common(m, i, j) = same(m->before[i], m->now[j])
                                   ? (uint16_t)(*common(m, i + 1, j + 1) + 1)
                                   : (down > right ? down : right);
        }
    }
}

const size_t *cl_lines_match(
    const struct cl_lines *before, const struct cl_lines *now, struct mu_arena *arena) {
    struct middle m = middle_of(before, now);
    if (m.rows > MOST_BETWEEN || m.columns > MOST_BETWEEN) {
        return NULL;
    }
    measure(&m, arena);
    size_t *match = MU_ARRAY(arena, now->n, size_t);
    size_t i = 0;
    for (size_t j = 0; j < m.columns; j++) {
        while (i < m.rows && *common(&m, i + 1, j) == *common(&m, i, j)) {
            i++; /* a line that went */
        }
        bool stayed = i < m.rows && same(m.before[i], m.now[j]);
        match[m.head + j] = stayed ? m.head + i++ : CL_LINE_NEW;
    }
    for (size_t j = 0; j < now->n; j++) {
        match[j] = j < m.head ? j : j >= m.head + m.columns ? j + before->n - now->n : match[j];
    }
    return match;
}

/* A range as diff -U0 writes it: an empty one stands after the line of its number. */
static void put_range(FILE *out, char sign, size_t from, size_t n) {
    fprintf(out, n == 1 ? " %c%zu" : " %c%zu,%zu", sign, from + (n > 0), n);
}

void cl_lines_diff(FILE *out, const char *name, const struct cl_lines *before,
    const struct cl_lines *now, const size_t *match) {
    size_t i = 0;
    size_t j = 0;
    fputs("--- ", out);
    cl_visible_line(out, "%s", name);
    fputs("+++ ", out);
    cl_visible_line(out, "%s", name);
    while (i < before->n || j < now->n) {
        size_t added = 0;
        while (j + added < now->n && match[j + added] == CL_LINE_NEW) {
            added++;
        }
        size_t gone = (j + added < now->n ? match[j + added] : before->n) - i;
        if (added || gone) {
            fputs("@@", out);
            put_range(out, '-', i, gone);
            put_range(out, '+', j, added);
            fputs(" @@\n", out);
        }
        for (size_t k = 0; k < gone; k++) {
            cl_visible_line(out, "-%s", before->items[i + k]);
        }
        for (size_t k = 0; k < added; k++) {
            cl_visible_line(out, "+%s", now->items[j + k]);
        }
        i += gone + 1;
        j += added + 1;
    }
}

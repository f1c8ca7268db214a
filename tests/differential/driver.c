/* Answers of the client for the cases of originals/main.go: `differential_driver KIND <cases
 * >answers`, framed like them. YAML comes as JSON with its numbers as they are sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/expand.h"
#include "client/experiment/filter.h"
#include "client/experiment/yaml.h"
#include "client/text/json.h"

static const char *const pairs[] = {"A=1", "B=$(A)", "EMPTY=", "AB=x y"};

static void expand(const char *text, size_t size, struct mu_arena *arena, FILE *out) {
    const struct cl_environment environment = {pairs, 4};
    (void)size;
    fputs(cl_expand(text, &environment, arena), out);
}

/* As JSON: YAML also has ".5", "5." and "+1". */
static void write_number(const char *text, FILE *out) {
    if (text[strspn(text, "-0123456789")]) {
        cl_json_number(out, strtod(text, NULL));
    } else {
        fputs(text + strspn(text, "0") - (text[0] == '0' && !text[strspn(text, "0")]), out);
    }
}

static void write_node(const struct cl_node *node, FILE *out) {
    bool list = node->kind == CL_NODE_LIST;
    if (node->kind == CL_NODE_TEXT) {
        cl_json_string(out, node->value);
    } else if (list || node->kind == CL_NODE_MAP) {
        putc(list ? '[' : '{', out);
        for (size_t i = 0; i < node->n; i++) {
            fputs(i ? "," : "", out);
            if (!list) {
                cl_json_string(out, node->pairs[i].key->value);
                putc(':', out);
            }
            write_node(list ? node->items[i] : node->pairs[i].value, out);
        }
        putc(list ? ']' : '}', out);
    } else if (node->kind == CL_NODE_NUMBER) {
        write_number(node->value, out);
    } else {
        fputs(node->value, out);
    }
}

static void yaml(const char *text, size_t size, struct mu_arena *arena, FILE *out) {
    const struct cl_node **documents;
    size_t n;
    struct cl_problems problems = {0};
    if (cl_yaml_read(text, size, arena, &documents, &n, &problems) && n == 1) {
        write_node(documents[0], out);
    } else {
        fputs("refused", out);
    }
}

static void regexp(const char *text, size_t size, struct mu_arena *arena, FILE *out) {
    pcre2_code *code = cl_filter_compile(text, NULL, 0);
    (void)size, (void)arena;
    fputs(code && !cl_filter_go_refuses(text) ? "true" : "false", out);
    pcre2_code_free(code);
}

int main(int argc, char **argv) {
    const char *kind = argc == 2 ? argv[1] : "";
    void (*answer)(const char *, size_t, struct mu_arena *, FILE *) =
        !strcmp(kind, "expand") ? expand
        : !strcmp(kind, "yaml") ? yaml
                                : regexp;
    size_t size;
    while (scanf("%zu", &size) == 1) {
        struct mu_arena *arena = mu_arena_create((size_t)1 << 28);
        char *text = MU_ARRAY(arena, size + 1, char);
        if (getchar() != '\n' || fread(text, 1, size, stdin) != size) {
            return 1;
        }
        char *bytes = NULL;
        size_t length;
        FILE *out = open_memstream(&bytes, &length);
        answer(text, size, arena, out);
        fclose(out);
        printf("%zu\n", length);
        fwrite(bytes, 1, length, stdout);
        free(bytes);
        mu_arena_destroy(arena);
    }
    return 0;
}

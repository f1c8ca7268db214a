#include "client/katib/entries.h"

#include <string.h>

#include "client/experiment/yaml.h"
#include "client/katib/embedded.h"
#include "client/run/service.h"
#include "client/text/lines.h"
#include "common/stopping/stopping.h"

/* What stands before an earlier image, and at the end of a line that was added. */
static const char BEFORE[] = " # before mushir katib: ";
static const char ADDED[] = " # added by mushir katib";
static const char KEY_BEFORE[] = "beforeMushirKatib";

static const char NOT_BY_LINE[] = "write it as one \"key: value\" a line, without braces";

/* Added to a suggestion entry that has no such key. Katib's own probe (general.go:
 * DesiredDeployment) waits 10 s before it asks the first time; a service of ours is ready in
 * milliseconds. */
struct addition {
    const char *key, *value;
};
static const struct addition PROBE = {"readinessProbe",
    "{grpc: {port: 6789, service: manager.v1beta1.Suggestion}, periodSeconds: 1}"};
/* All that Kubernetes' restricted profile asks for (Pod Security Standards), and more. */
static const struct addition SECURITY = {"securityContext",
    "{runAsNonRoot: true, readOnlyRootFilesystem: true, "
    "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: "
    "RuntimeDefault}}"};

struct entry {
    const char *name;
    const struct cl_node *map;
    bool stopping;
};

struct editor {
    const struct cl_katib_change *change;
    enum cl_katib_form form;
    struct mu_arena *arena;
    struct mu_error *error;
    const char *text;
    /* of |text|: */
    const struct cl_node *root;
    struct entry *entries;
    size_t n;
};

const char *cl_katib_program(const char *algorithm, bool stopping) {
    if (stopping) {
        return mu_stopper_called(algorithm) ? "medianstop" : NULL;
    }
    return cl_service_program(algorithm);
}

/* ---- reading ---- */

static void take_list(struct editor *e, const char *key, bool stopping) {
    const struct cl_node *list = cl_node_get(cl_node_get(e->root, "runtime"), key);
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        const char *name = cl_node_text(list->items[i], "algorithmName", "");
        e->entries[e->n++] = (struct entry){name, list->items[i], stopping};
    }
}

static void take_map(struct editor *e) {
    for (size_t i = 0; i < e->root->n; i++) {
        const struct cl_node_pair *pair = &e->root->pairs[i];
        e->entries[e->n++] =
            (struct entry){pair->key->text, pair->value, e->form == CL_KATIB_STOPPINGS};
    }
}

/* Read the entries of e->text. */
static bool read_entries(struct editor *e) {
    const struct cl_node **documents;
    struct cl_problems problems = {0};
    size_t n;
    if (!cl_yaml_read(e->text, strlen(e->text), e->arena, &documents, &n, &problems)) {
        mu_fail(e->error, MU_INVALID_ARGUMENT, "line %d: %s", problems.items[0].line,
            problems.items[0].text);
        return false;
    }
    if (n != 1 || documents[0]->kind != CL_NODE_MAP) {
        mu_fail(e->error, MU_INVALID_ARGUMENT, "it is no map of algorithms");
        return false;
    }
    e->root = documents[0];
    e->entries = MU_ARRAY(e->arena, e->root->weight, struct entry);
    e->n = 0;
    if (e->form == CL_KATIB_CONFIG) {
        take_list(e, "suggestions", false);
        take_list(e, "earlyStoppings", true);
    } else {
        take_map(e);
    }
    return true;
}

static bool refuse(const struct editor *e, const struct entry *entry, const char *why) {
    mu_fail(e->error, MU_INVALID_ARGUMENT, "line %d, the entry of %s: %s", entry->map->line,
        entry->name, why);
    return false;
}

static bool is_chosen(const struct editor *e, const struct entry *entry) {
    const struct cl_katib_change *change = e->change;
    bool chosen = !change->algorithms;
    for (size_t i = 0; change->algorithms && i < change->n; i++) {
        if (!strcmp(change->algorithms[i], entry->name)) {
            change->found[i] = true;
            chosen = true;
        }
    }
    return chosen && cl_katib_program(entry->name, entry->stopping);
}

/* ---- where the image stands ---- */

struct place {
    struct cl_lines lines;
    size_t line; /* index of the image's */
    size_t at;   /* byte of the value in it */
    int column;  /* of the key, from 1 */
};

static const char *line_of(const struct place *p) {
    return p->lines.items[p->line];
}

static const struct cl_node_pair *pair_of(const struct cl_node *map, const char *key) {
    for (size_t i = 0; map->kind == CL_NODE_MAP && i < map->n; i++) {
        if (!strcmp(map->pairs[i].key->text, key)) {
            return &map->pairs[i];
        }
    }
    return NULL;
}

/* Whether the pair has a line of its own but for the "- " of its list's item. */
static bool stands_alone(const struct cl_node_pair *pair, const char *line) {
    size_t before = cl_column_byte(line, pair->key->column);
    return pair->key->line == pair->value->line && strspn(line, " -") == before;
}

static bool find_image(const struct editor *e, const struct entry *entry, struct place *place) {
    const struct cl_node_pair *image = pair_of(entry->map, "image");
    if (!image || image->value->kind != CL_NODE_TEXT || !*image->value->text) {
        return refuse(e, entry, "it has no image");
    }
    place->lines = cl_lines_split(e->text, e->arena);
    place->line = (size_t)image->value->line - 1;
    place->column = image->key->column;
    place->at = cl_column_byte(line_of(place), image->value->column);
    char first = line_of(place)[place->at];
    if (e->form != CL_KATIB_CONFIG) {
        return first == '"' ? true : refuse(e, entry, "its image is no JSON text");
    }
    if (!stands_alone(image, line_of(place)) || strchr("|>&*!", first)) {
        return refuse(e, entry, NOT_BY_LINE);
    }
    return true;
}

static void set_text(struct editor *e, const struct place *place) {
    e->text = cl_lines_join(&place->lines, e->arena);
}

/* ---- YAML ---- */

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static bool restore_yaml(struct editor *e, const struct entry *entry, struct place *place) {
    const char *line = line_of(place);
    const char *before = strstr(line + place->at, BEFORE);
    (void)entry;
    if (!before) {
        return true;
    }
    place->lines.items[place->line] =
        mu_arena_format(e->arena, "%.*s%s", (int)place->at, line, before + strlen(BEFORE));
    for (size_t i = place->line + 1; i < place->lines.n && ends_with(place->lines.items[i], ADDED);
         i++) {
        place->lines.items[i] = NULL;
    }
    set_text(e, place);
    return true;
}

static const char *addition(const struct editor *e, const struct entry *entry,
    const struct place *place, const struct addition *added) {
    if (entry->stopping || pair_of(entry->map, added->key)) {
        return "";
    }
    return mu_arena_format(
        e->arena, "\n%*s%s: %s%s", place->column - 1, "", added->key, added->value, ADDED);
}

/* Katib's switch for clusters without gRPC probes (before Kubernetes 1.24). */
static bool probes(const struct editor *e) {
    const struct cl_node *controller = cl_node_get(cl_node_get(e->root, "init"), "controller");
    const struct cl_node *enabled = cl_node_get(controller, "enableGRPCProbeInSuggestion");
    return !enabled || !enabled->value || strcmp(enabled->value, "false") != 0;
}

static const char *image_of(const struct editor *e, const struct entry *entry) {
    return mu_arena_format(e->arena, "%s/mushir-%s:%s", e->change->registry,
        cl_katib_program(entry->name, entry->stopping), MUSHIR_VERSION);
}

static void switch_yaml(struct editor *e, const struct entry *entry, struct place *place) {
    const char *line = line_of(place);
    const char *probe = probes(e) ? addition(e, entry, place, &PROBE) : "";
    place->lines.items[place->line] =
        mu_arena_format(e->arena, "%.*s%s%s%s%s%s", (int)place->at, line, image_of(e, entry),
            BEFORE, line + place->at, probe, addition(e, entry, place, &SECURITY));
}

/* ---- JSON ---- */

/* The bytes of the text, quotes included, that |text| begins with. */
static size_t json_text(const char *text) {
    size_t n = 1;
    while (text[n] && text[n] != '"') {
        n += text[n] == '\\' && text[n + 1] ? 2 : 1;
    }
    return n + (text[n] == '"');
}

static bool restore_json(struct editor *e, const struct entry *entry, struct place *place) {
    const char *line = line_of(place);
    const char *rest = line + place->at + json_text(line + place->at);
    const char *between = mu_arena_format(e->arena, ", \"%s\": ", KEY_BEFORE);
    if (!pair_of(entry->map, KEY_BEFORE)) {
        return true;
    }
    if (strncmp(rest, between, strlen(between)) != 0) {
        return refuse(
            e, entry, "what was noted of its earlier image is no longer behind the image");
    }
    place->lines.items[place->line] =
        mu_arena_format(e->arena, "%.*s%s", (int)place->at, line, rest + strlen(between));
    set_text(e, place);
    return true;
}

static void switch_json(struct editor *e, const struct entry *entry, struct place *place) {
    const char *line = line_of(place);
    place->lines.items[place->line] = mu_arena_format(e->arena, "%.*s\"%s\", \"%s\": %s",
        (int)place->at, line, image_of(e, entry), KEY_BEFORE, line + place->at);
}

/* ---- entries one by one ---- */

static bool restore_entry(struct editor *e, const struct entry *entry) {
    struct place place;
    if (!find_image(e, entry, &place)) {
        return false;
    }
    return e->form == CL_KATIB_CONFIG ? restore_yaml(e, entry, &place)
                                      : restore_json(e, entry, &place);
}

static bool switch_entry(struct editor *e, const struct entry *entry) {
    struct place place;
    if (pair_of(entry->map, "command") || pair_of(entry->map, "args")) {
        return refuse(e, entry, "its command or args are for another image");
    }
    if (!find_image(e, entry, &place)) {
        return false;
    }
    (e->form == CL_KATIB_CONFIG ? switch_yaml : switch_json)(e, entry, &place);
    set_text(e, &place);
    return true;
}

static bool check_once(const struct editor *e, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (!strcmp(e->entries[i].name, e->entries[j].name) &&
            e->entries[i].stopping == e->entries[j].stopping) {
            return refuse(e, &e->entries[i], "it is the second one of this name");
        }
    }
    return true;
}

/* |edit| each chosen entry; the text is read anew for each, for lines and columns move. */
static bool each(struct editor *e, bool (*edit)(struct editor *e, const struct entry *entry)) {
    if (!read_entries(e)) {
        return false;
    }
    for (size_t i = 0; i < e->n; i++) {
        const struct entry entry = e->entries[i];
        if (is_chosen(e, &entry) && !(check_once(e, i) && edit(e, &entry))) {
            return false;
        }
        if (!read_entries(e)) {
            return refuse(e, &entry, NOT_BY_LINE);
        }
    }
    return true;
}

static bool check_entry(struct editor *e, const struct entry *entry) {
    return !strcmp(cl_node_text(entry->map, "image", ""), image_of(e, entry)) ||
           refuse(e, entry, "it has another image");
}

/* What was made has the images that it should have, and can be undone. */
static bool check(struct editor *e, const char *restored) {
    const char *made = e->text;
    bool good = each(e, check_entry) && each(e, restore_entry) && !strcmp(e->text, restored);
    e->text = made;
    if (!good) {
        mu_fail(
            e->error, MU_INVALID_ARGUMENT, "what is changed could not be undone: %s", NOT_BY_LINE);
    }
    return good;
}

enum mu_status cl_katib_change(const struct cl_katib_change *change, enum cl_katib_form form,
    const char *text, struct mu_arena *arena, const char **edited, struct mu_error *error) {
    struct editor e = {
        .change = change, .form = form, .arena = arena, .error = error, .text = text};
    bool good = each(&e, restore_entry);
    const char *restored = e.text;
    if (good && change->registry) {
        good = each(&e, switch_entry) && check(&e, restored);
    }
    *edited = e.text;
    return good ? MU_OK : MU_INVALID_ARGUMENT;
}

const struct mu_pair *cl_katib_accounts(const struct cl_katib_change *change,
    enum cl_katib_form form, const char *text, struct mu_arena *arena, size_t *n) {
    struct mu_error error;
    struct editor e = {
        .change = change, .form = form, .arena = arena, .error = &error, .text = text};
    *n = 0;
    if (!read_entries(&e)) {
        return NULL;
    }
    struct mu_pair *pairs = MU_ARRAY(arena, e.n, struct mu_pair);
    for (size_t i = 0; i < e.n; i++) {
        const char *account = cl_node_text(e.entries[i].map, "serviceAccountName", "");
        if (*account && !e.entries[i].stopping && is_chosen(&e, &e.entries[i])) {
            pairs[(*n)++] = (struct mu_pair){e.entries[i].name, account};
        }
    }
    return pairs;
}

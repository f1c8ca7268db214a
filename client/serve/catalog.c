#include "client/serve/catalog.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/run/journal.h"
#include "client/text/file.h"
#include "common/base/text.h"

static const char *const wanted_names[] = {"nothing", "run", "pause", "stop"};
static const char *const state_names[] = {"queued", "running", "pausing", "paused", "stopping",
    "stopped", "succeeded", "failed", "broken"};

/* ---- entries ---- */

bool cl_catalog_names(const char *name) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= CL_NAME_MOST && isalnum((unsigned char)*name) &&
           strspn(name, letters) == length;
}

/* Where |name| is or belongs. */
static size_t place_of(const struct cl_catalog *catalog, const char *name) {
    size_t low = 0;
    size_t high = catalog->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(catalog->entries[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct cl_entry *cl_catalog_find(const struct cl_catalog *catalog, const char *name) {
    size_t at = place_of(catalog, name);
    bool found = at < catalog->n && !strcmp(catalog->entries[at]->name, name);
    return found ? catalog->entries[at] : NULL;
}

struct cl_entry *cl_catalog_add(struct cl_catalog *catalog, const char *name) {
    if (catalog->n == CL_CATALOG_MOST) {
        return NULL;
    }
    char path[CL_LONGEST_PATH];
    struct cl_entry *entry = calloc(1, sizeof *entry);
    snprintf(path, sizeof path, "%s/%s.journal", catalog->folder, name);
    if (!entry || !(entry->name = strdup(name))) {
        abort();
    }
    entry->run = (struct cl_child){0, -1, -1};
    entry->parallel = 1;
    entry->follow = cl_follow_create(path);
    entry->version = ++catalog->version;
    size_t at = place_of(catalog, name);
    memmove(catalog->entries + at + 1, catalog->entries + at,
        (catalog->n - at) * sizeof *catalog->entries);
    catalog->entries[at] = entry;
    catalog->n++;
    return entry;
}

void cl_entry_set_error(struct cl_entry *entry, const char *error) {
    free(entry->error);
    entry->error = error ? strdup(error) : NULL;
    if (entry->error) {
        mu_text_repair(entry->error); /* it may be the end of what a program wrote */
    }
}

static void destroy_entry(struct cl_entry *entry) {
    cl_child_finish(&entry->run);
    cl_follow_destroy(entry->follow);
    free(entry->error);
    free((char *)(uintptr_t)entry->name);
    free(entry);
}

/* ---- the file ---- */

static enum cl_wanted wanted_of(const char *name) {
    for (int i = CL_WANT_RUN; i <= CL_WANT_STOP && name; i++) {
        if (!strcmp(wanted_names[i], name)) {
            return (enum cl_wanted)i;
        }
    }
    return CL_WANT_NOTHING;
}

static void load_entry(struct cl_catalog *catalog, const char *name, const json_t *kept) {
    struct cl_entry *entry = cl_catalog_names(name) ? cl_catalog_add(catalog, name) : NULL;
    if (!entry) {
        return;
    }
    json_int_t parallel = json_integer_value(json_object_get(kept, "parallel"));
    entry->wanted = wanted_of(json_string_value(json_object_get(kept, "wanted")));
    entry->place = json_integer_value(json_object_get(kept, "place"));
    entry->parallel = parallel > 0 && parallel < INT32_MAX ? (int)parallel : 1;
    cl_entry_set_error(entry, json_string_value(json_object_get(kept, "error")));
    catalog->places = entry->place > catalog->places ? entry->place : catalog->places;
}

static enum mu_status load(struct cl_catalog *catalog, struct mu_error *error) {
    char path[CL_LONGEST_PATH];
    const char *name;
    json_t *kept;
    json_error_t why;
    snprintf(path, sizeof path, "%s/.mushir-serve.json", catalog->folder);
    json_t *root = json_load_file(path, 0, &why);
    bool good = json_is_object(root) || access(path, F_OK);
    json_object_foreach(root, name, kept) {
        load_entry(catalog, name, kept);
    }
    json_decref(root);
    return good ? MU_OK
                : mu_fail(error, MU_INVALID_ARGUMENT,
                      "%s cannot be read: %s; without that file the queue is empty", path,
                      *why.text ? why.text : "it is no object");
}

void cl_catalog_save(struct cl_catalog *catalog) {
    char path[CL_LONGEST_PATH];
    char fresh[CL_LONGEST_PATH];
    json_t *root = json_object();
    for (size_t i = 0; i < catalog->n; i++) {
        const struct cl_entry *e = catalog->entries[i];
        if (e->wanted != CL_WANT_NOTHING || e->error) {
            json_object_set_new(root, e->name,
                json_pack("{s:s, s:I, s:i, s:s*}", "wanted", wanted_names[e->wanted], "place",
                    (json_int_t)e->place, "parallel", e->parallel, "error", e->error));
        }
    }
    snprintf(path, sizeof path, "%s/.mushir-serve.json", catalog->folder);
    snprintf(fresh, sizeof fresh, "%s/.mushir-serve.json.new", catalog->folder);
    catalog->unsaved =
        json_dump_file(root, fresh, JSON_INDENT(1) | JSON_SORT_KEYS) || rename(fresh, path);
    json_decref(root);
}

/* ---- the folder ---- */

static enum mu_status lock_folder(struct cl_catalog *catalog, struct mu_error *error) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[CL_LONGEST_PATH];
    if (mkdir(catalog->folder, 0755) && errno != EEXIST) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", catalog->folder, strerror(errno));
    }
    snprintf(path, sizeof path, "%s/.mushir-serve.lock", catalog->folder);
    catalog->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (catalog->lock < 0) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", path, strerror(errno));
    }
    return fcntl(catalog->lock, F_SETLK, &whole)
               ? mu_fail(error, MU_UNAVAILABLE, "%s is served already", catalog->folder)
               : MU_OK;
}

enum mu_status cl_catalog_open(
    struct cl_catalog *catalog, const char *folder, bool alone, struct mu_error *error) {
    *catalog = (struct cl_catalog){.folder = folder, .lock = -1};
    catalog->entries = calloc(CL_CATALOG_MOST, sizeof(struct cl_entry *));
    if (!catalog->entries) {
        abort();
    }
    if (alone && lock_folder(catalog, error) != MU_OK) {
        return error->code;
    }
    enum mu_status status = load(catalog, error);
    cl_catalog_scan(catalog);
    return alone ? status : MU_OK;
}

void cl_catalog_close(struct cl_catalog *catalog) {
    for (size_t i = 0; i < catalog->n; i++) {
        destroy_entry(catalog->entries[i]);
    }
    free(catalog->entries);
    if (catalog->lock >= 0) {
        close(catalog->lock);
    }
}

static void note_journal(struct cl_entry *entry) {
    entry->journaled = entry->journaled || cl_follow_standing(entry->follow)->moment > 0;
}

static void found(struct cl_catalog *catalog, const char *name) {
    struct cl_entry *entry = cl_catalog_find(catalog, name);
    entry = entry ? entry : cl_catalog_add(catalog, name);
    if (entry) {
        entry->journaled = true;
        entry->scan = catalog->scans;
    }
}

/* Whether its files were removed, by the scan that was just made. */
static bool is_gone(struct cl_catalog *catalog, struct cl_entry *entry) {
    char yaml[CL_LONGEST_PATH];
    bool idle = !cl_entry_runs(entry) && !entry->elsewhere && entry->wanted != CL_WANT_RUN;
    snprintf(yaml, sizeof yaml, "%s/%s.yaml", catalog->folder, entry->name);
    note_journal(entry);
    if (!idle || entry->scan == catalog->scans) {
        return false;
    }
    if (access(yaml, F_OK)) {
        return true;
    }
    if (entry->journaled && (entry->wanted == CL_WANT_NOTHING || entry->error)) {
        entry->wanted = CL_WANT_STOP; /* which is written down, so that it is known from now on */
        cl_entry_set_error(entry, NULL);
        catalog->unsaved = true;
    }
    return false;
}

static void remove_gone(struct cl_catalog *catalog) {
    size_t kept = 0;
    for (size_t i = 0; i < catalog->n; i++) {
        struct cl_entry *entry = catalog->entries[i];
        if (is_gone(catalog, entry)) {
            struct cl_gone *gone = &catalog->gone[catalog->n_gone++ % CL_CATALOG_MOST];
            snprintf(gone->name, sizeof gone->name, "%s", entry->name);
            gone->version = ++catalog->version;
            destroy_entry(entry);
        } else {
            catalog->entries[kept++] = entry;
        }
    }
    catalog->unsaved = catalog->unsaved || kept < catalog->n;
    catalog->n = kept;
}

/* NULL at the end, or with errno. */
static struct dirent *next_file(DIR *folder) {
    errno = 0;
    return readdir(folder);
}

static bool is_file(DIR *folder, const char *name) {
    struct stat status;
    return !fstatat(dirfd(folder), name, &status, 0) && S_ISREG(status.st_mode);
}

void cl_catalog_scan(struct cl_catalog *catalog) {
    static const char ending[] = ".journal";
    DIR *folder = opendir(catalog->folder);
    struct dirent *file;
    catalog->scans++;
    while (folder && (file = next_file(folder))) {
        char name[sizeof file->d_name];
        size_t length = strlen(file->d_name);
        if (length <= strlen(ending) ||
            strcmp(file->d_name + length - strlen(ending), ending) != 0) {
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(length - strlen(ending)), file->d_name);
        if (cl_catalog_names(name) && is_file(folder, file->d_name)) {
            found(catalog, name);
        }
    }
    bool whole = folder && errno == 0; /* else it cannot be read now */
    if (folder) {
        closedir(folder);
    }
    if (whole) {
        remove_gone(catalog);
    }
}

const char *cl_catalog_path(const struct cl_catalog *catalog, const char *name,
    const char *extension, struct mu_arena *arena) {
    return mu_arena_format(arena, "%s/%s.%s", catalog->folder, name, extension);
}

static void look_at(struct cl_catalog *catalog, struct cl_entry *entry) {
    note_journal(entry);
    char path[CL_LONGEST_PATH];
    snprintf(path, sizeof path, "%s/%s.journal", catalog->folder, entry->name);
    entry->elsewhere = entry->run.pid ? 0 : cl_journal_runner(path);
    bool busy = entry->run.pid || entry->elsewhere; /* somebody adds to it */
    cl_follow_look(entry->follow, busy);
    enum cl_state state = cl_entry_state(entry);
    long long moment = cl_follow_standing(entry->follow)->moment;
    bool troubled = entry->error != NULL;
    if (moment != entry->moment || state != entry->shown || troubled != entry->troubled) {
        entry->moment = moment;
        entry->shown = state;
        entry->troubled = troubled;
        entry->version = ++catalog->version;
    }
}

void cl_catalog_look(struct cl_catalog *catalog) {
    for (size_t i = 0; i < catalog->n; i++) {
        look_at(catalog, catalog->entries[i]);
    }
}

/* ---- states ---- */

bool cl_entry_runs(const struct cl_entry *entry) {
    return entry->run.pid || entry->ended;
}

enum cl_state cl_entry_state(const struct cl_entry *entry) {
    const struct cl_standing *standing = cl_follow_standing(entry->follow);
    if (cl_entry_runs(entry)) {
        return entry->wanted == CL_WANT_PAUSE  ? CL_STATE_PAUSING
               : entry->wanted == CL_WANT_STOP ? CL_STATE_STOPPING
                                               : CL_STATE_RUNNING;
    }
    return entry->elsewhere               ? CL_STATE_RUNNING
           : entry->wanted == CL_WANT_RUN ? CL_STATE_QUEUED
           : entry->error                 ? CL_STATE_BROKEN
           : standing->finished
               ? cl_standing_succeeded(standing) ? CL_STATE_SUCCEEDED : CL_STATE_FAILED
           : entry->wanted == CL_WANT_PAUSE ? CL_STATE_PAUSED
                                            : CL_STATE_STOPPED;
}

const char *cl_state_name(enum cl_state state) {
    return state_names[state];
}

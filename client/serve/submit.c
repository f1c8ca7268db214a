#include "client/serve/submit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/run/replay.h"
#include "client/serve/answer.h"
#include "client/serve/job.h"
#include "client/serve/submission.h"
#include "client/text/file.h"

enum {
    LARGEST_VERDICT = 16 << 20, /* twice the experiment and more: a sentence for each parameter */
    LARGEST_EXPERIMENT = 1 << 20,
    LARGEST_BRIEF = 16 << 10 /* its texts are put together piece by piece */
};

/* ---- checking ---- */

typedef void (*done)(struct cl_server *server, struct cl_job *job, int exit_status);

static struct cl_job *check(
    struct cl_server *server, struct cl_http_exchange *exchange, const char *yaml, done then) {
    const char *words[8] = {"validate", "-", "--json"};
    if (server->options->address) {
        words[3] = "--address";
        words[4] = server->options->address;
    }
    return cl_job_start(server, exchange, words, yaml, then);
}

/* What validate printed; NULL after an answer when it could not. */
static json_t *verdict_of(struct cl_job *job) {
    struct mu_arena *arena = cl_http_arena(job->exchange);
    json_t *verdict = json_loads(cl_child_text(job->child.out, LARGEST_VERDICT, arena), 0, NULL);
    if (!json_is_object(verdict)) {
        json_decref(verdict);
        cl_answer_error(
            job->exchange, 422, "this experiment took too long to check, or has too many mistakes");
        return NULL;
    }
    return verdict;
}

/* Whether the experiment is good; else the verdict becomes the answer. */
static bool accepted(struct cl_job *job, json_t *verdict) {
    if (json_is_true(json_object_get(verdict, "valid"))) {
        return true;
    }
    bool mistakes = json_array_size(json_object_get(verdict, "problems")) > 0;
    if (!json_is_string(json_object_get(verdict, "error"))) {
        json_object_set_new(verdict, "error", json_string("the experiment has mistakes"));
    }
    cl_answer_json(job->exchange, mistakes ? 422 : 503, json_incref(verdict));
    return false;
}

/* The YAML in the body: as it is, or made of the short form. NULL after an answer. */
static const char *read_body(
    struct cl_http_exchange *exchange, const struct cl_http_request *request, bool *named) {
    struct mu_arena *arena = cl_http_arena(exchange);
    struct mu_error error;
    static const char mark[] = "\xEF\xBB\xBF"; /* of the byte order, which some clients send */
    const char *yaml = request->body;
    bool json = !strncasecmp(request->content_type, "application/json", 16);
    size_t before = json && !strncmp(yaml, mark, strlen(mark)) ? strlen(mark) : 0;
    const char *body = yaml + before;
    size_t size = request->size - before;
    json_t *root = json ? json_loadb(body, size, 0, NULL) : NULL;
    bool brief = json && !json_object_get(root, "kind"); /* or no JSON, of which it says why */
    bool large = root && size > LARGEST_BRIEF;
    *named = !brief || json_object_get(root, "name");
    json_decref(root);
    if (memchr(request->body, '\0', request->size)) {
        cl_answer_error(exchange, 400, "the body holds a NUL");
        return NULL;
    }
    if (brief && large) {
        cl_answer_error(exchange, 413, "the short form is larger than 16 KiB");
        return NULL;
    }
    if (brief && cl_submission_read(body, size, arena, &yaml, &error) != MU_OK) {
        cl_answer_error(exchange, 422, error.text);
        return NULL;
    }
    return yaml;
}

static void checked(struct cl_server *server, struct cl_job *job, int exit_status) {
    json_t *verdict = verdict_of(job);
    (void)server, (void)exit_status;
    if (verdict) {
        json_object_set_new(verdict, "yaml", json_string(job->text));
        cl_answer_json(job->exchange, 200, verdict);
    }
}

void cl_submit_check(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request) {
    bool named;
    const char *yaml = read_body(exchange, request, &named);
    if (yaml) {
        check(server, exchange, yaml, checked);
    }
}

/* ---- keeping ---- */

/* False with errno; no part of the file is left then. */
static bool write_file(const char *path, const char *text, int flags) {
    size_t size = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
    if (fd < 0) {
        return false;
    }
    errno = ENOSPC; /* what it means when less is written */
    bool good = write(fd, text, size) == (ssize_t)size && !fsync(fd);
    int why = errno;
    close(fd);
    if (!good) {
        unlink(path);
    }
    errno = why;
    return good;
}

/* Whether a file of an experiment called |name| is there. */
static bool is_taken(struct cl_server *server, const char *name, struct mu_arena *arena) {
    static const char *const endings[] = {"yaml", "journal"};
    bool taken = cl_catalog_find(&server->catalog, name) != NULL;
    for (size_t i = 0; i < sizeof endings / sizeof *endings && !taken; i++) {
        taken = !access(cl_catalog_path(&server->catalog, name, endings[i], arena), F_OK);
    }
    return taken;
}

/* The name that the experiment gets here: its own, or one with a number when it was not chosen.
 * NULL after an answer. */
static const char *choose_name(struct cl_server *server, struct cl_job *job, const char *own) {
    enum { MOST_TRIES = 10000 };
    struct mu_arena *arena = cl_http_arena(job->exchange);
    const char *name = own;
    for (int i = 2; !job->named && is_taken(server, name, arena) && i < MOST_TRIES; i++) {
        name = mu_arena_format(arena, "%.50s-%d", own, i);
    }
    if (!cl_catalog_names(name)) {
        cl_answer_error(job->exchange, 422, "metadata.name: at most 63 letters");
        return NULL;
    }
    if (is_taken(server, name, arena)) {
        bool known = cl_catalog_find(&server->catalog, name);
        cl_answer_error(job->exchange, 409,
            mu_arena_format(arena, "%s %s already",
                known ? "there is an experiment" : "the folder has a file of an experiment", name));
        return NULL;
    }
    return name;
}

static void keep(struct cl_server *server, struct cl_job *job, const char *name, int parallel) {
    struct mu_arena *arena = cl_http_arena(job->exchange);
    const char *path = cl_catalog_path(&server->catalog, name, "yaml", arena);
    struct cl_entry *entry = NULL;
    if (!write_file(path, job->text, O_EXCL)) {
        cl_answer_error(job->exchange, errno == EEXIST ? 409 : 507,
            mu_arena_format(arena, "%s: %s", path, strerror(errno)));
        return;
    }
    entry = cl_catalog_add(&server->catalog, name);
    if (!entry) {
        unlink(path);
        cl_answer_error(job->exchange, 507, "there are too many experiments in this folder");
        return;
    }
    entry->parallel = parallel;
    cl_queue_run(&server->queue, entry);
    cl_http_header(
        job->exchange, "location:", mu_arena_format(arena, "/api/v1/experiments/%s", name));
    cl_answer_json(job->exchange, 201, cl_answer_entry(&server->queue, entry));
}

static void checked_new(struct cl_server *server, struct cl_job *job, int exit_status) {
    struct mu_arena *arena = cl_http_arena(job->exchange);
    json_t *verdict = verdict_of(job);
    (void)exit_status;
    if (verdict && accepted(job, verdict)) {
        json_int_t parallel = json_integer_value(json_object_get(verdict, "parallelTrialCount"));
        const char *own = json_string_value(json_object_get(verdict, "name"));
        const char *name;
        if (parallel > server->queue.limit) {
            cl_answer_error(job->exchange, 422,
                mu_arena_format(arena,
                    "parallelTrialCount is %d; this server runs %d trials at a time", (int)parallel,
                    server->queue.limit));
        } else if ((name = choose_name(server, job, own ? own : ""))) {
            keep(server, job, name, (int)parallel);
        }
    }
    json_decref(verdict);
}

void cl_submit_new(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request) {
    bool named;
    if (server->options->no_commands) {
        cl_answer_error(exchange, 403, "this server takes no commands");
        return;
    }
    const char *yaml = read_body(exchange, request, &named);
    struct cl_job *job = yaml ? check(server, exchange, yaml, checked_new) : NULL;
    if (job) {
        job->named = named;
    }
}

/* ---- budgets ---- */

static void checked_raise(struct cl_server *server, struct cl_job *job, int exit_status) {
    struct mu_arena *arena = cl_http_arena(job->exchange);
    struct cl_entry *entry = cl_catalog_find(&server->catalog, job->name);
    json_t *verdict = entry ? verdict_of(job) : NULL;
    (void)exit_status;
    if (!entry) {
        cl_answer_error(job->exchange, 404, "its files were removed meanwhile");
    } else if (verdict && accepted(job, verdict)) {
        const char *path = cl_catalog_path(&server->catalog, job->name, "yaml", arena);
        const char *fresh = cl_catalog_path(&server->catalog, job->name, "yaml.new", arena);
        if (!write_file(fresh, job->text, O_TRUNC) || rename(fresh, path)) {
            cl_answer_error(
                job->exchange, 507, mu_arena_format(arena, "%s: %s", path, strerror(errno)));
        } else {
            const struct cl_standing *standing = cl_follow_standing(entry->follow);
            bool reached = standing->finished && cl_run_goes_on(standing->reason, 0, -1);
            if (reached && !cl_entry_runs(entry)) {
                cl_queue_run(&server->queue, entry);
            } else {
                cl_queue_renew(entry);
            }
            cl_answer_json(job->exchange, 200, cl_answer_entry(&server->queue, entry));
        }
    }
    json_decref(verdict);
}

/* The experiment's file, owned by |arena|; NULL when it cannot be read as a whole. */
static const char *read_file(const char *path, struct mu_arena *arena) {
    off_t size;
    int fd = cl_file_open(AT_FDCWD, path, &size);
    const char *text = fd < 0 ? "" : cl_child_text(fd, LARGEST_EXPERIMENT, arena);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 && strlen(text) == (size_t)size ? text : NULL;
}

static bool is_being_raised(const struct cl_server *server, const struct cl_entry *entry) {
    for (size_t i = 0; i < CL_MOST_JOBS; i++) {
        const struct cl_job *job = &server->jobs[i];
        if (job->child.pid && !strcmp(job->name, entry->name)) {
            return true;
        }
    }
    return false;
}

void cl_submit_raise(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request, struct cl_entry *entry) {
    struct mu_arena *arena = cl_http_arena(exchange);
    struct mu_error error;
    const char *raised;
    json_t *root = json_loadb(request->body, request->size, 0, NULL);
    const json_t *count = json_object_get(root, "maxTrialCount");
    json_int_t trials = json_integer_value(count);
    bool good = json_is_integer(count) && trials > 0 && trials < INT32_MAX;
    json_decref(root);
    const char *yaml =
        read_file(cl_catalog_path(&server->catalog, entry->name, "yaml", arena), arena);
    if (!good || !yaml) {
        cl_answer_error(exchange, yaml ? 422 : 409,
            yaml ? "the body is {\"maxTrialCount\": N}"
                 : "its experiment is not in the folder, or larger than 1 MiB");
    } else if (entry->elsewhere) {
        cl_answer_error(exchange, 409, "another mushir runs it");
    } else if (is_being_raised(server, entry)) {
        cl_answer_error(exchange, 409, "its budget is being raised already");
    } else if (cl_submission_raise(yaml, (int)trials, arena, &raised, &error) != MU_OK) {
        cl_answer_error(exchange, 422, error.text);
    } else {
        struct cl_job *job = check(server, exchange, raised, checked_raise);
        if (job) {
            snprintf(job->name, sizeof job->name, "%s", entry->name);
        }
    }
}

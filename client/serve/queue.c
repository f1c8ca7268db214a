#include "client/serve/queue.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/options.h"

static bool waits(const struct cl_entry *entry) {
    return entry->wanted == CL_WANT_RUN && !cl_entry_runs(entry);
}

/* The first in the queue, or NULL. */
static struct cl_entry *first(const struct cl_queue *queue) {
    struct cl_entry *found = NULL;
    for (size_t i = 0; i < queue->catalog->n; i++) {
        struct cl_entry *entry = queue->catalog->entries[i];
        if (waits(entry) && (!found || entry->place < found->place)) {
            found = entry;
        }
    }
    return found;
}

static int running(const struct cl_queue *queue) {
    int trials = 0;
    for (size_t i = 0; i < queue->catalog->n; i++) {
        trials += queue->catalog->entries[i]->run.pid ? queue->catalog->entries[i]->parallel : 0;
    }
    return trials;
}

size_t cl_queue_before(const struct cl_queue *queue, const struct cl_entry *entry) {
    size_t n = 0;
    for (size_t i = 0; i < queue->catalog->n; i++) {
        const struct cl_entry *other = queue->catalog->entries[i];
        n += waits(other) && other->place < entry->place;
    }
    return n;
}

/* It leaves the queue because it cannot be run. */
static void give_up(struct cl_entry *entry, const char *why) {
    entry->wanted = CL_WANT_NOTHING;
    cl_entry_set_error(entry, why);
}

/* False when no process can be started now: it waits, and says why. */
static bool start(struct cl_queue *queue, struct cl_entry *entry) {
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct mu_error error;
    const char *journal = cl_catalog_path(queue->catalog, entry->name, "journal", arena);
    const char *words[8] = {"run", "--quiet", "--no-report"};
    size_t n = 3;
    if (!access(journal, F_OK)) {
        words[n++] = "--resume";
    }
    if (queue->address) {
        words[n++] = "--address";
        words[n++] = queue->address;
    }
    words[n] = cl_catalog_path(queue->catalog, entry->name, "yaml", arena);
    entry->again = false;
    bool started = cl_child_start(&entry->run, words, NULL, 0, 0, &error) == MU_OK;
    cl_entry_set_error(entry, started ? NULL : error.text);
    mu_arena_destroy(arena);
    return started;
}

void cl_queue_advance(struct cl_queue *queue) {
    struct cl_entry *entry;
    bool changed = false;
    while (!queue->closed && (entry = first(queue))) {
        char why[128];
        if (entry->elsewhere) {
            break;
        }
        if (entry->parallel > queue->limit) {
            snprintf(why, sizeof why, "it runs %d trials at a time, this server at most %d",
                entry->parallel, queue->limit);
            give_up(entry, why);
        } else if (running(queue) + entry->parallel > queue->limit || !start(queue, entry)) {
            break;
        }
        changed = true;
    }
    if (changed) {
        cl_catalog_save(queue->catalog);
    }
}

/* What a run says of its options is of no use to who has none. */
static void cut_hint(char *text, const char *hint) {
    size_t length = strlen(text);
    size_t rest = length - strlen(hint);
    if (length >= strlen(hint) && !strcmp(text + rest, hint)) {
        text[rest] = '\0';
    }
}

/* Why a run ended without a result: its last words, if they are an error's, or how it ended. */
static void explain(struct cl_entry *entry, int status) {
    enum { LAST_WORDS = 4096 };
    static const char mushir[] = "mushir: ";
    struct mu_arena *arena = mu_arena_create(1 << 20);
    char *text = mu_arena_copy(arena, cl_child_text(entry->run.err, LAST_WORDS, arena));
    size_t length = strlen(text);
    while (length && text[length - 1] == '\n') {
        text[--length] = '\0';
    }
    cut_hint(text, CL_RUN_CONTINUE);
    cut_hint(text, CL_RUN_BEGIN_ANEW);
    const char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    const char *error = strncmp(line, mushir, strlen(mushir)) ? "" : line + strlen(mushir);
    give_up(entry,
        WIFSIGNALED(status)
            ? mu_arena_format(arena, "its run was ended by signal %d", WTERMSIG(status))
        : *error ? error
                 : mu_arena_format(arena, "its run ended with status %d", WEXITSTATUS(status)));
    mu_arena_destroy(arena);
}

/* What follows from the end of a run: its result, or what it was told to do, or that it broke. */
static void conclude(struct cl_queue *queue, struct cl_entry *entry, int status) {
    if (queue->closed || entry->again) {
        return; /* wanted as before */
    }
    if (cl_follow_standing(entry->follow)->finished) {
        entry->wanted = CL_WANT_NOTHING;
    } else if (entry->wanted == CL_WANT_RUN) {
        explain(entry, status);
    }
}

/* Conclude once the journal could be read; without a free descriptor with a later tick. */
static void take_end(struct cl_queue *queue, struct cl_entry *entry) {
    if (cl_follow_end(entry->follow) == MU_RESOURCE_EXHAUSTED) {
        return;
    }
    entry->ended = false;
    conclude(queue, entry, entry->status);
    cl_child_finish(&entry->run);
    cl_catalog_save(queue->catalog);
}

static void take_ends(struct cl_queue *queue) {
    for (size_t i = 0; i < queue->catalog->n; i++) {
        if (queue->catalog->entries[i]->ended) {
            take_end(queue, queue->catalog->entries[i]);
        }
    }
}

void cl_queue_tick(struct cl_queue *queue) {
    take_ends(queue);
    const struct cl_entry *entry = first(queue);
    if (!entry || queue->closed) {
        return;
    }
    if (entry->elsewhere) {
        cl_catalog_look(queue->catalog);
    }
    cl_queue_advance(queue);
}

static void want(struct cl_queue *queue, struct cl_entry *entry, enum cl_wanted wanted) {
    entry->wanted = wanted;
    cl_catalog_save(queue->catalog);
    cl_queue_advance(queue);
}

/* One that was run before, perhaps by somebody else, takes as many places as it did then. */
static void count_parallel(struct cl_entry *entry) {
    const struct cl_standing *standing = cl_follow_standing(entry->follow);
    entry->parallel = standing->experiment ? standing->parallel : entry->parallel;
}

void cl_queue_run(struct cl_queue *queue, struct cl_entry *entry) {
    bool again = cl_entry_runs(entry) && entry->wanted != CL_WANT_RUN;
    bool pausing = entry->run.pid && entry->wanted == CL_WANT_PAUSE;
    if (entry->wanted != CL_WANT_RUN) {
        entry->place = ++queue->catalog->places;
    }
    count_parallel(entry);
    cl_entry_set_error(entry, NULL);
    entry->again = entry->again || again;
    if (pausing) {
        kill(entry->run.pid, SIGKILL); /* as --resume is made for: its trials are taken up */
    }
    want(queue, entry, CL_WANT_RUN);
}

static void tell(struct cl_entry *entry, int signal) {
    entry->again = false;
    if (entry->run.pid) {
        kill(entry->run.pid, signal);
    } else if (waits(entry)) {
        cl_entry_set_error(entry, NULL); /* of not being started */
    }
}

void cl_queue_pause(struct cl_queue *queue, struct cl_entry *entry) {
    tell(entry, CL_RUN_PAUSE_SIGNAL);
    want(queue, entry, CL_WANT_PAUSE);
}

void cl_queue_stop(struct cl_queue *queue, struct cl_entry *entry) {
    tell(entry, SIGTERM);
    want(queue, entry, CL_WANT_STOP);
}

void cl_queue_renew(struct cl_entry *entry) {
    if (cl_entry_runs(entry) && entry->wanted == CL_WANT_RUN) {
        entry->again = true;
    }
    if (entry->run.pid && entry->again) {
        kill(entry->run.pid, SIGKILL); /* as --resume is made for: its trials are taken up */
    }
}

bool cl_queue_ended(struct cl_queue *queue, pid_t pid, int status) {
    for (size_t i = 0; i < queue->catalog->n; i++) {
        struct cl_entry *entry = queue->catalog->entries[i];
        if (entry->run.pid == pid) {
            entry->run.pid = 0;
            entry->ended = true;
            entry->status = status;
            take_end(queue, entry);
            cl_queue_advance(queue);
            return true;
        }
    }
    return false;
}

size_t cl_queue_close(struct cl_queue *queue) {
    size_t n = 0;
    queue->closed = true;
    for (size_t i = 0; i < queue->catalog->n; i++) {
        if (queue->catalog->entries[i]->run.pid) {
            kill(queue->catalog->entries[i]->run.pid, SIGTERM);
            n++;
        }
    }
    return n;
}

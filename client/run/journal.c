#include "client/run/journal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/run/options.h"
#include "client/text/file.h"

enum { PATIENCE = 5000 }; /* ms, with who has it locked */

struct cl_journal {
    sqlite3 *db;
    sqlite3_stmt *insert;
    int lock;
    char failure[256]; /* the first */
    bool damaged;      /* which is the file's own, not the world's */
};

/* The mark of a journal among the SQLite files, which others have too: "mush". */
#define MARK "1836413800"

static const char schema[] =
    "PRAGMA application_id = " MARK ";"
    "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, time TEXT, trial INTEGER, kind "
    "TEXT NOT NULL, name TEXT, value TEXT);"
    "CREATE UNIQUE INDEX IF NOT EXISTS suggested_once ON events (trial) WHERE kind = 'suggested';"
    "CREATE UNIQUE INDEX IF NOT EXISTS ended_once ON events (trial) WHERE kind = 'ended';"
    /* The views read the table a fixed number of times, whatever its size. */
    "DROP VIEW IF EXISTS trials; DROP VIEW IF EXISTS metrics;"
    "CREATE VIEW trials AS"
    " WITH started AS MATERIALIZED (SELECT trial, max(time) AS time, count(*) AS attempts"
    " FROM events WHERE kind = 'started' GROUP BY trial),"
    " assigned AS MATERIALIZED (SELECT trial, json_group_object(name, value) AS texts FROM events"
    " WHERE kind = 'assignment' GROUP BY trial)"
    " SELECT s.trial, s.name, s.time AS suggested, started.time AS started,"
    " coalesce(started.attempts, 0) AS attempts,"
    " e.time AS ended, e.name AS condition, e.value AS why, assigned.texts AS assignments"
    " FROM events s LEFT JOIN events e ON e.trial = s.trial AND e.kind = 'ended'"
    " LEFT JOIN started ON started.trial = s.trial LEFT JOIN assigned ON assigned.trial = s.trial"
    " WHERE s.kind = 'suggested';"
    "CREATE VIEW metrics AS"
    " WITH latest AS MATERIALIZED (SELECT trial, max(id) AS id FROM events"
    " WHERE kind = 'started' GROUP BY trial)"
    " SELECT m.trial, m.time, m.name, m.value FROM events m JOIN latest ON latest.trial = m.trial"
    " WHERE m.kind = 'metric' AND m.id > latest.id ORDER BY m.id;";

static const char select_events[] =
    "SELECT id, trial, time, kind, name, value FROM events WHERE id > ? ORDER BY id";

static void note_failure(struct cl_journal *journal) {
    int code = sqlite3_errcode(journal->db);
    if (!*journal->failure) {
        snprintf(journal->failure, sizeof journal->failure, "%s", sqlite3_errmsg(journal->db));
        journal->damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    }
}

static bool run_sql(struct cl_journal *journal, const char *sql) {
    if (sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK) {
        return true;
    }
    note_failure(journal);
    return false;
}

/* Remove the journal and SQLite's own files beside it. */
static void erase(const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char name[CL_LONGEST_PATH];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void lock_name(const char *path, char name[CL_LONGEST_PATH]) {
    char *real = realpath(path, NULL);
    snprintf(name, CL_LONGEST_PATH, "%s.lock", real ? real : path);
    free(real);
}

/* The lock is on a file of its own, so that the journal can be replaced and be read by other
 * programs meanwhile; it stands beside the journal itself, not beside a link to it. It is the
 * process's: a child that was forked when the run was killed does not hold it until its exec. */
static int take_lock(const char *path, struct mu_error *error) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char name[CL_LONGEST_PATH];
    lock_name(path, name);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        mu_fail(error, MU_INTERNAL, "%s: %s", name, strerror(errno));
    } else if (fcntl(fd, F_SETLK, &whole)) {
        close(fd);
        mu_fail(error, MU_UNAVAILABLE, "%s is in use by another mushir run", path);
        return -1;
    }
    return fd;
}

pid_t cl_journal_runner(const char *path) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char name[CL_LONGEST_PATH];
    lock_name(path, name);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && !fcntl(fd, F_GETLK, &whole) && whole.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return held ? whole.l_pid : 0;
}

/* Whether the open file has the mark. False, with SQLite's own failure if there is one, when it has
 * none or cannot be read. */
static bool marked(sqlite3 *db) {
    sqlite3_stmt *select = NULL;
    bool same = sqlite3_prepare_v2(db, "PRAGMA application_id", -1, &select, NULL) == SQLITE_OK &&
                sqlite3_step(select) == SQLITE_ROW &&
                !strcmp((const char *)sqlite3_column_text(select, 0), MARK);
    sqlite3_finalize(select);
    return same;
}

/* Whether what stands at |path| may be replaced: a journal, also a damaged one. */
static bool replaceable(const char *path, const struct stat *status) {
    sqlite3 *db = NULL;
    bool good = status->st_size == 0 ||
                (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                    sqlite3_busy_timeout(db, PATIENCE) == SQLITE_OK && marked(db));
    sqlite3_close(db);
    return good;
}

static bool only_reads(enum cl_journal_mode mode) {
    return mode == CL_JOURNAL_READ || mode == CL_JOURNAL_FOLLOW;
}

static enum mu_status refuse(const char *path, struct mu_error *error) {
    return mu_fail(
        error, MU_INVALID_ARGUMENT, "%s is there and no journal of a run; it stays as it is", path);
}

/* What any of them needs: no device, beside which nothing is made, and no folder. */
static enum mu_status check_kind(const char *path, struct mu_error *error) {
    struct stat status;
    return stat(path, &status) || S_ISREG(status.st_mode) ? MU_OK : refuse(path, error);
}

/* What a run that goes on or is looked at needs: a journal that something may stand in. */
static enum mu_status check_there(
    const char *path, enum cl_journal_mode mode, struct mu_error *error) {
    struct stat status;
    if (stat(path, &status)) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s: there is no run to %s", path,
            only_reads(mode) ? "look at" : "resume");
    }
    return status.st_size > 0 ? MU_OK
                              : mu_fail(error, MU_INVALID_ARGUMENT,
                                    "%s is empty: what it held is lost" CL_RUN_BEGIN_ANEW, path);
}

/* What a run that begins needs: a place that is free, or may be made so. */
static enum mu_status check_free(
    const char *path, enum cl_journal_mode mode, struct mu_error *error) {
    struct stat status;
    if (stat(path, &status)) {
        return MU_OK;
    }
    if (!replaceable(path, &status)) {
        return refuse(path, error);
    }
    return mode == CL_JOURNAL_FRESH
               ? MU_OK
               : mu_fail(error, MU_INVALID_ARGUMENT,
                     "%s holds an earlier run: continue it with --resume, or replace it with "
                     "--fresh",
                     path);
}

/* Make the file under another name and then give it its own, so that a kill leaves a journal or
 * none: an empty file would tell of a lost run. What SQLite kept beside an earlier one, even one
 * that is gone, goes first: it would be taken for a part of this one. */
static bool create(const char *path) {
    struct cl_journal made = {0};
    char name[CL_LONGEST_PATH];
    snprintf(name, sizeof name, "%s.new", path);
    erase(name);
    bool good = sqlite3_open_v2(name, &made.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) ==
                    SQLITE_OK &&
                run_sql(&made, schema);
    good = sqlite3_close(made.db) == SQLITE_OK && good;
    if (good) {
        erase(path);
    }
    return good && !rename(name, path);
}

static bool prepare(struct cl_journal *journal, const char *sql, sqlite3_stmt **statement) {
    return sqlite3_prepare_v2(journal->db, sql, -1, statement, NULL) == SQLITE_OK;
}

static bool open_to_write(struct cl_journal *journal, const char *path) {
    if (sqlite3_open_v2(path, &journal->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        return false;
    }
    sqlite3_busy_timeout(journal->db, PATIENCE); /* somebody looks at it */
    return marked(journal->db) &&
           run_sql(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;") &&
           run_sql(journal, schema) &&
           prepare(journal,
               "INSERT INTO events (trial, time, kind, name, value) VALUES (?, ?, ?, ?, ?)",
               &journal->insert);
}

static bool open_view(struct cl_journal *journal, const char *name, int flags, int patience) {
    sqlite3_stmt *check = NULL;
    sqlite3_close(journal->db);
    bool good = sqlite3_open_v2(name, &journal->db, flags, NULL) == SQLITE_OK &&
                sqlite3_busy_timeout(journal->db, patience) == SQLITE_OK && marked(journal->db) &&
                run_sql(journal, "PRAGMA query_only = 1; PRAGMA cache_size = -256") &&
                prepare(journal, select_events, &check);
    sqlite3_finalize(check);
    return good;
}

enum { LONGEST_NAME = 3 * PATH_MAX + 32 };

/* |path| for SQLite, as of a file that nobody changes. */
static void name_unchanging(const char *path, char name[LONGEST_NAME]) {
    static const char hex[] = "0123456789ABCDEF";
    char *to = stpcpy(name, "file:");
    for (size_t i = 0; path[i] && i < PATH_MAX; i++) {
        unsigned byte = (unsigned char)path[i];
        if (isalnum((int)byte) || strchr("/._-", path[i])) {
            *to++ = path[i];
        } else {
            *to++ = '%';
            *to++ = hex[byte >> 4];
            *to++ = hex[byte & 15];
        }
    }
    stpcpy(to, "?immutable=1");
}

/* Where this user may write nothing, SQLite cannot make what it keeps beside a journal. None is
 * needed when nothing waits there to be added. */
static bool open_unchanging(struct cl_journal *journal, const char *path) {
    char name[LONGEST_NAME];
    struct stat waiting;
    snprintf(name, sizeof name, "%s-wal", path);
    if (!stat(name, &waiting) && waiting.st_size > 0) {
        return false;
    }
    name_unchanging(path, name);
    *journal->failure = '\0';
    return open_view(journal, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, 0);
}

/* Not SQLITE_OPEN_READONLY: whoever closes the file last removes what SQLite keeps beside it. */
static bool open_to_read(struct cl_journal *journal, const char *path, int patience) {
    if (open_view(journal, path, SQLITE_OPEN_READWRITE, patience)) {
        return true;
    }
    int code = sqlite3_errcode(journal->db);
    bool kept_out = code == SQLITE_READONLY ||
                    (code == SQLITE_CANTOPEN && cl_journal_cause(journal) != MU_RESOURCE_EXHAUSTED);
    return kept_out && open_unchanging(journal, path);
}

enum mu_status cl_journal_cause(const struct cl_journal *journal) {
    int why = sqlite3_system_errno(journal->db);
    return why == EMFILE || why == ENFILE ? MU_RESOURCE_EXHAUSTED : MU_INTERNAL;
}

static bool open_database(struct cl_journal *journal, const char *path, enum cl_journal_mode mode,
    struct mu_error *error) {
    bool good = only_reads(mode)
                    ? open_to_read(journal, path, mode == CL_JOURNAL_FOLLOW ? 0 : PATIENCE)
                    : open_to_write(journal, path);
    int code = sqlite3_errcode(journal->db);
    if (!good && cl_journal_cause(journal) == MU_RESOURCE_EXHAUSTED) {
        mu_fail(error, MU_RESOURCE_EXHAUSTED, "%s: no descriptor is free", path);
    } else if (!good && (code == SQLITE_FULL || code == SQLITE_IOERR)) {
        mu_fail(error, MU_INTERNAL, "%s: %s", path, sqlite3_errmsg(journal->db));
    } else if (!good) {
        mu_fail(error, MU_INVALID_ARGUMENT, "%s: no journal of a run: %s", path,
            code == SQLITE_OK ? "it is another program's" : sqlite3_errmsg(journal->db));
    }
    return good;
}

static void leave(int lock) {
    if (lock >= 0) {
        close(lock);
    }
}

struct cl_journal *cl_journal_open(
    const char *path, enum cl_journal_mode mode, struct mu_error *error) {
    bool reads = only_reads(mode);
    if (check_kind(path, error)) {
        return NULL;
    }
    int lock = reads ? -1 : take_lock(path, error);
    if (lock < 0 && !reads) {
        return NULL;
    }
    bool begins = mode == CL_JOURNAL_NEW || mode == CL_JOURNAL_FRESH;
    enum mu_status status = begins ? check_free(path, mode, error) : check_there(path, mode, error);
    if (status == MU_OK && begins && !create(path)) {
        status = mu_fail(error, MU_INTERNAL, "%s: a journal cannot be written there", path);
    }
    if (status != MU_OK) {
        leave(lock);
        return NULL;
    }
    struct cl_journal *journal = calloc(1, sizeof *journal);
    if (!journal) {
        abort();
    }
    journal->lock = lock;
    if (!open_database(journal, path, mode, error)) {
        cl_journal_close(journal);
        return NULL;
    }
    return journal;
}

void cl_journal_close(struct cl_journal *journal) {
    if (!journal) {
        return;
    }
    sqlite3_finalize(journal->insert);
    sqlite3_close(journal->db);
    leave(journal->lock);
    free(journal);
}

void cl_journal_begin(struct cl_journal *journal) {
    run_sql(journal, "BEGIN IMMEDIATE");
}

void cl_journal_commit(struct cl_journal *journal) {
    run_sql(journal, *journal->failure ? "ROLLBACK" : "COMMIT");
}

void cl_journal_add(struct cl_journal *journal, long trial, const char *time, const char *kind,
    const char *name, const char *value) {
    sqlite3_stmt *insert = journal->insert;
    if (trial >= 0) {
        sqlite3_bind_int64(insert, 1, trial);
    } else {
        sqlite3_bind_null(insert, 1);
    }
    sqlite3_bind_text(insert, 2, time, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, value, -1, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) {
        note_failure(journal);
    }
    sqlite3_reset(insert);
}

const char *cl_journal_failed(struct cl_journal *journal) {
    int moved = 0;
    sqlite3_file_control(journal->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved && !*journal->failure) {
        run_sql(journal, "PRAGMA wal_checkpoint"); /* wherever it is, it has all: no close would */
        stpcpy(journal->failure, "it was removed, renamed or replaced");
        journal->damaged = true;
    }
    return *journal->failure ? journal->failure : NULL;
}

bool cl_journal_damaged(const struct cl_journal *journal) {
    return journal->damaged;
}

static const char *column(sqlite3_stmt *select, int index) {
    const unsigned char *text = sqlite3_column_text(select, index);
    return text ? (const char *)text : "";
}

bool cl_journal_replay(struct cl_journal *journal, long long after,
    void (*replay)(void *user, const struct cl_journal_event *event), void *user) {
    sqlite3_stmt *select = NULL;
    int step;
    if (!prepare(journal, select_events, &select)) {
        note_failure(journal);
        return false;
    }
    sqlite3_bind_int64(select, 1, after);
    while ((step = sqlite3_step(select)) == SQLITE_ROW) {
        bool of_run = sqlite3_column_type(select, 1) == SQLITE_NULL;
        replay(user, &(struct cl_journal_event){sqlite3_column_int64(select, 0),
                         of_run ? -1 : (long)sqlite3_column_int64(select, 1), column(select, 2),
                         column(select, 3), column(select, 4), column(select, 5)});
    }
    if (step != SQLITE_DONE) {
        note_failure(journal);
    }
    sqlite3_finalize(select);
    return step == SQLITE_DONE;
}

bool cl_journal_experiment(
    struct cl_journal *journal, struct mu_arena *arena, const char **name, const char **text) {
    sqlite3_stmt *select = NULL;
    bool good = prepare(journal,
        "SELECT name, value FROM events WHERE kind = 'experiment' ORDER BY id DESC LIMIT 1",
        &select);
    int step = good ? sqlite3_step(select) : SQLITE_ERROR;
    bool found = step == SQLITE_ROW;
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        note_failure(journal);
    }
    if (found) {
        *name = mu_arena_copy(arena, column(select, 0));
        *text = mu_arena_copy(arena, column(select, 1));
    }
    sqlite3_finalize(select);
    return found;
}

bool cl_journal_origin(struct cl_journal *journal, char origin[CL_JOURNAL_ORIGIN]) {
    sqlite3_stmt *select = NULL;
    bool found = prepare(journal,
                     "SELECT group_concat(time || CASE kind WHEN 'run' THEN value ELSE '' END) "
                     "FROM events WHERE id <= 2",
                     &select) &&
                 sqlite3_step(select) == SQLITE_ROW && *column(select, 0);
    if (found) {
        snprintf(origin, CL_JOURNAL_ORIGIN, "%s", column(select, 0));
    }
    sqlite3_finalize(select);
    return found;
}

enum mu_status cl_journal_copy(struct cl_journal *journal, FILE *out, struct mu_error *error) {
    sqlite3_int64 size;
    unsigned char *bytes = sqlite3_serialize(journal->db, "main", &size, 0);
    bool good = bytes && fwrite(bytes, 1, (size_t)size, out) == (size_t)size;
    sqlite3_free(bytes);
    return good ? MU_OK : mu_fail(error, MU_INTERNAL, "the journal cannot be copied");
}

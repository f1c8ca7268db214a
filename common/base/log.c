#include "common/base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/base/text.h"

static struct {
    bool json;
    enum mu_log_level level;
} configured = {false, MU_LOG_INFO};

static atomic_ullong lost; /* lines */

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void mu_log_setup(bool json, enum mu_log_level level) {
    configured.json = json;
    configured.level = level;
}

bool mu_log_enabled(enum mu_log_level level) {
    return level >= configured.level;
}

/* A line under construction; once something does not fit, nothing more is added. */
struct line {
    char *text;
    size_t size, used; /* used < size; always terminated */
    bool full;
};

static void add_bytes(struct line *line, const char *bytes, size_t n) {
    line->full |= n >= line->size - line->used;
    if (!line->full) {
        memcpy(line->text + line->used, bytes, n);
        line->used += n;
        line->text[line->used] = '\0';
    }
}

static void MU_PRINTF(2, 3) add(struct line *line, const char *format, ...) {
    char part[128];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    add_bytes(line, part, n < 0 ? 0 : (size_t)n < sizeof part ? (size_t)n : sizeof part - 1);
}

/* One character of a value as JSON writes it; the C1 controls too, which terminals obey. Returns
 * the bytes read. */
static size_t add_escaped(struct line *line, const char *text, size_t left) {
    size_t n = mu_text_sequence(text, left);
    unsigned char first = (unsigned char)text[0];
    unsigned char second = n == 2 ? (unsigned char)text[1] : 0;
    if (n == 0) {
        add_bytes(line, "?", 1);
        return 1;
    }
    if (first == '"' || first == '\\') {
        add(line, "\\%c", first);
    } else if (first < 0x20 || first == 0x7F) {
        add(line, "\\u%04x", first);
    } else if (first == 0xC2 && second < 0xA0) {
        add(line, "\\u%04x", second);
    } else {
        add_bytes(line, text, n);
    }
    return n;
}

static void add_quoted(struct line *line, const char *text) {
    size_t left = strlen(text);
    add_bytes(line, "\"", 1);
    while (left > 0 && !line->full) {
        size_t n = add_escaped(line, text, left);
        text += n;
        left -= n;
    }
    add_bytes(line, "\"", 1);
}

static bool plain_word(const char *text) {
    return *text &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:+[]") ==
               strlen(text);
}

/* A field goes in whole or not at all. */
static void add_field(struct line *line, bool json, const struct mu_log_field *field) {
    size_t before = line->used;
    add(line, json ? ",\"%s\":" : " %s=", field->name);
    if (!field->text) {
        add(line, "%.*f", field->decimals, field->number);
    } else if (!json && plain_word(field->text)) {
        add_bytes(line, field->text, strlen(field->text));
    } else {
        add_quoted(line, field->text);
    }
    if (line->full) {
        line->used = before;
        line->text[before] = '\0';
    }
}

size_t mu_log_format(char *text, size_t size, bool json, enum mu_log_level level, long long seconds,
    long nanoseconds, const char *message, const struct mu_log_field *fields, size_t n) {
    struct line line = {.text = text, .size = size - 1}; /* room for the closing brace */
    struct tm utc;
    char stamp[32];
    time_t whole = (time_t)seconds;
    gmtime_r(&whole, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    if (json) {
        add(&line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"message\":", stamp,
            nanoseconds / 1000000, level_names[level]);
        add_quoted(&line, message);
    } else {
        add(&line, "%s.%03ldZ %-7s ", stamp, nanoseconds / 1000000, level_names[level]);
        add_bytes(&line, message, strlen(message));
    }
    for (size_t i = 0; i < n && !line.full; i++) {
        add_field(&line, json, &fields[i]);
    }
    if (json) {
        text[line.used++] = '}';
        text[line.used] = '\0';
    }
    return line.used;
}

/* Write a line, or lose and count it: whoever reads the log slowly, or has stopped, must not hold
 * up the work. A pipe that poll calls writable has room for a line; the lock keeps others from
 * taking it in between. */
static void write_line(const char *line, size_t length) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    pthread_mutex_lock(&lock);
    bool room = poll(&out, 1, 0) == 1 && (out.revents & POLLOUT);
    bool written = room && write(STDERR_FILENO, line, length) == (ssize_t)length;
    pthread_mutex_unlock(&lock);
    if (!written) {
        atomic_fetch_add(&lost, 1);
    }
}

void mu_log(
    enum mu_log_level level, const char *message, const struct mu_log_field *fields, size_t n) {
    char line[4096]; /* PIPE_BUF: written whole even into a pipe */
    struct timespec now;
    if (!mu_log_enabled(level)) {
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    size_t length = mu_log_format(
        line, sizeof line - 1, configured.json, level, now.tv_sec, now.tv_nsec, message, fields, n);
    line[length++] = '\n';
    write_line(line, length);
}

unsigned long long mu_log_lost(void) {
    return atomic_load(&lost);
}

void mu_log_plain(enum mu_log_level level, const char *message) {
    mu_log(level, message, NULL, 0);
}

void mu_log_text(enum mu_log_level level, const char *message, const char *name, const char *text) {
    mu_log(level, message, &(struct mu_log_field){.name = name, .text = text}, 1);
}

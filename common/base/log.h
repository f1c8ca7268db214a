/* The log: one line per event on stderr, as text for people or JSON for machines.
 *
 * A line is written by one write(2) that never waits, so lines of several threads do not mix, and
 * everything that comes from outside is escaped: no value can start a line of its own or pass for
 * another field. The configuration is process-wide and set once, before threads start. */
#ifndef MUSHIR_BASE_LOG_H
#define MUSHIR_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum mu_log_level { MU_LOG_DEBUG, MU_LOG_INFO, MU_LOG_WARNING, MU_LOG_ERROR, MU_LOG_OFF };

/* A named value of a line: a text, or a number when |text| is NULL. Numbers are printed with at
 * most |decimals| digits behind the point. */
struct mu_log_field {
    const char *name; /* a literal: [a-z_]+ */
    const char *text;
    double number;
    int decimals;
};

/* Choose format and least level. Before the first thread starts. */
void mu_log_setup(bool json, enum mu_log_level level);

/* Whether lines of |level| are written. */
bool mu_log_enabled(enum mu_log_level level);

/* Write a line: |message| (a literal) and |n| fields. Never fails; a line longer than 4 KiB is cut
 * at a field. */
void mu_log(
    enum mu_log_level level, const char *message, const struct mu_log_field *fields, size_t n);

/* Lines that could not be written, because nobody reads the log or its disk is full. Any thread. */
unsigned long long mu_log_lost(void);

/* The common short forms: no field; one text field. */
void mu_log_plain(enum mu_log_level level, const char *message);
void mu_log_text(enum mu_log_level level, const char *message, const char *name, const char *text);

/* The line itself, without the newline, as mu_log would write it at |seconds| and |nanoseconds|
 * since 1970; returns its length (< |size|).
 */
size_t mu_log_format(char *text, size_t size, bool json, enum mu_log_level level, long long seconds,
    long nanoseconds, const char *message, const struct mu_log_field *fields, size_t n);

#endif

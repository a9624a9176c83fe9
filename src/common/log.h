/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_LOG_H
#define NACLD_COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One destination: stderr. Under systemd stderr is the journal, and each line has the severity
 * prefix of sd-daemon(3); by hand it is plain text. errno is preserved. Nothing here waits: a line
 * that stderr does not accept at once is lost and counted, and the next one that it accepts comes
 * behind a line that says how many are missing. Never called on the packet path.
 */
#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* The most detailed level that is still printed; INFO to begin with. */
void log_set_level(enum log_level level);

/*
 * Makes stderr one that a line need not wait for. Once, before any thread; without it most still
 * holds.
 */
void log_open(void);

/* Is stderr the journal? ($JOURNAL_STREAM, systemd.exec(5)) */
bool log_is_journal(void);

/* Lines lost since the start. */
uint64_t log_lost(void);

/*
 * As log_info, with fields where the journal listens: `fields` is lines "KEY=value\n", without
 * control characters in a value. log_open must have been called; elsewhere it is a plain line.
 */
void log_fields(const char *fields, const char *format, ...) __attribute__((format(printf, 2, 3)));

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

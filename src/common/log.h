/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_LOG_H
#define NACLD_COMMON_LOG_H

/*
 * One destination: stderr. Under systemd stderr is the journal, and each line carries the severity
 * prefix of sd-daemon(3); by hand it is plain text. errno is preserved. Never called on the packet
 * path.
 */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* The most detailed level that is still printed; INFO to begin with. */
void log_set_level(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

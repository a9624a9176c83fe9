/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line a call, to stderr. systemd sets JOURNAL_STREAM where stderr is the journal; the
 * "<N>" prefix then carries the severity (sd-daemon(3)). A line is written with one call, so lines of
 * two threads never mix.
 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

static const char *line_prefix(enum log_level level)
{
	static const char *const journal[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const plain[] = {
		"nacld: error: ", "nacld: warning: ", "nacld: ", "nacld: debug: "};

	return getenv("JOURNAL_STREAM") ? journal[level] : plain[level];
}

__attribute__((format(printf, 2, 0))) static void write_line(enum log_level level,
							     const char *format, va_list args)
{
	int saved_errno = errno;
	char text[1024];

	if (level <= threshold) {
		vsnprintf(text, sizeof(text), format, args);
		fprintf(stderr, "%s%s\n", line_prefix(level), text);
	}
	errno = saved_errno;
}

#define DEFINE_LOG(name, level)                                                                    \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list args;                                                                      \
                                                                                                   \
		va_start(args, format);                                                            \
		write_line(level, format, args);                                                   \
		va_end(args);                                                                      \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

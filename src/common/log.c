/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log: one line a call, to stderr. systemd sets JOURNAL_STREAM where stderr is the journal; the
 * "<N>" prefix then gives the severity (sd-daemon(3)). A line is written with one call, so lines
 * of two threads never mix.
 *
 * The main thread serves signals and the control socket, so a reader that has stopped reading must
 * not hold it up: no line ever waits. A socket (the journal) takes a call that does not block. A
 * pipe or a terminal has that as a property of the open file, which is shared with whoever started
 * us; so log_open opens it again as one of our own. A line is shorter than PIPE_BUF: a pipe takes
 * it whole or not at all (pipe(7)).
 *
 * Fields cannot go through stderr: they go to the journal's own socket, one datagram of KEY=value
 * lines (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). That is opened at the start, since a confined
 * process opens none.
 *
 * What this remembers for the whole process is how much to say, how many lines are lost, and that
 * socket.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static int journal_fd = -1;
static uint64_t lost;   /* lines, since the start */
static uint64_t untold; /* of these: not yet said in the log itself */

void log_set_level(enum log_level level)
{
	threshold = level;
}

uint64_t log_lost(void)
{
	return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

void log_open(void)
{
	struct stat st;
	int fd;

	if (log_is_journal() && journal_fd < 0)
		journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fstat(STDERR_FILENO, &st) < 0 || !(S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO)))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_APPEND | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return; /* another user's pipe, say: each line then looks first */
	dup2(fd, STDERR_FILENO);
	close(fd);
}

bool log_is_journal(void)
{
	return getenv("JOURNAL_STREAM");
}

static const char *line_prefix(enum log_level level)
{
	static const char *const journal[] = {"<3>", "<4>", "<6>", "<7>"};
	static const char *const plain[] = {
		"nacld: error: ", "nacld: warning: ", "nacld: ", "nacld: debug: "};

	return log_is_journal() ? journal[level] : plain[level];
}

static bool write_waits(void)
{
	struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};

	return !(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) && poll(&room, 1, 0) != 1;
}

/* False: stderr does not take it now. */
static bool put(const char *line, size_t len)
{
	ssize_t n = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK && !write_waits())
		n = write(STDERR_FILENO, line, len);
	return n == (ssize_t)len;
}

/* What was lost is reported where it is missing. False: there is no room for that either. */
static bool tell_lost(void)
{
	uint64_t count = __atomic_exchange_n(&untold, 0, __ATOMIC_RELAXED);
	char line[128];
	int len;

	if (count == 0)
		return true;
	len = snprintf(line, sizeof(line),
		       "%s%llu line%s of this log %s lost: stderr did not accept them\n",
		       line_prefix(LOG_LEVEL_WARNING), (unsigned long long)count,
		       count == 1 ? "" : "s", count == 1 ? "is" : "are");
	if (put(line, (size_t)len))
		return true;
	__atomic_add_fetch(&untold, count, __ATOMIC_RELAXED);
	return false;
}

__attribute__((format(printf, 2, 0))) static void write_line(enum log_level level,
							     const char *format, va_list args)
{
	int saved_errno = errno;
	char text[1024], line[sizeof(text) + 32];
	int len;

	if (level <= threshold) {
		vsnprintf(text, sizeof(text), format, args);
		len = snprintf(line, sizeof(line), "%s%s\n", line_prefix(level), text);
		if (!tell_lost() || !put(line, (size_t)len)) {
			__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
			__atomic_add_fetch(&untold, 1, __ATOMIC_RELAXED);
		}
	}
	errno = saved_errno;
}

#define DEFINE_LOG(name, level)                  \
	void name(const char *format, ...)       \
	{                                        \
		va_list args;                    \
                                                 \
		va_start(args, format);          \
		write_line(level, format, args); \
		va_end(args);                    \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

static bool put_fields(const char *fields, const char *text)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_JOURNAL_SOCKET};
	char lines[2048];
	int len;

	if (journal_fd < 0)
		return false;
	len = snprintf(lines, sizeof(lines), "PRIORITY=6\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n%s",
		       program_invocation_short_name, text, fields);
	return len < (int)sizeof(lines) &&
	       sendto(journal_fd, lines, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&address, sizeof(address)) == len;
}

void log_fields(const char *fields, const char *format, ...)
{
	int saved_errno = errno;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (LOG_LEVEL_INFO <= threshold && !put_fields(fields, text))
		log_info("%s", text);
	errno = saved_errno;
}

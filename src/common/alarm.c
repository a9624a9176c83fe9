/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line with an id cannot go through stderr, so it goes to the journal's own socket: one datagram
 * of KEY=value lines (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). Where that does not work the
 * line is an ordinary error; it is never logged twice.
 */
#include "common/alarm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

#define TEXT_LEN 1024

static bool tell_journal(const char *message_id, const char *text)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = LOG_JOURNAL_SOCKET};
	char lines[TEXT_LEN + 160];
	int fd, len;
	bool sent;

	if (!log_is_journal() || strchr(text, '\n'))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	len = snprintf(lines, sizeof(lines),
		       "PRIORITY=3\nSYSLOG_IDENTIFIER=%s\nMESSAGE_ID=%s\nMESSAGE=%s\n",
		       program_invocation_short_name, message_id, text);
	sent = sendto(fd, lines, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&address, sizeof(address)) == len;
	close(fd);
	return sent;
}

void alarm_raise(const char *message_id, const char *format, ...)
{
	int saved_errno = errno;
	char text[TEXT_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!tell_journal(message_id, text))
		log_error("%s", text);
	errno = saved_errno;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of the control socket (common/protocol.h): one request line, one answer line.
 *
 * A person waits for this, so every step has one common deadline: a daemon that hangs, or one that
 * trickles, ends in a sentence and not in a stuck terminal. Answers may be megabytes (a policy of
 * 100,000 entries) and are read in growing steps up to a cap. Nothing here prints.
 */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/protocol.h"
#include "ctl/state/answer.h"

#define READ_STEP 65536

struct buffer {
	char *data;
	size_t len;
	size_t capacity;
};

__attribute__((format(printf, 3, 4))) static int fail(int code, char *error, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CLIENT_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int connect_failed(const char *path, int code, char *error)
{
	switch (code) {
	case ENOENT:
		return fail(-ENOENT, error,
			    "nacld is not running (no socket at %s): systemctl start nacld", path);
	case ECONNREFUSED:
		return fail(-ECONNREFUSED, error,
			    "nacld is not running (nobody listens at %s): systemctl start nacld",
			    path);
	case EACCES:
	case EPERM:
		return fail(-EACCES, error,
			    "no permission to open %s: use sudo, or join the group nacld", path);
	case EAGAIN:
		return fail(-ETIMEDOUT, error, "nacld accepts no connection at %s: is it stuck? %s",
			    path, "see systemctl status nacld");
	default:
		return fail(-code, error, "cannot open %s: %s", path, strerror(code));
	}
}

/* A connected socket, or -errno. The send timeout bounds connect() too (unix(7) backlog full). */
static int open_socket(const char *path, char *error)
{
	struct timeval limit = {.tv_sec = PROTOCOL_TIMEOUT_MS / 1000,
				.tv_usec = PROTOCOL_TIMEOUT_MS % 1000 * 1000L};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(-ENAMETOOLONG, error, "the socket path is too long: %s", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-errno, error, "cannot create a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int code = connect_failed(path, errno, error);

		close(fd);
		return code;
	}
	return fd;
}

static int no_answer(char *error)
{
	return fail(-ETIMEDOUT, error,
		    "nacld did not answer within %d s: see systemctl status nacld",
		    PROTOCOL_TIMEOUT_MS / 1000);
}

/* send(2), with a descriptor where that is not -1. */
static ssize_t send_with(int socket, const char *bytes, size_t len, int passed)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (passed >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
							    .cmsg_type = SCM_RIGHTS,
							    .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &passed, sizeof(passed));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int send_request(int fd, const char *line, int passed, char *error)
{
	size_t len = strlen(line);

	for (size_t sent = 0; sent < len;) {
		ssize_t n = send_with(fd, line + sent, len - sent, sent == 0 ? passed : -1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return no_answer(error);
		if (n < 0) /* it may have said why before it closed: read on */
			return errno == EPIPE ? 0
					      : fail(-errno, error, "cannot ask nacld: %s",
						     strerror(errno));
		sent += (size_t)n;
	}
	return 0;
}

static bool make_room(struct buffer *buffer)
{
	size_t capacity = buffer->capacity ? buffer->capacity * 2 : READ_STEP;
	char *data;

	if (buffer->capacity - buffer->len >= READ_STEP)
		return true;
	data = realloc(buffer->data, capacity);
	if (!data)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

/* Reads up to the newline. 0, or -errno. */
static int read_line(int fd, int64_t deadline, struct buffer *buffer, char *error)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&poller, 1, (int)left) == 0)
			return no_answer(error);
		if (buffer->len > CLIENT_ANSWER_MAX)
			return fail(-EMSGSIZE, error, "nacld's answer is too long");
		if (!make_room(buffer))
			return fail(-ENOMEM, error, "no memory for nacld's answer");
		n = recv(fd, buffer->data + buffer->len, READ_STEP, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return fail(-errno, error, "cannot read nacld's answer: %s",
				    strerror(errno));
		if (n == 0)
			return fail(-EPROTO, error,
				    "nacld closed the connection without an answer");
		buffer->len += (size_t)n;
		if (memchr(buffer->data + buffer->len - n, '\n', (size_t)n))
			return 0;
	}
}

/* A reload may have much to compile. */
static int patience_ms(const json_t *request)
{
	static const char *const slow[] = {"reload", "apply", "undo"};
	const char *name = json_string_value(json_object_get(request, "request"));

	for (size_t i = 0; name && i < sizeof(slow) / sizeof(slow[0]); i++)
		if (strcmp(name, slow[i]) == 0)
			return PROTOCOL_RELOAD_MS;
	return PROTOCOL_TIMEOUT_MS;
}

/* The request's line, newline included; the caller frees it. NULL: no memory. */
static char *line_of(const json_t *request)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	char *line = NULL;

	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}

static int exchange(const char *socket_path, const char *line, int passed, int limit_ms,
		    json_t **answer, char *error)
{
	int64_t deadline = now_ms() + limit_ms;
	struct buffer buffer = {0};
	char place[ANSWER_PLACE_LEN] = "";
	json_t *parsed;
	int fd, status;

	fd = open_socket(socket_path, error);
	if (fd < 0)
		return fd;
	status = send_request(fd, line, passed, error);
	if (status == 0)
		status = read_line(fd, deadline, &buffer, error);
	if (status < 0)
		goto out;
	parsed = json_loadb(buffer.data, buffer.len, JSON_DISABLE_EOF_CHECK, NULL);
	if (json_is_object(parsed) && answer_check(parsed, place)) {
		*answer = parsed;
	} else {
		json_decref(parsed);
		status = fail(-EPROTO, error,
			      "what answers at %s does not speak nacld's protocol%s%s", socket_path,
			      place[0] ? ": " : "", place);
	}
out:
	free(buffer.data);
	close(fd);
	return status;
}

int client_call(const char *socket_path, json_t *request, int fd, json_t **answer,
		char error[static CLIENT_ERROR_LEN])
{
	char *line = line_of(request);
	int status = line ? exchange(socket_path, line, fd, patience_ms(request), answer, error)
			  : fail(-ENOMEM, error, "out of memory");

	free(line);
	json_decref(request);
	return status;
}

int client_request(const char *socket_path, const char *request, json_t **answer,
		   char error[static CLIENT_ERROR_LEN])
{
	return client_call(socket_path, json_pack("{s:s}", "request", request), -1, answer, error);
}

const char *client_refusal(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	if (json_is_true(json_object_get(answer, "ok")))
		return NULL;
	return text ? text : "nacld refused, and gave no reason";
}

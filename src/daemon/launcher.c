/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of its launcher: one request, one answer, under a lock. Whoever asks may wait as
 * long as it takes to load a program; nobody asks on the packet path but a worker whose filtering
 * child has died, and it has nothing else to do.
 */
#include "daemon/launcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/launch/message.h"
#include "daemon/launch/process.h"

/* Whether it has begun. */
static int hear(int socket)
{
	struct launch_answer answer;
	int none[LAUNCHER_FDS_MAX];
	size_t count;

	if (message_receive(socket, &answer, sizeof(answer), none, &count) != sizeof(answer))
		return -EPIPE;
	return answer.err;
}

int launcher_start(struct launcher *launcher)
{
	int ends[2], err;
	pid_t pid;

	*launcher = (struct launcher){.socket = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		launch_process_run(ends[1]);
	close(ends[1]);
	err = pid < 0 ? -EAGAIN : hear(ends[0]);
	if (err)
		close(ends[0]);
	else
		launcher->socket = ends[0];
	return err;
}

void launcher_stop(struct launcher *launcher)
{
	if (launcher->socket > 0)
		close(launcher->socket);
	launcher->socket = -1;
}

/* -EPIPE: it is gone. */
static int exchange(int socket, const struct launch_request *request, const int *fds, size_t count,
		    struct launch_answer *answer, int ends[LAUNCHER_FDS_MAX], size_t *end_count)
{
	ssize_t n = message_send(socket, request,
				 offsetof(struct launch_request, text) + request->len, fds, count);

	if (n < 0)
		return n == -ECONNRESET ? -EPIPE : (int)n;
	n = message_receive(socket, answer, sizeof(*answer), ends, end_count);
	if (n == sizeof(*answer))
		return 0;
	return n == 0 || n == -ECONNRESET ? -EPIPE : n < 0 ? (int)n : -EPROTO;
}

static int ask(struct launcher *launcher, const struct launch_request *request, const int *fds,
	       size_t count, pid_t *pid, int ends[LAUNCHER_FDS_MAX], size_t *end_count)
{
	struct launch_answer answer;
	int err = -EPIPE;

	if (launcher->socket > 0) {
		pthread_mutex_lock(&launcher->lock);
		err = exchange(launcher->socket, request, fds, count, &answer, ends, end_count);
		pthread_mutex_unlock(&launcher->lock);
	}
	if (err == -EPIPE && !__atomic_exchange_n(&launcher->gone, true, __ATOMIC_RELAXED))
		log_error("the process that starts others has ended: what ends is not started "
			  "again. Restart nacld");
	if (!err)
		*pid = answer.pid;
	return err ? err : answer.err;
}

int launcher_filter(struct launcher *launcher, const int *fds, size_t count, pid_t *pid)
{
	static const struct launch_request request = {.kind = LAUNCH_FILTER};
	int none[LAUNCHER_FDS_MAX];
	size_t none_count;

	return ask(launcher, &request, fds, count, pid, none, &none_count);
}

int launcher_disk(struct launcher *launcher, const char *arguments, size_t len, int progress,
		  struct launcher_disk *out)
{
	struct launch_request request = {.kind = LAUNCH_DISK, .len = (uint32_t)len};
	int ends[LAUNCHER_FDS_MAX];
	size_t end_count = 0;
	pid_t pid;
	int err;

	if (len > sizeof(request.text))
		return -E2BIG;
	if (arguments)
		memcpy(request.text, arguments, len);
	err = ask(launcher, &request, &progress, 1, &pid, ends, &end_count);
	if (err)
		return err;
	if (end_count != 2)
		return -EPROTO;
	*out = (struct launcher_disk){.pid = pid, .orders = ends[0], .flow_log = ends[1]};
	return 0;
}

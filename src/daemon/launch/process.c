/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's own process: takes requests, starts programs, waits for nothing that it started.
 *
 * What it starts is this very program (/proc/self/exe, kept open: an upgrade replaces the file, and
 * both ends of a boundary must be of one version), under a name of its own in argv[0], by which
 * main knows its role. CLONE_PARENT makes it the daemon's child: the daemon waits for it, and it is
 * ended with the daemon's main thread where it asks for that. CLONE_VFORK: when clone returns the
 * new program is there, or why not is known.
 *
 * It reads no packet, no file and no configuration. It gives up its capabilities as far as that
 * needs none: under the unit all that it starts begins with none at all. It is confined by "no new
 * privileges" alone: a filter of system calls would hold for what it starts, too, and that begins
 * with a dynamic linker.
 */
#include "daemon/launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/launch/message.h"

#define ARGUMENTS_MAX 1024
#define STACK_LEN     65536
#define HIGH_FD       (LAUNCHER_FDS_MAX + 8) /* above all that a program is handed */

struct starter {
	int program; /* this one */
	/* Of the process that writes. */
	char text[LAUNCHER_TEXT_MAX];
	char *arguments[ARGUMENTS_MAX + 2];
};

/* Between clone and exec: the memory is the launcher's, the descriptors are its own. */
struct start {
	int program;
	char *const *arguments;
	const int *fds;
	size_t count;
	int err;
};

static int become(void *argument)
{
	struct start *start = argument;
	int high[LAUNCHER_FDS_MAX];

	for (size_t i = 0; i < start->count; i++)
		high[i] = fcntl(start->fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
	for (size_t i = 0; i < start->count; i++)
		if (high[i] < 0 || dup2(high[i], STDERR_FILENO + 1 + (int)i) < 0)
			_exit(start->err = errno);
	fexecve(start->program, start->arguments, environ);
	_exit(start->err = errno);
}

/* 0 and *pid, or -errno. */
static int run(struct start *start, int32_t *pid)
{
	static uint8_t stack[STACK_LEN] __attribute__((aligned(16)));
	int child = clone(become, stack + sizeof(stack),
			  CLONE_PARENT | CLONE_VFORK | CLONE_VM | SIGCHLD, start);

	if (child < 0)
		return -errno;
	*pid = child;
	return -start->err;
}

static int start_filter(const struct starter *starter, const int *fds, size_t count, int32_t *pid)
{
	char *const arguments[] = {(char *)ROLE_FILTER, NULL};
	struct start start = {
		.program = starter->program, .arguments = arguments, .fds = fds, .count = count};

	return run(&start, pid);
}

/* Once: see launcher.h. */
static int settle_arguments(struct starter *starter, const struct launch_request *request)
{
	size_t count = 1;

	if (starter->arguments[0])
		return -EPERM;
	memcpy(starter->text, request->text, request->len);
	for (char *at = starter->text; at < starter->text + request->len; at += strlen(at) + 1) {
		if (count > ARGUMENTS_MAX)
			return -E2BIG;
		starter->arguments[count++] = at;
	}
	starter->arguments[0] = (char *)ROLE_DISK;
	return 0;
}

static int start_disk(struct starter *starter, int progress, int ends[2], int32_t *pid)
{
	int orders[2], flow_log[2], err;

	if (!starter->arguments[0])
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) < 0)
		return -errno;
	err = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, flow_log) < 0 ? -errno : 0;
	if (!err) {
		const int fds[] = {orders[1], flow_log[1], progress};
		struct start start = {.program = starter->program,
				      .arguments = starter->arguments,
				      .fds = fds,
				      .count = 3};

		err = run(&start, pid);
		ends[0] = orders[0];
		ends[1] = flow_log[0];
		close(flow_log[1]);
		if (err)
			close(flow_log[0]);
	}
	close(orders[1]);
	if (err)
		close(orders[0]);
	return err;
}

static void serve(struct starter *starter, int socket, const struct launch_request *request,
		  const int *fds, size_t count)
{
	struct launch_answer answer = {.err = -EINVAL};
	size_t end_count = 0;
	int ends[2];

	if (request->kind == LAUNCH_FILTER) {
		answer.err = start_filter(starter, fds, count, &answer.pid);
	} else if (request->kind == LAUNCH_DISK && count == 1) {
		answer.err = request->len > 0 ? settle_arguments(starter, request) : 0;
		if (!answer.err)
			answer.err = start_disk(starter, fds[0], ends, &answer.pid);
		end_count = answer.err ? 0 : 2;
	}
	message_send(socket, &answer, sizeof(answer), ends, end_count);
	for (size_t i = 0; i < end_count; i++)
		close(ends[i]);
}

static bool is_request(const struct launch_request *request, ssize_t n)
{
	const size_t header = offsetof(struct launch_request, text);

	return (size_t)n >= header && request->len == (size_t)n - header &&
	       (request->len == 0 || request->text[request->len - 1] == '\0');
}

/* What ends the daemon, by a terminal's keys say, does not end this; the end of the daemon does. */
static void prepare(void)
{
	sigset_t set;

	prctl(PR_SET_NAME, ROLE_LAUNCHER);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* Where there is no /proc, by the name it was just started by. */
static int open_program(void)
{
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);

	return fd >= 0 ? fd : open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC);
}

/* Nothing but the standard streams, and out of the way of others this program and the socket. */
static int keep_only(int socket, int *program)
{
	int low = open_program();
	int high = fcntl(socket, F_DUPFD_CLOEXEC, HIGH_FD);

	*program = fcntl(low, F_DUPFD_CLOEXEC, high + 1);
	syscall(SYS_close_range, STDERR_FILENO + 1, high - 1, 0);
	if (*program > high + 1)
		syscall(SYS_close_range, high + 1, *program - 1, 0);
	syscall(SYS_close_range, (*program < 0 ? high : *program) + 1, ~0u, 0);
	return high;
}

void launch_process_run(int socket)
{
	static struct launch_request request;
	static struct starter starter;
	int fds[LAUNCHER_FDS_MAX], kept = keep_only(socket, &starter.program);
	size_t count;
	ssize_t n;

	prepare();
	/* The first answer says: what was open is closed here. */
	message_send(kept, &(struct launch_answer){.err = starter.program < 0 ? -ENOENT : 0},
		     sizeof(struct launch_answer), NULL, 0);
	while ((n = message_receive(kept, &request, sizeof(request), fds, &count)) > 0) {
		if (is_request(&request, n))
			serve(&starter, kept, &request, fds, count);
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
	}
	_exit(0);
}

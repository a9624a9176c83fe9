/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the process that writes: starting it, speaking to it, starting it again.
 *
 * It is a program of its own (launcher.h) and has nothing of the daemon's but two sockets and the
 * memory it counts in. It ignores what ends the daemon, and ends when the sockets have no other
 * end: so it can be late, but what was sent is written. The daemon does not wait until it is there,
 * since packets would wait too.
 *
 * When it dies, which its socket shows, its successor gets the numbers of its descriptors
 * (dup2(2)): the flow log's thread may be waiting at one.
 */
#include "daemon/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/disk/process.h"

/*
 * What it may do, as arguments of the program: one of the first two, then a folder behind one of
 * the others each, as enum sandbox_use has them.
 */
#define REQUIRED    "required"
#define BEST_EFFORT "best-effort"
#define WRITE       "write:"
#define READ_WRITE  "read-write:"

static struct disk_progress *disk_progress(const struct disk *disk)
{
	return disk->progress.memory;
}

/* What it may write, as the arguments of the program. Their length, or 0: it is too long. */
static size_t print_arguments(const struct sandbox *folders, bool required, char *text, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i <= folders->count; i++) {
		int n = i == 0 ? snprintf(text, room, "%s", required ? REQUIRED : BEST_EFFORT)
			       : snprintf(text + len, room - len, "%s%s",
					  folders->folders[i - 1].use == SANDBOX_WRITE ? WRITE
										       : READ_WRITE,
					  folders->folders[i - 1].path);

		if (n < 0 || (size_t)n >= room - len)
			return 0;
		len += (size_t)n + 1;
	}
	return len;
}

static int start(struct disk *disk, const char *arguments, size_t len)
{
	struct launcher_disk started;
	int err = launcher_disk(disk->launcher, arguments, len, disk->progress.fd, &started);

	if (err)
		return err;
	disk->pid = started.pid;
	disk->started_ms = clock_monotonic_ms();
	if (disk->orders < 0) {
		disk->orders = started.orders;
		disk->flow_log = started.flow_log;
		return 0;
	}
	dup3(started.orders, disk->orders, O_CLOEXEC);
	dup3(started.flow_log, disk->flow_log, O_CLOEXEC);
	close(started.orders);
	close(started.flow_log);
	return 0;
}

int disk_start(struct disk *disk, struct launcher *launcher, const struct sandbox *folders,
	       bool required)
{
	char arguments[LAUNCHER_TEXT_MAX];
	size_t len = print_arguments(folders, required, arguments, sizeof(arguments));
	int err;

	*disk = (struct disk){.orders = -1, .flow_log = -1, .launcher = launcher};
	if (len == 0)
		return -E2BIG;
	err = shared_open(&disk->progress, sizeof(struct disk_progress), true);
	return err ? err : start(disk, arguments, len);
}

void disk_stop(struct disk *disk)
{
	if (disk->orders >= 0)
		close(disk->orders);
	if (disk->flow_log >= 0)
		close(disk->flow_log);
	shared_close(&disk->progress);
	*disk = (struct disk){.orders = -1, .flow_log = -1};
}

/* Twice as long after each that did not live DISK_LIVES_MS. */
static int64_t next_pause(const struct disk *disk, int64_t now_ms)
{
	if (now_ms - disk->started_ms >= DISK_LIVES_MS || disk->pause_ms == 0)
		return DISK_PAUSE_MS;
	return disk->pause_ms * 2 < DISK_PAUSE_MAX_MS ? disk->pause_ms * 2 : DISK_PAUSE_MAX_MS;
}

/* What it had been given and had not finished. The policy is saved again (disk_watch). */
static void forget_unfinished(struct disk *disk)
{
	struct disk_progress *progress = disk_progress(disk);
	uint64_t packets = __atomic_load_n(&progress->packets, __ATOMIC_SEQ_CST);

	disk->states = __atomic_load_n(&progress->states, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&disk->lost,
			   __atomic_exchange_n(&disk->packets, packets, __ATOMIC_SEQ_CST) - packets,
			   __ATOMIC_RELAXED);
}

static void note_end(struct disk *disk)
{
	int64_t now_ms = clock_monotonic_ms();

	if (disk->pid > 0)
		waitpid(disk->pid, NULL, WNOHANG);
	disk->pid = 0;
	forget_unfinished(disk);
	disk->pause_ms = next_pause(disk, now_ms);
	disk->source.fd = -1;
	disk->source.due_ms = now_ms + disk->pause_ms;
	log_warning("the process that writes files has ended; it is started again in %lld ms, what "
		    "comes until then is lost; traffic goes on",
		    (long long)disk->pause_ms);
}

static void start_again(struct disk *disk)
{
	int err = start(disk, NULL, 0);

	if (err) {
		disk->pause_ms = next_pause(disk, clock_monotonic_ms());
		disk->source.due_ms = clock_monotonic_ms() + disk->pause_ms;
		return;
	}
	disk->restarts++;
	disk->source.fd = disk->orders;
	disk->source.due_ms = 0;
	disk->restarted(disk->owner);
	log_info("the process that writes files has been started again");
}

/* Nothing is ever sent to the daemon there: it is the other end's end. */
static void watch(struct poller_source *source, short revents)
{
	struct disk *disk = source->owner;

	if (revents)
		note_end(disk);
	else
		start_again(disk);
}

void disk_watch(struct disk *disk, struct poller *poller, void (*restarted)(void *owner),
		void *owner)
{
	disk->restarted = restarted;
	disk->owner = owner;
	disk->source = (struct poller_source){
		.fd = disk->orders, .events = POLLRDHUP, .serve = watch, .owner = disk};
	poller_add(poller, &disk->source);
}

static ssize_t send_request(int socket, struct disk_request *header, const void *bytes, size_t len,
			    int fd, int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec parts[] = {
		{.iov_base = header, .iov_len = offsetof(struct disk_request, bytes)},
		{.iov_base = (void *)bytes, .iov_len = len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	header->len = (uint32_t)len;
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
							    .cmsg_type = SCM_RIGHTS,
							    .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | flags);
}

/* An order: it is taken now or not at all. */
static bool order(struct disk *disk, struct disk_request *header, const void *bytes, size_t len,
		  int fd)
{
	if (disk->orders >= 0 &&
	    send_request(disk->orders, header, bytes, len, fd, MSG_DONTWAIT) >= 0)
		return true;
	return false;
}

bool disk_is_busy(const struct disk *disk)
{
	return disk->pid == 0 ||
	       __atomic_load_n(&disk_progress(disk)->states, __ATOMIC_SEQ_CST) != disk->states;
}

bool disk_save_state(struct disk *disk, enum disk_state which, int text)
{
	struct disk_request header = {.kind = DISK_STATE, .number = which};

	if (disk_is_busy(disk) || !order(disk, &header, NULL, 0, text))
		return false;
	disk->states++;
	return true;
}

/* False: it is still busy after that many tries, a millisecond apart. */
static bool wait_idle(const struct disk *disk, int *tries)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (; *tries > 0 && disk->pid != 0 && disk_is_busy(disk); --*tries)
		nanosleep(&pause, NULL);
	return !disk_is_busy(disk);
}

int disk_save_state_now(struct disk *disk, enum disk_state which, int text, int limit_ms)
{
	if (!wait_idle(disk, &limit_ms))
		return disk->pid == 0 ? -EPIPE : -ETIMEDOUT;
	if (!disk_save_state(disk, which, text))
		return -EPIPE;
	if (!wait_idle(disk, &limit_ms))
		return -ETIMEDOUT;
	return __atomic_load_n(&disk_progress(disk)->state_err, __ATOMIC_SEQ_CST);
}

void disk_save_packet(struct disk *disk, uint16_t queue, const struct batch_packet *packet)
{
	struct disk_request header = {
		.kind = DISK_PACKET, .number = queue, .wire_len = (uint32_t)packet->wire_len};

	if (order(disk, &header, packet->data, packet->data ? packet->copy_len : 0, -1)) {
		__atomic_add_fetch(&disk->packets, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_add_fetch(&disk->lost, 1, __ATOMIC_RELAXED);
	log_error("queue %u: its packet is not saved: the disk is busy", queue);
}

/* A request of the flow log's, and its answer. */
static int ask(const struct disk *disk, uint32_t kind, const char *bytes, size_t len,
	       struct disk_answer *answer)
{
	struct disk_request header = {.kind = kind};
	ssize_t n;

	if (disk->flow_log < 0 || send_request(disk->flow_log, &header, bytes, len, -1, 0) < 0)
		return -EPIPE;
	do
		n = recv(disk->flow_log, answer, sizeof(*answer), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*answer) ? 0 : -EPIPE;
}

static int open_flow_log(void *owner, const char *path)
{
	struct disk_answer answer;
	int err = ask(owner, DISK_OPEN, path, strlen(path), &answer);

	return err ? err : answer.err;
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static int write_flow_log(void *owner, const char *text, size_t len, uint64_t *lost)
{
	struct disk_answer answer;
	int err = ask(owner, DISK_LINES, text, len, &answer);

	*lost = err ? count_lines(text, len) : answer.lost;
	return err ? err : answer.err;
}

struct flow_sink disk_flow_sink(struct disk *disk)
{
	return (struct flow_sink){.owner = disk, .open = open_flow_log, .write = write_flow_log};
}

static bool allow(struct sandbox *folders, const char *argument, const char *prefix,
		  enum sandbox_use use)
{
	size_t len = strlen(prefix);

	return strncmp(argument, prefix, len) == 0 &&
	       sandbox_allow(folders, argument + len, use) == 0;
}

/* False: its arguments are none of the daemon's, or the kernel lacks what they require. */
static bool confine(char **arguments)
{
	struct sandbox folders = {.quiet = true}; /* the daemon says what the kernel lacks */
	bool required = *arguments && strcmp(*arguments, REQUIRED) == 0;

	if (!required && !(*arguments && strcmp(*arguments, BEST_EFFORT) == 0))
		return false;
	while (*++arguments)
		if (!allow(&folders, *arguments, WRITE, SANDBOX_WRITE) &&
		    !allow(&folders, *arguments, READ_WRITE, SANDBOX_READ_WRITE))
			return false;
	return sandbox_enter(&folders) == 0 || !required;
}

int disk_run(char **arguments)
{
	struct disk_progress *progress =
		shared_attach(LAUNCH_DISK_PROGRESS, 0, sizeof(*progress), true);

	prctl(PR_SET_NAME, ROLE_DISK);
	umask(0027); /* as the daemon's: for the group to read */
	log_open();
	if (!progress || !confine(arguments))
		return EX_UNAVAILABLE;
	disk_process_run(progress);
	return EX_OK;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging in a child process, so that a fault in the one part of the daemon that touches hostile
 * bytes is worth nothing to whoever finds it.
 *
 * The parent keeps the netlink socket, the messages and the ids. It copies each packet's bytes into
 * memory shared with the child, wakes it through a pipe, waits at another, and turns the answers
 * into verdicts: each answer belongs to a place that was handed over in this batch, so there is no
 * id to forge. A byte that is not an answer counts as a failure to filter.
 *
 * The child is a fork: policy, compiled lists and tables are there without being sent. It is made
 * again by each reload, before the new policy is swapped in, and ends with its snapshot.
 * Shared is what it must write: answers (its own only), counters, events, flows; all of that is
 * data to the parent, never a pointer, a size, a descriptor or an unchecked index. The receive
 * buffers are not inherited (MADV_DONTFORK).
 *
 * The pipes end with either process: a child whose parent is gone reads nothing and ends, a parent
 * whose child has died reads nothing and asks of what.
 */
#include "daemon/privsep/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/privsep/child.h"
#include "daemon/path/flow_table.h"
#include "daemon/privsep/poison.h"
#include "daemon/path/shared.h"

#define FLOWS 3 /* none, and the two that are exchanged */

enum answer {
	ANSWER_NONE,
	ANSWER_ACCEPT,
	ANSWER_DROP,
};

struct share_packet {
	uint8_t pf;
	uint8_t hook;
	uint8_t has_data;
	uint16_t copy_len;
	uint32_t wire_len;
	uint32_t device;
	uint8_t data[QUEUE_COPY_RANGE];
};

/* What parent and child both see. */
struct share {
	unsigned int count;
	uint32_t judging; /* 1 + the packet in the child's hands */
	uint32_t flows;   /* which of isolate.flows is this batch's; 0: none */
	uint8_t answers
		[BATCH_LEN]; /* enum answer; the child's. Side by side: few cache lines go back */
	struct share_packet packets[BATCH_LEN];
};

/* The parent's own. */
struct isolate {
	struct filter *filter;
	struct snapshot *snapshot;
	struct disk *disk;               /* where fatal packets go */
	struct flow_table *flows[FLOWS]; /* both windows' tables, under 1 and 2 */
	struct share *share;
	int share_fd;
	pid_t pid; /* 0: there is none */
	int go;    /* pipe to the child */
	int done;  /* pipe from it */
	int accused;
	bool was_asked; /* it has got the batch */
	bool present[BATCH_LEN];
	struct batch_packet packets[BATCH_LEN]; /* as handed over; `data` is in the buffers */
};

static void filter_share(const struct isolate *isolate)
{
	struct share *share = isolate->share;
	uint32_t which = share->flows;
	struct flow_table *flows = which < FLOWS ? isolate->flows[which] : NULL;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	for (unsigned int i = 0; i < share->count && i < BATCH_LEN; i++) {
		struct share_packet *in = &share->packets[i];
		struct batch_packet packet = {
			.pf = in->pf,
			.hook = in->hook,
			.device = in->device,
			.data = in->has_data ? in->data : NULL,
			.copy_len = in->copy_len,
			.wire_len = in->wire_len,
		};
		enum action action;

		if (share->answers[i] != ANSWER_NONE)
			continue;
		__atomic_store_n(&share->judging, i + 1, __ATOMIC_RELAXED);
		action = filter_packet(isolate->filter, isolate->snapshot, flows, now.tv_sec,
				       &packet);
		__atomic_store_n(&share->answers[i],
				 action == ACTION_ALLOW ? ANSWER_ACCEPT : ANSWER_DROP,
				 __ATOMIC_RELAXED);
	}
	if (flows)
		flow_table_settle(flows);
	__atomic_store_n(&share->judging, 0, __ATOMIC_RELAXED);
}

static struct share *attach(int fd)
{
	void *share = mmap(NULL, sizeof(struct share), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, fd, 0);

	return share == MAP_FAILED ? NULL : share;
}

/* Nothing it uses before it is confined is in memory that a child before it could write. */
static void run_child(struct isolate *isolate, int go, int done)
{
	const int fds[] = {go, done, isolate->filter->wake};
	uint8_t byte = 0;

	isolate->share = attach(isolate->share_fd);
	if (!isolate->share || child_confine(fds, 3) < 0)
		_exit(1);
	/* The first answer says: confined. */
	while (write(done, &byte, 1) == 1 && read(go, &byte, 1) == 1)
		filter_share(isolate);
	_exit(0);
}

static bool is_accused(const struct isolate *isolate)
{
	return __atomic_load_n(&isolate->accused, __ATOMIC_SEQ_CST);
}

/*
 * Waits for the child to say something; false when it is gone, or blamed and the wait interrupted.
 */
static bool answered(const struct isolate *isolate)
{
	uint8_t byte;
	ssize_t n;

	do
		n = read(isolate->done, &byte, 1);
	while (n < 0 && errno == EINTR && !is_accused(isolate));
	return n == 1;
}

/* How it ended, as waitpid(2) says. */
static int bury(struct isolate *isolate)
{
	int status = 0;

	close(isolate->go);
	close(isolate->done);
	kill(isolate->pid, SIGKILL); /* whatever it still does has no effect */
	while (waitpid(isolate->pid, &status, 0) < 0 && errno == EINTR)
		;
	isolate->pid = 0;
	return status;
}

static int spawn(struct isolate *isolate)
{
	int go[2], done[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(done, O_CLOEXEC) < 0) {
		close(go[0]);
		close(go[1]);
		return -ENFILE;
	}
	isolate->share->judging = 0;
	pid = fork();
	if (pid == 0)
		run_child(isolate, go[0], done[1]);
	close(go[0]);
	close(done[1]);
	isolate->go = go[1];
	isolate->done = done[0];
	isolate->pid = pid;
	if (pid > 0 && answered(isolate))
		return 0;
	if (pid > 0) {
		bury(isolate);
		return -ENOSYS;
	}
	isolate->pid = 0;
	close(go[1]);
	close(done[0]);
	return -EAGAIN;
}

/* Not for other children to inherit: they could answer in this one's place. */
static int map_share(struct isolate *isolate)
{
	isolate->share_fd = memfd_create("nacld-share", MFD_CLOEXEC);
	if (isolate->share_fd < 0 || ftruncate(isolate->share_fd, sizeof(*isolate->share)) < 0)
		return -errno;
	isolate->share = attach(isolate->share_fd);
	if (!isolate->share)
		return -ENOMEM;
	return madvise(isolate->share, sizeof(*isolate->share), MADV_DONTFORK) < 0 ? -errno : 0;
}

int privsep_new(struct filter *filter, struct snapshot *snapshot, struct disk *disk,
		struct isolate **out)
{
	struct isolate *isolate = calloc(1, sizeof(*isolate));
	int err = -ENOMEM;

	if (!isolate)
		return err;
	isolate->filter = filter;
	isolate->snapshot = snapshot;
	isolate->disk = disk;
	if (snapshot->flows) {
		isolate->flows[1] = snapshot->flows[filter->index];
		isolate->flows[2] = snapshot->spare_flows[filter->index];
	}
	isolate->share_fd = -1;
	err = map_share(isolate);
	if (!err)
		err = spawn(isolate);
	if (err)
		privsep_free(isolate);
	else
		*out = isolate;
	return err;
}

void privsep_free(struct isolate *isolate)
{
	if (!isolate)
		return;
	if (isolate->pid > 0)
		bury(isolate);
	shared_free(isolate->share, sizeof(*isolate->share));
	if (isolate->share_fd >= 0)
		close(isolate->share_fd);
	free(isolate);
}

void privsep_blame(struct isolate *isolate)
{
	__atomic_store_n(&isolate->accused, 1, __ATOMIC_SEQ_CST);
}

/* The table that is filled now, by its number: no pointer lives in memory that a child writes. */
static uint32_t which_flows(const struct isolate *isolate)
{
	const struct flow_table *now = filter_flows(isolate->filter, isolate->snapshot);
	uint32_t which = FLOWS - 1;

	while (which > 0 && isolate->flows[which] != now)
		which--;
	return now ? which : 0;
}

/* Copies what is to be filtered. Places without a packet are answered from the start. */
static void hand_over(struct isolate *isolate, struct batch *batch)
{
	uint64_t *errors = isolate->filter->counters->errors;
	struct share *share = isolate->share;

	for (unsigned int i = 0; i < batch->filled; i++) {
		struct batch_packet *packet = &isolate->packets[i];
		struct share_packet *out = &share->packets[i];
		size_t len;

		isolate->present[i] = batch_packet_at(batch, i, errors, packet);
		share->answers[i] = isolate->present[i] ? ANSWER_NONE : ANSWER_DROP;
		if (!isolate->present[i])
			continue;
		len = packet->copy_len < sizeof(out->data) ? packet->copy_len : sizeof(out->data);
		out->pf = packet->pf;
		out->hook = packet->hook;
		out->device = batch_device(packet);
		out->has_data = packet->data != NULL;
		out->copy_len = (uint16_t)len;
		out->wire_len = (uint32_t)packet->wire_len;
		if (packet->data)
			memcpy(out->data, packet->data, len);
	}
	batch_judged(batch);
	share->count = batch->filled;
	share->flows = which_flows(isolate);
}

/* Has the child answer what is not answered; false when it dies over it. */
static bool ask(struct isolate *isolate)
{
	uint8_t byte = 0;

	__atomic_store_n(&isolate->accused, 0, __ATOMIC_SEQ_CST);
	isolate->was_asked = write(isolate->go, &byte, 1) == 1;
	return isolate->was_asked && answered(isolate);
}

/* Not when it was killed from outside, nor when it was gone before it was asked. */
static bool died_of_a_packet(const struct isolate *isolate, int status)
{
	if (!isolate->was_asked)
		return false;
	if (is_accused(isolate))
		return true;
	return !WIFSIGNALED(status) || (WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM);
}

static bool is_unanswered(const struct isolate *isolate, unsigned int i)
{
	return isolate->present[i] &&
	       __atomic_load_n(&isolate->share->answers[i], __ATOMIC_RELAXED) == ANSWER_NONE;
}

/* The first packet without an answer; `filled` when all have one. */
static unsigned int first_unanswered(const struct isolate *isolate, unsigned int filled)
{
	unsigned int i = 0;

	while (i < filled && !is_unanswered(isolate, i))
		i++;
	return i;
}

/*
 * The packet it died of: the one it said it was at, or, when it lied or was done with all, the
 * first that has no answer: a packet goes with each death, so that none is repeated for ever. It is
 * answered here and now, and gone from the buffers, whatever happens next.
 */
static void find_culprit(struct isolate *isolate, struct queue *queue, int status)
{
	struct batch *batch = queue_batch(queue);
	uint32_t i = __atomic_load_n(&isolate->share->judging, __ATOMIC_RELAXED) - 1;

	if (!died_of_a_packet(isolate, status)) {
		log_warning("queue %u: its filtering process was killed; another takes over",
			    queue_number(queue));
		return;
	}
	if (i >= batch->filled || !is_unanswered(isolate, i))
		i = first_unanswered(isolate, batch->filled);
	if (i == batch->filled) {
		log_error("queue %u: its filtering process died; another takes over",
			  queue_number(queue));
		return;
	}
	poison_drop(isolate->disk, queue, i, &isolate->packets[i]);
	isolate->present[i] = false;
	isolate->share->answers[i] = ANSWER_DROP; /* the next child passes it over */
}

static void give_verdicts(struct isolate *isolate, struct batch *batch)
{
	const struct share *share = isolate->share;

	for (unsigned int i = 0; i < batch->filled; i++) {
		uint8_t answer = __atomic_load_n(&share->answers[i], __ATOMIC_RELAXED);
		enum action action = answer == ANSWER_ACCEPT ? ACTION_ALLOW : ACTION_DENY;

		if (!isolate->present[i])
			continue;
		if (answer != ANSWER_ACCEPT && answer != ANSWER_DROP)
			action = filter_fail(isolate->filter, isolate->snapshot, FILTER_NO_ANSWER);
		batch_answer(batch, &isolate->packets[i], action);
	}
}

bool privsep_filter(struct isolate *isolate, struct queue *queue)
{
	struct batch *batch = queue_batch(queue);
	bool done;

	hand_over(isolate, batch);
	done = isolate->pid > 0 && ask(isolate);
	while (!done) {
		if (isolate->pid > 0)
			find_culprit(isolate, queue, bury(isolate));
		if (first_unanswered(isolate, batch->filled) == batch->filled)
			break;
		if (spawn(isolate) < 0)
			return false;
		done = ask(isolate);
	}
	give_verdicts(isolate, batch);
	return true;
}

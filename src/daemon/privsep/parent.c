/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filtering in a child process, so that a fault in the one part of the daemon that touches hostile
 * bytes is worth nothing to whoever finds it. share.h has the boundary on a page.
 *
 * The parent keeps the netlink socket, the messages and the ids. It copies each packet's bytes into
 * memory shared with the child, wakes it through a pipe, waits at another, and turns the answers
 * into verdicts. A byte that is not an answer counts as a failure to filter.
 *
 * The child is a program of its own and handed all it needs, the compiled policy included. It is
 * started anew by each reload, before the new policy is swapped in, and ends with its snapshot.
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
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "core/image/image.h"
#include "daemon/privsep/poison.h"
#include "daemon/privsep/share.h"

/* One process's ends. */
struct pipes {
	int go;
	int done;
	int life;
};

/* The parent's own. */
struct isolate {
	struct filter *filter;
	struct snapshot *snapshot;
	struct launcher *launcher;
	struct disk *disk;               /* where fatal packets go */
	struct flow_table *flows[FLOWS]; /* both windows' tables, under 1 and 2 */
	struct shared share;
	struct ask *ask;         /* in it */
	struct answers *answers; /* in it */
	pid_t pid;               /* 0: there is none */
	struct pipes pipes;
	int blamed;
	bool was_asked; /* it has got the batch */
	bool present[BATCH_LEN];
	struct batch_packet packets[BATCH_LEN]; /* as handed over; `data` is in the buffers */
};

static void close_pipes(struct pipes *pipes)
{
	const int fds[] = {pipes->go, pipes->done, pipes->life};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_pipes(struct pipes *ours, struct pipes *theirs)
{
	int go[2] = {-1, -1}, done[2] = {-1, -1}, life[2] = {-1, -1};
	int err =
		pipe2(go, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0 || pipe2(life, O_CLOEXEC) < 0
			? -errno
			: 0;

	*ours = (struct pipes){.go = go[1], .done = done[0], .life = life[1]};
	*theirs = (struct pipes){.go = go[0], .done = done[1], .life = life[0]};
	if (err) {
		close_pipes(ours);
		close_pipes(theirs);
	}
	return err;
}

static bool is_blamed(const struct isolate *isolate)
{
	return __atomic_load_n(&isolate->blamed, __ATOMIC_SEQ_CST);
}

/*
 * Waits for the child to say something; false when it is gone, or blamed and the wait interrupted.
 */
static bool answered(const struct isolate *isolate)
{
	uint8_t byte;
	ssize_t n;

	do
		n = read(isolate->pipes.done, &byte, 1);
	while (n < 0 && errno == EINTR && !is_blamed(isolate));
	return n == 1;
}

/* How it ended, as waitpid(2) says: by itself, or now. */
static int reap(struct isolate *isolate)
{
	int status = 0;

	close_pipes(&isolate->pipes);
	while (waitpid(isolate->pid, &status, 0) < 0 && errno == EINTR)
		;
	isolate->pid = 0;
	return status;
}

/* In the order of enum child_fd. Returns how many. */
static size_t list_fds(const struct isolate *isolate, const struct pipes *theirs,
		       int fds[CHILD_FDS])
{
	const struct snapshot *snapshot = isolate->snapshot;
	const unsigned int index = isolate->filter->index;
	size_t count = 0;

	fds[count++] = theirs->go;
	fds[count++] = theirs->done;
	fds[count++] = theirs->life;
	fds[count++] = isolate->filter->wake;
	fds[count++] = isolate->share.fd;
	fds[count++] = isolate->filter->memory.fd;
	fds[count++] = snapshot->counters[index].fd;
	fds[count++] = snapshot->image.fd;
	fds[count++] = snapshot->edges.fd;
	fds[count++] = drop_table_fd(isolate->filter->drops);
	for (uint32_t i = 1; i < isolate->ask->flow_tables; i++)
		fds[count++] = flow_table_fd(isolate->flows[i]);
	return count;
}

static int spawn(struct isolate *isolate)
{
	struct pipes theirs;
	int fds[CHILD_FDS];
	int err = open_pipes(&isolate->pipes, &theirs);

	if (err)
		return err;
	isolate->answers->at = 0;
	err = launcher_filter(isolate->launcher, fds, list_fds(isolate, &theirs, fds),
			      &isolate->pid);
	close_pipes(&theirs);
	if (err) {
		close_pipes(&isolate->pipes);
		return err;
	}
	if (answered(isolate))
		return 0;
	reap(isolate);
	return -ENOSYS;
}

static int map_share(struct isolate *isolate)
{
	const struct snapshot *snapshot = isolate->snapshot;
	size_t ids = (snapshot->policy->acl_count + 1) * sizeof(*snapshot->acl_ids);
	int err = shared_open(&isolate->share, SHARE_ACLS + ids, true);

	if (err)
		return err;
	isolate->ask = isolate->share.memory;
	isolate->answers = (void *)((uint8_t *)isolate->share.memory + SHARE_ANSWERS);
	memcpy((uint8_t *)isolate->share.memory + SHARE_ACLS, snapshot->acl_ids, ids);
	return 0;
}

/* What the child is told once. */
static void describe(struct isolate *isolate)
{
	const struct snapshot *snapshot = isolate->snapshot;
	const unsigned int index = isolate->filter->index;
	struct ask *ask = isolate->ask;

	ask->serial = snapshot->serial;
	ask->counter_count = snapshot->policy->counter_count + 1;
	ask->edge_count = snapshot->policy->edges.count + 1;
	ask->acl_count = snapshot->policy->acl_count + 1;
	ask->drop_keys = drop_table_keys(isolate->filter->drops);
	ask->flow_tables = snapshot->flows ? FLOWS : 1;
	if (!snapshot->flows)
		return;
	isolate->flows[1] = snapshot->flows[index];
	isolate->flows[2] = snapshot->spare_flows[index];
	for (uint32_t i = 1; i < FLOWS; i++)
		ask->shapes[i] = flow_table_shape(isolate->flows[i]);
}

int privsep_image(struct snapshot *snapshot)
{
	int err = shared_open(&snapshot->image, image_size(snapshot->policy), true);

	if (err)
		return err;
	image_write(snapshot->policy, snapshot->image.memory);
	return shared_seal(&snapshot->image);
}

int privsep_new(struct filter *filter, struct snapshot *snapshot, struct launcher *launcher,
		struct disk *disk, struct isolate **out)
{
	struct isolate *isolate = calloc(1, sizeof(*isolate));
	int err;

	if (!isolate)
		return -ENOMEM;
	isolate->filter = filter;
	isolate->snapshot = snapshot;
	isolate->launcher = launcher;
	isolate->disk = disk;
	err = map_share(isolate);
	if (!err) {
		describe(isolate);
		err = spawn(isolate);
	}
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
		reap(isolate);
	shared_close(&isolate->share);
	free(isolate);
}

void privsep_blame(struct isolate *isolate)
{
	__atomic_store_n(&isolate->blamed, 1, __ATOMIC_SEQ_CST);
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
	uint64_t *errors = isolate->filter->errors;
	struct ask *ask = isolate->ask;

	for (unsigned int i = 0; i < batch->filled; i++) {
		struct batch_packet *packet = &isolate->packets[i];
		struct ask_packet *out = &ask->packets[i];
		size_t len;

		isolate->present[i] = batch_packet_at(batch, i, errors, packet);
		isolate->answers->answers[i] = isolate->present[i] ? ANSWER_NONE : ANSWER_DROP;
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
	ask->count = batch->filled;
	ask->flows = which_flows(isolate);
}

/* Has the child answer what is not answered; false when it dies over it. */
static bool ask(struct isolate *isolate)
{
	uint8_t byte = 0;

	__atomic_store_n(&isolate->blamed, 0, __ATOMIC_SEQ_CST);
	isolate->was_asked = write(isolate->pipes.go, &byte, 1) == 1;
	return isolate->was_asked && answered(isolate);
}

/* Not when it was killed from outside, nor when it was gone before it was asked. */
static bool died_of_a_packet(const struct isolate *isolate, int status)
{
	if (!isolate->was_asked)
		return false;
	if (is_blamed(isolate))
		return true;
	return !WIFSIGNALED(status) || (WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM);
}

static bool is_unanswered(const struct isolate *isolate, unsigned int i)
{
	return isolate->present[i] &&
	       __atomic_load_n(&isolate->answers->answers[i], __ATOMIC_RELAXED) == ANSWER_NONE;
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
	uint32_t i = __atomic_load_n(&isolate->answers->at, __ATOMIC_RELAXED) - 1;

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
	isolate->answers->answers[i] = ANSWER_DROP; /* the next child passes it over */
}

static void give_verdicts(struct isolate *isolate, struct batch *batch)
{
	const struct answers *answers = isolate->answers;

	for (unsigned int i = 0; i < batch->filled; i++) {
		uint8_t answer = __atomic_load_n(&answers->answers[i], __ATOMIC_RELAXED);
		enum action action = answer == ANSWER_ACCEPT ? ACTION_ALLOW : ACTION_DENY;

		if (!isolate->present[i])
			continue;
		if (answer != ANSWER_ACCEPT && answer != ANSWER_DROP) {
			filter_refuse(isolate->filter);
			action = filter_fail(isolate->filter, isolate->snapshot, FILTER_NO_ANSWER);
		}
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
			find_culprit(isolate, queue, reap(isolate));
		if (first_unanswered(isolate, batch->filled) == batch->filled)
			break;
		if (spawn(isolate) < 0)
			return false;
		done = ask(isolate);
	}
	give_verdicts(isolate, batch);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_QUEUE_H
#define NACLD_DAEMON_PATH_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"
#include "daemon/path/batch.h"

/*
 * One kernel queue: its netlink socket and the batch that passes through it. The only user of
 * libmnl and libnetfilter_queue.
 *
 * A queue belongs to one worker. Configuration calls may come from the main thread: netlink sockets
 * take concurrent senders.
 */

#define QUEUE_COPY_RANGE 256 /* bytes of each packet that are copied to us */

struct queue; /* opaque: sockets and message vectors */

/*
 * Binds queue `number` and sets it up: copy range, length, GSO, and fail-open when on_failure is
 * accept. The receive buffer is sized so that a full queue fits. *out is the caller's, for
 * queue_close. Returns 0 or, with a sentence in error[]: -EPERM (no CAP_NET_ADMIN), -EBUSY (another
 * program has the queue), -ENOSYS (the kernel has no NFQUEUE), or another -errno.
 */
#define QUEUE_ERROR_LEN 200
int queue_open(uint16_t number, uint32_t length, enum policy_failure on_failure,
	       char error[static QUEUE_ERROR_LEN], struct queue **out);

/*
 * What a queue is made of, for a descriptor store: a netlink socket that owns the kernel's queue,
 * and the memfd with the receive buffers. With both, a successor continues where this process died.
 * Not yet there: -1.
 */
struct queue_fds {
	int socket;
	int buffers;
};

/*
 * Continues a predecessor's queue, whose descriptors are this queue's from here on, also on
 * failure. Packets that it had read and not answered are the first batch (queue_leftover). Where
 * its buffers have another layout they are put back into the kernel's queue, after what waits
 * there. As queue_open otherwise; -EBADF when the descriptors are no queue, which then has lost
 * what waited.
 */
int queue_adopt(uint16_t number, struct queue_fds fds, uint32_t length,
		enum policy_failure on_failure, char error[static QUEUE_ERROR_LEN],
		struct queue **out);

struct queue_fds queue_fds(const struct queue *queue);

/*
 * Was made by queue_open, or has new buffers: what a descriptor store holds of it is out of date.
 */
bool queue_is_new(const struct queue *queue);

/* How many messages wait in the buffers before anything was received; answer them first. */
unsigned int queue_leftover(const struct queue *queue);

/* Packets that made this process or one before it crash or hang. */
uint32_t queue_poisoned(const struct queue *queue);
void queue_count_poison(struct queue *queue);

/* The main thread's to read and write. */
struct batch_told *queue_told(struct queue *queue);

/* The verdict for one packet alone, at once, whatever waits before it. */
void queue_drop_one(struct queue *queue, uint32_t id);

/*
 * Closing drops every packet that waits in the queue, unless a descriptor store holds it. NULL is
 * fine.
 */
void queue_close(struct queue *queue);

/* Changes length, receive buffer and failure behaviour of a bound queue. 0 or -errno. */
int queue_configure(struct queue *queue, uint32_t length, enum policy_failure on_failure);

uint16_t queue_number(const struct queue *queue);

/*
 * Waits for packets and reads up to BATCH_LEN in one call. Returns how many messages were read, 0
 * when a signal or a counted error came instead. errors[] is indexed by enum batch_error.
 */
unsigned int queue_recv(struct queue *queue, uint64_t errors[static BATCH_ERRORS]);

/* The batch that queue_recv fills and queue_send empties. */
struct batch *queue_batch(struct queue *queue);

/*
 * Sends the batch's verdicts in one call, and only then clears it. False when the kernel had no
 * memory to take it: then nothing is forgotten, and the caller tries again.
 */
bool queue_send(struct queue *queue, uint64_t errors[static BATCH_ERRORS]);

#endif

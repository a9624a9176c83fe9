/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_QUEUE_H
#define NACLD_DAEMON_QUEUE_H

#include <stdint.h>

#include "core/policy.h"
#include "daemon/batch.h"

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

/* Closing drops every packet that waits in the queue. NULL is fine. */
void queue_close(struct queue *queue);

/* Changes length and failure behaviour of a bound queue. 0 or -errno. */
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
 * Sends the batch's verdicts in one call, and only then clears it. Tries until the
 * kernel takes it: a verdict is never forgotten.
 */
void queue_send(struct queue *queue, uint64_t errors[static BATCH_ERRORS]);

#endif

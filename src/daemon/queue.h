/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_QUEUE_H
#define NACLD_DAEMON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/policy.h"

/*
 * One kernel queue: its netlink socket, its receive buffers, its outgoing verdicts. The only user of
 * libmnl and libnetfilter_queue.
 *
 * A queue belongs to one worker. Configuration calls may come from the main thread: netlink sockets
 * take concurrent senders.
 */

#define QUEUE_BATCH      256  /* packets read in one call */
#define QUEUE_COPY_RANGE 256  /* bytes of each packet that are copied to us */
#define QUEUE_SLOT_SIZE  1024 /* a message: 256 bytes of packet, and at most 400 of attributes */

#define QUEUE_REGION_MAGIC  0x6c63616eu /* "nacl" */
#define QUEUE_REGION_LAYOUT 1

/*
 * The receive buffers: one contiguous mapping that holds no pointer, so that another process can make
 * sense of it. Slots [head, filled) hold packets that were read and whose verdict has not been sent.
 */
struct queue_slot {
	uint32_t len;
	uint32_t truncated; /* the message was longer than the slot */
	uint8_t bytes[QUEUE_SLOT_SIZE];
};

struct queue_region {
	uint32_t magic;
	uint32_t layout;
	uint32_t slot_count;
	uint32_t slot_size;
	uint32_t head;
	uint32_t filled;
	struct queue_slot slots[QUEUE_BATCH];
};

/* What the receive path counts; none of it is fatal. */
enum queue_error {
	QUEUE_ERROR_ENOENT,    /* "enoent": verdict for a packet that no longer waits */
	QUEUE_ERROR_EPERM,     /* "eperm": the queue is not ours */
	QUEUE_ERROR_ENODEV,    /* "enodev": the queue is not bound */
	QUEUE_ERROR_NETLINK,   /* "netlink": another error answer */
	QUEUE_ERROR_OVERRUN,   /* "overrun": ENOBUFS, the receive buffer was full */
	QUEUE_ERROR_MALFORMED, /* "malformed-message": no packet header in it, no verdict possible */
	QUEUE_ERROR_TRUNCATED, /* "truncated-message": longer than a slot */
	QUEUE_ERROR_RECEIVE,   /* "receive": recvmmsg failed otherwise */
	QUEUE_ERROR_SEND,      /* "send": a verdict had to be sent again */
	QUEUE_ERRORS,
};

const char *queue_error_name(enum queue_error error);

/* A packet as the kernel hands it over. `data` points into the region, until the batch is sent. */
struct queue_packet {
	uint32_t id;
	uint16_t queue;
	uint8_t pf;          /* the netlink family: PF_INET, PF_INET6 or something unexpected */
	uint8_t hook;        /* NF_INET_* */
	const uint8_t *data; /* NULL when the message carried no packet */
	size_t copy_len;
	size_t wire_len; /* before the copy was cut */
};

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
 * Waits for packets and reads up to QUEUE_BATCH in one call. Returns how many messages were read, 0
 * when a signal or a counted error came instead. errors[] is indexed by enum queue_error.
 */
unsigned int queue_recv(struct queue *queue, uint64_t errors[static QUEUE_ERRORS]);

/* Message i of the batch as a packet; false when it is not one (then counted, if it is an error). */
bool queue_packet_at(struct queue *queue, unsigned int i, uint64_t errors[static QUEUE_ERRORS],
		     struct queue_packet *out);

/*
 * Decides one packet. In the order of ids: a run of equal verdicts becomes one batch verdict, which
 * settles every waiting packet up to its id. Nothing is sent yet; cannot fail.
 */
void queue_answer(struct queue *queue, const struct queue_packet *packet, enum action action);

/*
 * Sends what queue_answer gathered, in one call, and only then clears the buffers. Tries until the
 * kernel takes it: a verdict is never forgotten.
 */
void queue_send(struct queue *queue, uint64_t errors[static QUEUE_ERRORS]);

#endif

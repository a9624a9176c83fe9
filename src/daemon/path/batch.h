/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_BATCH_H
#define NACLD_DAEMON_PATH_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "core/rule.h"

/*
 * One batch of netlink messages: read as packets, answered as verdict messages. Memory only: no
 * system call, no library; queue fills it from the socket and sends it there.
 */

#define BATCH_LEN       256  /* packets read in one call */
#define BATCH_SLOT_SIZE 1024 /* a message: 256 bytes of packet, and at most 400 of attributes */

/*
 * The receive buffers: one contiguous mapping without a pointer in it, which a successor can take
 * over when this process dies. A slot holds an unanswered packet from the moment the kernel has
 * written it, that is from nlmsg_len on, until its verdict was sent: then `answered` is its id or a
 * later one. (To empty each slot instead would fetch a cache line per packet for nothing.)
 */
#define BATCH_REGION_MAGIC  0x6c63616eu /* "nacl" */
#define BATCH_REGION_LAYOUT 1

struct batch_slot {
	uint32_t len;       /* 0: empty */
	uint32_t truncated; /* the message was longer than the slot */
	uint8_t bytes[BATCH_SLOT_SIZE];
};

/*
 * Where to find messages whatever `layout` says: these five keep their place and meaning for ever.
 */
struct batch_geometry {
	uint32_t magic;
	uint32_t layout;
	uint32_t slot_count;
	uint32_t slot_stride;   /* bytes from one slot to the next */
	uint32_t first_message; /* offset of the first slot's message in the region */
};

/*
 * The kernel's counts of lost packets when the log last reported them: they continue in
 * a queue that is kept.
 */
struct batch_told {
	uint32_t dropped;      /* the queue was full */
	uint32_t user_dropped; /* the receive buffer was; both may wrap */
};

struct batch_region {
	struct batch_geometry geometry;
	/*
	 * 1 + the slot whose packet is being filtered; 0 while receiving or sending. `poisonous` is
	 * the same number once that packet has made the process crash or hang: a kill from outside,
	 * which may fall into the same moment, does not set it.
	 */
	uint32_t judging;
	uint32_t poisonous;
	uint32_t answered;     /* the last id whose verdict was sent; ids ascend, and wrap */
	uint32_t has_answered; /* 0: none yet */
	uint32_t poisoned;     /* packets so far that were poisonous */
	struct batch_told told;
	struct batch_slot slots[BATCH_LEN];
};

/* What the receive path counts; none of it is fatal. */
enum batch_error {
	BATCH_ERROR_ENOENT,    /* "enoent": verdict for a packet that no longer waits */
	BATCH_ERROR_EPERM,     /* "eperm": the queue is not ours */
	BATCH_ERROR_ENODEV,    /* "enodev": the queue is not bound */
	BATCH_ERROR_NETLINK,   /* "netlink": another error answer */
	BATCH_ERROR_OVERRUN,   /* "overrun": ENOBUFS, the receive buffer was full */
	BATCH_ERROR_MALFORMED, /* "malformed-message": no packet header, so no verdict */
	BATCH_ERROR_TRUNCATED, /* "truncated-message": longer than a slot */
	BATCH_ERROR_RECEIVE,   /* "receive": recvmmsg failed otherwise */
	BATCH_ERROR_SEND,      /* "send": a verdict had to be sent again */
	BATCH_ERRORS,
};

const char *batch_error_name(enum batch_error error);

/* A packet as the kernel hands it over. `data` points into the region, until the batch is sent. */
struct batch_packet {
	uint32_t id;
	uint16_t queue;
	uint8_t pf;          /* the netlink family: PF_INET, PF_INET6 or something unexpected */
	uint8_t hook;        /* NF_INET_* */
	uint32_t device;     /* where message is NULL: what batch_device told of it */
	const uint8_t *data; /* NULL when the message carried no packet */
	size_t copy_len;
	size_t wire_len;                /* before the copy was cut */
	const struct nlmsghdr *message; /* in the region, whole; NULL: a copy of it elsewhere */
};

/* NFQNL_MSG_VERDICT_BATCH as it goes to the kernel: headers, one attribute, no padding. */
struct batch_verdict {
	struct nlmsghdr netlink;
	struct nfgenmsg nfnetlink;
	struct nlattr attribute;
	struct nfqnl_msg_verdict_hdr verdict;
};

struct batch {
	struct batch_region *region;
	unsigned int filled;        /* slots [0, filled) may hold messages */
	unsigned int verdict_count; /* runs of equal verdicts; the last one may still grow */
	struct batch_verdict verdicts[BATCH_LEN];
};

/*
 * Maps an empty region: onto the memfd `fd` (sized here; it stays the caller's), or into memory of
 * this process alone when fd is -1. 0 or -errno.
 */
int batch_init(struct batch *batch, int fd);

/*
 * Maps the region that a predecessor left in `fd`, and finds out which slots hold messages. 0, or
 * -EPROTO (another layout: batch_foreign_last_id) or another -errno.
 */
int batch_adopt(struct batch *batch, int fd);
void batch_fini(struct batch *batch);

/*
 * The highest packet id among the messages of a region of any layout; false when it holds none, or
 * is no region at all (then *known is false too).
 */
bool batch_foreign_last_id(int fd, uint32_t *id, bool *known);

/*
 * Message i as a packet, which is the one being filtered from here on; false when it is not one
 * (then counted in errors, if it is an error). Whatever the bytes are, nothing outside the slot is
 * read.
 */
bool batch_packet_at(struct batch *batch, unsigned int i, uint64_t errors[static BATCH_ERRORS],
		     struct batch_packet *out);

/*
 * The index of the interface by which the packet crosses the host's edge, in (PRE_ROUTING) or out
 * (POST_ROUTING); 0 at other hooks, and where the kernel told of none. Asked of few packets.
 */
uint32_t batch_device(const struct batch_packet *packet);

/*
 * Decides one packet. In the order of ids: a run of equal verdicts becomes one batch verdict, which
 * settles every waiting packet up to its id. At most one call for each slot; cannot fail.
 */
void batch_answer(struct batch *batch, const struct batch_packet *packet, enum action action);

/* Every packet is filtered: what goes wrong from here on is no packet's fault. */
void batch_judged(struct batch *batch);

/* After the verdicts were sent, and only then: forgets them and the messages they answer. */
void batch_clear(struct batch *batch);

/*
 * The packet being filtered, if there is one, is what crashes or hangs this process. Safe in a
 * signal handler and from another thread.
 */
void batch_blame(struct batch_region *region);

/*
 * The packet that the last process was filtering when it crashed or hung, and which message it is;
 * false when there is none.
 */
bool batch_poison(struct batch *batch, unsigned int *i, struct batch_packet *out);

/* The packet of message i was answered by itself: it is no longer there. */
void batch_forget(struct batch *batch, unsigned int i);

#endif

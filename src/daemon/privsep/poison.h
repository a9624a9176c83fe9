/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_POISON_H
#define NACLD_DAEMON_PRIVSEP_POISON_H

#include "daemon/path/queue.h"

#define POISON_FILES_MAX 16

/*
 * Deals with the packet that brought the last process down or held it up, if there is one: it is
 * dropped, it is logged, and its bytes go to poison/ in the state folder ($STATE_DIRECTORY,
 * set by systemd), as a capture file that tcpdump reads. At most POISON_FILES_MAX are kept; the
 * last one is then overwritten. Call before the queue's worker starts.
 */
void poison_reap(struct queue *queue);

/* The same for message i of the queue's batch, which was fatal to its filter. */
void poison_drop(struct queue *queue, unsigned int i, const struct batch_packet *packet);

#endif

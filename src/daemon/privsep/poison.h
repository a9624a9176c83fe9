/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_POISON_H
#define NACLD_DAEMON_PRIVSEP_POISON_H

#include "daemon/disk.h"
#include "daemon/path/queue.h"

/*
 * Deals with the packet that brought the last process down or held it up, if there is one: it is
 * dropped, the log tells of it, and its bytes go into a capture file (disk/capture.h). Call before
 * the queue's worker starts.
 */
void poison_reap(struct disk *disk, struct queue *queue);

/* The same for message i of the queue's batch, which was fatal to its filter. */
void poison_drop(struct disk *disk, struct queue *queue, unsigned int i,
		 const struct batch_packet *packet);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet that no filter survives is dropped by the successor before it filters anything: it costs
 * one restart and itself, not the host. Dropped whatever on_failure says, since accepting it would
 * give an attacker a packet that passes. Order matters: handed over to be saved, answered, and only
 * then forgotten, so that dying on the way does it again.
 */
#include "daemon/privsep/poison.h"

#include "common/log.h"

void poison_drop(struct disk *disk, struct queue *queue, unsigned int i,
		 const struct batch_packet *packet)
{
	uint16_t number = queue_number(queue);

	log_error("queue %u: a packet made its filter crash or hang; it is dropped", number);
	disk_save_packet(disk, number, packet);
	queue_drop_one(queue, packet->id);
	batch_forget(queue_batch(queue), i);
	queue_count_poison(queue);
}

void poison_reap(struct disk *disk, struct queue *queue)
{
	struct batch *batch = queue_batch(queue);
	struct batch_packet packet;
	unsigned int i;

	if (batch_poison(batch, &i, &packet))
		poison_drop(disk, queue, i, &packet);
	batch_judged(batch);
}

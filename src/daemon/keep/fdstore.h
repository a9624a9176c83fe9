/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_KEEP_FDSTORE_H
#define NACLD_DAEMON_KEEP_FDSTORE_H

#include "core/fastpath/format.h"
#include "core/policy.h"
#include "daemon/path/queue.h"

/*
 * The service manager's descriptor store (FileDescriptorStoreMax= in systemd.service(5)): the
 * queues' descriptors outlive this process there, and come back to its successor. Without a service
 * manager nothing is stored and nothing comes; every call is then harmless.
 */
struct fdstore {
	int notify; /* the service manager's socket, or -1; not the store's to close */
	unsigned int count;
	struct fdstore_entry {
		uint16_t number; /* of the queue */
		bool claimed;
		unsigned int generation; /* of the buffers; 0: the first, stored with the socket */
		struct queue_fds fds;
	} entries[QUEUE_COUNT_MAX];
	unsigned int map_count; /* of the accept filter's maps: FASTPATH_FDS, or there are none */
	int maps[FASTPATH_FDS];
};

/* What a predecessor left. Once, at the start. Descriptors that are no queue's are closed. */
void fdstore_take(struct fdstore *store, int notify);

/* Takes a queue's descriptors out, now the caller's; false when there are none. */
bool fdstore_claim(struct fdstore *store, uint16_t number, struct queue_fds *out);

/*
 * Stores what the store does not have of a queue: both descriptors, or new buffers for a socket
 * that it has. What these replace is removed afterwards, with fdstore_settle between. False when
 * the service manager could not be told; true also when there is none.
 */
bool fdstore_put(struct fdstore *store, const struct queue *queue);

/* The maps of a predecessor, now the caller's; false when there are none. */
bool fdstore_claim_maps(struct fdstore *store, int fds[static FASTPATH_FDS]);

/* Stores maps, in place of those that are there. Best effort: without them the queue has it all. */
void fdstore_put_maps(const struct fdstore *store, const int fds[static FASTPATH_FDS]);
void fdstore_remove_maps(const struct fdstore *store);

/* Lets go of buffers that were replaced, once the new ones are there. */
void fdstore_forget_replaced(const struct fdstore *store);

/*
 * The store releases a queue's descriptors; done when this returns, unless the service manager
 * hangs.
 */
void fdstore_remove(struct fdstore *store, uint16_t number);

/*
 * Closes what was not claimed, here and in the store: queues the configuration no longer names.
 */
void fdstore_drop_rest(struct fdstore *store);

/* Waits until the service manager has what was put; false when it does not answer. */
bool fdstore_settle(const struct fdstore *store);

#endif

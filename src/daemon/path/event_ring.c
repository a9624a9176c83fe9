/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring between a worker and the main thread: one writer, one reader, no lock.
 *
 * `head` and `tail` only grow; their difference is how many events wait. The worker publishes an
 * event with a release store of `head`; the reader frees a place with a release store of `tail`. A
 * full ring loses the new event, never the packet's verdict. The wake-up is a single write to an
 * eventfd, and only when the reader has said that it sleeps, so that a flood of drops costs no
 * system calls.
 */
#include "daemon/path/event_ring.h"

void event_ring_init(struct event_ring *ring)
{
	*ring = (struct event_ring){.wakeup = {.armed = 1}};
}

void event_ring_put(struct event_ring *ring, int wake, const struct event *event)
{
	if (ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == EVENT_RING_LEN) {
		__atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	ring->events[ring->head % EVENT_RING_LEN] = *event;
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_SEQ_CST);
	wakeup_ring(&ring->wakeup, wake);
}

bool event_ring_check(struct event_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	if (head - __atomic_load_n(&ring->tail, __ATOMIC_RELAXED) <= EVENT_RING_LEN)
		return true;
	__atomic_store_n(&ring->tail, head, __ATOMIC_RELEASE);
	return false;
}

bool event_ring_take(struct event_ring *ring, struct event *out)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);

	if (tail == __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE))
		return false;
	*out = ring->events[tail % EVENT_RING_LEN];
	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
	return true;
}

bool event_ring_arm(struct event_ring *ring)
{
	wakeup_arm(&ring->wakeup);
	return ring->tail != __atomic_load_n(&ring->head, __ATOMIC_SEQ_CST);
}

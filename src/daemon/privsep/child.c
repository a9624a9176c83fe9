/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filtering child from its first instruction on: a program of its own, started by the launcher
 * (launcher.h), with nothing of the daemon's memory but what it maps here. All it allocates, it
 * allocates before it is confined, in its own image.
 *
 * The policy is mapped private, since its pointers are adapted to where it lies here; all else that
 * it only reads is mapped read-only.
 */
#include "daemon/privsep/child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/image/image.h"
#include "daemon/launcher.h"
#include "daemon/path/shared.h"
#include "daemon/privsep/renounce.h"

static const struct policy *map_policy(int fd)
{
	struct stat st;
	void *image;

	if (fstat(fd, &st) < 0)
		return NULL;
	image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	return image == MAP_FAILED ? NULL : image_open(image, (size_t)st.st_size);
}

static bool map_flows(struct child *child)
{
	for (uint32_t i = 1; i < child->ask->flow_tables && i < FLOWS; i++) {
		child->flows[i] =
			flow_table_attach(&child->ask->shapes[i], CHILD_FLOWS + (int)i - 1);
		if (!child->flows[i])
			return false;
	}
	return true;
}

static bool map_all(struct child *child)
{
	struct filter_memory *memory =
		shared_attach(CHILD_FILTER, 0, sizeof(struct filter_memory), true);

	child->ask = shared_attach(CHILD_SHARE, 0, sizeof(*child->ask), false);
	child->answers = shared_attach(CHILD_SHARE, SHARE_ANSWERS, sizeof(*child->answers), true);
	if (!memory || !child->ask || !child->answers)
		return false;
	child->filter = (struct filter){
		.wake = CHILD_WAKE, .events = &memory->events, .counters = &memory->counters};
	child->counters = shared_attach(CHILD_COUNTERS, 0,
					child->ask->counter_count * sizeof(*child->counters), true);
	child->filter.drops = drop_table_attach(&child->ask->drop_keys, CHILD_DROPS);
	child->snapshot = (struct snapshot){
		.policy = (struct policy *)map_policy(CHILD_IMAGE),
		.serial = child->ask->serial,
		.worker_count = 1,
		.workers = &child->counters,
		.acl_ids = shared_attach(CHILD_SHARE, SHARE_ACLS,
					 child->ask->acl_count * sizeof(uint16_t), false),
		.edge_devices = shared_attach(CHILD_EDGES, 0,
					      child->ask->edge_count * sizeof(uint32_t), false),
	};
	return child->counters && child->filter.drops && child->snapshot.policy &&
	       child->snapshot.acl_ids && child->snapshot.edge_devices && map_flows(child);
}

/*
 * The kernel ends this process when the pipe has no other end, whatever it is doing: the daemon
 * could not, since landlock lets it signal nobody who is not confined by the same rules.
 */
static bool die_with(int pipe)
{
	return fcntl(pipe, F_SETOWN, getpid()) == 0 && fcntl(pipe, F_SETFL, O_ASYNC) == 0;
}

int child_run(void)
{
	static const int kept[] = {CHILD_GO, CHILD_DONE, CHILD_LIFE, CHILD_WAKE};
	struct child child = {0};
	uint8_t byte = 0;

	prctl(PR_SET_NAME, ROLE_FILTER);
	if (!map_all(&child))
		return EX_OSERR;
	if (!die_with(CHILD_LIFE) || renounce(kept, sizeof(kept) / sizeof(kept[0])) < 0)
		return EX_UNAVAILABLE;
	/* The first answer says: confined. */
	while (write(CHILD_DONE, &byte, 1) == 1 && read(CHILD_GO, &byte, 1) == 1)
		child_answer(&child);
	_exit(0);
}

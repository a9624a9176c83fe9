/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps, as memory. They were made by steering, which is root, and say themselves how large they
 * are; a mapping longer than a map is refused by the kernel, so what was mapped is there.
 *
 * Only this process has them: a child that filters must not be able to write what the kernel then
 * accepts by. So the mappings are not inherited, and the descriptors are closed in a child like all
 * others.
 */
#include "daemon/fastpath/maps.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct fastpath_counter) == sizeof(struct rule_counter) &&
		       offsetof(struct fastpath_counter, packets) ==
			       offsetof(struct rule_counter, packets) &&
		       offsetof(struct fastpath_counter, bytes) ==
			       offsetof(struct rule_counter, bytes) &&
		       offsetof(struct fastpath_counter, last_hit) ==
			       offsetof(struct rule_counter, last_hit),
	       "the filter counts in what snapshot.c adds up");

static void *map(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (madvise(memory, size, MADV_DONTFORK) < 0) {
		munmap(memory, size);
		return NULL;
	}
	return memory;
}

static void unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

static size_t words_size(const struct fastpath_maps *maps)
{
	return maps->word_count * sizeof(*maps->words);
}

static size_t counters_size(const struct fastpath_maps *maps)
{
	return (size_t)2 * maps->stripes * maps->counter_count * sizeof(*maps->counters);
}

static bool is_power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static int map_all(struct fastpath_maps *maps)
{
	const struct fastpath_control *control;

	maps->control = map(maps->fds[0], sizeof(*maps->control));
	if (!maps->control)
		return -errno;
	control = maps->control;
	maps->word_count = control->words;
	maps->counter_count = control->counters;
	maps->stripes = control->stripes;
	if (control->version != FASTPATH_VERSION || maps->word_count < 4 ||
	    maps->word_count > FASTPATH_WORDS_MAX || !is_power_of_two(maps->stripes) ||
	    maps->stripes > UINT16_MAX || maps->counter_count == 0 ||
	    maps->counter_count > FASTPATH_NUMBER / (2 * maps->stripes))
		return -EPROTO;
	maps->words = map(maps->fds[1], words_size(maps));
	if (maps->words)
		maps->counters = map(maps->fds[2], counters_size(maps));
	return maps->counters ? 0 : -errno;
}

int fastpath_maps_take(struct fastpath_maps *maps, const int fds[static FASTPATH_FDS])
{
	int err;

	*maps = (struct fastpath_maps){.fds = {fds[0], fds[1], fds[2]}};
	err = map_all(maps);
	if (err)
		fastpath_maps_release(maps);
	return err;
}

void fastpath_maps_release(struct fastpath_maps *maps)
{
	unmap(maps->control, sizeof(*maps->control));
	unmap(maps->words, words_size(maps));
	unmap(maps->counters, counters_size(maps));
	for (int i = 0; i < FASTPATH_FDS; i++)
		if (maps->fds[i] >= 0)
			close(maps->fds[i]);
	*maps = (struct fastpath_maps){.fds = {-1, -1, -1}};
}

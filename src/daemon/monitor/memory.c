/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory there is left for a reload. The kernel does not refuse memory beyond the limit
 * of a control group (memory.max, MemoryMax= of the unit): it ends a process of the group, the
 * daemon, and with a file that is too large it does so at each start again. So before a reload the
 * room is measured, in each group from ours up, and the address space is not let grow by more
 * (RLIMIT_AS): then the allocation fails that would have been one too many, and a reload for which
 * memory runs out changes nothing.
 *
 * Files that the kernel can drop count as room. Address space that is never touched counts as
 * memory, so what is refused would at times have fitted, and never the other way round.
 */
#include "daemon/monitor/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"

/* Both versions of the kernel's interface, and the line of /proc/self/cgroup that is about it. */
static const struct {
	const char *controllers; /* in that line, between two colons */
	const char *root;
	const char *limit, *usage, *reclaimable;
} versions[] = {
	{"", ROOT, "memory.max", "memory.current", "\ninactive_file "},
	{"memory", ROOT "/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	 "\ntotal_inactive_file "},
};

static int open_in(const char *folder, const char *name)
{
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n < (int)sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* A number at the beginning of the file, or behind `key`; UINT64_MAX: none ("max"). */
static uint64_t number_in(int fd, const char *key)
{
	char text[8192] = "\n";
	ssize_t n = fd < 0 ? -1 : pread(fd, text + 1, sizeof(text) - 2, 0);
	const char *at = n > 0 ? strstr(text, key) : NULL;
	unsigned long long value;

	if (!at || sscanf(at + strlen(key), "%llu", &value) != 1)
		return UINT64_MAX;
	return value;
}

static void close_group(const struct memory_group *group)
{
	const int fds[] = {group->limit, group->usage, group->stat};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void add_group(struct memory *memory, const char *folder, int version)
{
	struct memory_group group = {
		.limit = open_in(folder, versions[version].limit),
		.usage = open_in(folder, versions[version].usage),
		.stat = open_in(folder, "memory.stat"),
		.reclaimable = versions[version].reclaimable,
	};

	if (group.limit >= 0 && group.usage >= 0 && memory->count < MEMORY_GROUPS_MAX)
		memory->groups[memory->count++] = group;
	else
		close_group(&group);
}

/* "4:memory:/system.slice/nacld.service": this group and those above it. */
static void add_groups(struct memory *memory, char *line)
{
	char folder[512], *controllers = strchr(line, ':'), *path;
	int version = 0;

	line[strcspn(line, "\n")] = '\0';
	path = controllers ? strchr(++controllers, ':') : NULL;
	if (!path)
		return;
	*path++ = '\0';
	while (version < 2 && strcmp(versions[version].controllers, controllers) != 0)
		version++;
	if (version == 2 || strstr(path, ".."))
		return;
	for (char *slash; (slash = strrchr(path, '/')); *slash = '\0') {
		int n = snprintf(folder, sizeof(folder), "%s%s", versions[version].root, path);

		if (n < (int)sizeof(folder))
			add_group(memory, folder, version);
	}
}

void memory_open(struct memory *memory)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];

	*memory = (struct memory){.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)};
	while (file && fgets(line, sizeof(line), file))
		add_groups(memory, line);
	if (file)
		fclose(file);
}

void memory_close(struct memory *memory)
{
	for (unsigned int i = 0; i < memory->count; i++)
		close_group(&memory->groups[i]);
	if (memory->statm >= 0)
		close(memory->statm);
	*memory = (struct memory){.statm = -1};
}

static uint64_t left_in(const struct memory_group *group)
{
	uint64_t limit = number_in(group->limit, "\n"), usage = number_in(group->usage, "\n");
	uint64_t files = number_in(group->stat, group->reclaimable);

	if (limit == UINT64_MAX || usage == UINT64_MAX)
		return UINT64_MAX;
	if (files != UINT64_MAX && files < usage)
		usage -= files;
	return limit > usage ? limit - usage : 0;
}

struct memory_bound memory_bound(const struct memory *memory)
{
	struct memory_bound bound = {.left = UINT64_MAX};
	uint64_t pages = number_in(memory->statm, "\n"), size;
	struct rlimit limit;

	for (unsigned int i = 0; i < memory->count; i++) {
		uint64_t left = left_in(&memory->groups[i]);

		if (left < bound.left)
			bound.left = left;
	}
	if (pages == UINT64_MAX || bound.left >= INT64_MAX / 2 ||
	    getrlimit(RLIMIT_AS, &bound.before)) {
		bound.left = UINT64_MAX;
		return bound;
	}
	size = pages * (uint64_t)sysconf(_SC_PAGESIZE) + bound.left;
	limit = bound.before;
	if (size < limit.rlim_cur)
		limit.rlim_cur = size;
	if (setrlimit(RLIMIT_AS, &limit))
		bound.left = UINT64_MAX;
	return bound;
}

void memory_unbound(const struct memory_bound *bound)
{
	if (bound->left != UINT64_MAX)
		setrlimit(RLIMIT_AS, &bound->before);
}

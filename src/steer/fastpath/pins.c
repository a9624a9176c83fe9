/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pins' names: /sys/fs/bpf/nacld/NAMESPACE/FILTER-WORDS-COUNTERS/PROGRAM.
 *
 * The bpf filesystem knows no network namespaces, so the name has the namespace's inode number.
 * FILTER is a digest of the compiled filter, the numbers are the sizes of its maps as powers of
 * two: what is under one name is always the same, and another build or size has another name, so
 * that rules which name it differ too and are loaded anew.
 */
#include "steer/fastpath/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "steer/fastpath/object.h"

#define PINS_HOME PINS_ROOT "/nacld"

static bool is_mounted(void)
{
	struct statfs fs;

	return statfs(PINS_ROOT, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

/* FNV-1a, 32 bits, of the compiled filter. */
static uint32_t digest(void)
{
	uint32_t sum = UINT32_C(0x811c9dc5);
	size_t size;
	const unsigned char *bytes = fastpath_object(&size);

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ bytes[i]) * UINT32_C(0x01000193);
	return sum;
}

/* The folder of this network namespace. */
static int name_home(char home[static STEER_FASTPATH_LEN])
{
	struct stat ns;

	if (stat("/proc/self/ns/net", &ns))
		return -errno;
	if (!is_mounted())
		return -ENODEV;
	snprintf(home, STEER_FASTPATH_LEN, PINS_HOME "/%llu", (unsigned long long)ns.st_ino);
	return 0;
}

static unsigned int bits_of(uint32_t power_of_two)
{
	return (unsigned int)__builtin_ctz(power_of_two);
}

int pins_name(const struct fastpath_control *sizes, char folder[static STEER_FASTPATH_LEN])
{
	char home[STEER_FASTPATH_LEN];
	int err = name_home(home);

	if (!err)
		snprintf(folder, STEER_FASTPATH_LEN, "%.60s/%08x-%u-%u", home, digest(),
			 bits_of(sizes->words), bits_of(sizes->counters));
	return err;
}

bool fastpath_find(const struct fastpath_need *need, char folder[static STEER_FASTPATH_LEN])
{
	unsigned int filter, words, counters;
	struct fastpath_control sizes;
	char home[STEER_FASTPATH_LEN];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (!fastpath_is_built() || name_home(home))
		return false;
	fastpath_sizes(need, &sizes);
	dir = opendir(home);
	while (dir && !found && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "%8x-%u-%u", &filter, &words, &counters) != 3)
			continue;
		found = filter == digest() && words >= bits_of(sizes.words) &&
			counters >= bits_of(sizes.counters);
		if (found)
			snprintf(folder, STEER_FASTPATH_LEN, "%.60s/%.30s", home, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* 0700, as systemd has the root of it. */
static int make(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int pins_make_folder(const char *folder)
{
	char home[STEER_FASTPATH_LEN];
	int err = make(PINS_HOME);

	if (!err)
		err = name_home(home);
	if (!err)
		err = make(home);
	if (!err)
		err = make(folder);
	return err;
}

int pins_remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) && !err)
			err = -errno;
	closedir(dir);
	if (rmdir(folder) && !err)
		err = -errno;
	return err;
}

int fastpath_remove(const char *keep)
{
	char home[STEER_FASTPATH_LEN], folder[STEER_FASTPATH_LEN];
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	if (name_home(home))
		return 0;
	dir = opendir(home);
	while (dir && (entry = readdir(dir))) {
		int failed = 0;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(folder, sizeof(folder), "%.60s/%.30s", home, entry->d_name);
		if (!keep || strcmp(keep, folder) != 0)
			failed = pins_remove_folder(folder);
		if (failed && !err)
			err = failed;
	}
	if (dir)
		closedir(dir);
	if (!keep) {
		rmdir(home);
		rmdir(PINS_HOME); /* the last of all namespaces */
	}
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that a daemon's answer names. Opening is what must not be tried to find out: a FIFO blocks,
 * a device acts. O_PATH does neither, and so each part of the way is looked at before the next, by
 * a descriptor that nobody can exchange.
 */
#include "ctl/state/plain_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who owns "/" could put anything anywhere; in a user namespace that is not 0. */
static bool is_trusted(uid_t owner)
{
	struct stat root;

	return owner == 0 || owner == geteuid() || (stat("/", &root) == 0 && owner == root.st_uid);
}

/* Can nobody but its trusted owner change it, or what is in it and belongs to another? */
static bool is_safe(const struct stat *st)
{
	bool shared = st->st_mode & (S_IWGRP | S_IWOTH);

	return is_trusted(st->st_uid) &&
	       (!shared || (S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX));
}

bool plain_file(const char *path)
{
	char copy[PATH_MAX], *rest = NULL;
	struct stat st = {0};
	bool safe = path[0] == '/' && strlen(path) < sizeof(copy);
	int fd = safe ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	safe = fstat(fd, &st) == 0 && is_safe(&st);
	for (char *name = strtok_r(strcpy(copy, path), "/", &rest); name && safe;
	     name = strtok_r(NULL, "/", &rest)) {
		int next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		close(fd);
		fd = next;
		safe = fd >= 0 && fstat(fd, &st) == 0 && is_safe(&st);
	}
	if (fd >= 0)
		close(fd);
	return safe && S_ISREG(st.st_mode);
}

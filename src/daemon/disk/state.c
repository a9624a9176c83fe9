/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /var/lib/nacld/last-good.conf: what ran last, for whoever has to find out after a bad edit.
 * Written to a new file beside it, flushed, renamed: a crash in between leaves the old one.
 */
#include "daemon/disk/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/paths.h"

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int copy(int from, int to)
{
	char part[16384];
	off_t at = 0;
	ssize_t n;
	int err = 0;

	while (!err && (n = pread(from, part, sizeof(part), at)) != 0) {
		if (n < 0)
			return -errno;
		at += n;
		err = write_all(to, part, (size_t)n);
	}
	return !err && fsync(to) < 0 ? -errno : err;
}

static int write_file(int text, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int err;

	if (fd < 0)
		return -errno;
	err = copy(text, fd);
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

void state_save(int text)
{
	const char *folder = paths_state_folder();
	char path[512], fresh[520];
	int err;

	if (!folder || text < 0)
		return;
	snprintf(path, sizeof(path), "%s/" PATHS_LAST_GOOD, folder);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	err = write_file(text, fresh);
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err) {
		log_warning("cannot write %s: %s", path, strerror(-err));
		unlink(fresh);
	}
}

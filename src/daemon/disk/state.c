/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /var/lib/nacld: last-good.conf, what ran last, for whoever has to find out after a bad edit; and
 * trial.json. Written to a new file beside it, flushed, renamed, the folder flushed: a crash in
 * between leaves the old one, and what was said to be there is there after a power failure.
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

/* What was renamed or removed there stays so. A file system that cannot say so has to do. */
static void flush_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int replace(int text, const char *path)
{
	char fresh[520];
	int err;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	err = write_file(text, fresh);
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}

int state_save(enum disk_state which, int text)
{
	static const char *const names[] = {PATHS_LAST_GOOD, PATHS_TRIAL};
	const char *folder = paths_state_folder();
	char path[512];
	int err = 0;

	if (!folder || which >= sizeof(names) / sizeof(names[0]))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s", folder, names[which]);
	if (text >= 0)
		err = replace(text, path);
	else if (unlink(path) < 0 && errno != ENOENT)
		err = -errno;
	flush_folder(folder);
	if (err)
		log_warning("cannot write %s: %s", path, strerror(-err));
	return err;
}

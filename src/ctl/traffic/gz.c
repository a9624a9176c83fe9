/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that may be compressed: gzread hands over what is not compressed as it is, so every file
 * goes through it.
 */
#include "ctl/traffic/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER (256 * 1024)

int gz_open(const char *name, struct gz *out)
{
	struct stat st;
	int err = ENOMEM;

	out->fd = strcmp(name, "-") == 0 ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0)
		return -errno;
	if (fstat(out->fd, &st) < 0 || S_ISDIR(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : errno;
	else
		out->file = gzdopen(out->fd, "rb");
	if (!out->file) {
		close(out->fd);
		return -err;
	}
	out->size = S_ISREG(st.st_mode) ? st.st_size : 0;
	gzbuffer(out->file, BUFFER);
	return 0;
}

double gz_share(const struct gz *gz)
{
	return gz->size ? (double)lseek(gz->fd, 0, SEEK_CUR) / (double)gz->size : -1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own table of queues. Columns (net/netfilter/nfnetlink_queue.c, seq_show): queue
 * number, port id, waiting, copy mode, copy range, dropped, user dropped, last id, 1. Opened once
 * at start, while that is allowed, and read again from the beginning each time.
 */
#include "common/nfqueue_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TABLE "/proc/net/netfilter/nfnetlink_queue"

/* A line is under 80 bytes; 64 queues of ours and as many of others. */
#define QUEUE_TABLE_MAX 16384

int nfqueue_proc_open(void)
{
	struct statfs fs;
	int fd = open(TABLE, O_RDONLY | O_CLOEXEC);
	int err = -errno;

	if (fd >= 0)
		return fd;
	if (fstatfs(STDIN_FILENO, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err;
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

/* The kernel gives at most a page a call. */
static bool read_table(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = pread(fd, text + len, size - 1 - len, (off_t)len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n == 0;
}

bool nfqueue_proc_read(int fd, uint16_t number, struct nfqueue_proc *out)
{
	char text[QUEUE_TABLE_MAX];
	char *save = NULL;

	if (fd < 0 || !read_table(fd, text, sizeof(text)))
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct nfqueue_proc q;
		unsigned int n;

		if (sscanf(line, "%u %u %u %*u %*u %u %u", &n, &q.portid, &q.waiting, &q.dropped,
			   &q.user_dropped) == 5 &&
		    n == number) {
			*out = q;
			return true;
		}
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LAUNCHER_H
#define NACLD_DAEMON_LAUNCHER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * What processes of this program are called, in ps(1) and in argv[0], by which main tells them
 * apart. Only the launcher starts the first two: they need the descriptors that come with it.
 */
#define ROLE_FILTER   "nacld-filter"
#define ROLE_DISK     "nacld-disk"
#define ROLE_LAUNCHER "nacld-launcher"

/*
 * The process that starts the daemon's others, as fresh images of this very program: the daemon,
 * once confined, cannot start one, and a fork of it would carry its memory and threads. Started
 * before anything is open or read, so it has nothing but what the daemon was started with; it
 * starts filtering children (privsep/parent.h) and the process that writes (disk.h), and nothing
 * else. What it starts is the daemon's own child, to wait for.
 */
struct launcher {
	int socket;           /* -1: there is none */
	pthread_mutex_t lock; /* one request at a time; never held on the packet path */
	bool gone;            /* it has ended, which was said */
};

/* Before any thread. From its return on it holds none of the caller's descriptors. 0 or -errno. */
int launcher_start(struct launcher *launcher);

/* It ends by itself then. */
void launcher_stop(struct launcher *launcher);

/*
 * A filtering child with `fds` from descriptor 3 on, in that order. From any thread; waits until
 * the program has taken the child's place. 0 and *pid; -EPIPE: the launcher is gone; -errno.
 */
#define LAUNCHER_FDS_MAX 16
int launcher_filter(struct launcher *launcher, const int *fds, size_t count, pid_t *pid);

/* What the process that writes starts with. */
enum launch_disk_fd {
	LAUNCH_DISK_ORDERS = 3,
	LAUNCH_DISK_FLOW_LOG,
	LAUNCH_DISK_PROGRESS,
};

/* The process that writes, and the daemon's ends of its two sockets. */
struct launcher_disk {
	pid_t pid;
	int orders;
	int flow_log;
};

/*
 * Starts it with descriptors as enum launch_disk_fd has them. The first call
 * settles its arguments: `len` bytes of texts that each end in NUL. Later ones, with NULL, start it
 * with the same: what it may write cannot be changed by a daemon that was taken over. 0 or -errno.
 */
#define LAUNCHER_TEXT_MAX 65536
int launcher_disk(struct launcher *launcher, const char *arguments, size_t len, int progress,
		  struct launcher_disk *out);

#endif

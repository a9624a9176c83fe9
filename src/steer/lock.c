/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of the steering at a time. `up` reads what is loaded and loads the difference; two
 * that read the same start would each load the whole, and a jump would be in its chain twice.
 *
 * The lock is a file that only root may open, so no other user can block it; it ends with the
 * process that holds it. Where /run cannot be written (a user namespace without a /run of its own)
 * there is no lock and no second administrator either.
 */
#include "steer/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/paths.h"

#define LOCK_TRIES 100

int steer_lock(int *out)
{
	static const struct timespec pause = {.tv_nsec = 100000000};
	int fd = open(PATHS_STEERING_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	*out = fd;
	if (fd < 0)
		return 0;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0;
		nanosleep(&pause, NULL);
	}
	steer_unlock(fd);
	*out = -1;
	return -EBUSY;
}

void steer_unlock(int handle)
{
	if (handle >= 0)
		close(handle);
}

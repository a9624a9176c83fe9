/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard streams that are closed (`nacld 2>&-`): see streams.h. */
#include "common/stdfds.h"

#include <fcntl.h>
#include <unistd.h>

void stdfds_hold(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY); /* the lowest free number, by POSIX */
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

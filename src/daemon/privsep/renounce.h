/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_RENOUNCE_H
#define NACLD_DAEMON_PRIVSEP_RENOUNCE_H

#include <stddef.h>

/*
 * Takes from this process, a filtering child, everything that filtering packets does not need:
 * descriptors but `fds` (ascending), all system calls but read, write, exit and the clock, and,
 * where that is allowed, capabilities and the host's user and network namespaces. It dies with the
 * daemon's main thread. 0, or -errno where that cannot be had in full: then the caller exits.
 */
int renounce(const int *fds, size_t count);

#endif

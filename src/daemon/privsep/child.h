/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_CHILD_H
#define NACLD_DAEMON_PRIVSEP_CHILD_H

#include <stddef.h>

/*
 * Takes from this process, a fresh child, everything that judging packets does not need:
 * descriptors but `fds` (those below 0 are passed over), all system calls but read, write, exit and
 * the clock, and, where that is allowed, capabilities and the host's user and network namespaces.
 * It dies with the thread that forked it. 0, or -errno where that cannot be had in full: then the
 * caller exits.
 */
int child_confine(const int *fds, size_t count);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONFINE_LANDLOCK_H
#define NACLD_DAEMON_CONFINE_LANDLOCK_H

#include "daemon/confine/sandbox.h"

/*
 * Confines the calling thread, and what it starts, to the folders, for everything the running
 * kernel's landlock knows: files and folders, from version 4 on TCP, from version 6 on abstract
 * sockets and signals of others. 0 with the version in *abi, or -errno and nothing has changed:
 * -ENOSYS, or -EOPNOTSUPP where it is built in and not switched on.
 */
int landlock_enter(const struct sandbox_folder *folders, size_t count, int *abi);

#endif

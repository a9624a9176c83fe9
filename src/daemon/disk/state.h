/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_STATE_H
#define NACLD_DAEMON_DISK_STATE_H

#include "daemon/disk.h"

/*
 * The text in the descriptor becomes that file of the state folder ($STATE_DIRECTORY, set by
 * systemd), replaced atomically, and is on the disk when this returns; -1: the file goes. 0, or
 * -errno, which is a warning in the log.
 */
int state_save(enum disk_state which, int text);

#endif

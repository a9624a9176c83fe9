/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_SYSCALLS_H
#define NACLD_DAEMON_SYSCALLS_H

/*
 * From here on the process, all its threads and its children may make the system calls of the table in
 * syscalls.c; any other one fails with EPERM. 0, or -errno and nothing has changed.
 */
int syscalls_restrict(void);

#endif

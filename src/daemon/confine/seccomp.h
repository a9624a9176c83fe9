/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONFINE_SECCOMP_H
#define NACLD_DAEMON_CONFINE_SECCOMP_H

/*
 * From here on the process, all its threads and its children may make the system calls of the table
 * in seccomp.c; any other one fails with EPERM. 0, or -errno and nothing has changed.
 */
int seccomp_enter(void);

#endif

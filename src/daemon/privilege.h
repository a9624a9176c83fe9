/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVILEGE_H
#define NACLD_DAEMON_PRIVILEGE_H

#include <stdbool.h>

/* Is CAP_NET_ADMIN in this process's effective set? (capget(2)) */
bool privilege_has_net_admin(void);

#endif

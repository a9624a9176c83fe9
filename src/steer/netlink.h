/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_NETLINK_H
#define NACLD_STEER_NETLINK_H

#include <libmnl/libmnl.h>

/*
 * A netlink socket to `bus` (NETLINK_NETFILTER, NETLINK_ROUTE), member of the bits of `groups`,
 * bound, closed on exec, with `flags` (0, or SOCK_NONBLOCK). The caller calls
 * mnl_socket_close. NULL: errno says why.
 */
struct mnl_socket *steer_netlink_open(int bus, unsigned int groups, int flags);

/*
 * Has the kernel load its queues (the module nfnetlink_queue), where it has them; changes nothing
 * else. Whether it worked is not told.
 */
void steer_netlink_wake_queues(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place, beside the daemon's queues, where a netlink socket is opened: to hear of changes
 * to the kernel's rules and routes, to read them, and to have the kernel load a module that
 * it loads when somebody speaks to it.
 */
#include "steer/netlink.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>

struct mnl_socket *steer_netlink_open(int bus, unsigned int groups, int flags)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC | flags);
	int err;

	if (!nl || mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return NULL;
}

/* What it says is without effect there: unbinding a protocol family, as in old kernels. */
void steer_netlink_wake_queues(void)
{
	const struct nfqnl_msg_config_cmd command = {.command = NFQNL_CFG_CMD_PF_UNBIND};
	struct mnl_socket *nl = steer_netlink_open(NETLINK_NETFILTER, 0, 0);
	char buf[256] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);

	if (!nl)
		return;
	message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
	message->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg));
	mnl_attr_put(message, NFQA_CFG_CMD, sizeof(command), &command);
	(void)!mnl_socket_sendto(nl, message, message->nlmsg_len);
	mnl_socket_close(nl);
}

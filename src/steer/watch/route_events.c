/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening to routes, both families (rtnetlink(7)). A router's tables change all the time: only
 * routes to everywhere count. When an interface goes down or away the kernel removes its IPv4
 * routes without a word, and renaming one tells of no route either; so links count too.
 */
#include "steer/watch/route_events.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "steer/netlink.h"

#define BUFFER_LEN 32768

int route_events_open(struct mnl_socket **out)
{
	*out = steer_netlink_open(
		NETLINK_ROUTE, RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK, SOCK_NONBLOCK);
	return *out ? 0 : -errno;
}

static int take_message(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	bool *matters = context;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		*matters = true;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (mnl_nlmsg_get_payload_len(message) >= sizeof(*route) && route->rtm_dst_len == 0)
			*matters = true;
	}
	return MNL_CB_OK;
}

bool route_events_drain(struct mnl_socket *nl)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	bool matters = false;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n > 0)
			mnl_cb_run(buf, (size_t)n, 0, 0, take_message, &matters);
		else if (n < 0 && (errno == ENOBUFS || errno == ENOSPC))
			matters = true; /* messages were lost, or one was cut */
		else if (n == 0 || errno != EINTR)
			return matters;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interfaces lead to the world: those of routes to everywhere (rtnetlink(7), RTM_GETROUTE, a
 * destination of length 0), of both families, in whichever table, each next hop of a route that has
 * several. Two halves of the world (0.0.0.0/1 and 128.0.0.0/1, as some VPN clients set) are no
 * default route. A route that leads nowhere, or to loopback, names no interface.
 */
#include "steer/routes/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "steer/netlink.h"

#define BUFFER_LEN 32768

struct reader {
	struct routes *routes;
	int err;
};

/* An interface that has gone since the kernel spoke of it has no name, and no packets. */
static void add(struct reader *reader, unsigned int device)
{
	struct routes *routes = reader->routes;
	char name[IF_NAMESIZE] = "", (*names)[IF_NAMESIZE];

	if (!if_indextoname(device, name) || strcmp(name, "lo") == 0)
		return;
	for (size_t i = 0; i < routes->count; i++)
		if (strcmp(routes->names[i], name) == 0)
			return;
	names = reallocarray(routes->names, routes->count + 1, sizeof(*names));
	if (!names) {
		reader->err = -ENOMEM;
		return;
	}
	routes->names = names;
	memcpy(names[routes->count++], name, sizeof(name));
}

static void add_next_hops(struct reader *reader, const struct nlattr *attr)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	for (; RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		add(reader, (unsigned int)hop->rtnh_ifindex);
	}
}

static int read_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) ||
	    route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST ||
	    route->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*route))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			add(data, mnl_attr_get_u32(attr));
		else if (type == RTA_MULTIPATH)
			add_next_hops(data, attr);
	}
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *socket, unsigned char family, struct reader *reader)
{
	char buffer[BUFFER_LEN] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));
	int status = MNL_CB_OK;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	route->rtm_family = family;
	if (mnl_socket_sendto(socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (status == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (n < 0)
			return -errno;
		status = mnl_cb_run(buffer, (size_t)n, 0, 0, read_route, reader);
	}
	return status < 0 ? -errno : reader->err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int routes_read(struct routes *out)
{
	struct mnl_socket *socket = steer_netlink_open(NETLINK_ROUTE, 0, 0);
	struct reader reader = {.routes = out};
	int err;

	*out = (struct routes){0};
	if (!socket)
		return -errno;
	err = dump(socket, AF_INET, &reader);
	if (!err)
		err = dump(socket, AF_INET6, &reader);
	/* No IPv6 in this kernel is no error: then it has no routes either. */
	if (err == -EOPNOTSUPP || err == -EAFNOSUPPORT)
		err = 0;
	mnl_socket_close(socket);
	if (out->count)
		qsort(out->names, out->count, sizeof(*out->names), by_name);
	return err;
}

void routes_fini(struct routes *routes)
{
	free(routes->names);
	*routes = (struct routes){0};
}

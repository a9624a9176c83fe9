/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interface, as the kernel sees it. RTM_GETLINK finds alternative names too, which no firewall
 * rule does: hence the comparison with the name that comes back. A VRF takes no packets from an
 * interface before that one's own hooks, so it is no master here.
 */
#include "steer/unseen/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "steer/netlink.h"

#define BUFFER_LEN 32768

struct answer {
	const char *asked;
	struct link_facts *facts;
	unsigned int master;
	bool takes_packets; /* the master is no VRF */
};

static bool names(const struct nlattr *attr, uint16_t type, const char *name)
{
	return mnl_attr_get_type(attr) == type &&
	       mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
	       strcmp(mnl_attr_get_str(attr), name) == 0;
}

static void read_kind(const struct nlattr *info, struct answer *answer)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info)
	{
		if (names(attr, IFLA_INFO_KIND, "bridge"))
			answer->facts->is_bridge = true;
		if (names(attr, IFLA_INFO_SLAVE_KIND, "vrf"))
			answer->takes_packets = false;
	}
}

static void read_xdp(const struct nlattr *xdp, struct link_facts *facts)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp) if (mnl_attr_get_type(attr) == IFLA_XDP_ATTACHED)
		facts->has_xdp = mnl_attr_get_u8(attr) != XDP_ATTACHED_NONE;
}

static int read_link(const struct nlmsghdr *nlh, void *context)
{
	struct answer *answer = context;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attr) == IFLA_MASTER)
			answer->master = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			read_kind(attr, answer);
		else if (mnl_attr_get_type(attr) == IFLA_XDP)
			read_xdp(attr, answer->facts);
		else if (names(attr, IFLA_IFNAME, answer->asked))
			answer->facts->exists = true;
		else if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			strncpy(answer->facts->name, mnl_attr_get_str(attr), IF_NAMESIZE - 1);
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *nl, const char *name, struct answer *answer)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	ssize_t n;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)if_nametoindex(name);
	if (info->ifi_index == 0)
		return 0;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, read_link, answer) < 0)
		return errno == ENODEV ? 0 : -errno;
	return 0;
}

int link_ask(const char *name, struct link_facts *out)
{
	struct answer answer = {.asked = name, .facts = out, .takes_packets = true};
	struct mnl_socket *nl = steer_netlink_open(NETLINK_ROUTE, 0, 0);
	int err;

	*out = (struct link_facts){0};
	if (!nl)
		return -errno;
	err = ask(nl, name, &answer);
	mnl_socket_close(nl);
	if (!err && answer.master && answer.takes_packets)
		if_indextoname(answer.master, out->master);
	return err;
}

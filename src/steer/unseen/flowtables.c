/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flowtables (`flow add @f` in a ruleset of somebody's): once a flow is in one, its packets go from
 * the first interface's ingress to the second's egress and meet no hook that a rule could be at
 * (kernel documentation, networking/nf_flowtable). Asked of the kernel, since nft need not be
 * installed.
 */
#include "steer/unseen/parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "steer/netlink.h"

#define BUFFER_LEN 32768

struct walk {
	flowtable_take *take;
	void *context;
};

static void read_devices(const struct nlattr *hook, char *buf, size_t size)
{
	const struct nlattr *attr, *device;

	mnl_attr_for_each_nested(attr, hook)
	{
		if (mnl_attr_get_type(attr) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		mnl_attr_for_each_nested(device, attr)
		{
			size_t len = strlen(buf);

			snprintf(buf + len, size - len, "%s%s", len ? ", " : "",
				 mnl_attr_get_str(device));
		}
	}
}

static int read_flowtable(const struct nlmsghdr *nlh, void *context)
{
	const struct walk *walk = context;
	const char *table = "?", *name = "?";
	const struct nlattr *attr;
	char devices[160] = "";
	bool offload = false;

	if ((nlh->nlmsg_type & 0xff) != NFT_MSG_NEWFLOWTABLE)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_TABLE)
			table = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_NAME)
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_HOOK)
			read_devices(attr, devices, sizeof(devices));
		else if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_FLAGS)
			offload = mnl_attr_get_u32(attr) != 0;
	}
	return walk->take(walk->context, table, name, devices, offload) ? MNL_CB_OK : MNL_CB_STOP;
}

static int dump(struct mnl_socket *nl, struct walk *walk)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	int status = MNL_CB_OK;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nfgen_family = NFPROTO_UNSPEC;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (status == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		status = mnl_cb_run(buf, (size_t)n, 0, 0, read_flowtable, walk);
	}
	return status < 0 ? -errno : 0;
}

int flowtables_walk(flowtable_take *take, void *context)
{
	struct walk walk = {.take = take, .context = context};
	struct mnl_socket *nl = steer_netlink_open(NETLINK_NETFILTER, 0, 0);
	int err;

	if (!nl)
		return -errno;
	err = dump(nl, &walk);
	mnl_socket_close(nl);
	/* Without nf_tables, or before it knew flowtables. */
	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOENT ? 0 : err;
}

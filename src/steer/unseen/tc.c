/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic control at an interface: filters of the ingress or clsact qdisc, and BPF programs of the
 * newer kind, which no dump of filters has (tcx, Linux 6.6). At ingress they see packets before any
 * netfilter hook, at egress after the last.
 */
#include "steer/unseen/parts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "steer/netlink.h"

#define BUFFER_LEN 32768

/* linux/bpf.h of Linux 6.6; Debian 12's headers are older. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

static int count_filter(const struct nlmsghdr *nlh, void *context)
{
	if (nlh->nlmsg_type == RTM_NEWTFILTER)
		++*(unsigned int *)context;
	return MNL_CB_OK;
}

static bool has_filters(struct mnl_socket *nl, unsigned int index, uint32_t parent)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	unsigned int count = 0;
	int status = MNL_CB_OK;

	nlh->nlmsg_type = RTM_GETTFILTER;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = (int)index;
	tc->tcm_parent = parent;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	while (status == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		status = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, 0, 0, count_filter, &count);
	}
	return count > 0;
}

/* False too where the kernel or a sandbox does not let one ask. */
static bool has_programs(unsigned int index, uint32_t type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = index; /* the same field in newer headers: target_ifindex */
	attr.query.attach_type = type;
	return syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) == 0 &&
	       attr.query.prog_cnt > 0;
}

bool tc_takes_packets(const char *interface)
{
	struct mnl_socket *nl = steer_netlink_open(NETLINK_ROUTE, 0, 0);
	unsigned int index = if_nametoindex(interface);
	bool found;

	if (!nl)
		return false;
	found = index && (has_filters(nl, index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)) ||
			  has_filters(nl, index, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)) ||
			  has_programs(index, TCX_INGRESS) || has_programs(index, TCX_EGRESS));
	mnl_socket_close(nl);
	return found;
}

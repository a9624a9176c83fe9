/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that a flowtable carries meet no rule, whatever a reload denies. The kernel lets go of such
 * a flow, at its next packet, when the route it was cached with is stale; that packet then goes by
 * the hooks, and is denied there before any rule could hand the flow over again. All cached
 * routes of a family become stale whenever an address goes: so one of loopback's is added and
 * removed, which takes nothing from anybody. (Seen with Linux 6.1. To empty the table of connection
 * tracking would end such flows too, and cut everybody's connections.)
 *
 * A flow over a bridge's port, or in the network card, was cached without a route, and stays.
 */
#include "steer/unseen/unseen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "steer/netlink.h"
#include "steer/unseen/parts.h"

#define BUFFER_LEN 4096

/* Loopback's own range (RFC 1122), and the range whose packets are discarded (RFC 6666). */
static const struct {
	int family;
	size_t len;
	const char *text;
} passing_addresses[] = {{AF_INET, 4, "127.255.255.254"}, {AF_INET6, 16, "100::7f:ff:fffe"}};

struct recall {
	unseen_tell *tell;
	void *context;
	size_t count;
};

/* Sends one request and reads its acknowledgement. 0 or -errno. */
static int request(struct mnl_socket *nl, int type, uint16_t flags, size_t which)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(nlh, sizeof(*message));
	size_t len = passing_addresses[which].len;
	uint8_t address[16];
	ssize_t n;

	inet_pton(passing_addresses[which].family, passing_addresses[which].text, address);
	nlh->nlmsg_type = (uint16_t)type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	message->ifa_family = (uint8_t)passing_addresses[which].family;
	message->ifa_prefixlen = (uint8_t)(8 * len);
	message->ifa_flags = IFA_F_NODAD;
	message->ifa_scope = RT_SCOPE_HOST;
	message->ifa_index = if_nametoindex("lo");
	mnl_attr_put(nlh, IFA_LOCAL, len, address);
	mnl_attr_put(nlh, IFA_ADDRESS, len, address);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	return n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

/* IPv4's must succeed; the kernel may have no IPv6. */
static int make_routes_stale(void)
{
	struct mnl_socket *nl = steer_netlink_open(NETLINK_ROUTE, 0, 0);
	int err = 0;

	if (!nl)
		return -errno;
	for (size_t i = 0; !err && i < sizeof(passing_addresses) / sizeof(passing_addresses[0]);
	     i++) {
		err = request(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, i);
		if (!err)
			err = request(nl, RTM_DELADDR, 0, i);
		else if (passing_addresses[i].family == AF_INET6 && err != -EPERM)
			err = 0;
	}
	mnl_socket_close(nl);
	return err;
}

/* The first of the devices that is a bridge's port, or "". */
static void find_port(const char *devices, char port[static IF_NAMESIZE])
{
	struct link_facts facts;

	*port = '\0';
	while (*devices && !*port) {
		size_t len = strcspn(devices, ", ");

		if (len > 0 && len < IF_NAMESIZE) {
			memcpy(port, devices, len);
			port[len] = '\0';
			if (link_ask(port, &facts) || !facts.master[0])
				*port = '\0';
		}
		devices += len;
		devices += strspn(devices, ", ");
	}
}

static bool look_at_flowtable(void *context, const char *table, const char *name,
			      const char *devices, bool offload)
{
	struct recall *recall = context;
	char text[UNSEEN_TEXT_LEN], port[IF_NAMESIZE];

	recall->count++;
	find_port(devices, port);
	if (!offload && !*port)
		return true;
	snprintf(text, sizeof(text),
		 "flowtable %s of table %s keeps the flows that it has %s%s: what the rules deny "
		 "now goes on until those flows end",
		 name, table, offload ? "in hardware" : "by way of the bridge's port ",
		 offload ? "" : port);
	recall->tell(recall->context, "delete the flowtable and load its ruleset again", text);
	return true;
}

void unseen_recall_flows(unseen_tell *tell, void *context)
{
	struct recall recall = {.tell = tell, .context = context};
	char text[UNSEEN_TEXT_LEN];
	int err;

	if (flowtables_walk(look_at_flowtable, &recall) || recall.count == 0)
		return;
	err = make_routes_stale();
	if (!err)
		return;
	snprintf(
		text, sizeof(text),
		"flows that flowtables carry could not be ended (%s): what the rules deny now goes "
		"on until they end by themselves",
		strerror(-err));
	tell(context, "run naclctl steer up as root", text);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening to nftables. Every transaction sends a message for each table, chain and rule that came
 * or went, then one that names the new generation and the process that made it. `iptables -F` in
 * its nft variant is such a transaction.
 *
 * Other programs change their own tables all day (Docker, fail2ban); so only tables, chains and
 * rules are looked at, and only in tables of the names that steering uses: anything else costs a
 * wake-up and no look at the ruleset. Messages that were lost count as a change.
 */
#include "steer/watch/nft_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "steer/netlink.h"

#define BUFFER_LEN 65536
#define SOCKET_LEN (1 << 20) /* a flushed ruleset sends an event for each of its rules */

int nft_events_open(struct mnl_socket **out)
{
	int group = NFNLGRP_NFTABLES, length = SOCKET_LEN, err;
	struct mnl_socket *nl = steer_netlink_open(NETLINK_NETFILTER, 0, SOCK_NONBLOCK);

	if (!nl)
		return -errno;
	if (mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		err = -errno;
		mnl_socket_close(nl);
		return err;
	}
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &length, sizeof(length));
	*out = nl;
	return 0;
}

/* The attribute of that number, with a payload of `len` bytes at least; or NULL. */
static const struct nlattr *attribute(const struct nlmsghdr *message, unsigned int type, size_t len)
{
	const struct nlattr *attr;

	mnl_attr_for_each(
		attr, message,
		sizeof(struct nfgenmsg)) if (mnl_attr_get_type(attr) ==
					     type) return mnl_attr_get_payload_len(attr) >= len
		? attr
		: NULL;
	return NULL;
}

/*
 * Where steering's rules are: its own nft table, or the iptables tables that lead to its chains.
 */
static bool is_of_interest(const struct nlmsghdr *message)
{
	static const char *const names[] = {"nacld", "raw", "mangle", "security"};
	/* The table's name has this number in messages about tables, chains and rules. */
	const struct nlattr *table = attribute(message, NFTA_TABLE_NAME, 1);

	for (size_t i = 0; table && i < sizeof(names) / sizeof(names[0]); i++)
		if (mnl_attr_get_payload_len(table) == strlen(names[i]) + 1 &&
		    memcmp(mnl_attr_get_payload(table), names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void take_generation(const struct nlmsghdr *message, struct steer_news *news)
{
	const struct nlattr *name = attribute(message, NFTA_GEN_PROC_NAME, 1);
	const struct nlattr *pid = attribute(message, NFTA_GEN_PROC_PID, sizeof(uint32_t));
	bool tells = news->pending && (news->removal || !news->by[0]);
	size_t max = name ? mnl_attr_get_payload_len(name) : 0;

	news->removed |= news->removal;
	news->pending = news->removal = false;
	if (tells && name && pid)
		snprintf(news->by, sizeof(news->by), "%.*s (pid %u)", (int)(max < 16 ? max : 16),
			 mnl_attr_get_str(name), ntohl(mnl_attr_get_u32(pid)));
}

static int take_message(const struct nlmsghdr *message, void *context)
{
	struct steer_news *news = context;
	bool removal = false;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
		removal = true;
		/* fallthrough */
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_NEWRULE:
		if (!is_of_interest(message))
			break;
		news->touched = news->pending = true;
		news->removal |= removal;
		break;
	case NFT_MSG_NEWGEN:
		take_generation(message, news);
		break;
	}
	return MNL_CB_OK;
}

void nft_events_drain(struct mnl_socket *nl, struct steer_news *news)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n > 0) {
			mnl_cb_run(buf, (size_t)n, 0, 0, take_message, news);
			continue;
		}
		if (n == 0 || (errno != EINTR && errno != ENOBUFS && errno != ENOSPC))
			return;
		if (errno != EINTR)
			news->touched = true; /* messages were lost, or one was cut */
	}
}

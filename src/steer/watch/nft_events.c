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

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_LEN 65536
#define SOCKET_LEN (1 << 20) /* a flushed ruleset sends an event for each of its rules */

int nft_events_open(void)
{
	static const int group = NFNLGRP_NFTABLES, length = SOCKET_LEN;
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd, err;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &length, sizeof(length));
		return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

/* The payload of an attribute of a message, or NULL. */
static const void *attribute(const struct nlmsghdr *message, int type, size_t *len)
{
	const char *at = (const char *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const char *end = (const char *)message + message->nlmsg_len;

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		struct nlattr header;

		memcpy(&header, at, sizeof(header));
		if (header.nla_len < sizeof(header) || header.nla_len > end - at)
			break;
		if ((header.nla_type & NLA_TYPE_MASK) == type) {
			*len = header.nla_len - NLA_HDRLEN;
			return at + NLA_HDRLEN;
		}
		if (NLA_ALIGN(header.nla_len) > end - at)
			break;
		at += NLA_ALIGN(header.nla_len);
	}
	return NULL;
}

/*
 * Where steering's rules are: its own nft table, or the iptables tables that lead to its chains.
 */
static bool is_of_interest(const struct nlmsghdr *message)
{
	static const char *const names[] = {"nacld", "mangle", "security"};
	size_t len = 0;
	/* The table's name has this number in messages about tables, chains and rules. */
	const char *table = attribute(message, NFTA_TABLE_NAME, &len);

	for (size_t i = 0; table && i < sizeof(names) / sizeof(names[0]); i++)
		if (len == strlen(names[i]) + 1 && memcmp(table, names[i], len) == 0)
			return true;
	return false;
}

static void take_generation(const struct nlmsghdr *message, struct steer_news *news)
{
	size_t name_len = 0, pid_len = 0;
	const char *name = attribute(message, NFTA_GEN_PROC_NAME, &name_len);
	const unsigned char *pid = attribute(message, NFTA_GEN_PROC_PID, &pid_len);

	bool tells = news->pending && (news->removal || !news->by[0]);

	news->pending = news->removal = false;
	if (tells && name && pid && pid_len == 4)
		snprintf(news->by, sizeof(news->by), "%.*s (pid %u)",
			 (int)strnlen(name, name_len < 16 ? name_len : 16), name,
			 (unsigned int)pid[0] << 24 | (unsigned int)pid[1] << 16 |
				 (unsigned int)pid[2] << 8 | pid[3]);
}

static void take_message(const struct nlmsghdr *message, struct steer_news *news)
{
	bool removal = false;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		return;
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
}

void nft_events_drain(int fd, struct steer_news *news)
{
	char buf[BUFFER_LEN] __attribute__((aligned(__alignof__(struct nlmsghdr))));

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		size_t left = n > 0 ? (size_t)n : 0;
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			news->touched = true;
			continue;
		}
		if (n <= 0)
			return;
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
			take_message(message, news);
	}
}

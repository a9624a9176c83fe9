/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink's link messages (rtnetlink(7)): a dump at the start, then a message for each change.
 * Messages that were lost (ENOBUFS) mean another dump, and what that no longer names is gone.
 *
 * An interface is known here a moment after the kernel has it. A packet that is faster meets an
 * unknown index, and where that matters gets the failure verdict (snapshot_edge_acl).
 */
#include "daemon/links.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "common/log.h"

#define BUFFER_LEN 32768

struct link {
	uint32_t device;
	char name[IF_NAMESIZE];
};

/* What a message is told to. */
struct listener {
	struct links *links;
	struct snapshot *snapshot;
};

static struct link *find(const struct links *links, uint32_t device)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].device == device)
			return &links->items[i];
	return NULL;
}

static void forget(struct listener *to, uint32_t device)
{
	struct link *link = find(to->links, device);

	if (link)
		*link = to->links->items[--to->links->count];
	snapshot_set_device(to->snapshot, device, NULL);
}

static void note(struct listener *to, uint32_t device, const char *name)
{
	struct links *links = to->links;
	struct link *link = find(links, device), *items;

	if (!link) {
		items = reallocarray(links->items, links->count + 1, sizeof(*items));
		if (!items)
			return; /* its packets get the failure verdict, its log lines no name */
		links->items = items;
		link = &items[links->count++];
	}
	link->device = device;
	strncpy(link->name, name, sizeof(link->name) - 1);
	link->name[sizeof(link->name) - 1] = '\0';
	snapshot_set_device(to->snapshot, device, link->name);
}

static int hear(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct listener *to = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_family != AF_UNSPEC)
		return MNL_CB_OK;
	if (nlh->nlmsg_type == RTM_DELLINK)
		forget(to, (uint32_t)info->ifi_index);
	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh,
			  sizeof(*info)) if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
					     mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		note(to, (uint32_t)info->ifi_index, mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int ask(const struct links *links)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg info;
	} request = {
		.nlh = {.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.info = {.ifi_family = AF_UNSPEC},
	};

	return send(links->source.fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

static int open_socket(struct links *links)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};

	*links = (struct links){
		.source.fd =
			socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)};
	if (links->source.fd < 0)
		return -errno;
	if (bind(links->source.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return ask(links);
}

void links_open(struct links *links, struct snapshot *snapshot)
{
	int err = open_socket(links);

	if (err) {
		log_warning("the names of interfaces are not known: %s", strerror(-err));
		links_close(links);
	}
	links_work(links, snapshot);
}

void links_close(struct links *links)
{
	if (links->source.fd >= 0)
		close(links->source.fd);
	free(links->items);
	*links = (struct links){.source.fd = -1};
}

static void start_over(struct listener *to)
{
	while (to->links->count > 0)
		forget(to, to->links->items[0].device);
	if (ask(to->links))
		log_warning("the names of interfaces are not known: %s", strerror(errno));
}

void links_work(struct links *links, struct snapshot *snapshot)
{
	struct listener to = {.links = links, .snapshot = snapshot};
	char buffer[BUFFER_LEN] __attribute__((aligned(NLMSG_ALIGNTO)));

	while (links->source.fd >= 0) {
		ssize_t n = recv(links->source.fd, buffer, sizeof(buffer), 0);

		if (n > 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, hear, &to);
		else if (n < 0 && errno == ENOBUFS)
			start_over(&to);
		else
			return;
	}
}

void links_fill(const struct links *links, struct snapshot *snapshot)
{
	for (size_t i = 0; i < links->count; i++)
		snapshot_set_device(snapshot, links->items[i].device, links->items[i].name);
}

const char *links_name(const struct links *links, uint32_t device)
{
	const struct link *link = find(links, device);

	return link ? link->name : NULL;
}

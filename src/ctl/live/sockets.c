/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections of this host, from the kernel's own list: inet_diag, as ss(8) asks it
 * (linux/inet_diag.h). A connection of a socket that serves both families has IPv4-mapped
 * addresses there; its packets are IPv4. Interfaces come from the routing table, since a connection
 * is bound to none.
 */
#include "ctl/live/sockets.h"

#include <ctype.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "steer/netlink.h"

#define STATE_ESTABLISHED 1 /* TCP_ESTABLISHED of linux/tcp_states.h, which is no public header */

struct found {
	struct live_connection *items;
	size_t count;
	bool out_of_memory;
};

static struct addr address(uint8_t family, const __be32 *bytes)
{
	struct addr addr;

	if (family == AF_INET)
		return addr_from_ipv4(ntohl(bytes[0]));
	addr = addr_from_ipv6((const uint8_t *)bytes);
	addr_unmap(&addr);
	return addr;
}

static bool is_own(const struct packet *in)
{
	static const struct prefix loopback = {
		.addr = {.hi = UINT64_C(127) << 56, .family = FAMILY_IPV4}, .len = 8};

	return addr_equal(&in->src, &in->dst) || prefix_contains(&loopback, &in->dst);
}

static bool grow(struct found *found)
{
	struct live_connection *items;

	if (found->count & (found->count - 1)) /* full at the powers of two */
		return true;
	items = reallocarray(found->items, found->count ? 2 * found->count : 1, sizeof(*items));
	if (items)
		found->items = items;
	return items;
}

static int take(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *diag = mnl_nlmsg_get_payload(message);
	struct found *found = data;
	struct live_connection connection = {.in = {.protocol = PROTOCOL_TCP,
						    .l4 = PACKET_L4_PORTS,
						    .len = 60,
						    .hop_limit = 64}};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*diag))
		return MNL_CB_OK;
	connection.in.src = address(diag->idiag_family, diag->id.idiag_dst);
	connection.in.dst = address(diag->idiag_family, diag->id.idiag_src);
	connection.in.sport = ntohs(diag->id.idiag_dport);
	connection.in.dport = ntohs(diag->id.idiag_sport);
	connection.inode = diag->idiag_inode;
	if (is_own(&connection.in))
		return MNL_CB_OK;
	if (!grow(found)) {
		found->out_of_memory = true;
		return MNL_CB_ERROR;
	}
	found->items[found->count++] = connection;
	return MNL_CB_OK;
}

/* Sends a request and gives every answer to `callback`. 0 or -errno. */
static int ask(int bus, struct nlmsghdr *request, mnl_cb_t callback, void *data)
{
	struct mnl_socket *nl = steer_netlink_open(bus, 0, 0);
	char buf[32768] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	int err = nl ? 0 : -errno, more = MNL_CB_OK;

	if (!err && mnl_socket_sendto(nl, request, request->nlmsg_len) < 0)
		err = -errno;
	while (!err && more > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		more = n < 0 ? MNL_CB_ERROR
			     : mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), callback,
					  data);
		if (more < 0)
			err = -errno;
	}
	if (nl)
		mnl_socket_close(nl);
	return err;
}

static int read_family(uint8_t family, struct found *found)
{
	char buf[256] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *request;
	int err;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = 1u << STATE_ESTABLISHED;
	err = ask(NETLINK_SOCK_DIAG, message, take, found);
	return found->out_of_memory ? -ENOMEM : err;
}

int live_connections(struct live_connection **out, size_t *count)
{
	struct found found = {0};
	int err = read_family(AF_INET, &found);

	if (!err)
		err = read_family(AF_INET6, &found);
	if (err) {
		free(found.items);
		return err;
	}
	*out = found.items;
	*count = found.count;
	return 0;
}

static int take_route(const struct nlmsghdr *message, void *data)
{
	const struct nlattr *attribute;
	unsigned int *index = data;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_STOP;
	mnl_attr_for_each(attribute, message,
			  sizeof(struct rtmsg)) if (mnl_attr_get_type(attribute) == RTA_OIF &&
						    mnl_attr_validate(attribute, MNL_TYPE_U32) >=
							    0) *index = mnl_attr_get_u32(attribute);
	return MNL_CB_STOP;
}

const char *live_interface_to(const struct addr *remote, char buf[static WAY_INTERFACE_LEN])
{
	char space[256] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *message = mnl_nlmsg_put_header(space);
	const uint64_t bytes[2] = {htobe64(remote->hi), htobe64(remote->lo)};
	unsigned int index = 0;
	struct rtmsg *route;

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	route = mnl_nlmsg_put_extra_header(message, sizeof(*route));
	route->rtm_family = remote->family == FAMILY_IPV4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = family_bits(remote->family);
	mnl_attr_put(message, RTA_DST, family_bits(remote->family) / 8, bytes);
	buf[0] = '\0';
	if (ask(NETLINK_ROUTE, message, take_route, &index) == 0 && index > 0 &&
	    !if_indextoname(index, buf))
		buf[0] = '\0';
	return buf;
}

/* Does the process hold a socket of that name, "socket:[INODE]"? */
static bool holds(const char *pid, const char *name)
{
	char path[300], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		found = strcmp(target, name) == 0;
	}
	if (folder)
		closedir(folder);
	return found;
}

static void read_name(const char *pid, char buf[static LIVE_NAME_LEN])
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(buf, LIVE_NAME_LEN, file))
		buf[strcspn(buf, "\n")] = '\0';
	for (char *c = buf; *c; c++) /* a process names itself: nothing for the terminal to obey */
		if (!isprint((unsigned char)*c))
			*c = '?';
	fclose(file);
}

const char *live_process(uint32_t inode, char buf[static LIVE_NAME_LEN])
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	char name[32];

	snprintf(name, sizeof(name), "socket:[%u]", inode);
	strcpy(buf, "a process");
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    holds(entry->d_name, name)) {
			read_name(entry->d_name, buf);
			break;
		}
	if (folder)
		closedir(folder);
	return buf;
}

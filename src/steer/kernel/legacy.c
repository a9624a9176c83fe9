/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables-legacy's tables, as the kernel hands them out (IPT_SO_GET_ENTRIES): enough to tell that
 * rules of ours are loaded where the tools that print them are missing. A chain begins with an
 * entry whose target holds its name.
 */
#include "steer/kernel/legacy.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(offsetof(struct ipt_get_entries, entrytable) ==
		       offsetof(struct ip6t_get_entries, entrytable),
	       "one struct does for both");
_Static_assert(IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES, "and one number");

static const char own[] = "NACLD-";

static bool has_own(int fd, int level, const char *table)
{
	struct ipt_getinfo info = {0};
	struct ipt_get_entries *entries;
	socklen_t len = sizeof(info);
	bool found = true;

	snprintf(info.name, sizeof(info.name), "%s", table);
	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &len))
		return errno != ENOENT && errno != ENOPROTOOPT;
	len = (socklen_t)(sizeof(*entries) + info.size);
	entries = calloc(1, len);
	if (!entries)
		return true;
	snprintf(entries->name, sizeof(entries->name), "%s", table);
	entries->size = info.size;
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, entries, &len) == 0)
		found = memmem(entries->entrytable, info.size, own, strlen(own));
	free(entries);
	return found;
}

bool legacy_has_chains(int family, const char *table)
{
	int fd = socket(family == 0 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	bool found;

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	found = has_own(fd, family == 0 ? IPPROTO_IP : IPPROTO_IPV6, table);
	close(fd);
	return found;
}

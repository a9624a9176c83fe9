/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables-legacy has no notifications: it has to be polled, and often. Reading the
 * rules through iptables-save would be two processes a look. The kernel's own summary of a table
 * (IPT_SO_GET_INFO: how many entries, how many bytes, where each hook begins) is one getsockopt,
 * takes microseconds however long the table is, and changes with every rule that is added or
 * removed. A rule replaced by one of the same size stays unseen by it: the caller reads everything
 * now and then.
 *
 * Only tables with rules of ours are polled: asking for a table has the kernel create it.
 *
 * Its tools open /run/xtables.lock before they change anything and close it at their end, so a
 * close of that file (inotify) is as good as an event. Not all have to: a program may speak to the
 * kernel itself, or see another /run. So the clock stays, for those.
 */
#include "steer/watch/nft_events.h"

#include <errno.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCK "/run/xtables.lock" /* of iptables 1.8; the variable is its own, too */

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo),
	       "one struct does for both");
_Static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO, "and one number");

void legacy_poll_open(struct legacy_poll *legacy)
{
	static const int families[] = {AF_INET, AF_INET6};

	*legacy = (struct legacy_poll){0};
	for (int i = 0; i < 2; i++) {
		int fd = socket(families[i], SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

		legacy->sockets[i] = fd < 0 ? -errno : fd;
	}
	legacy->lock = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (legacy->lock < 0)
		legacy->lock = -errno;
}

void legacy_poll_close(struct legacy_poll *legacy)
{
	for (int i = 0; i < 2; i++)
		if (legacy->sockets[i] >= 0)
			close(legacy->sockets[i]);
	if (legacy->lock >= 0)
		close(legacy->lock);
}

/* The same file again is no second watch; another one of that name is. */
void legacy_poll_listen(struct legacy_poll *legacy)
{
	const char *lock = getenv("XTABLES_LOCKFILE");
	char events[4096];

	if (legacy->lock < 0)
		return;
	while (read(legacy->lock, events, sizeof(events)) > 0)
		;
	(void)inotify_add_watch(legacy->lock, lock ? lock : LOCK, IN_CLOSE);
}

/* The next "*TABLE" line of iptables rules in normal form, or NULL. */
static const char *next_table(const char *text)
{
	while (text && *text && *text != '*') {
		text = strchr(text, '\n');
		text += text ? 1 : 0;
	}
	return text && *text ? text + 1 : NULL;
}

static bool changed_family(struct legacy_poll *legacy, int family, const char *text)
{
	bool changed = false;
	int at = 0;

	for (; (text = next_table(text)) && at < STEER_LEGACY_TABLES; at++) {
		struct ipt_getinfo info = {0};
		socklen_t len = sizeof(info);
		size_t name_len = strcspn(text, "\n");
		__typeof__(legacy->tables[0][0]) now = {0};

		if (name_len < sizeof(info.name))
			memcpy(info.name, text, name_len);
		if (legacy->sockets[family] < 0)
			return true;
		if (getsockopt(legacy->sockets[family], family == 0 ? IPPROTO_IP : IPPROTO_IPV6,
			       IPT_SO_GET_INFO, &info, &len))
			now.error = errno;
		now.hooks = info.valid_hooks;
		now.count = info.num_entries;
		now.size = info.size;
		memcpy(now.entries, info.hook_entry, sizeof(now.entries));
		memcpy(now.underflows, info.underflow, sizeof(now.underflows));
		if (memcmp(&now, &legacy->tables[family][at], sizeof(now)) == 0)
			continue;
		legacy->tables[family][at] = now;
		changed = true;
	}
	return changed;
}

bool legacy_poll_changed(struct legacy_poll *legacy, const struct steer_rules *rules)
{
	bool changed = false;

	for (int i = 0; i < 2; i++)
		if (rules->text[i] && changed_family(legacy, i, rules->text[i]))
			changed = true;
	return changed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which way a packet went, by the addresses that are this host's: what comes from one of them goes
 * out, also where it is for another of them.
 */
#include "ctl/traffic/hosts.h"

static bool has(const struct hosts *hosts, const struct addr *addr)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->at[i].family == addr->family && hosts->at[i].hi == addr->hi &&
		    hosts->at[i].lo == addr->lo)
			return true;
	return false;
}

const char *hosts_read(const struct option_list *list, struct hosts *out)
{
	out->count = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!addr_parse(list->items[i], &out->at[out->count++]))
			return list->items[i];
	return NULL;
}

bool hosts_hook(const struct hosts *hosts, const struct packet *packet, enum hook *out)
{
	if (has(hosts, &packet->src))
		*out = HOOK_OUTPUT;
	else if (has(hosts, &packet->dst))
		*out = HOOK_INPUT;
	else
		return false;
	return true;
}

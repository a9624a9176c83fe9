/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a place in a set back to a packet: one that can exist, and that a person recognises.
 *
 * Any address and any key of a region would do. A packet from 203.0.113.9 to port 443 says more to
 * people than one from 0.0.0.0 to port 0, so those are taken where the region holds them; the
 * addresses are documentation's (RFC 5737, RFC 3849).
 */
#include "core/space/space.h"

#define CLIENT_PORT 50000 /* in every system's ephemeral range */

static bool has_ports(uint32_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

static bool has_types(uint32_t protocol, uint8_t family)
{
	return protocol ==
	       (family == FAMILY_IPV4 ? (uint32_t)PROTOCOL_ICMP : (uint32_t)PROTOCOL_ICMPV6);
}

static bool between(uint32_t key, uint32_t first, uint32_t last)
{
	return key >= first && key <= last;
}

/* A key of the range, one that people know where there is one, else the lowest. */
static uint32_t choose_key(uint8_t family, uint32_t first, uint32_t last)
{
	static const struct {
		uint8_t family;
		uint8_t protocol;
		uint16_t l4;
	} known[] = {
		{0, PROTOCOL_TCP, 443},
		{0, PROTOCOL_TCP, 22},
		{0, PROTOCOL_TCP, CLIENT_PORT},
		{0, PROTOCOL_UDP, 53},
		{0, PROTOCOL_UDP, CLIENT_PORT},
		{FAMILY_IPV4, PROTOCOL_ICMP, 8 << 8},
		{FAMILY_IPV6, PROTOCOL_ICMPV6, 128 << 8},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint32_t key = ((uint32_t)known[i].protocol << KEY_SHIFT) + known[i].l4;

		if ((known[i].family == 0 || known[i].family == family) &&
		    between(key, first, last))
			return key;
	}
	return first;
}

static struct addr documentation(uint8_t family, bool remote)
{
	if (family == FAMILY_IPV4) /* 203.0.113.9, 192.0.2.1 */
		return addr_from_ipv4(remote ? 0xcb007109 : 0xc0000201);
	return (struct addr){.hi = UINT64_C(0x20010db8) << 32 | (remote ? 9 : 0),
			     .lo = 1,
			     .family = FAMILY_IPV6};
}

struct packet space_packet(enum direction direction, const struct addr *remote,
			   const struct addr *local, uint32_t first, uint32_t last)
{
	uint32_t key = choose_key(remote->family, first, last), l4 = key & ((1U << KEY_SHIFT) - 1);
	struct addr here = local && local->family == remote->family
				   ? *local
				   : documentation(remote->family, false);
	struct packet packet = {
		.src = direction == INBOUND ? *remote : here,
		.dst = direction == INBOUND ? here : *remote,
		.len = 60,
		.protocol = (uint8_t)(key >> KEY_SHIFT),
		.hop_limit = 64,
	};

	if (l4 >= KEY_NO_TRANSPORT ||
	    (!has_ports(packet.protocol) && !has_types(packet.protocol, remote->family))) {
		packet.fragment =
			has_ports(packet.protocol) || has_types(packet.protocol, remote->family);
	} else if (has_ports(packet.protocol)) {
		packet.l4 = PACKET_L4_PORTS;
		packet.dport = (uint16_t)l4;
		packet.sport = l4 < 1024 ? CLIENT_PORT : 443;
	} else {
		packet.l4 = PACKET_L4_ICMP;
		packet.icmp_type = (uint8_t)(l4 >> 8);
		packet.icmp_code = (uint8_t)l4;
	}
	return packet;
}

struct first_run {
	uint32_t first;
	uint32_t last;
	bool found;
	bool ported; /* it holds a port of TCP, which people understand best */
};

static bool keep_run(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct first_run *best = context;
	uint32_t tcp = (uint32_t)PROTOCOL_TCP << KEY_SHIFT;
	bool ported = first < tcp + KEY_NO_TRANSPORT && last >= tcp;

	if (value == 0 || (best->found && !ported))
		return true;
	*best = (struct first_run){first, last, true, ported};
	return !ported;
}

static bool holds(const struct space *set, const struct addr *addr)
{
	return set->half[space_half_of(addr->family)].at[space_find(set, addr)].line != LINE_NO;
}

/* An address of the interval: its second where there is one, as the first names a network. */
static struct addr inside(const struct space *set, int half, size_t i)
{
	struct addr first = space_interval_first(set, half, i);
	struct addr last = space_interval_last(set, half, i);

	if (addr_equal(&first, &last))
		return first;
	if (half == 0)
		first.hi += UINT64_C(1) << 32;
	else if (++first.lo == 0)
		first.hi++;
	return first;
}

static bool choose_remote(const struct space *set, struct addr *out)
{
	for (int h = 0; h < 2; h++) {
		*out = documentation(space_family(h), true);
		if (holds(set, out))
			return true;
		for (size_t i = 0; i < set->half[h].count; i++) {
			if (set->half[h].at[i].line == LINE_NO)
				continue;
			*out = inside(set, h, i);
			return true;
		}
	}
	return false;
}

bool space_witness(const struct space *set, enum direction direction, const struct addr *local,
		   struct packet *out)
{
	struct first_run run = {0};
	struct addr remote;

	if (!choose_remote(set, &remote))
		return false;
	line_runs(set->lines,
		  set->half[space_half_of(remote.family)].at[space_find(set, &remote)].line,
		  keep_run, &run);
	*out = space_packet(direction, &remote, local, run.first, run.last);
	return true;
}

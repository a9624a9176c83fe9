/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules and packets for the unit tests, from the text a person would write. */
#ifndef NACLD_TESTS_UNIT_SAMPLES_H
#define NACLD_TESTS_UNIT_SAMPLES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct addr addr_of(const char *text)
{
	struct addr a;

	if (!addr_parse(text, &a))
		fail_msg("not an address: %s", text);
	return a;
}

static inline struct prefix prefix_of(const char *text)
{
	struct prefix p;

	if (prefix_parse(text, &p, NULL) != PREFIX_OK)
		fail_msg("not a prefix: %s", text);
	return p;
}

/* A packet of any protocol, with nothing for a port or type rule to look at. */
static inline struct packet packet_of(int protocol, const char *src, const char *dst)
{
	struct packet p = {.len = 1500, .hop_limit = 64, .protocol = (uint8_t)protocol};

	p.src = addr_of(src);
	p.dst = addr_of(dst);
	return p;
}

static inline struct packet ports_of(int protocol, const char *src, uint16_t sport, const char *dst,
				     uint16_t dport)
{
	struct packet p = packet_of(protocol, src, dst);

	p.l4 = PACKET_L4_PORTS;
	p.sport = sport;
	p.dport = dport;
	return p;
}

static inline struct packet icmp_of(int protocol, const char *src, const char *dst, uint8_t type,
				    uint8_t code)
{
	struct packet p = packet_of(protocol, src, dst);

	p.l4 = PACKET_L4_ICMP;
	p.icmp_type = type;
	p.icmp_code = code;
	return p;
}

static inline struct packet later_fragment_of(int protocol, const char *src, const char *dst)
{
	struct packet p = packet_of(protocol, src, dst);

	p.fragment = 1;
	return p;
}

/* A rule that looks at no port and no type. */
static inline struct rule rule_of(uint16_t number, enum action action, int protocol,
				  const char *cidr)
{
	return (struct rule){
		.number = number,
		.action = (uint8_t)action,
		.protocol = (int16_t)protocol,
		.port_last = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ? UINT16_MAX : 0,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
		.prefix = prefix_of(cidr)};
}

static inline struct rule port_rule_of(uint16_t number, enum action action, int protocol,
				       const char *cidr, uint16_t first, uint16_t last)
{
	struct rule rule = rule_of(number, action, protocol, cidr);

	rule.port_first = first;
	rule.port_last = last;
	return rule;
}

static inline struct rule icmp_rule_of(uint16_t number, enum action action, int protocol,
				       const char *cidr, int type, int code)
{
	struct rule rule = rule_of(number, action, protocol, cidr);

	rule.icmp_type = (int16_t)type;
	rule.icmp_code = (int16_t)code;
	return rule;
}

#endif

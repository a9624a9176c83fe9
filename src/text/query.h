/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_QUERY_H
#define NACLD_TEXT_QUERY_H

#include "core/policy.h"

/*
 * A set of packets as a person types it, in one of two forms:
 *
 *   in|out PROTO [from ADDRS] [to ADDRS] [port PORTS] [type T] [code C]
 *   in|out PROTO ADDRS[:PORTS] ADDRS[:PORTS] [type T] [code C]
 *
 * ADDRS is an address, a CIDR, @SET or any; PORTS is N, N-M or any, and always the destination's
 * but for the source's of the second form, at which no rule looks; IPv6 with ports stands in
 * brackets. PROTO is a name, a number, or any.
 */
struct query_addrs {
	struct prefix prefix;
	const char *set; /* name, borrowed from the words; NULL: the prefix, if any */
	bool any;
};

struct query {
	enum direction direction;
	int protocol; /* or PROTOCOL_ALL */
	struct query_addrs remote;
	struct query_addrs local;
	struct query_addrs src; /* as written; remote and local are these */
	struct query_addrs dst;
	uint16_t port_first; /* 0 and 65535: any */
	uint16_t port_last;
	int16_t icmp_type; /* or RULE_ANY */
	int16_t icmp_code;
};

#define QUERY_ERROR_LEN 160

/* 0, or -EINVAL with a sentence in error (*out untouched). Changes the words. */
int query_parse(char *words[], size_t count, struct query *out, char error[static QUERY_ERROR_LEN]);

#endif

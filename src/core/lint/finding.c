/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One finding: what its kind is called and why it matters, its place in the report, and the words
 * and addresses that all kinds share. The checks call these; lint.c calls the checks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/lint/internal.h"

static const struct {
	const char *name;
	const char *why;
} kinds[LINT_IDS] = {
	[LINT_SHADOWED_RULE] = {"shadowed-rule",
				"the rule looks as if it did something, and does nothing"},
	[LINT_EMPTIED_DENY] = {"emptied-deny", "what it is meant to stop passes"},
	[LINT_NO_IPV6_TWIN] = {"no-ipv6-twin",
			       "a rule speaks of one family; the other is treated differently"},
	[LINT_REPLIES_DROPPED] = {"replies-dropped",
				  "a list remembers nothing, so a reply needs a rule of its own; "
				  "without one the client waits and gives up"},
	[LINT_SECOND_PORT] = {"second-port",
			      "the protocol goes on at a port that the two ends agree on"},
	[LINT_PATH_MTU] = {"path-mtu",
			   "connections are made and then hang at the first large packet"},
	[LINT_PUBLIC_ADMIN_PORT] = {"public-admin-port",
				    "everyone may try passwords and unpatched flaws"},
	[LINT_WIDE_REPLY_RANGE] = {"wide-reply-range",
				   "what listens there is open to everyone: a list cannot tell a "
				   "reply from a request"},
};

const char *lint_name(enum lint_id id)
{
	return kinds[id].name;
}

const char *lint_why(enum lint_id id)
{
	return kinds[id].why;
}

bool lint_is_full(const struct lint_subject *subject, enum lint_id id)
{
	struct lint_run *run = subject->run;

	if (run->counts[id] < LINT_MAX)
		return false;
	run->out->more++;
	return true;
}

static enum hook hook_for(const struct lint_subject *subject, enum direction direction)
{
	if (!subject->host && subject->local.family != 0)
		return HOOK_FORWARD;
	return direction == INBOUND ? HOOK_INPUT : HOOK_OUTPUT;
}

struct lint_finding *lint_add(const struct lint_subject *subject, enum lint_id id,
			      enum direction direction, const struct rule *rule,
			      const struct packet *packet)
{
	struct lint_run *run = subject->run;
	struct lint *out = run->out;
	struct lint_finding *finding;

	if (lint_is_full(subject, id))
		return NULL;
	finding = reallocarray(out->findings, out->count + 1, sizeof(*finding));
	if (!finding) {
		run->status = -ENOMEM;
		return NULL;
	}
	out->findings = finding;
	run->counts[id]++;
	finding += out->count++;
	*finding = (struct lint_finding){
		.id = id,
		.acl = subject->index,
		.direction = direction,
		.rule = rule,
		.hook = hook_for(subject, direction),
		.packet = *packet,
	};
	return finding;
}

const char *lint_rule_print(const struct rule *rule, enum direction direction,
			    char buf[static SPACE_TERM_STRLEN])
{
	uint8_t family = rule->set ? FAMILY_IPV6 : rule->prefix.addr.family;
	char keys[SPACE_TERM_STRLEN], prefix[PREFIX_STRLEN];
	uint32_t first, last;

	if (!space_rule_keys(rule, family, &first, &last))
		last = first = lint_key((uint8_t)rule->protocol, KEY_NO_TRANSPORT);
	snprintf(buf, SPACE_TERM_STRLEN, "%s %s %s%.40s", space_keys_print(first, last, keys),
		 direction == INBOUND ? "from" : "to", rule->set ? "@" : "",
		 rule->set ? rule->set->name : prefix_print(&rule->prefix, prefix));
	return buf;
}

/* RFC 1918, 6598, 1122, 3927, 5771, 1112; RFC 4193, 4291. */
bool lint_is_private(const struct addr *first, const struct addr *last)
{
	static const struct prefix ranges[] = {
		{{UINT64_C(0x0a000000) << 32, 0, FAMILY_IPV4}, 8},
		{{UINT64_C(0xac100000) << 32, 0, FAMILY_IPV4}, 12},
		{{UINT64_C(0xc0a80000) << 32, 0, FAMILY_IPV4}, 16},
		{{UINT64_C(0x64400000) << 32, 0, FAMILY_IPV4}, 10},
		{{UINT64_C(0x7f000000) << 32, 0, FAMILY_IPV4}, 8},
		{{0, 0, FAMILY_IPV4}, 8},
		{{UINT64_C(0xa9fe0000) << 32, 0, FAMILY_IPV4}, 16},
		{{UINT64_C(0xe0000000) << 32, 0, FAMILY_IPV4}, 3},
		{{0, 0, FAMILY_IPV6}, 8},
		{{UINT64_C(0xfc) << 56, 0, FAMILY_IPV6}, 7},
		{{UINT64_C(0xfe80) << 48, 0, FAMILY_IPV6}, 10},
		{{UINT64_C(0xff) << 56, 0, FAMILY_IPV6}, 8},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (prefix_contains(&ranges[i], first) && prefix_contains(&ranges[i], last))
			return true;
	return false;
}

/* Documentation's (RFC 5737, RFC 3849). */
struct addr lint_known_address(const struct addr *first, const struct addr *last)
{
	struct addr known = {.hi = UINT64_C(0x20010db8) << 32 | 9, .lo = 1, .family = FAMILY_IPV6};
	bool after, before;

	if (first->family == FAMILY_IPV4)
		known = addr_from_ipv4(0xcb007109);
	after = known.hi > first->hi || (known.hi == first->hi && known.lo >= first->lo);
	before = known.hi < last->hi || (known.hi == last->hi && known.lo <= last->lo);
	return after && before ? known : *last;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the classifier have in common: building with several budgets, comparing one
 * packet's answer with acl_eval's, which is right by definition, and short ways to write rules.
 *
 * Each list is built with the usual budget for merging and with budgets that leave links
 * everywhere, for the lists small enough to check would never need one.
 */
#ifndef NACLD_TESTS_UNIT_CLASSIFY_CHECK_H
#define NACLD_TESTS_UNIT_CLASSIFY_CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/classify/build.h"
#include "random_lists.h"

/* How many times fewer packets a sanitizer gets. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOW 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW 10
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

#define BUDGETS 3

static const struct merge_budget budgets[BUDGETS] = {
	{MERGE_OWN, MERGE_EXTRA, MERGE_SHARED}, /* all is merged in a small list */
	{.own = 0, .extra = 0, .shared = 0},    /* all is linked that does not fit by itself */
	{.own = 2, .extra = 2, .shared = 64},
};

static inline struct classify *build(const struct acl_list *list, enum direction direction,
				     const struct merge_budget *budget)
{
	struct classify *c = NULL;

	assert_int_equal(classify_build_within(list, direction, CLASSIFY_MAX_BYTES, *budget, &c),
			 0);
	return c;
}

static inline int number_of(const struct rule *rule)
{
	return rule ? rule->number : 0;
}

static inline void expect_same(const struct acl_list *list, const struct classify *c,
			       enum direction direction, const struct packet *p, const char *what)
{
	const struct rule *right = acl_eval(list, direction, p), *got = classify_lookup(c, p);
	char remote[ADDR_STRLEN];

	if (got == right)
		return;
	addr_print(direction == INBOUND ? &p->src : &p->dst, remote);
	fail_msg("%s: rule %d, right is %d: %s, protocol %u, l4 %u, port %u, type %u, code %u",
		 what, number_of(got), number_of(right), remote, p->protocol, p->l4, p->dport,
		 p->icmp_type, p->icmp_code);
}

static inline struct prefix cidr(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), PREFIX_OK);
	return p;
}

static inline struct rule rule(int16_t protocol, const char *text)
{
	return (struct rule){
		.protocol = protocol,
		.port_last = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ? UINT16_MAX : 0,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
		.prefix = cidr(text)};
}

static inline struct rule ports(uint16_t first, uint16_t last, const char *text)
{
	struct rule r = rule(PROTOCOL_TCP, text);

	r.port_first = first;
	r.port_last = last;
	return r;
}

static inline struct rule icmp(int16_t protocol, int16_t type, int16_t code, const char *text)
{
	struct rule r = rule(protocol, text);

	r.icmp_type = type;
	r.icmp_code = code;
	return r;
}

#endif

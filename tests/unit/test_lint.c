/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: each has lists that have it, and lists that nearly do.
 *
 * A case is a list of rules in short, "in 100 allow tcp 443 0.0.0.0/0", and the findings it must
 * have: "replies-dropped in 100". Whatever else is found fails the case. Every packet that a
 * finding shows is tried on the lists: it must be what the finding says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clients.h"
#include "core/lint/lint.h"

/* What every list has that is not to be told of path MTU. */
#define MTU "in 9000 allow icmp 3/4 0.0.0.0/0"

struct lint_case {
	const char *name;
	bool subnet; /* the ACL guards 10.0.1.0/24, else the host */
	const char *rules[12];
	const char *findings[4];
};

static const struct lint_case cases[] = {
	{"reply has no rule",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU},
	 {"replies-dropped in 100"}},
	{"reply has its rule",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU, "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {0}},
	{"replies to Linux only, and the public asks",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU, "out 100 allow tcp 32768-60999 0.0.0.0/0"},
	 {"replies-dropped in 100"}},
	{"replies to Linux only, and a private network asks",
	 false,
	 {"in 100 allow tcp 443 10.0.0.0/8", "out 100 allow tcp 32768-60999 10.0.0.0/8"},
	 {0}},
	{"one port of the replies is denied",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU, "out 90 deny tcp 3389 0.0.0.0/0",
	  "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {"replies-dropped in 100"}},
	{"replies to half of the addresses",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU, "out 100 allow tcp 1024-65535 128.0.0.0/1"},
	 {"replies-dropped in 100"}},
	{"a network is denied replies, and means it",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", MTU, "out 90 deny all - 203.0.113.0/24",
	  "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {0}},
	{"udp replies", false, {"in 100 allow udp 53 0.0.0.0/0"}, {"replies-dropped in 100"}},
	{"udp that nobody answers", false, {"in 100 allow udp 514 0.0.0.0/0"}, {0}},
	{"the host asks",
	 false,
	 {"out 100 allow tcp 443 0.0.0.0/0", "in 100 allow tcp 49152-65535 0.0.0.0/0", MTU},
	 {"replies-dropped out 100"}},
	{"the host asks and hears",
	 false,
	 {"out 100 allow tcp 443 0.0.0.0/0", "in 100 allow tcp 32768-60999 0.0.0.0/0", MTU},
	 {0}},
	{"a subnet asks from anything",
	 true,
	 {"out 100 allow tcp 443 0.0.0.0/0", "in 100 allow tcp 49152-65535 0.0.0.0/0", MTU},
	 {0}},
	{"ping", false, {"in 100 allow icmp 8/-1 0.0.0.0/0"}, {"replies-dropped in 100"}},
	{"ping, answered",
	 false,
	 {"in 100 allow icmp 8/-1 0.0.0.0/0", "out 100 allow icmp 0/-1 0.0.0.0/0"},
	 {0}},
	{"ping over IPv6",
	 false,
	 {"in 100 allow icmpv6 128/-1 ::/0", "out 100 allow icmpv6 129/-1 ::/0"},
	 {0}},
	{"a time server and ntpd",
	 false,
	 {"in 100 allow udp 123 0.0.0.0/0", "out 100 allow udp 1024-65535 0.0.0.0/0"},
	 {"replies-dropped in 100"}},
	{"a time server for all",
	 false,
	 {"in 100 allow udp 123 0.0.0.0/0", "out 90 allow udp 123 0.0.0.0/0",
	  "out 100 allow udp 1024-65535 0.0.0.0/0", "in 110 allow udp 32768-60999 0.0.0.0/0"},
	 {0}},
	{"NFS and root",
	 false,
	 {"in 100 allow tcp 2049 10.0.0.0/8", "out 100 allow tcp 1024-65535 10.0.0.0/8"},
	 {"replies-dropped in 100"}},
	{"IKE is fixed on both ends",
	 false,
	 {"in 100 allow udp 500 198.51.100.7/32", "out 100 allow udp 500 198.51.100.7/32"},
	 {0}},
	{"IKE without its answers",
	 false,
	 {"in 100 allow udp 500 198.51.100.7/32"},
	 {"replies-dropped in 100"}},
	{"shadowed by one",
	 false,
	 {"in 100 deny tcp all 0.0.0.0/0", "in 110 deny tcp 22 10.0.0.0/8"},
	 {"shadowed-rule in 110"}},
	{"shadowed by two together",
	 false,
	 {"in 100 deny tcp 0-30000 0.0.0.0/0", "in 110 deny tcp 30001-65535 0.0.0.0/0",
	  "in 120 deny tcp 29000-31000 0.0.0.0/0"},
	 {"shadowed-rule in 120"}},
	{"not quite shadowed: one port is left",
	 false,
	 {"in 100 deny tcp 0-30000 0.0.0.0/0", "in 110 deny tcp 30002-65535 0.0.0.0/0",
	  "in 120 deny tcp 29000-31000 0.0.0.0/0"},
	 {0}},
	{"not shadowed: fragments are left",
	 false,
	 {"in 100 deny tcp 0-30000 0.0.0.0/0", "in 110 deny tcp 30001-65535 0.0.0.0/0",
	  "in 120 deny tcp all 0.0.0.0/0"},
	 {0}},
	{"an allow empties a deny",
	 false,
	 {"in 100 allow icmp 3/4 0.0.0.0/0", "in 110 deny icmp 3/4 10.0.0.0/8"},
	 {"emptied-deny in 110"}},
	{"a deny in its place",
	 false,
	 {"in 90 deny icmp 3/4 10.0.0.0/8", "in 100 allow icmp 3/4 0.0.0.0/0"},
	 {0}},
	{"IPv4 alone, where the list speaks both",
	 false,
	 {"in 100 allow icmp 8/-1 0.0.0.0/0", "out 100 allow icmp 0/-1 0.0.0.0/0",
	  "in 110 allow icmpv6 2/-1 ::/0"},
	 {"no-ipv6-twin in 100", "no-ipv6-twin out 100"}},
	{"denied over IPv4 alone",
	 false,
	 {"in 100 deny udp 53 0.0.0.0/0", "in 110 allow 47 - 0.0.0.0/0", "in 120 allow all - ::/0",
	  "out 100 allow all - ::/0", "out 110 allow 47 - 0.0.0.0/0"},
	 {"no-ipv6-twin in 100", "public-admin-port in 120"}},
	{"path MTU",
	 false,
	 {"in 100 allow tcp 443 0.0.0.0/0", "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {"path-mtu in 100"}},
	{"path MTU of a private network",
	 false,
	 {"in 100 allow tcp 443 10.0.0.0/8", "out 100 allow tcp 1024-65535 10.0.0.0/8"},
	 {0}},
	{"ssh for everyone",
	 false,
	 {"in 100 allow tcp 22 0.0.0.0/0", MTU, "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {"public-admin-port in 100"}},
	{"ssh for some",
	 false,
	 {"in 100 allow tcp 22 203.0.113.0/24", MTU, "out 100 allow tcp 1024-65535 203.0.113.0/24"},
	 {0}},
	{"ssh for everyone, denied before",
	 false,
	 {"in 90 deny tcp 22 0.0.0.0/0", "in 100 allow tcp 20-80 0.0.0.0/0", MTU,
	  "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {0}},
	{"wide reply range",
	 false,
	 {"out 100 allow tcp 443 0.0.0.0/0", "in 100 allow tcp 1024-65535 0.0.0.0/0", MTU},
	 {"wide-reply-range in 100"}},
	{"remote desktop for everyone",
	 false,
	 {"in 100 allow tcp 3389 0.0.0.0/0", MTU, "out 100 allow tcp 1024-65535 0.0.0.0/0"},
	 {"public-admin-port in 100"}},
	{"wide reply range of a subnet",
	 true,
	 {"out 100 allow udp 53 0.0.0.0/0", "in 100 allow udp 1024-65535 0.0.0.0/0", MTU},
	 {0}},
	{"TFTP",
	 false,
	 {"in 100 allow udp 69 10.0.0.0/8", "out 100 allow udp 1024-65535 10.0.0.0/8"},
	 {"second-port in 100"}},
	{"TFTP with its second port",
	 false,
	 {"in 100 allow udp 69 10.0.0.0/8", "in 110 allow udp 32768-60999 10.0.0.0/8",
	  "out 100 allow udp 1024-65535 10.0.0.0/8"},
	 {0}},
	{"FTP",
	 true,
	 {"out 100 allow tcp 21 10.0.0.0/8", "in 100 allow tcp 1024-65535 10.0.0.0/8"},
	 {"second-port out 100"}},
};

static void add_rule(struct acl *acl, const char *text)
{
	struct rule rule = {.icmp_type = RULE_ANY, .icmp_code = RULE_ANY};
	char way[8], action[8], protocol[8], what[16], prefix[PREFIX_STRLEN];
	unsigned int number, first, last;
	int parsed, type, code;

	assert_int_equal(sscanf(text, "%7s %u %7s %7s %15s %49s", way, &number, action, protocol,
				what, prefix),
			 6);
	rule.number = (uint16_t)number;
	rule.action = strcmp(action, "allow") == 0;
	assert_true(protocol_parse(protocol, &parsed));
	rule.protocol = (int16_t)parsed;
	assert_int_equal(prefix_parse(prefix, &rule.prefix, NULL), PREFIX_OK);
	if (sscanf(what, "%d/%d", &type, &code) == 2) {
		rule.icmp_type = (int16_t)type;
		rule.icmp_code = (int16_t)code;
	} else if (strcmp(what, "all") == 0) {
		rule.port_last = UINT16_MAX;
	} else if (sscanf(what, "%u-%u", &first, &last) == 2) {
		rule.port_first = (uint16_t)first;
		rule.port_last = (uint16_t)last;
	} else if (sscanf(what, "%u", &first) == 1) {
		rule.port_first = rule.port_last = (uint16_t)first;
	}
	assert_null(rule_invalid(&rule));
	assert_int_equal(acl_add_rule(acl, strcmp(way, "in") == 0 ? INBOUND : OUTBOUND, &rule), 0);
}

static struct policy *make_policy(const struct lint_case *c)
{
	struct policy *policy = policy_new();
	struct prefix subnet;
	struct acl *acl;

	assert_non_null(policy);
	acl = policy_add_acl(policy, "web");
	assert_non_null(acl);
	for (size_t i = 0; i < 12 && c->rules[i]; i++)
		add_rule(acl, c->rules[i]);
	assert_int_equal(prefix_parse("10.0.1.0/24", &subnet, NULL), PREFIX_OK);
	if (c->subnet)
		assert_int_equal(policy_add_subnet(policy, &subnet, 0), 0);
	else
		policy->host.acl = 0;
	assert_null(policy_finish(policy));
	return policy;
}

static void print_finding(const struct lint_finding *f, char *out, size_t size)
{
	snprintf(out, size, "%s %s %u", lint_name(f->id), f->direction == INBOUND ? "in" : "out",
		 f->rule->number);
}

/* The packet does what the finding says of it. */
static void expect_shown(const struct policy *policy, const struct lint_finding *f)
{
	const struct acl_list *lists = policy->acls[f->acl].lists;
	const struct rule *decides = acl_eval(&lists[f->direction], f->direction, &f->packet);

	switch (f->id) {
	case LINT_REPLIES_DROPPED:
	case LINT_SECOND_PORT:
	case LINT_PUBLIC_ADMIN_PORT:
	case LINT_WIDE_REPLY_RANGE:
		assert_ptr_equal(decides, f->rule);
		break;
	case LINT_PATH_MTU:
		assert_null(decides);
		break;
	case LINT_NO_IPV6_TWIN:
		assert_int_equal(decides && decides->action == ACTION_ALLOW,
				 f->rule->action == ACTION_DENY);
		break;
	default: /* another rule decides what this one matches */
		assert_true(rule_matches(f->rule, f->direction, &f->packet));
		assert_non_null(decides);
		assert_ptr_not_equal(decides, f->rule);
	}
}

/* With the suggested rule added, the finding is gone. */
static void expect_mended(struct policy *policy, const struct lint_finding *f, const char *name)
{
	unsigned int number = f->rule->number;
	struct lint lint;

	if (!f->has_fix)
		return;
	assert_null(rule_invalid(&f->fix));
	assert_int_equal(acl_add_rule(&policy->acls[f->acl], f->fix_direction, &f->fix), 0);
	assert_null(policy_finish(policy));
	assert_int_equal(lint_policy(policy, &lint), 0);
	for (size_t i = 0; i < lint.count; i++)
		if (lint.findings[i].id == f->id && lint.findings[i].direction == f->direction &&
		    lint.findings[i].rule->number == number)
			fail_msg("%s: still found: %s", name, lint.findings[i].message);
	lint_fini(&lint);
}

static void try_case(const struct lint_case *c)
{
	struct policy *policy = make_policy(c);
	struct lint lint;
	size_t expected = 0;

	assert_int_equal(lint_policy(policy, &lint), 0);
	while (expected < 4 && c->findings[expected])
		expected++;
	for (size_t i = 0; i < lint.count; i++) {
		char text[64];

		print_finding(&lint.findings[i], text, sizeof(text));
		if (i >= expected || strcmp(text, c->findings[i]) != 0)
			fail_msg("%s: unexpected %s: %s", c->name, text, lint.findings[i].message);
		expect_shown(policy, &lint.findings[i]);
		assert_true(lint.findings[i].has_fix || lint.findings[i].hint[0]);
	}
	if (lint.count < expected)
		fail_msg("%s: missing %s", c->name, c->findings[lint.count]);
	if (lint.count == 1) {
		struct lint_finding only = lint.findings[0];

		expect_mended(policy, &only, c->name);
	}
	lint_fini(&lint);
	policy_free(policy);
}

static void every_case(void **state)
{
	bool found[LINT_IDS] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		try_case(&cases[i]);
		for (int f = 0; f < 4 && cases[i].findings[f]; f++)
			for (int id = 0; id < LINT_IDS; id++)
				if (strncmp(cases[i].findings[f], lint_name((enum lint_id)id),
					    strlen(lint_name((enum lint_id)id))) == 0)
					found[id] = true;
	}
	for (int id = 0; id < LINT_IDS; id++)
		assert_true(found[id]); /* no kind without a case */
}

/* Two subnets, of which the second may ask the first, or may not. */
static size_t findings_between(bool asks)
{
	const struct lint_case public = {"", false, {"in 100 allow tcp 443 10.0.2.0/24"}, {0}};
	struct policy *policy = make_policy(&public);
	struct acl *private = policy_add_acl(policy, "private");
	struct prefix subnets[2];
	struct lint lint;
	size_t count;

	policy->host.acl = POLICY_NO_ACL;
	if (asks)
		add_rule(private, "out 100 allow tcp 443 10.0.1.0/24");
	assert_int_equal(prefix_parse("10.0.1.0/24", &subnets[0], NULL), PREFIX_OK);
	assert_int_equal(prefix_parse("10.0.2.0/24", &subnets[1], NULL), PREFIX_OK);
	assert_int_equal(policy_add_subnet(policy, &subnets[0], 0), 0);
	assert_int_equal(policy_add_subnet(policy, &subnets[1], 1), 0);
	assert_null(policy_finish(policy));
	assert_int_equal(lint_policy(policy, &lint), 0);
	count = lint.count;
	lint_fini(&lint);
	policy_free(policy);
	return count;
}

/* What cannot leave the one is no request at the other; what can hangs at both. */
static void two_subnets(void **state)
{
	(void)state;
	assert_int_equal(findings_between(false), 0);
	assert_int_equal(findings_between(true), 2);
}

static void the_table_of_clients(void **state)
{
	size_t count;
	const struct client_profile *profiles = client_profiles(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_true(profiles[i].first <= profiles[i].last && profiles[i].first > 0);
		assert_true(profiles[i].name[0] && profiles[i].source[0]);
		assert_true(profiles[i].protocols != 0);
	}
	assert_int_equal(client_main(CLIENT_LINUX)->first, 32768);
	assert_int_equal(client_main(CLIENT_LINUX)->last, 60999);
	assert_int_equal(client_main(CLIENT_DYNAMIC)->first, 49152);
	assert_int_equal(client_main(CLIENT_NAT)->first, 1024);
	assert_int_equal(client_main(CLIENT_NAT)->last, 65535);
	assert_true(client_is_reply_range(1025, 5000));
	assert_false(client_is_reply_range(8000, 9000));
	assert_false(client_is_reply_range(1023, 65535));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(two_subnets),
		cmocka_unit_test(the_table_of_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

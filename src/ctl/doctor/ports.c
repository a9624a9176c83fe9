/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do answers come back? A network ACL remembers nothing, so what the host asks (an outbound rule)
 * is answered only if an inbound rule covers the ephemeral port it asked from, which is one of the
 * running kernel's range; and what it serves (an inbound rule) only if an outbound rule covers the
 * client's, taken to be a Linux host's. Each such rule of the host's ACL is tried with the answer's
 * packet at every port where a list may change its mind.
 *
 * A rule that itself reaches into such a range is for answers, and is not tried. Where an explicit
 * deny stops a reply it is taken as intended. A finding names the rule to add.
 */
#include "ctl/doctor/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/advice.h"
#include "core/clients.h"
#include "conf/conf.h"

/* How many packets are evaluated at most: a list of thousands of rules is not tried to its end. */
#define TRIALS_MAX 200000

struct range {
	uint16_t first;
	uint16_t last;
};

/* One direction's rules against the other's. */
struct trial {
	const struct acl *acl;
	enum direction asks; /* the direction of the rules tried; answers go the other way */
	struct range range;
	unsigned int left; /* of TRIALS_MAX */
};

static enum direction other(enum direction direction)
{
	return direction == INBOUND ? OUTBOUND : INBOUND;
}

static struct range own_range(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	struct range range = {0};
	const struct client_profile *linux_default = client_main(CLIENT_LINUX);

	if (!file || fscanf(file, "%hu %hu", &range.first, &range.last) != 2)
		range = (struct range){linux_default->first, linux_default->last};
	if (file)
		fclose(file);
	return range;
}

/* Is the rule there for answers? It reaches into the range, and has no port below 1024. */
static bool serves_answers(const struct rule *rule, struct range range)
{
	return rule_has_ports(rule) && rule->port_first >= 1024 && rule->port_first <= range.last &&
	       rule->port_last >= range.first;
}

/* The answer to a packet that the rule lets pass. */
static struct packet answer_to(const struct rule *rule, const struct prefix *remote,
			       enum direction asks, uint8_t protocol, uint16_t port)
{
	struct packet packet = {.protocol = protocol,
				.l4 = PACKET_L4_PORTS,
				.len = 64,
				.hop_limit = 64,
				.sport = rule_has_ports(rule) ? rule->port_first : 443,
				.dport = port};
	struct addr local = {.family = remote->addr.family};

	/* What asks outward is answered inward: then the remote end is the source. */
	packet.src = asks == OUTBOUND ? remote->addr : local;
	packet.dst = asks == OUTBOUND ? local : remote->addr;
	return packet;
}

/* The first port of the range at which the answer meets no rule; 0: there is none. */
static uint16_t uncovered(struct trial *trial, const struct rule *rule, const struct prefix *remote,
			  uint8_t protocol)
{
	const struct acl_list *list = &trial->acl->lists[other(trial->asks)];

	for (size_t i = 0; i <= list->count * 2 && trial->left > 0; i++, trial->left--) {
		const struct rule *edge = i == 0 ? NULL : &list->rules[(i - 1) / 2];
		unsigned int port = !edge   ? trial->range.first
				    : i % 2 ? edge->port_first
					    : edge->port_last + 1U;
		struct packet packet;

		if (port < trial->range.first || port > trial->range.last)
			continue;
		packet = answer_to(rule, remote, trial->asks, protocol, (uint16_t)port);
		if (!acl_eval(list, other(trial->asks), &packet))
			return (uint16_t)port;
	}
	return 0;
}

static void print_rule(const struct rule *rule, enum direction direction, char *buf, size_t size)
{
	FILE *to = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (!to)
		return;
	conf_print_rule(rule, direction, to);
	fclose(to);
}

static void say(struct report *report, const struct trial *trial, const struct rule *rule,
		const struct prefix *remote, uint8_t protocol, uint16_t port)
{
	struct packet packet = answer_to(rule, remote, trial->asks, protocol, port);
	const char *asks = direction_name(trial->asks),
		   *answers = direction_name(other(trial->asks));
	char text[192] = "", next[320], name[PROTOCOL_STRLEN];
	struct rule missing;

	if (advice_missing_rule(&trial->acl->lists[other(trial->asks)], other(trial->asks), &packet,
				NULL, rule, &missing))
		print_rule(&missing, other(trial->asks), text, sizeof(text));
	snprintf(next, sizeof(next), "add to %s of \"%s\": %s", answers, trial->acl->name,
		 text[0] ? text : "a rule for that range");
	report_say(report, "ports", next,
		   "%s rule %u of \"%s\" allows %s, but no %s rule allows the replies to %s "
		   "ephemeral port %u (of %u-%u)",
		   asks, rule->number, trial->acl->name, protocol_print(protocol, name), answers,
		   trial->asks == OUTBOUND ? "this host's" : "a Linux client's", port,
		   trial->range.first, trial->range.last);
}

/*
 * Reports the first rule of each protocol and family that has no replies: fixing it often fixes
 * more.
 */
static void try_rules(struct report *report, struct trial *trial, uint8_t protocol,
		      enum family family)
{
	const struct acl_list *list = &trial->acl->lists[trial->asks];

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];
		size_t count;
		const struct prefix *remote = rule_prefixes(rule, &count);
		uint16_t port;

		if (rule->action != ACTION_ALLOW || count == 0 ||
		    remote->addr.family != (uint8_t)family ||
		    (rule->protocol != protocol && rule->protocol != PROTOCOL_ALL) ||
		    serves_answers(rule, trial->range))
			continue;
		port = uncovered(trial, rule, remote, protocol);
		if (port) {
			say(report, trial, rule, remote, protocol, port);
			return;
		}
	}
}

static void try_direction(struct report *report, struct trial *trial)
{
	for (int i = 0; i < 4; i++)
		try_rules(report, trial, i / 2 ? PROTOCOL_UDP : PROTOCOL_TCP,
			  i % 2 ? FAMILY_IPV6 : FAMILY_IPV4);
}

/* What stands between this host and its clients; at edges with several ACLs, none is the one. */
static uint32_t outer_acl(const struct policy *policy)
{
	return policy->host.acl != POLICY_NO_ACL ? policy->host.acl : policy->edges.only;
}

void doctor_ports(const struct facts *facts, struct report *report)
{
	const struct policy *policy = facts->policy;
	size_t before = json_array_size(report->lines);
	const struct client_profile *clients = client_main(CLIENT_LINUX);
	struct trial trial = {.left = TRIALS_MAX};

	if (!policy || outer_acl(policy) >= policy->acl_count)
		return;
	trial.acl = &policy->acls[outer_acl(policy)];
	trial.asks = OUTBOUND;
	trial.range = own_range();
	try_direction(report, &trial);
	trial.asks = INBOUND;
	trial.range = (struct range){clients->first, clients->last};
	try_direction(report, &trial);
	if (json_array_size(report->lines) == before)
		report_say(
			report, "ports", NULL,
			"replies to what \"%s\" allows are allowed: ephemeral ports are covered%s",
			trial.acl->name,
			trial.left ? "" : " (as far as tried: there are too many rules)");
}

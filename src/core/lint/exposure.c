/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is open further than it must be, and what hangs for want of one more rule.
 */
#include <stdio.h>

#include "core/clients.h"
#include "core/lint/internal.h"

#define NARROW 16 /* a rule over so many ports at most means each of them */

static bool names_port(const struct rule *rule, uint8_t protocol, uint16_t port)
{
	return rule->action == ACTION_ALLOW && rule->protocol == protocol &&
	       rule->port_last - rule->port_first < NARROW && port >= rule->port_first &&
	       port <= rule->port_last;
}

static bool covers_port(const struct rule *rule, uint8_t protocol, uint16_t port)
{
	return rule->action == ACTION_ALLOW &&
	       (rule->protocol == PROTOCOL_ALL ||
		(rule->protocol == protocol && port >= rule->port_first &&
		 port <= rule->port_last));
}

static bool is_from_everywhere(const struct rule *rule)
{
	size_t count;
	const struct prefix *prefixes = rule_prefixes(rule, &count);

	for (size_t i = 0; i < count; i++)
		if (prefixes[i].len == 0)
			return true;
	return false;
}

/* Does the rule decide this key for any public address? *remote is one. */
static bool decides_publicly(const struct lint_subject *subject, enum direction direction,
			     const struct rule *rule, uint32_t key, struct addr *remote)
{
	const struct space *map = &subject->maps->rules[direction];
	uint32_t position = (uint32_t)(rule - subject->acl->lists[direction].rules);

	for (int h = 0; h < 2; h++) {
		for (size_t i = 0; i < map->half[h].count; i++) {
			struct addr first = space_interval_first(map, h, i);
			struct addr last = space_interval_last(map, h, i);

			if (line_at(map->lines, map->half[h].at[i].line, key) != position ||
			    lint_is_private(&first, &last))
				continue;
			*remote = lint_known_address(&first, &last);
			return true;
		}
	}
	return false;
}

/* A range for replies is told of as what it is (lint_wide_range). */
static bool is_reply_range(const struct rule *rule)
{
	return rule_has_ports(rule) && client_is_reply_range(rule->port_first, rule->port_last);
}

/* True where it is told. */
static bool lint_admin_port(const struct lint_subject *subject, const struct rule *rule,
			    uint16_t port, const char *what)
{
	char text[SPACE_TERM_STRLEN];
	struct lint_finding *finding;
	struct packet packet;
	struct addr remote;

	if (!covers_port(rule, PROTOCOL_TCP, port) || is_reply_range(rule) ||
	    !is_from_everywhere(rule) ||
	    !decides_publicly(subject, INBOUND, rule, lint_key(PROTOCOL_TCP, port), &remote))
		return false;
	packet = space_packet(INBOUND, &remote, &subject->local, lint_key(PROTOCOL_TCP, port),
			      lint_key(PROTOCOL_TCP, port));
	finding = lint_add(subject, LINT_PUBLIC_ADMIN_PORT, INBOUND, rule, &packet);
	if (!finding)
		return true;
	snprintf(finding->message, sizeof(finding->message),
		 "inbound rule %u (allow %s) opens %s (tcp %u) to everyone", rule->number,
		 lint_rule_print(rule, INBOUND, text), what, port);
	snprintf(finding->hint, sizeof(finding->hint), "name the network you come from");
	return true;
}

/* A host's own clients take Linux's range: what is open below it serves no reply. */
static void lint_wide_range(const struct lint_subject *subject, const struct rule *rule)
{
	const struct client_profile *own = client_main(CLIENT_LINUX);
	char text[SPACE_TERM_STRLEN];
	struct lint_finding *finding;
	struct packet packet;
	struct addr remote;
	uint32_t key;

	if (!subject->host || rule->action != ACTION_ALLOW || !is_reply_range(rule) ||
	    rule->port_first >= own->first || rule->port_last < own->first ||
	    !is_from_everywhere(rule))
		return;
	key = lint_key((uint8_t)rule->protocol, rule->port_first);
	if (!decides_publicly(subject, INBOUND, rule, key, &remote))
		return;
	packet = space_packet(INBOUND, &remote, &subject->local, key, key);
	finding = lint_add(subject, LINT_WIDE_REPLY_RANGE, INBOUND, rule, &packet);
	if (!finding)
		return;
	snprintf(finding->message, sizeof(finding->message),
		 "inbound rule %u (allow %s) is wider than this host's own clients need: they ask "
		 "from %u-%u",
		 rule->number, lint_rule_print(rule, INBOUND, text), own->first, own->last);
	snprintf(finding->hint, sizeof(finding->hint),
		 "write ports = \"%u-%u\", unless sysctl net.ipv4.ip_local_port_range differs or a "
		 "resolver of your own (unbound, pdns-recursor) asks from 1024 up",
		 own->first, own->last);
}

/* Of these ports, in the same direction, at the address of the packet: are any open, or all? */
static uint32_t open_ports(const struct lint_subject *subject, enum direction direction,
			   const struct packet *packet, uint16_t first, uint16_t last)
{
	const struct space *allowed = &subject->maps->allowed[direction];
	const struct addr *remote = space_remote(direction, packet);
	line_ref line =
		allowed->half[space_half_of(remote->family)].at[space_find(allowed, remote)].line;

	return line_count(allowed->lines, line, lint_key(packet->protocol, first),
			  lint_key(packet->protocol, last));
}

static void report_second(const struct lint_subject *subject, enum direction direction,
			  const struct rule *rule, const struct packet *packet, bool tftp)
{
	struct lint_finding *finding = lint_add(subject, LINT_SECOND_PORT, direction, rule, packet);
	bool in = direction == INBOUND;
	char text[SPACE_TERM_STRLEN];

	if (!finding)
		return;
	snprintf(finding->message, sizeof(finding->message),
		 "%s rule %u (allow %s) lets %s begin and no more: %s", direction_name(direction),
		 rule->number, lint_rule_print(rule, direction, text), tftp ? "TFTP" : "FTP",
		 tftp ? "the server answers from a new port, and acknowledgements go to that"
		      : "files go over a second connection, to a port that the server names");
	snprintf(finding->hint, sizeof(finding->hint),
		 tftp ? "add an %s rule for udp 32768-60999, where the server's new port is"
		 : in ? "set the server's passive ports (vsftpd: pasv_min_port) and add an %s "
			"rule for them"
		      : "add an %s rule for tcp 1024-65535 to these servers, for passive FTP",
		 direction_name(direction));
}

/* TFTP (RFC 1350) and FTP (RFC 959) go on at a port of the server's choice. */
static void lint_second(const struct lint_subject *subject, enum direction direction,
			const struct rule *rule, bool tftp)
{
	uint8_t protocol = tftp ? PROTOCOL_UDP : PROTOCOL_TCP;
	uint32_t key = lint_key(protocol, tftp ? 69 : 21), open;
	size_t count;
	const struct prefix *prefixes = rule_prefixes(rule, &count);
	struct packet packet;

	if (!names_port(rule, protocol, tftp ? 69 : 21) || count == 0)
		return;
	packet = space_packet(direction, &prefixes[0].addr, &subject->local, key, key);
	if (acl_eval(&subject->acl->lists[direction], direction, &packet) != rule)
		return;
	if (tftp)
		open = open_ports(subject, direction, &packet, 32768, 60999) == 60999 - 32768 + 1;
	else
		open = open_ports(subject, direction, &packet, 1024, UINT16_MAX) +
		       (direction == INBOUND ? open_ports(subject, direction, &packet, 20, 20) : 0);
	if (open == 0)
		report_second(subject, direction, rule, &packet, tftp);
}

/* "Fragmentation needed" (RFC 1191), "packet too big" (RFC 8201): from any router on the path. */
static uint32_t too_big_key(uint8_t family)
{
	return family == FAMILY_IPV4 ? lint_key(PROTOCOL_ICMP, 3 << 8 | 4)
				     : lint_key(PROTOCOL_ICMPV6, 2 << 8);
}

/* The first allow rule that decides any TCP here; NULL: none. */
struct first_tcp {
	const struct acl_list *list;
	const struct rule *rule;
};

static bool note_tcp(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct first_tcp *tcp = context;

	if (first > lint_key(PROTOCOL_TCP, UINT16_MAX))
		return false;
	if (last < lint_key(PROTOCOL_TCP, 0) || value == LINE_NONE ||
	    tcp->list->rules[value].action != ACTION_ALLOW)
		return true;
	if (!tcp->rule || tcp->rule->number > tcp->list->rules[value].number)
		tcp->rule = &tcp->list->rules[value];
	return true;
}

static void report_mtu(const struct lint_subject *subject, const struct rule *rule,
		       const struct addr *remote)
{
	bool v4 = remote->family == FAMILY_IPV4;
	uint32_t key = too_big_key(remote->family);
	struct packet packet = space_packet(INBOUND, remote, &subject->local, key, key);
	struct lint_finding *finding = lint_add(subject, LINT_PATH_MTU, INBOUND, rule, &packet);
	const struct acl_list *list = &subject->acl->lists[INBOUND];
	char text[SPACE_TERM_STRLEN];

	if (!finding)
		return;
	snprintf(
		finding->message, sizeof(finding->message),
		"inbound rule %u (allow %s) lets TCP through, and no rule lets in the messages that "
		"a packet was too big (%s)",
		rule->number, lint_rule_print(rule, INBOUND, text),
		v4 ? "ICMP type 3 code 4" : "ICMPv6 type 2");
	finding->fix = (struct rule){
		.action = ACTION_ALLOW,
		.protocol = v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6,
		.icmp_type = v4 ? 3 : 2,
		.icmp_code = v4 ? 4 : RULE_ANY,
		.prefix.addr.family = remote->family,
		.number = list->rules[list->count - 1].number,
	};
	finding->fix_direction = INBOUND;
	finding->has_fix = finding->fix.number + 10 <= RULE_NUMBER_MAX;
	finding->fix.number = (uint16_t)(finding->fix.number + 10);
}

/* The first stretch of public addresses where TCP passes and "too big" meets no rule. */
static void lint_mtu(const struct lint_subject *subject, int half)
{
	const struct space *map = &subject->maps->rules[INBOUND];
	uint32_t key = too_big_key(space_family(half));

	for (size_t i = 0; i < map->half[half].count; i++) {
		struct first_tcp tcp = {.list = &subject->acl->lists[INBOUND]};
		struct addr first = space_interval_first(map, half, i);
		struct addr last = space_interval_last(map, half, i);

		if (lint_is_private(&first, &last) ||
		    line_at(map->lines, map->half[half].at[i].line, key) != LINE_NONE)
			continue;
		line_runs(map->lines, map->half[half].at[i].line, note_tcp, &tcp);
		if (!tcp.rule)
			continue;
		first = lint_known_address(&first, &last);
		report_mtu(subject, tcp.rule, &first);
		return;
	}
}

void lint_exposure(const struct lint_subject *subject, enum direction direction)
{
	const struct acl_list *list = &subject->acl->lists[direction];

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		if (!subject->maps->decides[direction][i])
			continue;
		lint_second(subject, direction, rule, true);
		lint_second(subject, direction, rule, false);
		if (direction == OUTBOUND)
			continue;
		if (!lint_admin_port(subject, rule, 22, "ssh"))
			lint_admin_port(subject, rule, 3389, "remote desktop");
		lint_wide_range(subject, rule);
	}
	if (direction == INBOUND) {
		lint_mtu(subject, 0);
		lint_mtu(subject, 1);
	}
}

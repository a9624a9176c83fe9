/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that do nothing: shadowed by others, or spoken for one family only.
 *
 * The map of a list knows every rule that decides anything. For one that does not, the rules that
 * decide in its place are found by looking at its own addresses and keys in the map; together they
 * shadow it, even where none of them does alone.
 */
#include <stdio.h>
#include <string.h>

#include "core/lint/internal.h"

#define STRETCHES_MAX 4096 /* intervals of addresses looked at for one rule */

/* The rules that decide where the one in hand would. */
struct shadow {
	const struct acl_list *list;
	const struct rule *others[LINT_OTHERS_MAX];
	size_t count;
	bool more;
	bool allows; /* one of them lets pass */
	uint32_t first;
	uint32_t last; /* keys of the rule in hand */
};

static bool note_winner(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct shadow *shadow = context;
	const struct rule *rule;

	if (last < shadow->first || value == LINE_NONE)
		return true;
	if (first > shadow->last)
		return false;
	rule = &shadow->list->rules[value];
	shadow->allows = shadow->allows || rule->action == ACTION_ALLOW;
	for (size_t i = 0; i < shadow->count; i++)
		if (shadow->others[i] == rule)
			return true;
	if (shadow->count == LINT_OTHERS_MAX)
		shadow->more = true;
	else
		shadow->others[shadow->count++] = rule;
	return true;
}

static bool is_behind(const struct addr *a, const struct addr *last)
{
	return a->hi > last->hi || (a->hi == last->hi && a->lo > last->lo);
}

/* False where there are no keys, or nothing to say of them: a packet, and who decides it. */
static bool find_shadow(const struct lint_subject *subject, enum direction direction,
			const struct rule *rule, struct shadow *shadow, struct packet *packet)
{
	const struct space *map = &subject->maps->rules[direction];
	size_t count, looked = 0;
	const struct prefix *prefixes = rule_prefixes(rule, &count);
	bool any = false;

	for (size_t p = 0; p < count && looked < STRETCHES_MAX; p++) {
		int half = space_half_of(prefixes[p].addr.family);
		size_t i = space_find(map, &prefixes[p].addr);

		if (!space_rule_keys(rule, prefixes[p].addr.family, &shadow->first, &shadow->last))
			continue;
		if (!any)
			*packet = space_packet(direction, &prefixes[p].addr, &subject->local,
					       shadow->first, shadow->last);
		any = true;
		for (; i < map->half[half].count && looked < STRETCHES_MAX; i++, looked++) {
			struct addr first = space_interval_first(map, half, i);

			if (!prefix_contains(&prefixes[p], &first) &&
			    is_behind(&first, &prefixes[p].addr))
				break;
			line_runs(map->lines, map->half[half].at[i].line, note_winner, shadow);
		}
	}
	return any && shadow->count > 0;
}

/* Ascending, for people. */
static void sort_others(struct shadow *shadow)
{
	for (size_t i = 1; i < shadow->count; i++) {
		const struct rule *moving = shadow->others[i];
		size_t to = i;

		for (; to > 0 && shadow->others[to - 1]->number > moving->number; to--)
			shadow->others[to] = shadow->others[to - 1];
		shadow->others[to] = moving;
	}
}

/* "rule 100", "rules 100, 110 and 120", "rules 1, 2 and more". */
static void name_others(const struct shadow *shadow, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "rule%s", shadow->count > 1 ? "s" : "");

	for (size_t i = 0; i < shadow->count && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%u",
					i == 0                                    ? " "
					: i + 1 == shadow->count && !shadow->more ? " and "
										  : ", ",
					shadow->others[i]->number);
	if (shadow->more && len < size)
		snprintf(out + len, size - len, " and more");
}

static void report_shadow(const struct lint_subject *subject, enum direction direction,
			  const struct rule *rule)
{
	struct shadow shadow = {.list = &subject->acl->lists[direction]};
	char others[96], text[SPACE_TERM_STRLEN];
	struct lint_finding *finding;
	struct packet packet;
	bool emptied;

	if (!find_shadow(subject, direction, rule, &shadow, &packet))
		return;
	sort_others(&shadow);
	emptied = rule->action == ACTION_DENY && shadow.allows;
	finding = lint_add(subject, emptied ? LINT_EMPTIED_DENY : LINT_SHADOWED_RULE, direction,
			   rule, &packet);
	if (!finding)
		return;
	memcpy(finding->others, shadow.others, sizeof(finding->others));
	finding->other_count = shadow.count;
	name_others(&shadow, others, sizeof(others));
	snprintf(finding->message, sizeof(finding->message),
		 "%s rule %u (%s %s) never decides: %s match%s all of it first",
		 direction_name(direction), rule->number, action_name(rule->action),
		 lint_rule_print(rule, direction, text), others, shadow.count > 1 ? "" : "es");
	if (shadow.others[0]->number > RULE_NUMBER_MIN)
		snprintf(finding->hint, sizeof(finding->hint), "%sgive it a number below %u",
			 emptied ? "" : "remove it, or ", shadow.others[0]->number);
}

void lint_rules(const struct lint_subject *subject, enum direction direction)
{
	const struct acl_list *list = &subject->acl->lists[direction];

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		if (subject->maps->decides[direction][i])
			continue;
		if (!lint_is_full(subject, LINT_SHADOWED_RULE))
			report_shadow(subject, direction, rule);
	}
}

/* The keys of the same meaning over IPv6; false where there is none. */
static bool ipv6_keys(const struct rule *rule, uint32_t *first, uint32_t *last)
{
	uint32_t l4;

	if (rule->protocol != PROTOCOL_ICMP)
		return rule->protocol != PROTOCOL_ICMPV6 &&
		       space_rule_keys(rule, FAMILY_IPV6, first, last);
	if (rule->icmp_type == 8 || rule->icmp_type == 0)
		l4 = rule->icmp_type == 8 ? 128 << 8 : 129 << 8; /* echo, RFC 4443 */
	else if (rule->icmp_type == 3 && rule->icmp_code == 4)
		l4 = 2 << 8; /* packet too big */
	else
		return false;
	*first = *last = lint_key(PROTOCOL_ICMPV6, l4);
	return true;
}

static bool speaks_ipv6(const struct lint_subject *subject)
{
	for (int d = INBOUND; d <= OUTBOUND; d++) {
		const struct space_half *half = &subject->maps->allowed[d].half[1];

		if (half->count > 1 || half->at[0].line != LINE_NO)
			return true;
	}
	return false;
}

/* What IPv6 addresses may do: some of them, or all of them. */
static line_ref ipv6_line(const struct lint_subject *subject, enum direction direction,
			  enum line_op op)
{
	const struct space_half *half = &subject->maps->allowed[direction].half[1];
	line_ref line = half->at[0].line;

	for (size_t i = 1; i < half->count; i++)
		line = line_apply(subject->run->lines, op, line, half->at[i].line);
	return line;
}

static void report_twin(const struct lint_subject *subject, enum direction direction,
			const struct rule *rule, uint32_t first, uint32_t last)
{
	struct addr remote = {.hi = UINT64_C(0x20010db8) << 32 | 9, .lo = 1, .family = FAMILY_IPV6};
	struct packet packet = space_packet(direction, &remote, NULL, first, last);
	struct lint_finding *finding =
		lint_add(subject, LINT_NO_IPV6_TWIN, direction, rule, &packet);
	char text[SPACE_TERM_STRLEN];

	if (!finding)
		return;
	snprintf(finding->message, sizeof(finding->message),
		 "%s rule %u (%s %s) has no counterpart over IPv6: there %s",
		 direction_name(direction), rule->number, action_name(rule->action),
		 lint_rule_print(rule, direction, text),
		 rule->action == ACTION_ALLOW ? "nothing of it passes" : "all of it passes");
	snprintf(finding->hint, sizeof(finding->hint), "add the same rule for ::/0%s",
		 rule->protocol == PROTOCOL_ICMP ? ", with protocol \"icmpv6\" and its type" : "");
}

void lint_twins(const struct lint_subject *subject, enum direction direction)
{
	const struct acl_list *list = &subject->acl->lists[direction];
	line_ref some, all;

	if (!speaks_ipv6(subject))
		return;
	some = ipv6_line(subject, direction, LINE_OR);
	all = ipv6_line(subject, direction, LINE_AND);
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];
		uint32_t first, last, keys;

		if (rule->set || rule->prefix.addr.family != FAMILY_IPV4 || rule->prefix.len != 0 ||
		    !subject->maps->decides[direction][i] || !ipv6_keys(rule, &first, &last))
			continue;
		keys = last - first + 1;
		if (rule->action == ACTION_ALLOW
			    ? line_count(subject->run->lines, some, first, last) == 0
			    : line_count(subject->run->lines, all, first, last) == keys)
			report_twin(subject, direction, rule, first, last);
	}
}

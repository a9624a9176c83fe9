/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one list to another, one entry at a time.
 *
 * Let O be the old list and N the new one, and o and n the first rules of each that match some
 * packet (`*` matches last). In a list that holds rules of both, the first match decides, so the
 * packet is judged by o or n as long as nothing else of either list comes before them:
 *
 *   - Rules of N are created in ascending order, beside all of O. If n is not there yet, no other
 *     rule of N that is there matches: it would have a smaller number than n. So o or n decides.
 *   - Rules of O are deleted in descending order, beside all of N. If o is gone, so is every rule
 *     of O behind it. So n decides, or o.
 *
 * A number that has different rules in the two lists is replaced in one call. Where the new rule
 * covers what the old one matched, the replacement may stand among the creations: a packet of the
 * old rule is one of the new rule, so it has n at this number or before. Where the old rule covers
 * the new one, it may stand among the deletions, by the same argument backwards. Where neither
 * covers the other, old rules are first copied to free numbers in front: the rule itself, and those
 * that stand right before it without a number between (100, 101, 102). From then on the copies are
 * what there is of O, the originals behind them match nothing that is not decided already, and
 * every number of the run is a creation. The copies are deleted last. Where there are too few free
 * numbers in front there is no such order, and the step says so.
 */
#include "interop/export/transition.h"

#include <errno.h>
#include <string.h>

struct merge {
	const struct nacl_entry *olds[RULE_NUMBER_MAX + 1], *news[RULE_NUMBER_MAX + 1];
	struct nacl_entry copies[RULE_NUMBER_MAX + 1]; /* at their temporary numbers */
	bool copied[RULE_NUMBER_MAX + 1];
	bool sheltered[RULE_NUMBER_MAX + 1]; /* in a run whose old rules have copies */
	struct nacl_step *steps;
	size_t count;
};

static bool covers_transport(const struct rule *wide, const struct rule *narrow)
{
	if (wide->protocol == PROTOCOL_ALL)
		return true;
	if (wide->protocol != narrow->protocol)
		return false;
	if (rule_has_ports(wide))
		return wide->port_first <= narrow->port_first &&
		       wide->port_last >= narrow->port_last;
	if (!rule_has_icmp(wide) || wide->icmp_type == RULE_ANY)
		return true;
	return wide->icmp_type == narrow->icmp_type &&
	       (wide->icmp_code == RULE_ANY || wide->icmp_code == narrow->icmp_code);
}

static bool covers(const struct rule *wide, const struct rule *narrow)
{
	return prefix_covers(&wide->prefix, &narrow->prefix) && covers_transport(wide, narrow);
}

static bool differs(const struct merge *m, int number)
{
	return m->olds[number] && m->news[number] &&
	       !rule_same(&m->olds[number]->rule, &m->news[number]->rule);
}

static bool is_used(const struct merge *m, int number)
{
	return m->olds[number] || m->news[number] || m->copied[number];
}

static void add_step(struct merge *m, enum nacl_step_kind kind, const struct nacl_entry *entry)
{
	m->steps[m->count++] = (struct nacl_step){.kind = (uint8_t)kind, .entry = *entry};
}

static bool narrows(const struct merge *m, int number)
{
	const struct rule *old = &m->olds[number]->rule, *new = &m->news[number]->rule;

	return covers(old, new) && !covers(new, old);
}

static bool widens(const struct merge *m, int number)
{
	return covers(&m->news[number]->rule, &m->olds[number]->rule);
}

static bool needs_copy(const struct merge *m, int number)
{
	return differs(m, number) && !narrows(m, number) && !widens(m, number);
}

/* Copies what O has from `first` to `last`, a run of numbers in use, to the numbers before it. */
static void shelter(struct merge *m, int first, int last)
{
	int wanted = 0, at = first;

	for (int i = first; i <= last; i++)
		wanted += m->olds[i] != NULL;
	while (at > RULE_NUMBER_MIN && first - at < wanted && !is_used(m, at - 1))
		at--;
	if (first - at < wanted)
		return;
	for (int i = first; i <= last; i++) {
		m->sheltered[i] = true;
		if (!m->olds[i])
			continue;
		m->copies[at] = *m->olds[i];
		m->copies[at].rule.number = (uint16_t)at;
		m->copied[at] = true;
		add_step(m, NACL_CREATE, &m->copies[at++]);
		m->steps[m->count - 1].temporary = true;
	}
}

static void shelter_all(struct merge *m)
{
	int first = 0, last = 0; /* of the run; last: the last of it that needs a copy */

	for (int i = RULE_NUMBER_MIN; i <= RULE_NUMBER_MAX; i++) {
		if (!m->olds[i] && !m->news[i]) {
			if (last)
				shelter(m, first, last);
			first = last = 0;
			continue;
		}
		first = first ? first : i;
		if (needs_copy(m, i))
			last = i;
	}
	if (last)
		shelter(m, first, last);
}

static void ascend(struct merge *m)
{
	for (int i = RULE_NUMBER_MIN; i <= RULE_NUMBER_MAX; i++) {
		if (m->news[i] && !m->olds[i]) {
			add_step(m, NACL_CREATE, m->news[i]);
		} else if (differs(m, i) && (m->sheltered[i] || !narrows(m, i))) {
			add_step(m, NACL_REPLACE, m->news[i]);
			m->steps[m->count - 1].unsheltered = !widens(m, i) && !m->sheltered[i];
		}
	}
}

static void descend(struct merge *m)
{
	for (int i = RULE_NUMBER_MAX; i >= RULE_NUMBER_MIN; i--) {
		if (m->copied[i]) {
			add_step(m, NACL_DELETE, &m->copies[i]);
			m->steps[m->count - 1].temporary = true;
		} else if (m->olds[i] && !m->news[i]) {
			add_step(m, NACL_DELETE, m->olds[i]);
		} else if (differs(m, i) && narrows(m, i) && !m->sheltered[i]) {
			add_step(m, NACL_REPLACE, m->news[i]);
		}
	}
}

static void index_entries(const struct nacl_acl *acl, enum direction direction,
			  const struct nacl_entry **by_number)
{
	for (size_t i = 0; i < acl->entry_count; i++)
		if (acl->entries[i].direction == direction)
			by_number[acl->entries[i].rule.number] = &acl->entries[i];
}

int nacl_transition(struct arena *arena, const struct nacl_acl *from, const struct nacl_acl *to,
		    enum direction direction, struct nacl_step **steps, size_t *count)
{
	struct merge *m = arena_alloc(arena, sizeof(*m));

	if (!m)
		return -ENOMEM;
	/* Each number of either list is at most a copy made, a replacement and a copy removed. */
	m->steps = arena_alloc(arena,
			       (from->entry_count + to->entry_count + 1) * 3 * sizeof(*m->steps));
	if (!m->steps)
		return -ENOMEM;
	index_entries(from, direction, m->olds);
	index_entries(to, direction, m->news);
	shelter_all(m);
	ascend(m);
	descend(m);
	*steps = m->steps;
	*count = m->count;
	return 0;
}

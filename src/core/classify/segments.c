/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line of keys: where a rule lies on it, and the painting and merging of lines.
 *
 * Painting goes in rule order and never paints over: the union-find `next` leads from any piece of
 * the line to the next one without a winner, so that each piece is painted once however the rules
 * overlap. No two neighbouring segments of a line have the same winner.
 *
 * line_span must say of keys what compare_transport in rule.c says of packets.
 */
#include "core/classify/segments.h"

#include <errno.h>
#include <stdlib.h>

struct span {
	uint32_t first;
	uint32_t end; /* exclusive */
};

/* ICMPv6 to an IPv4 address matches every type (rule.c). */
static bool looks_at_type(const struct rule *rule, enum family family)
{
	if (rule->icmp_type == RULE_ANY)
		return false;
	return rule->protocol == PROTOCOL_ICMP ||
	       (rule->protocol == PROTOCOL_ICMPV6 && family == FAMILY_IPV6);
}

static bool looks_at_port(const struct rule *rule)
{
	return rule_has_ports(rule) && (rule->port_first != 0 || rule->port_last != UINT16_MAX);
}

static struct span line_span(const struct rule *rule, enum family family)
{
	uint32_t base = (uint32_t)rule->protocol << KEY_SHIFT;

	if (rule->protocol == PROTOCOL_ALL)
		return (struct span){0, KEY_END};
	if (looks_at_port(rule))
		return (struct span){base + rule->port_first, base + rule->port_last + 1};
	if (looks_at_type(rule, family)) {
		base += (uint32_t)rule->icmp_type << 8;
		if (rule->icmp_code == RULE_ANY)
			return (struct span){base, base + 256};
		base += (uint32_t)rule->icmp_code;
		return (struct span){base, base + 1};
	}
	return (struct span){base, base + (UINT32_C(1) << KEY_SHIFT)};
}

int painter_init(struct painter *painter, size_t rules)
{
	painter->cuts = malloc((2 * rules + 1) * sizeof(*painter->cuts));
	painter->next = malloc((2 * rules + 2) * sizeof(*painter->next));
	painter->winners = malloc((2 * rules + 1) * sizeof(*painter->winners));
	if (painter->cuts && painter->next && painter->winners)
		return 0;
	painter_fini(painter);
	return -ENOMEM;
}

void painter_fini(struct painter *painter)
{
	free(painter->cuts);
	free(painter->next);
	free(painter->winners);
	*painter = (struct painter){0};
}

/* Appends a segment, unless the one before has the same winner. */
static size_t append(struct segment *out, size_t count, uint32_t start, uint16_t winner)
{
	if (count > 0 && out[count - 1].winner == winner)
		return count;
	out[count] = (struct segment){start, winner};
	return count + 1;
}

static int by_value(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* 0 and every start and end of the rules, ascending and once each. */
static uint32_t collect_cuts(uint32_t *cuts, const struct rule *rules, enum family family,
			     const uint16_t *order, size_t count)
{
	uint32_t n = 0, unique = 1;

	cuts[n++] = 0;
	for (size_t i = 0; i < count; i++) {
		struct span span = line_span(&rules[order[i]], family);

		cuts[n++] = span.first;
		if (span.end < KEY_END)
			cuts[n++] = span.end;
	}
	qsort(cuts, n, sizeof(*cuts), by_value);
	for (uint32_t i = 1; i < n; i++)
		if (cuts[i] != cuts[unique - 1])
			cuts[unique++] = cuts[i];
	return unique;
}

static uint32_t find_cut(const uint32_t *cuts, uint32_t n, uint32_t value)
{
	uint32_t low = 0;

	while (n > 1) {
		uint32_t half = n / 2;

		low += cuts[low + half] <= value ? half : 0;
		n -= half;
	}
	return low;
}

/* The first piece from i on that has no winner yet. */
static uint32_t unpainted(uint32_t *next, uint32_t i)
{
	while (next[i] != i) {
		next[i] = next[next[i]];
		i = next[i];
	}
	return i;
}

/* One rule: at most three segments, and most prefixes of a blocklist have no more. */
static size_t paint_one(struct span span, uint16_t winner, struct segment *out)
{
	size_t n = 0;

	if (span.first > 0)
		out[n++] = (struct segment){0, CLASSIFY_NONE};
	out[n++] = (struct segment){span.first, winner};
	if (span.end < KEY_END)
		out[n++] = (struct segment){span.end, CLASSIFY_NONE};
	return n;
}

size_t segments_paint(struct painter *painter, const struct rule *rules, enum family family,
		      const uint16_t *order, size_t count, struct segment *out)
{
	uint32_t *cuts = painter->cuts, *next = painter->next, pieces;
	size_t n = 0;

	if (count == 1)
		return paint_one(line_span(&rules[order[0]], family), order[0], out);
	pieces = collect_cuts(cuts, rules, family, order, count);
	for (uint32_t i = 0; i <= pieces; i++)
		next[i] = i;
	for (uint32_t i = 0; i < pieces; i++)
		painter->winners[i] = CLASSIFY_NONE;
	for (size_t r = 0; r < count; r++) {
		struct span span = line_span(&rules[order[r]], family);
		uint32_t i = unpainted(next, find_cut(cuts, pieces, span.first));

		for (; i < pieces && cuts[i] < span.end; i = unpainted(next, i)) {
			painter->winners[i] = order[r];
			next[i] = i + 1;
		}
	}
	for (uint32_t i = 0; i < pieces; i++)
		n = append(out, n, cuts[i], painter->winners[i]);
	return n;
}

/* Where every key above has a winner up to `ceiling`, it takes an earlier rule to win. */
static uint16_t lowered(uint16_t winner, uint16_t ceiling)
{
	return winner >= ceiling ? CLASSIFY_NONE : winner;
}

size_t segments_merge(const struct segment *own, size_t own_count, const struct segment *above,
		      size_t above_count, uint16_t ceiling, size_t limit, struct segment *out,
		      bool *own_wins)
{
	size_t i = 0, j = 0, n = 0, steps = line_merge_steps(limit);
	uint32_t start = 0;

	*own_wins = false;
	while (start < KEY_END) {
		uint16_t mine = lowered(own[i].winner, ceiling);
		uint16_t winner = mine < above[j].winner ? mine : above[j].winner;
		uint32_t own_end = i + 1 < own_count ? own[i + 1].start : KEY_END;
		uint32_t above_end = j + 1 < above_count ? above[j + 1].start : KEY_END;

		if (steps-- == 0 || (n == limit && out[n - 1].winner != winner))
			return 0;
		*own_wins = *own_wins || mine < above[j].winner;
		n = append(out, n, start, winner);
		start = own_end < above_end ? own_end : above_end;
		i += own_end == start;
		j += above_end == start;
	}
	return n;
}

size_t segments_lower(const struct segment *own, size_t own_count, uint16_t ceiling,
		      struct segment *out)
{
	size_t n = 0;

	for (size_t i = 0; i < own_count; i++)
		n = append(out, n, own[i].start, lowered(own[i].winner, ceiling));
	return n;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of packets as a partition of the remote addresses, and a line of keys for each part.
 *
 * Rules name prefixes, and prefixes nest, so that addresses fall into at most 2 * E + 1 intervals
 * in which all addresses are treated alike. What a list does with one of them is a line. Lines are
 * shared (line.c): the 100,000 prefixes of a blocklist mostly have one line between them, and where
 * a prefix adds a rule to what is around it, the new line costs that rule and not the list.
 *
 * Set operations walk two partitions side by side and apply the operation to each pair of lines
 * that meets; equal pairs are mostly answered from the store's cache. Neighbours with the same line
 * are joined, so that the form is canonical: two maps in one store are equal exactly when their
 * intervals are.
 *
 * Keys that no packet can have (a port of ICMP over IPv6, say) always have the value of the same
 * protocol's packets without transport header, for no rule is painted there alone; so a set that is
 * not empty holds a packet.
 *
 * Bounds, measured with the lists of tests/bench/rulegen.c: 32,000 rules with prefixes of all
 * lengths take 0.6 s and 60 MB, a set of 100,000 prefixes 0.03 s and 20 MB. What grows without
 * bound is single ports from anywhere and whole hosts by turns: each host has its own choice of
 * thousands of ports. Such a list is refused with -E2BIG when the store is full.
 */
#include "core/space/space.h"

#include <errno.h>
#include <stdlib.h>

void space_fini(struct space *space)
{
	free(space->half[0].at);
	free(space->half[1].at);
	*space = (struct space){.lines = space->lines};
}

static bool alloc_half(struct space_half *half, size_t most)
{
	half->count = 0;
	half->at = malloc(most * sizeof(*half->at));
	return half->at;
}

/* From here on; the same line as before is no new interval. */
static void append(struct space_half *half, uint64_t hi, uint64_t lo, line_ref line)
{
	if (half->count == 0 || half->at[half->count - 1].line != line)
		half->at[half->count++] = (struct space_interval){hi, lo, line};
}

static int finish(struct space *out, bool allocated)
{
	int status = allocated ? lines_status(out->lines) : -ENOMEM;

	if (status != 0)
		space_fini(out);
	return status;
}

int space_of_line(struct lines *lines, line_ref line, struct space *out)
{
	bool allocated = true;

	*out = (struct space){.lines = lines};
	for (int h = 0; h < 2 && allocated; h++) {
		allocated = alloc_half(&out->half[h], 1);
		if (allocated)
			append(&out->half[h], 0, 0, line);
	}
	return finish(out, allocated);
}

/* The address behind the prefix; false where the family ends. */
static bool address_behind(const struct prefix *p, uint64_t *hi, uint64_t *lo)
{
	uint64_t low = p->len > 64 ? UINT64_C(1) << (128 - p->len) : 0;
	uint64_t high = p->len > 64 || p->len == 0 ? 0 : UINT64_C(1) << (64 - p->len);

	*lo = p->addr.lo + low;
	*hi = p->addr.hi + high + (low > 0 && *lo < low);
	return *hi > p->addr.hi || (*hi == p->addr.hi && *lo > p->addr.lo);
}

int space_of_prefix(struct lines *lines, const struct prefix *prefix, line_ref line,
		    struct space *out)
{
	bool allocated = true;
	uint64_t hi, lo;

	*out = (struct space){.lines = lines};
	for (int h = 0; h < 2 && allocated; h++) {
		struct space_half *half = &out->half[h];

		allocated = alloc_half(half, 3);
		if (!allocated)
			break;
		append(half, 0, 0, LINE_NO);
		if (h != space_half_of(prefix->addr.family))
			continue;
		if (prefix->addr.hi == 0 && prefix->addr.lo == 0)
			half->count = 0;
		append(half, prefix->addr.hi, prefix->addr.lo, line);
		if (address_behind(prefix, &hi, &lo))
			append(half, hi, lo, LINE_NO);
	}
	return finish(out, allocated);
}

static bool starts_before(const struct space_interval *a, const struct space_interval *b)
{
	return a->hi < b->hi || (a->hi == b->hi && a->lo < b->lo);
}

static struct addr last_before(const struct space_interval *next, int half)
{
	struct addr last = {UINT64_MAX, UINT64_MAX, space_family(half)};

	if (next) {
		last.lo = next->lo - 1;
		last.hi = next->hi - (next->lo == 0);
	}
	if (half == 0) { /* below an IPv4 address there are 96 bits */
		last.hi &= UINT64_C(0xffffffff) << 32;
		last.lo = 0;
	}
	return last;
}

/* Where the next of the two begins anew; NULL: neither does. */
static const struct space_interval *next_start(const struct space_interval *a,
					       const struct space_interval *b)
{
	if (!a || !b)
		return a ? a : b;
	return starts_before(b, a) ? b : a;
}

static void combine_half(const struct space *a, const struct space *b, int half,
			 space_function function, void *context, struct space *out)
{
	const struct space_half *left = &a->half[half], *right = &b->half[half];
	const struct space_interval *from = left->at;
	size_t i = 0, j = 0;

	while (from && lines_status(a->lines) == 0) {
		const struct space_interval *l = i + 1 < left->count ? &left->at[i + 1] : NULL;
		const struct space_interval *r = j + 1 < right->count ? &right->at[j + 1] : NULL;
		const struct space_interval *next = next_start(l, r);
		struct space_pair pair = {
			.first = {from->hi, from->lo, space_family(half)},
			.last = last_before(next, half),
			.a = left->at[i].line,
			.b = right->at[j].line,
		};

		append(&out->half[half], from->hi, from->lo, function(context, &pair));
		i += l && !starts_before(next, l);
		j += r && !starts_before(next, r);
		from = next;
	}
}

int space_combine(const struct space *a, const struct space *b, space_function function,
		  void *context, struct space *out)
{
	bool allocated = true;

	*out = (struct space){.lines = a->lines};
	for (int h = 0; h < 2 && allocated; h++) {
		allocated = alloc_half(&out->half[h], a->half[h].count + b->half[h].count);
		if (allocated)
			combine_half(a, b, h, function, context, out);
	}
	return finish(out, allocated);
}

struct application {
	struct lines *lines;
	enum line_op op;
};

static line_ref apply(void *context, const struct space_pair *pair)
{
	const struct application *application = context;

	return line_apply(application->lines, application->op, pair->a, pair->b);
}

int space_apply(enum line_op op, const struct space *a, const struct space *b, struct space *out)
{
	struct application application = {a->lines, op};

	return space_combine(a, b, apply, &application, out);
}

int space_allowed(const struct space *rules, const struct acl_list *list, unsigned int id,
		  struct space *out)
{
	uint8_t *actions = calloc(LINE_NONE + 1, sizeof(*actions));
	bool allocated = actions;

	*out = (struct space){.lines = rules->lines};
	for (size_t i = 0; allocated && i < list->count; i++)
		actions[i] = list->rules[i].action == ACTION_ALLOW;
	for (int h = 0; h < 2 && allocated; h++) {
		const struct space_half *from = &rules->half[h];

		allocated = alloc_half(&out->half[h], from->count);
		for (size_t i = 0; allocated && i < from->count; i++)
			append(&out->half[h], from->at[i].hi, from->at[i].lo,
			       line_translate(rules->lines, from->at[i].line, actions, id));
	}
	free(actions);
	return finish(out, allocated);
}

bool space_is_empty(const struct space *set)
{
	for (int h = 0; h < 2; h++)
		if (set->half[h].count != 1 || set->half[h].at[0].line != LINE_NO)
			return false;
	return true;
}

static bool half_equal(const struct space_half *a, const struct space_half *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].line != b->at[i].line || starts_before(&a->at[i], &b->at[i]) ||
		    starts_before(&b->at[i], &a->at[i]))
			return false;
	return true;
}

bool space_equal(const struct space *a, const struct space *b)
{
	return half_equal(&a->half[0], &b->half[0]) && half_equal(&a->half[1], &b->half[1]);
}

struct addr space_interval_first(const struct space *space, int half, size_t i)
{
	const struct space_interval *interval = &space->half[half].at[i];

	return (struct addr){interval->hi, interval->lo, space_family(half)};
}

struct addr space_interval_last(const struct space *space, int half, size_t i)
{
	const struct space_half *h = &space->half[half];

	return last_before(i + 1 < h->count ? &h->at[i + 1] : NULL, half);
}

size_t space_find(const struct space *space, const struct addr *addr)
{
	const struct space_half *half = &space->half[space_half_of(addr->family)];
	const struct space_interval wanted = {.hi = addr->hi, .lo = addr->lo};
	size_t low = 0, high = half->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (starts_before(&wanted, &half->at[middle]))
			high = middle;
		else
			low = middle;
	}
	return low;
}

uint32_t space_key(const struct packet *packet)
{
	uint32_t base = (uint32_t)packet->protocol << KEY_SHIFT;

	if (packet->l4 == PACKET_L4_PORTS)
		return base + packet->dport;
	if (packet->l4 == PACKET_L4_ICMP)
		return base + ((uint32_t)packet->icmp_type << 8) + packet->icmp_code;
	return base + KEY_NO_TRANSPORT;
}

const struct addr *space_remote(enum direction direction, const struct packet *packet)
{
	return direction == INBOUND ? &packet->src : &packet->dst;
}

uint32_t space_at(const struct space *space, enum direction direction, const struct packet *packet)
{
	const struct addr *remote = space_remote(direction, packet);
	const struct space_half *half = &space->half[space_half_of(remote->family)];

	return line_at(space->lines, half->at[space_find(space, remote)].line, space_key(packet));
}

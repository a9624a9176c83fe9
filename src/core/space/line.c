/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines as decision diagrams over the 25 bits of a key, the top bit first.
 *
 * A node asks one bit and leads to the line for 0 and the line for 1; a leaf is a value. Two rules
 * keep a line's form the only one it can have: a node whose two sides are the same is not made, and
 * no node is made twice (an index finds the first). Hence equal lines are the same reference, a
 * whole protocol without distinctions is one leaf, and lines share what they have in common: a rule
 * painted over a line of 30,000 segments costs some 50 nodes, not 30,000 segments.
 *
 * Every node keeps the lowest and highest value below it. Merging winners stops where one side's
 * highest is not above the other's lowest, which is what a list sorted by number mostly is.
 *
 * Bounds: depth 25. A span of keys is at most 2 * 25 nodes; painted segments take at most that
 * each. Results are remembered in a cache of fixed size that may forget: time, never truth, is
 * what a collision costs. Steps and nodes are bounded; what would go beyond fails as a whole.
 */
#include "core/space/line.h"

#include <errno.h>
#include <stdlib.h>

#include "core/classify/build.h"

#define KEY_BITS   25
#define CACHE_SIZE ((size_t)1 << 18)
#define NODES_MIN  1024

struct node {
	line_ref side[2];
	uint32_t next; /* in the index's chain; 0: none */
	uint32_t low;  /* the lowest value below */
	uint32_t high;
	uint8_t bit; /* which bit of the key it asks */
};

struct cached {
	line_ref a;
	line_ref b;
	uint32_t op; /* 0: nothing here; else enum line_op + 1, or a translation */
	line_ref result;
};

struct lines {
	struct node *nodes; /* nodes[0] is none */
	size_t count;
	size_t capacity;
	uint32_t *index; /* by hash: the first node of a chain */
	size_t index_size;
	struct cached *cache;
	size_t max_nodes;
	size_t steps; /* left */
	int status;
};

struct lines *lines_new(size_t max_nodes)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->count = 1;
	lines->max_nodes = max_nodes;
	lines->steps = max_nodes * 16;
	lines->cache = calloc(CACHE_SIZE, sizeof(*lines->cache));
	if (lines->cache)
		return lines;
	free(lines);
	return NULL;
}

void lines_free(struct lines *lines)
{
	if (!lines)
		return;
	free(lines->nodes);
	free(lines->index);
	free(lines->cache);
	free(lines);
}

int lines_status(const struct lines *lines)
{
	return lines->status;
}

size_t lines_count(const struct lines *lines)
{
	return lines->count;
}

static line_ref fail(struct lines *lines, int status)
{
	if (lines->status == 0)
		lines->status = status;
	return LINE_NO;
}

static size_t slot_of(const struct lines *lines, const struct node *node)
{
	uint64_t sides = (uint64_t)node->side[0] << 32 | node->side[1];

	return build_hash(sides, node->bit) & (lines->index_size - 1);
}

/* Room for one more node, and an index twice as long as there can be nodes. */
static bool grow(struct lines *lines)
{
	size_t capacity = lines->capacity ? lines->capacity * 2 : NODES_MIN;
	struct node *nodes;
	uint32_t *index;

	if (capacity > lines->max_nodes)
		capacity = lines->max_nodes;
	if (lines->count >= capacity) {
		fail(lines, -E2BIG);
		return false;
	}
	nodes = reallocarray(lines->nodes, capacity, sizeof(*nodes));
	if (nodes)
		lines->nodes = nodes;
	index = calloc(build_hash_size(capacity), sizeof(*index));
	if (!nodes || !index) {
		free(index);
		fail(lines, -ENOMEM);
		return false;
	}
	free(lines->index);
	lines->index = index;
	lines->index_size = build_hash_size(capacity);
	lines->capacity = capacity;
	for (uint32_t i = 1; i < lines->count; i++) {
		size_t slot = slot_of(lines, &nodes[i]);

		nodes[i].next = index[slot];
		index[slot] = i;
	}
	return true;
}

static uint32_t leaf_value(line_ref line)
{
	return line & ~LINE_LEAF;
}

static uint32_t lowest(const struct lines *lines, line_ref line)
{
	return line & LINE_LEAF ? leaf_value(line) : lines->nodes[line].low;
}

static uint32_t highest(const struct lines *lines, line_ref line)
{
	return line & LINE_LEAF ? leaf_value(line) : lines->nodes[line].high;
}

/* The bits below the one a line asks first: 0 for a leaf. */
static unsigned int height(const struct lines *lines, line_ref line)
{
	return line & LINE_LEAF ? 0 : lines->nodes[line].bit + 1U;
}

static line_ref side(const struct lines *lines, line_ref line, unsigned int bit, int which)
{
	if (height(lines, line) != bit + 1)
		return line; /* it does not ask this bit */
	return lines->nodes[line].side[which];
}

/* The node with these sides, known or new. */
static line_ref make(struct lines *lines, unsigned int bit, line_ref zero, line_ref one)
{
	struct node node = {.side = {zero, one}, .bit = (uint8_t)bit};
	size_t slot;

	if (zero == one || lines->status != 0)
		return zero;
	if (lines->count >= lines->capacity && !grow(lines))
		return LINE_NO;
	slot = slot_of(lines, &node);
	for (uint32_t at = lines->index[slot]; at; at = lines->nodes[at].next) {
		const struct node *known = &lines->nodes[at];

		if (known->side[0] == zero && known->side[1] == one && known->bit == bit)
			return at;
	}
	node.next = lines->index[slot];
	node.low = lowest(lines, zero);
	if (lowest(lines, one) < node.low)
		node.low = lowest(lines, one);
	node.high = highest(lines, zero);
	if (highest(lines, one) > node.high)
		node.high = highest(lines, one);
	lines->nodes[lines->count] = node;
	lines->index[slot] = (uint32_t)lines->count;
	return (line_ref)lines->count++;
}

/* A walk over painted segments, each visited once. */
struct painted {
	struct lines *lines;
	const struct segment *at; /* holds the key in hand */
	const struct segment *end;
};

static uint32_t segment_end(const struct painted *p)
{
	return p->at + 1 < p->end ? p->at[1].start : KEY_END;
}

static line_ref from_block(struct painted *p, uint32_t base, unsigned int bits)
{
	uint32_t end = base + (UINT32_C(1) << bits), stop = segment_end(p);
	line_ref zero, one;

	if (stop >= end) {
		uint16_t winner = p->at->winner;

		if (stop == end)
			p->at++;
		return LINE_LEAF | (winner == CLASSIFY_NONE ? LINE_NONE : winner);
	}
	zero = from_block(p, base, bits - 1);
	one = from_block(p, base + (UINT32_C(1) << (bits - 1)), bits - 1);
	return make(p->lines, bits - 1, zero, one);
}

line_ref line_from_segments(struct lines *lines, const struct segment *segments, size_t count)
{
	struct painted painted = {lines, segments, segments + count};

	return from_block(&painted, 0, KEY_BITS);
}

line_ref line_span(struct lines *lines, uint32_t first, uint32_t last)
{
	struct segment segments[3];
	size_t n = 0;

	if (first > 0)
		segments[n++] = (struct segment){0, 0};
	segments[n++] = (struct segment){first, 1};
	if (last + 1 < KEY_END)
		segments[n++] = (struct segment){last + 1, 0};
	return line_from_segments(lines, segments, n);
}

#define OPEN 0 /* no line: node 0 is none */

/* The result where it can be told without a look inside, else OPEN. */
static line_ref settled(const struct lines *lines, enum line_op op, line_ref a, line_ref b)
{
	switch (op) {
	case LINE_FIRST:
		if (a == b || highest(lines, a) <= lowest(lines, b))
			return a;
		return highest(lines, b) <= lowest(lines, a) ? b : OPEN;
	case LINE_AND:
		if (a == b || b == LINE_YES || a == LINE_NO)
			return a;
		return a == LINE_YES || b == LINE_NO ? b : OPEN;
	case LINE_OR:
		if (a == b || b == LINE_NO || a == LINE_YES)
			return a;
		return a == LINE_NO || b == LINE_YES ? b : OPEN;
	case LINE_WITHOUT:
		if (b == LINE_NO)
			return a;
		return a == b || a == LINE_NO || b == LINE_YES ? LINE_NO : OPEN;
	default:
		if ((a & LINE_LEAF) && (b & LINE_LEAF))
			return LINE_LEAF | leaf_value(a) << 15 | leaf_value(b);
		return OPEN;
	}
}

static struct cached *cache_slot(const struct lines *lines, uint32_t op, line_ref a, line_ref b)
{
	return &lines->cache[build_hash((uint64_t)a << 32 | b, op) & (CACHE_SIZE - 1)];
}

static bool take_step(struct lines *lines)
{
	if (lines->steps == 0)
		fail(lines, -E2BIG);
	else
		lines->steps--;
	return lines->status == 0;
}

line_ref line_apply(struct lines *lines, enum line_op op, line_ref a, line_ref b)
{
	line_ref result = settled(lines, op, a, b), zero;
	struct cached *cached;
	unsigned int bit;

	if (result != OPEN)
		return result;
	cached = cache_slot(lines, op + 1U, a, b);
	if (cached->op == op + 1U && cached->a == a && cached->b == b)
		return cached->result;
	if (!take_step(lines))
		return LINE_NO;
	bit = (height(lines, a) > height(lines, b) ? height(lines, a) : height(lines, b)) - 1;
	zero = line_apply(lines, op, side(lines, a, bit, 0), side(lines, b, bit, 0));
	result = make(lines, bit, zero,
		      line_apply(lines, op, side(lines, a, bit, 1), side(lines, b, bit, 1)));
	*cached = (struct cached){a, b, op + 1U, result};
	return result;
}

line_ref line_translate(struct lines *lines, line_ref line, const uint8_t *table, unsigned int id)
{
	uint32_t op = LINE_OPS + 1U + id;
	line_ref result, zero;
	struct cached *cached;
	unsigned int bit;

	if (line & LINE_LEAF)
		return LINE_LEAF | table[leaf_value(line)];
	cached = cache_slot(lines, op, line, 0);
	if (cached->op == op && cached->a == line)
		return cached->result;
	if (!take_step(lines))
		return LINE_NO;
	bit = lines->nodes[line].bit;
	zero = line_translate(lines, side(lines, line, bit, 0), table, id);
	result =
		make(lines, bit, zero, line_translate(lines, side(lines, line, bit, 1), table, id));
	*cached = (struct cached){line, 0, op, result};
	return result;
}

uint32_t line_at(const struct lines *lines, line_ref line, uint32_t key)
{
	while (!(line & LINE_LEAF))
		line = lines->nodes[line].side[key >> lines->nodes[line].bit & 1];
	return leaf_value(line);
}

/* Of the block of keys from base on. */
static uint32_t count_block(const struct lines *lines, line_ref set, uint32_t base,
			    unsigned int bits, uint32_t first, uint32_t last)
{
	uint32_t end = base + (UINT32_C(1) << bits) - 1;

	if (set == LINE_NO || end < first || base > last)
		return 0;
	if (set == LINE_YES)
		return (end < last ? end : last) - (base > first ? base : first) + 1;
	return count_block(lines, side(lines, set, bits - 1, 0), base, bits - 1, first, last) +
	       count_block(lines, side(lines, set, bits - 1, 1), base + (UINT32_C(1) << (bits - 1)),
			   bits - 1, first, last);
}

uint32_t line_count(const struct lines *lines, line_ref set, uint32_t first, uint32_t last)
{
	return count_block(lines, set, 0, KEY_BITS, first, last);
}

struct run_walk {
	const struct lines *lines;
	line_run run;
	void *context;
	uint32_t first; /* of the run in hand */
	uint32_t value;
	bool going;
};

static void walk_block(struct run_walk *walk, line_ref line, uint32_t base, unsigned int bits)
{
	unsigned int bit = bits - 1;

	if (!walk->going)
		return;
	if (line & LINE_LEAF) {
		if (base > 0 && leaf_value(line) != walk->value) {
			walk->going = walk->run(walk->context, walk->first, base - 1, walk->value);
			walk->first = base;
		}
		walk->value = leaf_value(line);
		return;
	}
	walk_block(walk, side(walk->lines, line, bit, 0), base, bit);
	walk_block(walk, side(walk->lines, line, bit, 1), base + (UINT32_C(1) << bit), bit);
}

void line_runs(const struct lines *lines, line_ref line, line_run run, void *context)
{
	struct run_walk walk = {.lines = lines, .run = run, .context = context, .going = true};

	walk_block(&walk, line, 0, KEY_BITS);
	if (walk.going)
		run(context, walk.first, KEY_END - 1, walk.value);
}

void line_values(const struct lines *lines, line_ref line, bool *seen, uint8_t *visited)
{
	if (line & LINE_LEAF) {
		seen[leaf_value(line)] = true;
		return;
	}
	if (visited[line])
		return;
	visited[line] = 1;
	line_values(lines, lines->nodes[line].side[0], seen, visited);
	line_values(lines, lines->nodes[line].side[1], seen, visited);
}

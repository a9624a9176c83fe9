/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_CLASSIFY_CLASSIFY_H
#define NACLD_CORE_CLASSIFY_CLASSIFY_H

#include "core/acl.h"

/*
 * The compiled form of one list in one direction: the same answers as acl_eval, in tens of
 * nanoseconds at any number of rules and set entries. Immutable: any number of threads may ask it.
 * classify.c explains how it works.
 */
struct classify;

/* A bound for classify_build that any list of a few million entries stays below. */
#define CLASSIFY_MAX_BYTES ((size_t)256 << 20)

/*
 * Compiles the list, whose rules are valid (rule_invalid) and sorted (acl_sort).
 *
 * The object borrows the list's rules: they must stay where they are for as long as it lives.
 *
 * @max_bytes  what the finished object may take; the tables it is made of stop growing there too
 *
 * Returns 0 and the object (classify_free), -ENOMEM, or -E2BIG: more rules than there are rule
 * numbers, or an object beyond max_bytes. *out is untouched on failure. O(E log E + output), where
 * E counts the entries: a rule's prefix is one, and so is each prefix of a set, once, however many
 * rules name the set. While it runs it takes, besides the object, at most 192 bytes an entry, 40 a
 * rule, and 4 times max_bytes.
 */
int classify_build(const struct acl_list *list, enum direction direction, size_t max_bytes,
		   struct classify **out);

void classify_free(struct classify *classify); /* NULL is fine */

/*
 * What acl_eval returns for a packet of packet_parse: the first rule that matches, NULL when none
 * does. No allocation, no lock. O(log of intervals + log of segments), the latter once more for
 * each link followed; at most as many as prefixes nest.
 */
const struct rule *classify_lookup(const struct classify *classify, const struct packet *packet);

/* Bytes on the heap. */
size_t classify_bytes(const struct classify *classify);

/*
 * A copy in one piece of classify_copy_size bytes at `to` (8-byte aligned), over a copy of the same
 * rules. It is asked as any other, and never freed. O(bytes).
 */
size_t classify_copy_size(const struct classify *classify);
struct classify *classify_copy(const struct classify *classify, const struct rule *rules, void *to);

/* The piece, and the rules with it, are mapped `by` bytes from where they were written. O(1). */
void classify_move(struct classify *copy, ptrdiff_t by);

/* What became of the list: for `show`, benches and tests. */
struct classify_stats {
	size_t intervals; /* of addresses, both families */
	size_t tables;    /* distinct lists of segments behind them */
	size_t segments;  /* in all of them */
	size_t linked;    /* tables that keep a link to the table above */
	size_t depth;     /* the most links one lookup can follow */
};

void classify_stats(const struct classify *classify, struct classify_stats *out);

/*
 * Sets may_win[i] for each rule i that may win. A rule left out can never win: others match first
 * wherever it would. Returns true when the opposite holds as well, that every rule set can win (it
 * does unless stats.linked > 0). The array has an element for each rule of the list. O(segments).
 */
bool classify_winners(const struct classify *classify, bool *may_win);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_CLASSIFY_BUILD_H
#define NACLD_CORE_CLASSIFY_BUILD_H

/*
 * What the steps of a build hand on to each other: entries -> groups (group.c) -> tables
 * and intervals (build.c) -> the packed half (pack.c). All 0 or -errno.
 */
#include "core/classify/segments.h"

#define NO_TABLE UINT32_MAX

/*
 * Rules that share a set share its entries: they are a source, named by its first rule. A rule with
 * a prefix of its own is a source of one. The rules of a source are a chain, ascending.
 */
struct entry {
	uint64_t hi;
	uint64_t lo;
	uint16_t source;
	uint8_t len;
};

/* One distinct prefix: the entries that have it, and the class its list of sources belongs to. */
struct group {
	uint32_t first; /* entry */
	uint32_t class;
};

/* One distinct list of sources: what all prefixes in the same sets and rules have in common. */
struct class
{
	uint32_t first; /* entry */
	uint32_t count; /* entries */
	uint32_t line;  /* its own segments, painted; NO_TABLE until then */
	uint32_t line_count;
};

/* The effective line of an address: the lower of its segments and of the tables linked above. */
struct build_table {
	uint32_t first; /* segment */
	uint32_t count;
	uint32_t link;    /* table, or NO_TABLE */
	uint32_t offset;  /* in words, once packed; 0: nothing leads here */
	uint16_t floor;   /* the lowest winner of the effective line */
	uint16_t ceiling; /* no key's winner lies behind this; CLASSIFY_NONE: some key has none */
};

struct build_interval {
	uint64_t hi;
	uint64_t lo;
	uint32_t table;
};

struct segments {
	struct segment *at;
	size_t count;
	size_t capacity;
};

/*
 * How far tables may grow by merging: own * (segments painted) + extra, and a share of `shared`
 * segments for all tables of a family. What goes beyond is linked. The answers are the same.
 */
struct merge_budget {
	uint32_t own;
	uint32_t extra;
	uint32_t shared;
};

#define MERGE_OWN    4
#define MERGE_EXTRA  4
#define MERGE_SHARED (1 << 18)

/* One family's build. */
struct build {
	const struct acl_list *list;
	enum family family;
	size_t max_bytes;
	struct merge_budget budget;
	uint16_t *chain; /* by rule: the next of its source, or CLASSIFY_NONE */
	struct entry *entries;
	size_t entry_count;
	struct group *groups;
	size_t group_count;
	struct class *classes;
	size_t class_count;
	struct segments lines;  /* of classes */
	struct segments merged; /* of tables */
	struct build_table *tables;
	size_t table_count;
	struct build_interval *intervals;
	size_t interval_count;
};

/* classify_build with a given budget: tests have everything merged, or everything linked. */
int classify_build_within(const struct acl_list *list, enum direction direction, size_t max_bytes,
			  struct merge_budget budget, struct classify **out);

/* Collects and sorts the family's entries; fills chain, entries, groups and classes. */
int classify_group(struct build *build);

/*
 * All rules of a class in their order, into `order`, which has room for every rule of the list;
 * returns how many. Each rule belongs to one source, so none comes twice.
 */
size_t classify_order(const struct build *build, const struct class *class, uint16_t *order);

/* Packs intervals and the tables they lead to into one block. */
int classify_pack(struct build *build, struct classify_half *out);

/* A hash of two numbers (the finalizer of SplitMix64). */
static inline uint64_t build_hash(uint64_t a, uint64_t b)
{
	uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* The size of an open-addressed table for n keys: a power of two, at most half full. */
static inline size_t build_hash_size(size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	return size;
}

#endif

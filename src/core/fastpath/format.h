/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_FASTPATH_FORMAT_H
#define NACLD_CORE_FASTPATH_FORMAT_H

/*
 * What the accept filter in the kernel reads: three maps, made by steering, filled by the daemon.
 *
 *   control   one struct fastpath_control
 *   words     64-bit words: two halves, each room for one generation of tables (build.c)
 *   counters  struct fastpath_counter: two generations of `stripes` arrays of `counters`
 *
 * Included by programs of the daemon and by the filter itself (BPF), so fixed types alone. Numbers
 * are in the host's byte order. A daemon and a filter that disagree on FASTPATH_VERSION do not work
 * together: then every packet goes through the queue.
 */
#include <stdint.h>

#define FASTPATH_VERSION 1
#define FASTPATH_FDS     3 /* control, words, counters: as descriptors */

struct fastpath_control {
	uint32_t version;
	uint32_t words;    /* in the map of words, both halves together */
	uint32_t counters; /* of one stripe */
	uint32_t stripes;  /* a power of two; which one counts depends on the processor */
	/* The daemon's; zero until it has filled a half. */
	uint64_t root;        /* the word where the generation in use begins; 0: none */
	uint64_t deadline_ns; /* of CLOCK_MONOTONIC: from then on nothing is accepted */
	int64_t now_s;        /* since the epoch, about: what becomes a rule's last hit */
};

/* As the daemon's own counter of a rule (daemon/path/snapshot.h). */
struct fastpath_counter {
	uint64_t packets;
	uint64_t bytes;
	int64_t last_hit;
};

/*
 * A generation, in words from its root on: this header, then the tables. Offsets count from the
 * root, and 0 means that there is nothing, since the header is there.
 *
 * A map of addresses is named by one word, offset << 32 | intervals. IPv4: as many words, each
 * start << 32 | value. IPv6: as many starts (the high 64 bits of an address), then as many values.
 * A value is a kind and a number:
 *
 *   FASTPATH_UNKNOWN  the daemon decides
 *   FASTPATH_ACCEPT   accepted; the number is the counter of the rule (of a map of subnets: the
 *                     subnet, from 1 on)
 *   FASTPATH_TABLE    where a table is: its size in one word, then as many words,
 *                     key << 32 | value (UNKNOWN or ACCEPT), by ascending first key
 *   FASTPATH_LOW      IPv6: where the map of the low 64 bits is: its size in one word, as many
 *                     starts, as many values
 *
 * The first start or key of each is 0. A key is that of core/classify: protocol << 17 | port, or
 * ICMP type << 8 | code, or 65536 where there is neither.
 */
enum fastpath_header {
	FASTPATH_GENERATION,   /* 0 or 1: which half, of words and counters */
	FASTPATH_SUBNET_LISTS, /* offset: two lists a subnet, inbound, outbound; its family's */
	FASTPATH_MAPS,         /* [hook][family]: the list asked there; FORWARD: the subnets */
	FASTPATH_HEADER_WORDS = FASTPATH_MAPS + 5 * 2,
};

#define FASTPATH_KIND   (UINT32_C(3) << 30)
#define FASTPATH_NUMBER (~FASTPATH_KIND)

#define FASTPATH_UNKNOWN UINT32_C(0)
#define FASTPATH_ACCEPT  (UINT32_C(1) << 30)
#define FASTPATH_TABLE   (UINT32_C(2) << 30)
#define FASTPATH_LOW     (UINT32_C(3) << 30)

/* No search takes more turns: none is over more words than 2 to this power. */
#define FASTPATH_SEARCH_BITS 22
#define FASTPATH_WORDS_MAX   (UINT32_C(1) << FASTPATH_SEARCH_BITS)

/*
 * Counter 0 is no rule's: it has what was counted twice, in FORWARD from one subnet to another. All
 * others together, less that, are the packets accepted.
 */
#define FASTPATH_TWICE 0

#endif

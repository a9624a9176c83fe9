/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_ADDR_H
#define NACLD_CORE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Addresses and prefixes of both families in one form, host order.
 *
 * The bits are left-aligned: bit 0 of the address is the top bit of `hi`. An IPv4 address takes the
 * top 32 bits of `hi`, everything below is zero. So one mask routine serves both families.
 */
enum family {
	FAMILY_IPV4 = 4,
	FAMILY_IPV6 = 6,
};

struct addr {
	uint64_t hi;
	uint64_t lo;
	uint8_t family; /* enum family */
};

/* A CIDR. Bits of `addr` beyond `len` are always zero. */
struct prefix {
	struct addr addr;
	uint8_t len; /* 0..32 or 0..128 */
};

#define ADDR_STRLEN   46 /* longest text of an address, NUL included (RFC 4291) */
#define PREFIX_STRLEN 50 /* the same with "/128" */

enum prefix_error {
	PREFIX_OK,
	PREFIX_BAD_ADDRESS, /* not an IPv4 or IPv6 address */
	PREFIX_BAD_LENGTH,  /* what follows '/' is not a number from 0 to 32 or 128 */
};

struct addr addr_from_ipv4(uint32_t host_order);

/* From 16 bytes in network order. */
struct addr addr_from_ipv6(const uint8_t bytes[16]);

/* The address as an IPv4 number in host order; only meaningful where family is FAMILY_IPV4. */
static inline uint32_t addr_ipv4(const struct addr *a)
{
	return (uint32_t)(a->hi >> 32);
}

/* Strict text form: dotted quad, or RFC 4291 IPv6. False, and *out untouched, for anything else. */
bool addr_parse(const char *text, struct addr *out);

/* Canonical text (RFC 5952 for IPv6) into buf; returns buf. */
const char *addr_print(const struct addr *a, char buf[static ADDR_STRLEN]);

/*
 * An IPv4-mapped IPv6 address, ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), becomes the IPv4 address that it
 * stands for: programs print it of a socket that serves both families, and no packet carries it.
 * False, and nothing done, for any other.
 */
bool addr_unmap(struct addr *a);

bool addr_equal(const struct addr *a, const struct addr *b);

/*
 * "ADDRESS/LENGTH", or a bare address as a full-length prefix. Host bits are cleared;
 * *host_bits (may be NULL) says whether any was set. Untouched out-parameters on error.
 */
enum prefix_error prefix_parse(const char *text, struct prefix *out, bool *host_bits);

/*
 * The same for a prefix within ::ffff:0:0/96. That prefix itself stays: it is in lists of what no
 * packet should carry, and means no IPv4 network there.
 */
bool prefix_unmap(struct prefix *p);

/* Canonical "ADDRESS/LENGTH" into buf; returns buf. */
const char *prefix_print(const struct prefix *p, char buf[static PREFIX_STRLEN]);

/* Is the address inside? An address of the other family never is. O(1). */
bool prefix_contains(const struct prefix *p, const struct addr *a);

/* Is every address of `inner` inside `outer`? */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

/* Do the two share any address? Prefixes nest or are disjoint, so one then covers the other. */
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

/*
 * Below, at or above 0 as a stands before b: by family, address, length. Sorted so, a prefix stands
 * right before what it covers: of prefixes that overlap two are neighbours.
 */
int prefix_order(const struct prefix *a, const struct prefix *b);

bool prefix_equal(const struct prefix *a, const struct prefix *b);

/* 32 or 128. */
uint8_t family_bits(uint8_t family);

/* A named address set: one rule over it matches when any prefix contains the address. */
struct prefix_set {
	char *name;
	struct prefix *prefixes;
	size_t count;
};

#endif

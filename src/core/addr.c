/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 addresses and prefixes: text in, text out, contains.
 *
 * Text is parsed by the C library's inet_pton, which is strict: no leading zeros that could mean
 * octal, no short forms such as "10.1", no zone identifiers. Printing is inet_ntop's, which is the
 * canonical form of RFC 5952. The invariant kept here is that bits beyond a prefix's length are
 * zero, so that equal prefixes are equal structs.
 */
#include "core/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"

uint8_t family_bits(uint8_t family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

static uint64_t mask_of(unsigned int bits)
{
	return bits == 0 ? 0 : ~UINT64_C(0) << (64 - bits);
}

static uint64_t mask_hi(unsigned int len)
{
	return len >= 64 ? ~UINT64_C(0) : mask_of(len);
}

static uint64_t mask_lo(unsigned int len)
{
	return len <= 64 ? 0 : mask_of(len - 64);
}

struct addr addr_from_ipv4(uint32_t host_order)
{
	return (struct addr){.hi = (uint64_t)host_order << 32, .family = FAMILY_IPV4};
}

/* Written out, not a loop: the compiler makes one load of it, and packets come through here. */
static uint64_t load_be64(const uint8_t *b)
{
	return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
	       (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
	       (uint64_t)b[6] << 8 | b[7];
}

static void store_be64(uint64_t value, uint8_t *bytes)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		bytes[i] = (uint8_t)value;
}

struct addr addr_from_ipv6(const uint8_t bytes[16])
{
	return (struct addr){
		.hi = load_be64(bytes), .lo = load_be64(bytes + 8), .family = FAMILY_IPV6};
}

bool addr_parse(const char *text, struct addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = addr_from_ipv4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
				      (uint32_t)bytes[2] << 8 | bytes[3]);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*out = addr_from_ipv6(bytes);
		return true;
	}
	return false;
}

const char *addr_print(const struct addr *a, char buf[static ADDR_STRLEN])
{
	uint8_t bytes[16];

	store_be64(a->hi, bytes);
	store_be64(a->lo, bytes + 8);
	inet_ntop(a->family == FAMILY_IPV4 ? AF_INET : AF_INET6, bytes, buf, ADDR_STRLEN);
	return buf;
}

bool addr_unmap(struct addr *a)
{
	if (a->family != FAMILY_IPV6 || a->hi != 0 || a->lo >> 32 != 0xffff)
		return false;
	*a = addr_from_ipv4((uint32_t)a->lo);
	return true;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->hi == b->hi && a->lo == b->lo;
}

enum prefix_error prefix_parse(const char *text, struct prefix *out, bool *host_bits)
{
	const char *slash = strchr(text, '/');
	size_t addr_len = slash ? (size_t)(slash - text) : strlen(text);
	char addr_text[ADDR_STRLEN];
	unsigned int len;
	struct prefix p;
	uint64_t hi, lo;

	if (addr_len >= sizeof(addr_text))
		return PREFIX_BAD_ADDRESS;
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';
	if (!addr_parse(addr_text, &p.addr))
		return PREFIX_BAD_ADDRESS;
	len = family_bits(p.addr.family);
	if (slash && !decimal_parse_strict(slash + 1, len, &len))
		return PREFIX_BAD_LENGTH;
	p.len = (uint8_t)len;

	hi = p.addr.hi & mask_hi(p.len);
	lo = p.addr.lo & mask_lo(p.len);
	if (host_bits)
		*host_bits = hi != p.addr.hi || lo != p.addr.lo;
	p.addr.hi = hi;
	p.addr.lo = lo;
	*out = p;
	return PREFIX_OK;
}

bool prefix_unmap(struct prefix *p)
{
	if (p->len <= 96 || !addr_unmap(&p->addr))
		return false;
	p->len -= 96;
	return true;
}

const char *prefix_print(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
	size_t len;

	addr_print(&p->addr, buf);
	len = strlen(buf);
	snprintf(buf + len, PREFIX_STRLEN - len, "/%u", p->len);
	return buf;
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
	return p->addr.family == a->family && ((p->addr.hi ^ a->hi) & mask_hi(p->len)) == 0 &&
	       ((p->addr.lo ^ a->lo) & mask_lo(p->len)) == 0;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->len <= inner->len && prefix_contains(outer, &inner->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

int prefix_order(const struct prefix *a, const struct prefix *b)
{
	if (a->addr.family != b->addr.family)
		return a->addr.family < b->addr.family ? -1 : 1;
	if (a->addr.hi != b->addr.hi)
		return a->addr.hi < b->addr.hi ? -1 : 1;
	if (a->addr.lo != b->addr.lo)
		return a->addr.lo < b->addr.lo ? -1 : 1;
	return a->len - b->len;
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_NFTABLES_H
#define NACLD_STEER_KERNEL_NFTABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFTABLES_NAME_LEN 64 /* of ours; a longer foreign name is cut, its handle stays right */

enum nftables_kind {
	NFTABLES_CHAIN, /* of ours */
	NFTABLES_RULE,  /* in a chain of ours */
	NFTABLES_JUMP,  /* in a foreign chain, to one of ours */
};

/* Something of nacld's in the kernel's nftables. */
struct nftables_object {
	uint8_t family;     /* NFPROTO_INET (our own table), _IPV4, _IPV6 (iptables-nft) */
	uint8_t kind;       /* enum nftables_kind */
	bool first;         /* of its chain (a jump) */
	unsigned int index; /* in its chain (a rule) */
	uint64_t handle;
	uint64_t digest; /* of what a rule says, counters left out; of a base chain's place */
	char table[NFTABLES_NAME_LEN];
	char chain[NFTABLES_NAME_LEN]; /* it is, or stands in */
};

struct nftables {
	struct nftables_object *objects; /* as the kernel tells them; a chain's rules in order */
	size_t count;
	bool foreign; /* there is a table inet nacld that is none of ours */
	char foreign_chain[NFTABLES_NAME_LEN]; /* one of its chains, or "" */
};

/* Which objects: those of the backend nft, or those of iptables-nft in one family or both. */
enum nftables_part {
	NFTABLES_INET = 1 << 0,
	NFTABLES_IPV4 = 1 << 1,
	NFTABLES_IPV6 = 1 << 2,
};

/*
 * All that is ours, read through netlink. A kernel without nftables holds nothing. 0, or -errno:
 * then nothing is known. The caller calls nftables_fini after success.
 */
int nftables_read(struct nftables *out);
void nftables_fini(struct nftables *tables);

/* Which of the parts it belongs to. */
unsigned int nftables_part(const struct nftables_object *object);

/* How many objects of a kind there are in those parts. */
size_t nftables_count(const struct nftables *tables, unsigned int parts, enum nftables_kind kind);

/*
 * The objects in normal form, a line each: equal texts, equal rules. "": none. NULL: no memory.
 */
char *nftables_print(const struct nftables *tables, unsigned int parts);

/*
 * Removes by handle and name, in one transaction: jumps, chains with their rules, our own table.
 * With `only`, of the jumps and chains of iptables-nft just those that it says yes to. 0 or -errno;
 * nothing is checked afterwards.
 */
int nftables_remove(const struct nftables *tables, unsigned int parts,
		    bool (*only)(const struct nftables_object *object, const void *context),
		    const void *context);

#endif

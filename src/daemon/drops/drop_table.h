/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DROPS_DROP_TABLE_H
#define NACLD_DAEMON_DROPS_DROP_TABLE_H

#include "core/policy.h"

/*
 * The flows of one worker that lost packets: all of them while they fit, and when they do not, what
 * a person needs to see of them. Written by its worker on the drop path alone, in shared memory
 * (path/shared.h); read by the main thread at any time.
 */
struct drop_table;

#define DROP_TABLE_FLOWS 8192           /* places */
#define DROP_TABLE_RULES 128            /* lists of what was folded, one a rule */
#define DROP_TABLE_BYTES (3200U * 1024) /* of one table, all in all, at most */
#define DROP_NO_ACL      UINT16_MAX

/* How much one line stands for. */
enum drop_fold {
	DROP_FLOW,  /* "flow": one remote address, protocol and port or type */
	DROP_PORTS, /* "ports": several ports or types of one remote address */
	DROP_PEERS, /* "peers": several remote addresses, of one rule */
	DROP_RULES, /* "rules": several rules */
	DROP_FOLDS,
};

const char *drop_fold_name(enum drop_fold fold);

/* A flow, or several folded together. Never all zero: packets is at least 1. */
struct drop {
	uint64_t packets;
	uint64_t bytes;
	uint64_t flows;   /* 1; how many were folded, each time that one was */
	uint32_t first_s; /* seconds since the epoch */
	uint32_t last_s;
	struct packet packet; /* the last one */
	uint32_t device;      /* at an edge: index of the interface */
	uint16_t acl;         /* id, see drop_acls.h; DROP_NO_ACL: none, or not known */
	uint16_t rule;        /* 0: the implicit deny, or none where there is a reason */
	uint8_t direction;    /* enum direction */
	uint8_t reason;       /* enum packet_reason; PACKET_OK: a rule decided */
	uint8_t hook;         /* enum hook */
	uint8_t monitor;      /* 1: it passed, monitor mode */
	uint8_t fold;         /* enum drop_fold */
	uint8_t answers;      /* 1: it looks like a reply (core/way/reply.h) */
	uint8_t earlier;      /* about so many more before, in a folded line: it lost its place */
};

/* Remote, as seen from what the ACL protects. */
const struct addr *drop_remote(const struct drop *drop);

/* Are all members in their bounds, as those of every line that is read are? A child may lie. */
bool drop_is_sound(const struct drop *drop);

/* Every page is touched. NULL: no memory. */
struct drop_table *drop_table_new(void);
void drop_table_free(struct drop_table *table); /* NULL is fine */

/* What a filtering child is told of the table that it fills, and the memory's descriptor. */
struct drop_keys {
	uint64_t words[4];
};
struct drop_keys drop_table_keys(const struct drop_table *table);
int drop_table_fd(const struct drop_table *table);

/* In the child: the table as it is there. NULL: no memory, or the descriptor is none of a table. */
struct drop_table *drop_table_attach(const struct drop_keys *keys, int fd);

/*
 * Counts one packet, described by `drop` (its counts and times are not looked at). No system call,
 * no allocation, no lock; three sets of places are touched at most.
 */
void drop_table_count(struct drop_table *table, const struct drop *drop, uint32_t now_s);

/*
 * What stands at place *at or behind it, which steps on; false at the end. Readable while the
 * worker writes: each line is one that stood there. What a hostile writer may have put is checked:
 * enumerations are in their bounds, families are 4 or 6, or 0 where the packet had none.
 */
bool drop_table_next(const struct drop_table *table, uint32_t *at, struct drop *out);

#endif

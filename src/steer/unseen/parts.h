/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_UNSEEN_PARTS_H
#define NACLD_STEER_UNSEEN_PARTS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/* What the kernel says of an interface (rtnetlink). */
struct link_facts {
	bool exists;              /* by this name, and not only by an alternative one */
	char name[IF_NAMESIZE];   /* where it has another: the first name of it; else "" */
	char master[IF_NAMESIZE]; /* the bridge, bond or the like that takes its packets; else "" */
	bool is_bridge;
	bool has_xdp;
};

/* 0 or -errno. */
int link_ask(const char *name, struct link_facts *out);

/*
 * Does traffic control at the interface see packets, filters or BPF programs, before the rules or
 * after them? False too where it cannot be asked.
 */
bool tc_takes_packets(const char *interface);

/* Is the feature of that name (`ethtool -k`) active? False too where there is no such one. */
bool feature_is_on(const char *interface, const char *feature);

/* A flowtable of any ruleset, with its devices as a list for people; false ends the walk. */
typedef bool flowtable_take(void *context, const char *table, const char *flowtable,
			    const char *devices, bool offload);

/* 0 or -errno. A kernel without flowtables has none. */
int flowtables_walk(flowtable_take *take, void *context);

#endif

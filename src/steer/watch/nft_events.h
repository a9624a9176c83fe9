/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_NFT_EVENTS_H
#define NACLD_STEER_WATCH_NFT_EVENTS_H

#include "steer/backend.h"

struct mnl_socket;

/* The kernel's change events of nftables, which the nft variant of iptables uses too. */
struct steer_news {
	bool touched; /* a table of ours, or one that may contain ours, changed */
	/*
	 * "nft (pid 17)": who did it, of several the last that removed something; "": not known yet
	 */
	char by[40];
	bool removed;          /* something of them was removed, and that transaction is over */
	bool pending, removal; /* of a transaction whose end was not seen: it touched, it removed */
};

/* A non-blocking socket that hears them. 0 or -errno. Wants CAP_NET_ADMIN. */
int nft_events_open(struct mnl_socket **out);

/* Takes in all that waits; adds to *news. */
void nft_events_drain(struct mnl_socket *nl, struct steer_news *news);

/*
 * iptables-legacy has no events, so it is polled: size, number of rules and entry points of
 * the tables that contain `rules`, of both families. Changes whenever a rule or chain comes or
 * goes. When to look is known, mostly: its tools hold a lock file open while they change something.
 */
#define STEER_LEGACY_TABLES 4
struct legacy_poll {
	int sockets[2]; /* IPv4, IPv6; or -errno */
	int lock;       /* readable when a tool has let go of the lock; or -errno */
	struct {
		int error;
		unsigned int hooks, count, size;
		unsigned int entries[5], underflows[5];
	} tables[2][STEER_LEGACY_TABLES];
};

void legacy_poll_open(struct legacy_poll *legacy);
void legacy_poll_close(struct legacy_poll *legacy);

/*
 * Looks again. True: something changed since the last look, or it is not known. Two system calls
 * a table.
 */
bool legacy_poll_changed(struct legacy_poll *legacy, const struct steer_rules *rules);

/* Listens to the lock file, if there is one by now. Empties the descriptor. */
void legacy_poll_listen(struct legacy_poll *legacy);

#endif

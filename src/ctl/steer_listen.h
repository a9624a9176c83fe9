/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_LISTEN_H
#define NACLD_CTL_STEER_LISTEN_H

#include "ctl/steer_backend.h"

/* What the kernel tells of changes to nftables, which the nft variant of iptables is too. */
struct steer_news {
	bool touched; /* a table of ours, or one that ours may stand in, changed */
	/* "nft (pid 17)": who did it, of several the last that removed something; "": not told yet */
	char by[40];
	bool pending, removal; /* of a transaction whose end was not seen: it touched, it removed */
};

/* A non-blocking socket that hears them, or -errno. Wants CAP_NET_ADMIN. */
int steer_listen_open(void);

/* Takes in all that waits; adds to *news. */
void steer_listen_drain(int fd, struct steer_news *news);

/*
 * iptables-legacy tells nobody, so it has to be asked: size, number of rules and entry points of the
 * tables that `rules` stand in, of both families. Changes whenever a rule or chain comes or goes.
 */
#define STEER_LEGACY_TABLES 4
struct steer_legacy {
	int sockets[2]; /* IPv4, IPv6; or -errno */
	struct {
		int error;
		unsigned int hooks, count, size;
		unsigned int entries[5], underflows[5];
	} tables[2][STEER_LEGACY_TABLES];
};

void steer_legacy_open(struct steer_legacy *legacy);
void steer_legacy_close(struct steer_legacy *legacy);

/* Looks again. True: something changed since the last look, or it cannot be told. Two system calls a
 * table. */
bool steer_legacy_changed(struct steer_legacy *legacy, const struct steer_rules *rules);

#endif

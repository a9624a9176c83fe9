/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_CLIENTS_H
#define NACLD_CORE_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From which ports clients ask: what a stateless list must let the replies go to. The one table;
 * nacld.conf(5) prints it.
 */
#define CLIENT_TCP      1u
#define CLIENT_UDP      2u
#define CLIENT_SERVICES 4

struct client_profile {
	const char *name;
	const char *source; /* who says so; "measured" is a Debian 12 package, run and counted */
	uint16_t first;     /* source ports, inclusive */
	uint16_t last;
	uint8_t protocols;                  /* CLIENT_TCP, CLIENT_UDP */
	uint16_t services[CLIENT_SERVICES]; /* the ports it asks, up to the first 0; none: any */
};

/* The table, *count long; static storage. Linux's own range is the first. */
const struct client_profile *client_profiles(size_t *count);

/* The profiles that a public service meets: any service, and a system of today. */
enum client_main {
	CLIENT_LINUX,   /* 32768-60999 */
	CLIENT_DYNAMIC, /* macOS and Windows: 49152-65535 */
	CLIENT_NAT,     /* 1024-65535, and so all of them */
	CLIENT_MAIN,    /* how many */
};

const struct client_profile *client_main(enum client_main which);

/* Does this profile ask that port of this protocol by name? False for profiles of any service. */
bool client_asks(const struct client_profile *profile, uint8_t protocol, uint16_t port);

/*
 * Is a rule over these ports there for replies? It has no port below 1024 and is wide: Windows up
 * to 2003 had the narrowest range in the table, 1025-5000.
 */
bool client_is_reply_range(uint16_t first, uint16_t last);

#endif

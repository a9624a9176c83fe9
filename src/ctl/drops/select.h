/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DROPS_SELECT_H
#define NACLD_CTL_DROPS_SELECT_H

#include "ctl/drops/lost.h"

/* Which drops are asked about, as typed: NULL or "" is all of them. */
struct select_words {
	const char *host;      /* an address or CIDR, of either end */
	const char *port;      /* N or N-M, of either end */
	const char *protocol;  /* a name or number */
	const char *direction; /* "in", "out" */
	const char *rule;      /* N or "*" */
	const char *since;     /* "30s", "10m", "2h", "1d", or seconds */
};

struct selection {
	bool has_host;
	struct prefix host;
	uint16_t port_first;
	uint16_t port_last;
	int protocol;    /* or PROTOCOL_ALL */
	int direction;   /* enum direction, or -1 */
	int rule;        /* or LOST_NO_RULE: any */
	int64_t since_s; /* 0: from the beginning */
};

#define SELECT_ERROR_LEN 160

/* False, and a sentence in error, where a word is not understood. */
bool select_parse(const struct select_words *words, struct selection *out,
		  char error[static SELECT_ERROR_LEN]);

/* "10m" and so on as seconds; false for anything else. */
bool select_duration(const char *word, int64_t *seconds);

bool select_matches(const struct selection *selection, const struct lost *lost, int64_t now);

/* Leaves only those that match. What was folded is left out where the question is narrower. */
void select_apply(const struct selection *selection, struct lost_list *list);

#endif

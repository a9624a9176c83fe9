/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_STATUS_H
#define NACLD_STEER_STATUS_H

#include "steer/backend.h"

/* What of ours is in the kernel, through whatever, beside what a plan asks for. */
struct steer_status {
	struct steer_rules loaded[STEER_BACKENDS];
	char reasons[STEER_BACKENDS][STEER_REASON_LEN]; /* why one cannot be read; or "" */
	int unknown;                                    /* backends that cannot be read */
	int count; /* backends that have rules of ours, as far as they can be read */
	enum steer_backend backend; /* the first of them; `otherwise` where there is none */
	struct steer_rules wanted;  /* of that backend, by the plan */
	bool equal;                 /* loaded[backend] to wanted */
};

/* The first reason why a backend cannot be read, with its name in *backend; or NULL. */
const char *steer_status_unknown(const struct steer_status *survey, enum steer_backend *backend);

/* Runs nft and iptables. plan NULL: nothing is wanted. 0, or -ENOMEM. */
int steer_status(const struct steer_plan *plan, enum steer_backend otherwise,
		 struct steer_status *out);
void steer_status_fini(struct steer_status *survey);

/* Facts about loaded rules: the kernel is what holds, whatever a file says. */
bool steer_reassembles(const struct steer_rules *rules); /* fragments, before they are filtered */
bool steer_bypasses(const struct steer_rules *rules);    /* packets pass while no daemon listens */
bool steer_queues(const struct steer_rules *rules, unsigned int *first, unsigned int *last);

/* Whether the kernel's rules are those that `file` asks for. */
enum steer_state {
	STEER_UNKNOWN, /* no CAP_NET_ADMIN, or the file or the rules cannot be read */
	STEER_IS_DOWN, /* no packet reaches nacld */
	STEER_DIFFERS, /* loaded, but not as the file asks, or through two backends */
	STEER_IS_UP,   /* loaded, as the file asks */
};

/* Looks, says nothing. *backend is set for STEER_DIFFERS and STEER_IS_UP. Runs nft and iptables. */
enum steer_state steer_look(const char *file, enum steer_backend *backend);

#endif

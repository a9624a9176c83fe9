/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_CMD_H
#define NACLD_CTL_STEER_CMD_H

#include <jansson.h>

#include "steer/backend.h"

/* What was asked for on the command line, and what there is to say about it so far. */
struct steer_request {
	const char *verb; /* "up", "down", "show" or "watch" */
	const char *file;
	const char *fallback;     /* for "up" and "watch", where `file` has errors; or NULL */
	const char *backend_name; /* --backend */
	bool forced;              /* it was given: `backend` and no other */
	enum steer_backend backend;
	bool json;
	bool dry_run;
	bool guard;    /* "watch": put the rules back, whatever the configuration says */
	json_t *notes; /* remarks in order; also printed on stderr at once, unless json */
};

/*
 * The three verbs, after the command line and the configuration were read. Each prints what it did
 * and returns an enum naclctl_exit.
 */
int steer_up(struct steer_request *request, const struct steer_plan *plan);
int steer_down(struct steer_request *request);
int steer_show(struct steer_request *request, const struct steer_plan *plan);

/*
 * Loads a plan through one backend, all or nothing. 0, or 1 where outbound packets had to be queued
 * before the host's own rules (no table `security`), and the rules as loaded in *out, which the
 * caller finishes; or -errno with the reason.
 */
int steer_load_plan(const struct steer_plan *plan, enum steer_backend backend,
		    struct steer_rules *out, bool *changed, char reason[static STEER_REASON_LEN]);

/* May this process read and change the kernel's rules? (CAP_NET_ADMIN) */
bool steer_may_administer(void);

/*
 * One change at a time: waits for another naclctl that is at it. 0 with a handle for steer_unlock,
 * or -EBUSY after ten seconds. No file can be made at /run: no lock, and 0.
 */
int steer_lock(int *out);
void steer_unlock(int handle);

/* A remark: what was chosen, and why. */
void steer_note(struct steer_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A rule text of a backend, for people: with a heading a family where there are two. */
void steer_print_rules(enum steer_backend backend, const struct steer_rules *rules);

/* The same for programs: an object by family ("inet", or "ipv4" and "ipv6"). A new reference. */
json_t *steer_json_rules(enum steer_backend backend, const struct steer_rules *rules);

#endif

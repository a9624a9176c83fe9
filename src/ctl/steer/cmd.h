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
	const char *socket_path;  /* of the daemon that gets the fast path's maps */
	bool forced;              /* it was given: `backend` and no other */
	enum steer_backend backend;
	bool json;
	bool dry_run;
	bool yes;      /* "up": also over ssh into a queue that nothing reads */
	bool guard;    /* "watch": put the rules back, whatever the configuration says */
	json_t *notes; /* remarks in order; also printed on stderr at once, unless json */
};

/*
 * The three verbs, after the command line and the configuration were read. Each prints what it did
 * and returns an enum naclctl_exit.
 */
int steer_up(struct steer_request *request, struct steer_plan *plan);
int steer_down(struct steer_request *request);
int steer_show(struct steer_request *request, const struct steer_plan *plan);

/* All of the command behind its command line: verb and options are set, notes is an array. */
int steer_dispatch(struct steer_request *request);

#endif

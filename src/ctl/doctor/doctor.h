/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DOCTOR_DOCTOR_H
#define NACLD_CTL_DOCTOR_DOCTOR_H

#include <jansson.h>

#include "steer/status.h"

/* What is examined, what was found out on the way, and the findings so far. */
struct doctor {
	const char *file; /* the configuration */
	bool file_given;  /* by the caller, not the daemon or the default */
	const char *socket_path;
	json_t *answer;       /* the daemon's, or NULL: it gave none */
	const json_t *status; /* in answer; or NULL */
	char silence[256];    /* why there is none */
	struct policy *policy;
	struct steer_plan plan;
	struct steer_status survey;
	json_t *lines; /* {"check", "ok", "message", "next"} */
	bool findings;
};

/*
 * One line: what was checked, whether it is right, and the facts. A finding also says what to do
 * next; `next` NULL: all is well.
 */
void doctor_say(struct doctor *doctor, const char *check, const char *next, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The examinations, in the order in which a packet meets what they look at. */
void doctor_kernel(struct doctor *doctor);   /* which ways into the queue the kernel has */
void doctor_steering(struct doctor *doctor); /* loaded, whole, as the file asks, watched */
void doctor_daemon(struct doctor *doctor);   /* answers, runs by the file, the last reload */
void doctor_queues(struct doctor *doctor);   /* bound, those of the steering, losses */
void doctor_ports(struct doctor *doctor);    /* answers come back, here and to clients */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DOCTOR_CHECKS_H
#define NACLD_CTL_DOCTOR_CHECKS_H

#include "conf/conf.h"
#include "ctl/doctor/report.h"
#include "ctl/state/state.h"
#include "steer/status.h"

/* What is looked at. */
struct facts {
	const char *file; /* the configuration */
	bool file_given;  /* by the caller, not the daemon or the default */
	const char *socket_path;
	json_t *answer;       /* the daemon's, or NULL: it gave none */
	const json_t *status; /* in answer; or NULL */
	char silence[256];    /* why there is none */
	struct policy *policy;
	struct conf_report errors; /* of the file, and where its rules stand */
	struct steer_plan plan;
	struct steer_status survey;
	struct state state;
};

/* The examinations, in the order in which a packet meets what they look at. */
void doctor_kernel(const struct facts *facts,
		   struct report *report); /* which ways into the queue the kernel has */
void doctor_steering(const struct facts *facts,
		     struct report *report); /* loaded, whole, as the file asks, watched */
void doctor_daemon(const struct facts *facts,
		   struct report *report); /* answers, runs by the file, the last reload */
void doctor_queues(const struct facts *facts,
		   struct report *report); /* bound, those of the steering, losses */
void doctor_ports(const struct facts *facts,
		  struct report *report); /* answers come back, here and to clients */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TRAFFIC_LOG_H
#define NACLD_CTL_TRAFFIC_LOG_H

#include <jansson.h>
#include <stdio.h>

#include "core/policy.h"
#include "ctl/traffic/flows.h"
#include "ctl/traffic/hosts.h"
#include "text/packet_line.h"

/* What the files of `naclctl flows` share: what flow logs held. */
struct flow_logs {
	const struct policy *policy; /* NULL: only what the logs say */
	const char *interface;       /* of edges; NULL: not said */
	struct hosts hosts;
	struct flows flows; /* every record's, both ways; the hook is FORWARD for all */
	struct flows pairs; /* of what was rejected: source, destination, destination port */
	uint64_t records;
	uint64_t nodata;
	uint64_t skipdata;
	uint64_t unclear;    /* without action, protocol or ports */
	uint64_t wrong;      /* lines that are no records */
	uint64_t undirected; /* flows neither from nor to a host: not judged */
	uint64_t icmp;       /* flows whose type no log holds: not judged */
	uint64_t too_many;
	bool partial; /* ended before the end */
};

/*
 * Reads a log, compressed or not (`-` is stdin). 0, or -EINVAL after an error, which was printed.
 * Lines that are no records are counted, the first few named on stderr.
 */
int flow_log_read(const char *file, struct flow_logs *logs);

/* Replies, and where there is a policy what it says of each flow. */
void flow_logs_judge(struct flow_logs *logs);

/* The flow as the evaluator takes it; only where flow->known. */
struct packet_line flow_logs_line(const struct flow_logs *logs, const struct flow *flow);

/* AWS's pair: a request that was accepted and whose replies were all rejected. */
bool flow_logs_hangs(const struct flow_logs *logs, const struct flow *flow);

/* Was it accepted, and would the policy drop it, or the reverse? */
bool flow_logs_differs(const struct flow *flow);

/* What would let a rejected reply pass. */
struct missing_rule {
	const struct acl *acl;
	enum direction direction;
	struct rule rule;
};

/* False: the policy lets it pass, or which way it went is not known. */
bool flow_logs_missing(const struct flow_logs *logs, const struct flow *request,
		       struct missing_rule *out);

void flow_logs_print(const struct flow_logs *logs, FILE *to);
void flow_logs_print_json(const struct flow_logs *logs, FILE *to);

#endif

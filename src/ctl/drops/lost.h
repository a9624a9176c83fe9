/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DROPS_LOST_H
#define NACLD_CTL_DROPS_LOST_H

#include <jansson.h>
#include <stdio.h>

#include "core/policy.h"

/*
 * What the daemon's drop tables hold, and what that means by the running policy. The daemon tells
 * what it dropped and by which rule; whether that was a reply somebody waits for, and which rule is
 * missing, is worked out here.
 */

/* How much a line stands for: common/protocol.h. */
enum lost_fold {
	LOST_FLOW,
	LOST_PORTS, /* of one remote address */
	LOST_PEERS, /* of one rule */
	LOST_RULES,
};

#define LOST_NO_RULE (-1)

struct lost {
	json_t *object; /* as the daemon said it; the list's */
	enum lost_fold fold;
	uint64_t packets;
	uint64_t bytes;
	uint64_t flows;
	int64_t first;
	int64_t last;
	bool monitor;
	const char *acl_name; /* or NULL, as are these */
	const char *reason;   /* why it was malformed */
	const char *interface;
	int rule; /* 0: the implicit deny; LOST_NO_RULE */
	enum direction direction;
	enum hook hook;
	bool has_ends; /* the addresses are known */
	struct packet packet;

	/* By the running policy: diagnose_all. */
	uint32_t acl;                    /* its index, or POLICY_NO_ACL: no such ACL any more */
	const struct rule *request_rule; /* where `is_reply`: what allows the request */
	bool is_reply;                   /* to a request that the policy allows */
	bool passes_now;                 /* the policy has changed since */
	bool has_missing;
	struct rule missing; /* what would let it pass, for this ACL and direction */
};

struct lost_list {
	json_t *answer;
	struct lost *items;
	size_t count;
	int64_t now; /* the daemon's, seconds since the epoch */
	int64_t since;
	uint64_t places;
	uint64_t memory_bytes;
	uint64_t omitted; /* lines that the daemon left out */
};

/* The remote address, and the port or type that a rule looks at. */
const struct addr *lost_remote(const struct lost *lost);
const struct addr *lost_local(const struct lost *lost);

/* Asks the daemon. False after an error, which has been printed. lost_fini. */
bool lost_fetch(const char *command, const char *socket_path, struct lost_list *out);
void lost_fini(struct lost_list *list);

/* One line of the daemon's as a struct; false where it makes no sense. Borrows the object. */
bool lost_read(json_t *object, struct lost *out);

/* What the policy says of each. The policy must outlive the list's use. */
void diagnose_all(const struct policy *policy, struct lost_list *list);
void diagnose(const struct policy *policy, struct lost *lost);

/* The object for programs: what the daemon said, and the diagnosis. A new reference, or NULL. */
json_t *lost_json(const struct lost *lost);

/* All of a diagnosed list as one object. False: no memory, and nothing was printed. */
bool lost_print_json(const struct lost_list *list, FILE *to);

/* "203.0.113.9", "tcp 443", "icmp type 8 code 0", "gre". Each returns buf. */
#define LOST_WHAT_LEN 48
const char *lost_what(const struct lost *lost, char buf[static LOST_WHAT_LEN]);

/* "web, outbound rule *", "malformed: too-short, inbound". Returns buf. */
#define LOST_WHY_LEN 160
const char *lost_why(const struct lost *lost, char buf[static LOST_WHY_LEN]);

/* The packet as explain and eval take it, by the way it took. */
struct packet_line;
void lost_line(const struct lost *lost, struct packet_line *out);

#endif

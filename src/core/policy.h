/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_POLICY_H
#define NACLD_CORE_POLICY_H

#include "core/acl.h"
#include "core/exempt/exempt.h"
#include "core/hook.h"

/*
 * A policy is one configuration, complete and immutable once policy_finish has accepted it.
 * Workers read it without a lock; a reload builds another and swaps one pointer.
 */

enum policy_mode {
	POLICY_ENFORCE,
	POLICY_MONITOR, /* every verdict is accept; what would be dropped is counted and logged */
};

/* What happens to a packet that cannot be filtered: no daemon, or the queue is full. */
enum policy_failure {
	POLICY_FAIL_DROP,
	POLICY_FAIL_ACCEPT,
};

enum policy_fragments {
	POLICY_REASSEMBLE, /* steering has the kernel put them together first */
	POLICY_STRICT,     /* raw fragments are filtered by what they contain */
};

/* Which process parses and filters packets. */
enum policy_isolation {
	POLICY_ISOLATION_NONE,    /* "none": the daemon's own threads */
	POLICY_ISOLATION_PROCESS, /* "process": a child without rights for each of them */
	POLICY_ISOLATION_DEFAULT = POLICY_ISOLATION_NONE,
};

const char *policy_isolation_name(enum policy_isolation isolation);

/* What happens where the kernel cannot confine the daemon in full. */
enum policy_sandbox {
	POLICY_SANDBOX_REQUIRED,    /* "required": it does not start */
	POLICY_SANDBOX_BEST_EFFORT, /* "best-effort": it goes on with what there is, and says so */
};

const char *policy_sandbox_name(enum policy_sandbox sandbox);

/* What is done when another program changes or removes the kernel rules that bring packets here. */
enum policy_steering {
	POLICY_WATCH, /* an alarm */
	POLICY_GUARD, /* an alarm, and they are restored */
};

#define POLICY_INTERFACE_LEN 16 /* IFNAMSIZ, NUL included */
#define POLICY_NO_ACL        UINT32_MAX
#define POLICY_SEVERAL_ACLS  (UINT32_MAX - 1)

#define QUEUE_LENGTH_DEFAULT 4096
#define QUEUE_LENGTH_MAX     65536 /* the kernel's hard cap per queue */
#define QUEUE_COUNT_MAX      64

/* Which kernel queues get the traffic; one worker each. */
struct queue_range {
	uint16_t first;
	uint16_t count;  /* 1..QUEUE_COUNT_MAX */
	uint32_t length; /* packets a queue holds */
};

/* A protected subnet and the ACL that guards it. */
struct subnet {
	struct prefix prefix;
	uint32_t acl; /* index in policy.acls */
};

/* The host association. acl is POLICY_NO_ACL when the host is not protected. */
struct host {
	uint32_t acl;
	char (*interfaces)[POLICY_INTERFACE_LEN]; /* none: every interface */
	size_t interface_count;
};

/* An interface that an ACL guards on the wire. */
struct edge {
	char interface[POLICY_INTERFACE_LEN];
	uint32_t acl;
};

/*
 * The edge associations. An interface has at most one ACL: the one that names it, else that of the
 * default route.
 */
struct edges {
	struct edge *items;
	size_t count;
	uint32_t default_route; /* ACL of edge = "default-route", or POLICY_NO_ACL */
	uint32_t only;          /* after policy_finish: the ACL at every edge, POLICY_NO_ACL (there
				   is no edge) or POLICY_SEVERAL_ACLS */
};

#define FLOW_LOG_WINDOW_DEFAULT 600
#define FLOW_LOG_WINDOW_MAX     600 /* seconds */
#define FLOW_LOG_FLOWS_DEFAULT  16384
#define FLOW_LOG_FLOWS_MIN      64
#define FLOW_LOG_FLOWS_MAX      1048576

/* What is written about traffic, and where. file NULL: nothing is. */
struct flow_log {
	char *file;    /* absolute */
	char *format;  /* fields as ${name}, see core/flow_format.h */
	char *account; /* what account-id says */
	unsigned int window_s;
	uint32_t flows; /* how many a queue's table holds in one window */
};

struct policy {
	enum policy_mode mode;
	enum policy_failure on_failure;
	enum policy_fragments fragments;
	enum policy_isolation isolation;
	enum policy_sandbox sandbox;
	enum policy_steering steering;
	bool fast_path;      /* what is certainly allowed is accepted in the kernel */
	unsigned int exempt; /* enum exempt bits */
	struct queue_range queue;
	struct flow_log flow_log;
	struct prefix_set **sets; /* each on the heap: rules point at them */
	size_t set_count;
	struct acl *acls;
	size_t acl_count;
	struct host host;
	struct subnet *subnets; /* disjoint */
	size_t subnet_count;
	struct edges edges;
	uint32_t counter_count;          /* after policy_finish: a counter a rule, one a `*` */
	struct classify *(*compiled)[2]; /* after policy_compile: [acl][direction]; else NULL */
};

/* What became of a packet. */
enum policy_outcome {
	POLICY_JUDGED,        /* lists were asked: see steps */
	POLICY_EXEMPTED,      /* on the exempt list: passed */
	POLICY_WITHIN_SUBNET, /* from a protected subnet to itself: passed */
	POLICY_UNPROTECTED,   /* belongs to no ACL: passed */
	POLICY_OUTCOMES,
};

/* One list asked, and its answer. */
struct policy_step {
	const struct rule *rule; /* NULL: the implicit deny */
	uint32_t acl;            /* index in policy.acls */
	uint32_t counter;
	uint8_t direction; /* enum direction */
	uint8_t action;    /* enum action */
};

#define POLICY_STEPS_MAX 4 /* into an edge, out of a subnet, into a subnet, out of an edge */

struct policy_verdict {
	uint8_t action;     /* enum action: the product of the steps */
	uint8_t outcome;    /* enum policy_outcome */
	uint8_t step_count; /* 0..2 at one hook, 0..POLICY_STEPS_MAX on a whole way */
	struct policy_step steps[POLICY_STEPS_MAX];
};

/*
 * An empty policy: enforce, drop, reassemble, watch, default exemptions, queue 0, one worker. NULL:
 * no memory.
 */
struct policy *policy_new(void);
void policy_free(struct policy *policy); /* NULL is fine */

/* Each copies its arguments and returns the new object (owned by the policy) or NULL: no memory. */
struct prefix_set *policy_add_set(struct policy *policy, const char *name);
struct acl *policy_add_acl(struct policy *policy, const char *name); /* moves earlier struct acl */
int policy_add_subnet(struct policy *policy, const struct prefix *prefix, uint32_t acl);
int policy_add_host_interface(struct policy *policy, const char *name);
int policy_add_edge(struct policy *policy, const char *interface, uint32_t acl);
int policy_set_flow_log(struct policy *policy, const struct flow_log *settings);
int prefix_set_add(struct prefix_set *set, const struct prefix *prefix); /* amortised O(1) */

/*
 * Can the name be in a ruleset? The kernel allows names that a ruleset cannot have or would read
 * otherwise: a quote ends nft's string, a final '+' is a wildcard to iptables, a final '*' to nft.
 */
bool policy_interface_is_plain(const char *name);

/*
 * The ACL at an interface on the wire, or POLICY_NO_ACL. A name that no association has is taken
 * for the default route's where there is such an association; loopback is never an edge.
 */
uint32_t policy_edge_acl(const struct policy *policy, const char *interface);

/* The set of that name, or NULL. */
struct prefix_set *policy_find_set(const struct policy *policy, const char *name);

/*
 * Sorts the lists and lays out the counters. NULL, or what makes the policy impossible (a rule
 * number twice, overlapping subnets, an interface twice): callers that can name a line check
 * before.
 */
const char *policy_finish(struct policy *policy);

/*
 * Compiles every list (core/classify.h), after policy_finish: policy_eval then gives the same
 * answers, and fast. Without it policy_eval asks the linear reference. 0, -ENOMEM, or -E2BIG: a
 * list would take more than CLASSIFY_MAX_BYTES; the policy stays as it was.
 */
int policy_compile(struct policy *policy);

/* Bytes the compiled lists take; 0 without them. */
size_t policy_compiled_bytes(const struct policy *policy);

/*
 * Evaluates one packet seen at `hook`.
 *
 * @interface  the device it came in by (INPUT, FORWARD) or leaves by (OUTPUT), or NULL when
 *             steering has already chosen: then a host association limited to interfaces applies
 *
 * INPUT asks the host ACL's inbound list, OUTPUT its outbound list. FORWARD: where source and
 * destination lie in the same protected subnet nothing is asked; else the source subnet's outbound
 * list and then, if that allowed, the destination subnet's inbound list. PREROUTING and POSTROUTING
 * ask the list of the edge's ACL; an interface of NULL or "" stands for any edge where one ACL
 * guards them all. No allocation, no lock.
 */
void policy_eval(const struct policy *policy, enum hook hook, const char *interface,
		 const struct packet *packet, struct policy_verdict *out);

/* The same at an edge that `acl` guards: hook is PREROUTING or POSTROUTING. */
void policy_eval_edge(const struct policy *policy, enum hook hook, uint32_t acl,
		      const struct packet *packet, struct policy_verdict *out);

/*
 * The one exemption that covers the packet, or 0. At an edge: discovery of neighbours, and with an
 * interface named the DHCP client. Without one steering has chosen: what it queued from DHCP's
 * ports was not for this host.
 */
unsigned int policy_exempts(const struct policy *policy, enum hook hook, const char *interface,
			    const struct packet *packet);

const char *policy_outcome_name(enum policy_outcome outcome);

#endif

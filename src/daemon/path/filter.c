/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From messages to verdicts: the life of a packet.
 *
 * Invariant: a packet's id and queue are read first (batch_packet_at), and every path below
 * filter_packet then gives exactly one verdict, to that queue, for that id. What cannot be
 * evaluated gets the configured failure verdict. On this path there is no allocation, no
 * descriptor, no lock and no log call.
 */
#include "daemon/path/filter.h"

#include <time.h>

#include <linux/netfilter.h>
#include <sys/socket.h>

#include "core/way/reply.h"
#include "daemon/path/flow_table.h"

const char *filter_failure_name(enum filter_failure failure)
{
	static const char *const names[FILTER_FAILURES] = {"no-payload", "other-family",
							   "other-hook", "other-edge", "no-answer"};

	return names[failure];
}

int filter_init(struct filter *filter, unsigned int index, int wake)
{
	struct filter_memory *memory;
	int err;

	*filter = (struct filter){.index = index, .wake = wake};
	err = shared_open(&filter->memory, sizeof(*memory), true);
	if (err)
		return err;
	memory = filter->memory.memory;
	filter->counters = &memory->counters;
	filter->events = &memory->events;
	event_ring_init(filter->events);
	return 0;
}

void filter_fini(struct filter *filter)
{
	shared_close(&filter->memory);
}

void filter_refuse(struct filter *filter)
{
	__atomic_add_fetch(&filter->refused, 1, __ATOMIC_RELAXED);
}

uint64_t filter_refused(const struct filter *filter)
{
	return __atomic_load_n(&filter->refused, __ATOMIC_RELAXED);
}

static bool hook_of(uint8_t nf_hook, enum hook *out)
{
	switch (nf_hook) {
	case NF_INET_LOCAL_IN:
		*out = HOOK_INPUT;
		return true;
	case NF_INET_FORWARD:
		*out = HOOK_FORWARD;
		return true;
	case NF_INET_LOCAL_OUT:
		*out = HOOK_OUTPUT;
		return true;
	case NF_INET_PRE_ROUTING:
		*out = HOOK_PREROUTING;
		return true;
	case NF_INET_POST_ROUTING:
		*out = HOOK_POSTROUTING;
		return true;
	default:
		return false;
	}
}

static bool family_of(uint8_t pf, enum family *out)
{
	*out = pf == PF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	return pf == PF_INET || pf == PF_INET6;
}

enum action filter_fail(struct filter *filter, const struct snapshot *snapshot,
			enum filter_failure failure)
{
	counter_add(&filter->counters->failures[failure], 1);
	return snapshot->policy->on_failure == POLICY_FAIL_ACCEPT ? ACTION_ALLOW : ACTION_DENY;
}

static void count_steps(struct rule_counter *counters, const struct policy_verdict *verdict,
			uint32_t bytes, int64_t now)
{
	for (unsigned int i = 0; i < verdict->step_count; i++) {
		struct rule_counter *counter = &counters[verdict->steps[i].counter];

		counter_add(&counter->packets, 1);
		counter_add(&counter->bytes, bytes);
		__atomic_store_n(&counter->last_hit, now, __ATOMIC_RELAXED);
	}
}

static bool is_edge(enum hook hook)
{
	return hook >= HOOK_PREROUTING;
}

static uint16_t acl_id(const struct snapshot *snapshot, uint32_t acl)
{
	if (snapshot->acl_ids)
		return snapshot->acl_ids[acl];
	return acl < DROP_NO_ACL ? (uint16_t)acl : DROP_NO_ACL;
}

/* The same in the table of flows, where nothing is lost. */
static void count_drop(const struct filter *filter, const struct snapshot *snapshot,
		       const struct event *event, int64_t now_s)
{
	bool malformed = event->reason != PACKET_OK, outbound;
	enum hook hook = (enum hook)event->hook, other;
	struct packet request;

	outbound = malformed ? hook == HOOK_OUTPUT || hook == HOOK_POSTROUTING
			     : event->direction == OUTBOUND;
	drop_table_count(filter->drops,
			 &(struct drop){
				 .packet = event->packet,
				 .device = event->device,
				 .acl = malformed ? DROP_NO_ACL : acl_id(snapshot, event->acl),
				 .rule = event->rule,
				 .direction = outbound ? OUTBOUND : INBOUND,
				 .reason = event->reason,
				 .hook = event->hook,
				 .monitor = event->monitor,
				 .answers = !malformed &&
					    reply_request(hook, &event->packet, &other, &request),
			 },
			 (uint32_t)now_s);
}

static void tell_drop(struct filter *filter, const struct snapshot *snapshot, int64_t now_s,
		      enum hook hook, const struct batch_packet *in, const struct packet *packet,
		      enum packet_reason reason, const struct policy_verdict *verdict)
{
	struct event event = {
		.serial = snapshot->serial,
		.hook = (uint8_t)hook,
		.reason = (uint8_t)reason,
		.monitor = snapshot->policy->mode == POLICY_MONITOR,
		.device = is_edge(hook) ? batch_device(in) : 0,
		.packet = *packet,
	};

	if (verdict) {
		const struct policy_step *step = &verdict->steps[verdict->step_count - 1];

		event.acl = step->acl;
		event.direction = step->direction;
		event.rule = step->rule ? step->rule->number : 0;
	}
	if (filter->drops)
		count_drop(filter, snapshot, &event, now_s);
	event_ring_put(filter->events, filter->wake, &event);
}

/*
 * What a list decided goes into the flow log, by what is really done: monitor mode drops nothing.
 */
static void count_flow(struct flow_table *flows, const struct snapshot *snapshot, enum hook hook,
		       const struct packet *packet, const struct policy_verdict *verdict,
		       int64_t now)
{
	if (flows && verdict->step_count > 0)
		flow_table_count(flows, hook, packet, &verdict->steps[verdict->step_count - 1],
				 snapshot->policy->mode == POLICY_MONITOR ? ACTION_ALLOW
									  : verdict->action,
				 now);
}

/*
 * False where no ACL stands: there is no edge (any more: kernel rules of an older configuration
 * still bring packets), or several ACLs guard edges and the interface is none of theirs.
 */
static bool eval_edge(const struct snapshot *snapshot, enum hook hook,
		      const struct batch_packet *in, const struct packet *packet,
		      struct policy_verdict *out)
{
	uint32_t acl = snapshot->policy->edges.only;

	if (acl == POLICY_SEVERAL_ACLS)
		acl = snapshot_edge_acl(snapshot, batch_device(in));
	if (acl == POLICY_NO_ACL)
		return false;
	policy_eval_edge(snapshot->policy, hook, acl, packet, out);
	return true;
}

/* Inlined into filter_batch's loop: each call would cost a thirtieth of a packet's instructions. */
#define IN_THE_LOOP __attribute__((always_inline)) static inline

/* The verdict for one packet; enforce mode's, whatever the mode. */
IN_THE_LOOP enum action decide(struct filter *filter, struct snapshot *snapshot,
			       struct flow_table *flows, int64_t now, const struct batch_packet *in)
{
	struct filter_counters *counters = filter->counters;
	struct policy_verdict verdict;
	enum packet_reason reason;
	struct packet packet;
	enum family family;
	enum hook hook;

	if (!in->data)
		return filter_fail(filter, snapshot, FILTER_NO_PAYLOAD);
	if (!family_of(in->pf, &family))
		return filter_fail(filter, snapshot, FILTER_OTHER_FAMILY);
	if (!hook_of(in->hook, &hook))
		return filter_fail(filter, snapshot, FILTER_OTHER_HOOK);

	reason = packet_parse(family, in->data, in->copy_len, in->wire_len, &packet);
	if (reason != PACKET_OK) {
		counter_add(&counters->reasons[reason], 1);
		tell_drop(filter, snapshot, now, hook, in, &packet, reason, NULL);
		return ACTION_DENY;
	}
	if (!is_edge(hook))
		policy_eval(snapshot->policy, hook, NULL, &packet, &verdict);
	else if (!eval_edge(snapshot, hook, in, &packet, &verdict))
		return filter_fail(filter, snapshot, FILTER_OTHER_EDGE);
	counter_add(&counters->outcomes[verdict.outcome], 1);
	count_steps(snapshot->workers[filter->index], &verdict, packet.len, now);
	count_flow(flows, snapshot, hook, &packet, &verdict, now);
	if (verdict.action == ACTION_DENY)
		tell_drop(filter, snapshot, now, hook, in, &packet, PACKET_OK, &verdict);
	return verdict.action;
}

IN_THE_LOOP enum action filter_one(struct filter *filter, struct snapshot *snapshot,
				   struct flow_table *flows, int64_t now_s,
				   const struct batch_packet *in)
{
	struct filter_counters *counters = filter->counters;
	enum action action = decide(filter, snapshot, flows, now_s, in);

	counter_add(&counters->packets, 1);
	if (action == ACTION_DENY && snapshot->policy->mode == POLICY_MONITOR) {
		counter_add(&counters->would_drop, 1);
		action = ACTION_ALLOW;
	}
	counter_add(action == ACTION_ALLOW ? &counters->accepted : &counters->dropped, 1);
	return action;
}

enum action filter_packet(struct filter *filter, struct snapshot *snapshot,
			  struct flow_table *flows, int64_t now_s, const struct batch_packet *in)
{
	return filter_one(filter, snapshot, flows, now_s, in);
}

struct flow_table *filter_flows(const struct filter *filter, const struct snapshot *snapshot)
{
	if (!snapshot->flows)
		return NULL;
	return __atomic_load_n(&snapshot->flows[filter->index], __ATOMIC_SEQ_CST);
}

void filter_batch(struct filter *filter, struct snapshot *snapshot, struct batch *batch,
		  unsigned int n)
{
	struct flow_table *flows = filter_flows(filter, snapshot);
	struct batch_packet packet;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	for (unsigned int i = 0; i < n; i++)
		if (batch_packet_at(batch, i, filter->errors, &packet))
			batch_answer(batch, &packet,
				     filter_one(filter, snapshot, flows, now.tv_sec, &packet));
	if (flows)
		flow_table_settle(flows);
	batch_judged(batch);
}

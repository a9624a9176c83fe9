/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy: which ACL guards what, and what that means for one packet.
 *
 * Built by the configuration reader, finished once, then read-only. An ACL is at the edge of
 * what it protects: an interface (PREROUTING, POSTROUTING), the host (INPUT, OUTPUT), or a subnet
 * (FORWARD). Crossing the edge inwards asks
 * the inbound list, outwards the outbound list; a packet from one protected subnet to another
 * crosses two edges and must pass both. Traffic that stays inside crosses none (AWS VPC user guide:
 * a network ACL acts on traffic entering or leaving the subnet, never within it).
 */
#include "core/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/classify/classify.h"

struct policy *policy_new(void)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->exempt = EXEMPT_DEFAULT;
	policy->isolation = POLICY_ISOLATION_DEFAULT;
	policy->queue = (struct queue_range){.count = 1, .length = QUEUE_LENGTH_DEFAULT};
	policy->host.acl = POLICY_NO_ACL;
	policy->edges.default_route = policy->edges.only = POLICY_NO_ACL;
	return policy;
}

static void flow_log_fini(struct flow_log *log)
{
	free(log->file);
	free(log->format);
	free(log->account);
}

static void free_compiled(struct policy *policy)
{
	for (size_t i = 0; policy->compiled && i < policy->acl_count; i++) {
		classify_free(policy->compiled[i][INBOUND]);
		classify_free(policy->compiled[i][OUTBOUND]);
	}
	free(policy->compiled);
	policy->compiled = NULL;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	free_compiled(policy); /* they borrow the rules */
	for (size_t i = 0; i < policy->set_count; i++) {
		free(policy->sets[i]->name);
		free(policy->sets[i]->prefixes);
		free(policy->sets[i]);
	}
	for (size_t i = 0; i < policy->acl_count; i++)
		acl_fini(&policy->acls[i]);
	flow_log_fini(&policy->flow_log);
	free(policy->sets);
	free(policy->acls);
	free(policy->host.interfaces);
	free(policy->subnets);
	free(policy->edges.items);
	free(policy);
}

/* Room for one more in an array that grows one by one: few of these, and never on a hot path. */
static void *grow(void *array, size_t count, size_t size)
{
	return reallocarray(array, count + 1, size);
}

struct prefix_set *policy_add_set(struct policy *policy, const char *name)
{
	struct prefix_set **sets = grow(policy->sets, policy->set_count, sizeof(*sets));
	struct prefix_set *set;

	if (!sets)
		return NULL;
	policy->sets = sets;
	set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	set->name = strdup(name);
	if (!set->name) {
		free(set);
		return NULL;
	}
	sets[policy->set_count++] = set;
	return set;
}

struct prefix_set *policy_find_set(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->set_count; i++)
		if (strcmp(policy->sets[i]->name, name) == 0)
			return policy->sets[i];
	return NULL;
}

int prefix_set_add(struct prefix_set *set, const struct prefix *prefix)
{
	/* Full exactly at the powers of two from 16 up: no capacity to keep. */
	if (set->count == 0 || (set->count >= 16 && (set->count & (set->count - 1)) == 0)) {
		size_t capacity = set->count ? set->count * 2 : 16;
		struct prefix *prefixes = reallocarray(set->prefixes, capacity, sizeof(*prefixes));

		if (!prefixes)
			return -ENOMEM;
		set->prefixes = prefixes;
	}
	set->prefixes[set->count++] = *prefix;
	return 0;
}

struct acl *policy_add_acl(struct policy *policy, const char *name)
{
	struct acl *acls = grow(policy->acls, policy->acl_count, sizeof(*acls));
	char *copy;

	if (!acls)
		return NULL;
	policy->acls = acls;
	copy = strdup(name);
	if (!copy)
		return NULL;
	acls[policy->acl_count] = (struct acl){.name = copy};
	return &acls[policy->acl_count++];
}

int policy_add_subnet(struct policy *policy, const struct prefix *prefix, uint32_t acl)
{
	struct subnet *subnets = grow(policy->subnets, policy->subnet_count, sizeof(*subnets));

	if (!subnets)
		return -ENOMEM;
	policy->subnets = subnets;
	subnets[policy->subnet_count++] = (struct subnet){.prefix = *prefix, .acl = acl};
	return 0;
}

int policy_add_host_interface(struct policy *policy, const char *name)
{
	struct host *host = &policy->host;
	void *interfaces;

	if (strlen(name) >= POLICY_INTERFACE_LEN)
		return -EINVAL;
	interfaces = grow(host->interfaces, host->interface_count, POLICY_INTERFACE_LEN);
	if (!interfaces)
		return -ENOMEM;
	host->interfaces = interfaces;
	memset(host->interfaces[host->interface_count], 0, POLICY_INTERFACE_LEN);
	strcpy(host->interfaces[host->interface_count++], name);
	return 0;
}

int policy_add_edge(struct policy *policy, const char *interface, uint32_t acl)
{
	struct edges *edges = &policy->edges;
	struct edge *items;

	if (strlen(interface) >= POLICY_INTERFACE_LEN)
		return -EINVAL;
	items = grow(edges->items, edges->count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	edges->items = items;
	items[edges->count] = (struct edge){.acl = acl};
	strcpy(items[edges->count++].interface, interface);
	return 0;
}

int policy_set_flow_log(struct policy *policy, const struct flow_log *settings)
{
	struct flow_log log = *settings;

	log.file = strdup(settings->file);
	log.format = strdup(settings->format);
	log.account = strdup(settings->account);
	if (!log.file || !log.format || !log.account) {
		flow_log_fini(&log);
		return -ENOMEM;
	}
	flow_log_fini(&policy->flow_log);
	policy->flow_log = log;
	return 0;
}

/* ASCII, whatever the locale. */
static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool policy_interface_is_plain(const char *name)
{
	if (!is_alphanumeric(*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!is_alphanumeric(*name) && !strchr("_-.@", *name))
			return false;
	return true;
}

static void layout_counters(struct policy *policy)
{
	uint32_t next = 0;

	for (size_t i = 0; i < policy->acl_count; i++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			struct acl_list *list = &policy->acls[i].lists[d];

			for (size_t r = 0; r < list->count; r++)
				list->rules[r].counter = next++;
			list->implicit_counter = next++;
		}
	}
	policy->counter_count = next;
}

static const char *finish_edges(struct policy *policy)
{
	struct edges *edges = &policy->edges;

	edges->only = edges->default_route;
	if (edges->default_route != POLICY_NO_ACL && edges->default_route >= policy->acl_count)
		return "the default route is associated with an ACL that is not there";
	for (size_t i = 0; i < edges->count; i++) {
		if (edges->items[i].acl >= policy->acl_count)
			return "an edge is associated with an ACL that is not there";
		for (size_t j = 0; j < i; j++)
			if (strcmp(edges->items[i].interface, edges->items[j].interface) == 0)
				return "an interface is an edge twice";
		if (edges->only == POLICY_NO_ACL)
			edges->only = edges->items[i].acl;
		else if (edges->only != edges->items[i].acl)
			edges->only = POLICY_SEVERAL_ACLS;
	}
	return NULL;
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_order(a, b);
}

/* NULL, or what is wrong with them. */
static const char *check_subnets(const struct policy *policy)
{
	struct prefix *sorted = calloc(policy->subnet_count + 1, sizeof(*sorted));
	bool overlap = false;

	if (!sorted)
		return "no memory";
	for (size_t i = 0; i < policy->subnet_count; i++)
		sorted[i] = policy->subnets[i].prefix;
	qsort(sorted, policy->subnet_count, sizeof(*sorted), compare_prefixes);
	for (size_t i = 1; i < policy->subnet_count; i++)
		overlap |= prefix_covers(&sorted[i - 1], &sorted[i]);
	free(sorted);
	return overlap ? "two protected subnets overlap" : NULL;
}

const char *policy_finish(struct policy *policy)
{
	const char *impossible;

	for (size_t i = 0; i < policy->acl_count; i++)
		if (!acl_sort(&policy->acls[i]))
			return "a rule number appears twice in one list";
	if (policy->host.acl != POLICY_NO_ACL && policy->host.acl >= policy->acl_count)
		return "the host is associated with an ACL that does not exist";
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (policy->subnets[i].acl >= policy->acl_count)
			return "a subnet is associated with an ACL that does not exist";
	impossible = check_subnets(policy);
	if (impossible)
		return impossible;
	layout_counters(policy);
	return finish_edges(policy);
}

int policy_compile(struct policy *policy)
{
	int err = 0;

	free_compiled(policy);
	policy->compiled =
		calloc(policy->acl_count ? policy->acl_count : 1, sizeof(*policy->compiled));
	if (!policy->compiled)
		return -ENOMEM;
	for (size_t i = 0; !err && i < policy->acl_count; i++)
		for (int d = INBOUND; !err && d <= OUTBOUND; d++)
			err = classify_build(&policy->acls[i].lists[d], d, CLASSIFY_MAX_BYTES,
					     &policy->compiled[i][d]);
	if (err)
		free_compiled(policy);
	return err;
}

size_t policy_compiled_bytes(const struct policy *policy)
{
	size_t bytes = 0;

	for (size_t i = 0; policy->compiled && i < policy->acl_count; i++)
		bytes += classify_bytes(policy->compiled[i][INBOUND]) +
			 classify_bytes(policy->compiled[i][OUTBOUND]);
	return bytes;
}

static const struct subnet *subnet_of(const struct policy *policy, const struct addr *addr)
{
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (prefix_contains(&policy->subnets[i].prefix, addr))
			return &policy->subnets[i];
	return NULL;
}

static bool host_guards(const struct host *host, const char *interface)
{
	if (host->acl == POLICY_NO_ACL)
		return false;
	if (host->interface_count == 0 || !interface)
		return true;
	for (size_t i = 0; i < host->interface_count; i++)
		if (strcmp(host->interfaces[i], interface) == 0)
			return true;
	return false;
}

/* Asks one list; false when the packet is stopped here. */
static bool ask(const struct policy *policy, uint32_t acl, enum direction direction,
		const struct packet *packet, struct policy_verdict *out)
{
	const struct acl_list *list = &policy->acls[acl].lists[direction];
	struct policy_step *step = &out->steps[out->step_count++];

	step->acl = acl;
	step->direction = (uint8_t)direction;
	step->rule = policy->compiled ? classify_lookup(policy->compiled[acl][direction], packet)
				      : acl_eval(list, direction, packet);
	step->counter = step->rule ? step->rule->counter : list->implicit_counter;
	step->action = step->rule ? step->rule->action : ACTION_DENY;
	out->action = step->action;
	out->outcome = POLICY_JUDGED;
	return step->action == ACTION_ALLOW;
}

static void eval_forward(const struct policy *policy, const struct packet *packet,
			 struct policy_verdict *out)
{
	const struct subnet *from = subnet_of(policy, &packet->src);
	const struct subnet *to = subnet_of(policy, &packet->dst);

	if (from && from == to) {
		out->outcome = POLICY_WITHIN_SUBNET;
		return;
	}
	if (from && !ask(policy, from->acl, OUTBOUND, packet, out))
		return;
	if (to)
		ask(policy, to->acl, INBOUND, packet, out);
}

uint32_t policy_edge_acl(const struct policy *policy, const char *interface)
{
	const struct edges *edges = &policy->edges;

	if (strcmp(interface, "lo") == 0)
		return POLICY_NO_ACL;
	for (size_t i = 0; i < edges->count; i++)
		if (strcmp(edges->items[i].interface, interface) == 0)
			return edges->items[i].acl;
	return edges->default_route;
}

static bool is_edge_hook(enum hook hook)
{
	return hook == HOOK_PREROUTING || hook == HOOK_POSTROUTING;
}

/*
 * On the wire nothing is loopback, whatever its addresses. A DHCP client's ports alone do not make
 * a packet the host's own: see policy.h.
 */
static unsigned int exempts_at_edge(const struct policy *policy, enum hook hook,
				    const char *interface, const struct packet *packet)
{
	unsigned int set = policy->exempt & ~(unsigned int)EXEMPT_LOOPBACK;

	if (!interface)
		set &= ~(unsigned int)EXEMPT_DHCP;
	return exempt_find(set, hook == HOOK_PREROUTING ? INBOUND : OUTBOUND, interface, packet);
}

/* All of them speak of the host's own link; nothing routed is exempt. */
static inline unsigned int exempts_inside(const struct policy *policy, enum hook hook,
					  const char *interface, const struct packet *packet)
{
	if (hook == HOOK_FORWARD)
		return 0;
	return exempt_find(policy->exempt, hook == HOOK_INPUT ? INBOUND : OUTBOUND, interface,
			   packet);
}

unsigned int policy_exempts(const struct policy *policy, enum hook hook, const char *interface,
			    const struct packet *packet)
{
	return is_edge_hook(hook) ? exempts_at_edge(policy, hook, interface, packet)
				  : exempts_inside(policy, hook, interface, packet);
}

static void eval_edge(const struct policy *policy, enum hook hook, const char *interface,
		      uint32_t acl, const struct packet *packet, struct policy_verdict *out)
{
	out->action = ACTION_ALLOW;
	out->outcome = POLICY_UNPROTECTED;
	out->step_count = 0;

	if (acl >= policy->acl_count)
		return;
	if (exempts_at_edge(policy, hook, interface, packet))
		out->outcome = POLICY_EXEMPTED;
	else
		ask(policy, acl, hook == HOOK_PREROUTING ? INBOUND : OUTBOUND, packet, out);
}

void policy_eval_edge(const struct policy *policy, enum hook hook, uint32_t acl,
		      const struct packet *packet, struct policy_verdict *out)
{
	eval_edge(policy, hook, NULL, acl, packet, out);
}

void policy_eval(const struct policy *policy, enum hook hook, const char *interface,
		 const struct packet *packet, struct policy_verdict *out)
{
	if (is_edge_hook(hook)) {
		eval_edge(policy, hook, interface,
			  interface && *interface ? policy_edge_acl(policy, interface)
						  : policy->edges.only,
			  packet, out);
		return;
	}
	out->action = ACTION_ALLOW;
	out->outcome = POLICY_UNPROTECTED;
	out->step_count = 0;

	if (exempts_inside(policy, hook, interface, packet))
		out->outcome = POLICY_EXEMPTED;
	else if (hook == HOOK_FORWARD)
		eval_forward(policy, packet, out);
	else if (host_guards(&policy->host, interface))
		ask(policy, policy->host.acl, hook == HOOK_INPUT ? INBOUND : OUTBOUND, packet, out);
}

const char *policy_sandbox_name(enum policy_sandbox sandbox)
{
	return sandbox == POLICY_SANDBOX_BEST_EFFORT ? "best-effort" : "required";
}

const char *policy_isolation_name(enum policy_isolation isolation)
{
	return isolation == POLICY_ISOLATION_PROCESS ? "process" : "none";
}

const char *policy_outcome_name(enum policy_outcome outcome)
{
	static const char *const names[POLICY_OUTCOMES] = {"judged", "exempted", "within-subnet",
							   "unprotected"};

	return names[outcome];
}

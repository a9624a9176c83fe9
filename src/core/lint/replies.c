/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that pass and whose replies do not.
 *
 * A request is what a list allows, less the rules that are there for replies (core/clients.h). Its
 * reply goes to the address it came from and to the port it came from, by the other list. So at
 * each address the question is which of a client's source ports the other list allows, and that
 * share is exact. A service met by the public needs all of 1024-65535; a private network may have
 * clients of one kind, and the host's own are Linux's. Services whose clients have ports of their
 * own (core/clients.c) need those too.
 *
 * Where another protected subnet is the remote end, its lists are asked as well: what cannot come
 * from there is no request. An explicit deny of every client port at an address is taken as meant.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/advice.h"
#include "core/clients.h"
#include "core/lint/internal.h"

#define ECHO_REQUEST4 (8 << 8)
#define ECHO_REPLY4   0
#define ECHO_REQUEST6 (128 << 8)
#define ECHO_REPLY6   (129 << 8)

static const uint8_t transports[] = {PROTOCOL_TCP, PROTOCOL_UDP};

struct replies {
	const struct lint_subject *subject;
	enum direction asks;
	struct lines *lines;
	struct space requests; /* what may be asked */
	struct space answered; /* what the other list lets back */
	struct space hanging;  /* requests some of whose replies are dropped */
	uint8_t *told;         /* by rule of the asking list */
};

/* One way only: logs, traps, flow exports, wake-up calls. No reply is missed. */
static bool is_one_way(uint16_t port)
{
	static const uint16_t ports[] = {9, 162, 514, 2055, 4739, 6343, 8125};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (ports[i] == port)
			return true;
	return false;
}

static bool covers(const struct lines *lines, line_ref line, uint8_t protocol,
		   const struct client_profile *profile)
{
	return line_count(lines, line, lint_key(protocol, profile->first),
			  lint_key(protocol, profile->last)) ==
	       (uint32_t)profile->last - profile->first + 1;
}

/* Is it this host that asks, by a range of ports that is known? */
static bool asks_itself(const struct replies *r)
{
	return r->asks == OUTBOUND && r->subject->host;
}

/* Are the replies to clients of any service sure of their way back? */
static bool is_answered(const struct replies *r, const struct space_pair *pair, uint8_t protocol)
{
	bool public = !lint_is_private(&pair->first, &pair->last);

	if (covers(r->lines, pair->b, protocol, client_main(CLIENT_NAT)))
		return true;
	if (r->asks == INBOUND && public)
		return false;
	if (asks_itself(r))
		return covers(r->lines, pair->b, protocol, r->subject->run->own);
	return covers(r->lines, pair->b, protocol, client_main(CLIENT_LINUX)) ||
	       covers(r->lines, pair->b, protocol, client_main(CLIENT_DYNAMIC));
}

/* IKE's ports are fixed on both ends; the others' clients may also take any port. */
static bool is_fixed(const struct client_profile *profile)
{
	return profile->services[0] == profile->first && profile->first != 123;
}

/* Of this service: some profile that asks it by name, and is not answered; NULL: none. */
static const struct client_profile *unanswered(const struct replies *r, line_ref answered,
					       uint8_t protocol, uint16_t port)
{
	size_t count;
	const struct client_profile *profiles = client_profiles(&count);

	for (size_t i = 0; i < count; i++)
		if (client_asks(&profiles[i], protocol, port) &&
		    (r->asks == INBOUND || is_fixed(&profiles[i])) &&
		    !covers(r->lines, answered, protocol, &profiles[i]))
			return &profiles[i];
	return NULL;
}

static bool has_fixed_client(uint8_t protocol, uint16_t port)
{
	size_t count;
	const struct client_profile *profiles = client_profiles(&count);

	for (size_t i = 0; i < count; i++)
		if (client_asks(&profiles[i], protocol, port) && is_fixed(&profiles[i]))
			return true;
	return false;
}

static line_ref with(const struct replies *r, enum line_op op, line_ref line, uint8_t protocol,
		     uint16_t port)
{
	uint32_t key = lint_key(protocol, port);

	return line_apply(r->lines, op, line, line_span(r->lines, key, key));
}

/* Services that are asked from ports of their own; a rule over all ports does not mean them. */
static line_ref hanging_services(const struct replies *r, const struct space_pair *pair,
				 uint8_t protocol, line_ref hanging)
{
	size_t count;
	const struct client_profile *profiles = client_profiles(&count);

	for (size_t i = 0; i < count; i++) {
		for (int s = 0; s < CLIENT_SERVICES && profiles[i].services[s]; s++) {
			uint16_t port = profiles[i].services[s];

			if (!client_asks(&profiles[i], protocol, port) ||
			    !line_at(r->lines, pair->a, lint_key(protocol, port)) ||
			    line_at(r->lines, pair->a, lint_key(protocol, port - 1)) ||
			    line_at(r->lines, pair->a, lint_key(protocol, port + 1)))
				continue;
			if (has_fixed_client(protocol, port))
				hanging = with(r, LINE_WITHOUT, hanging, protocol, port);
			if (unanswered(r, pair->b, protocol, port))
				hanging = with(r, LINE_OR, hanging, protocol, port);
		}
	}
	return hanging;
}

static line_ref hanging_echo(const struct replies *r, const struct space_pair *pair,
			     line_ref hanging)
{
	bool v4 = pair->first.family == FAMILY_IPV4;
	uint8_t protocol = v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	uint16_t request = v4 ? ECHO_REQUEST4 : ECHO_REQUEST6;
	uint16_t reply = v4 ? ECHO_REPLY4 : ECHO_REPLY6;

	if (!line_at(r->lines, pair->a, lint_key(protocol, request)) ||
	    line_at(r->lines, pair->b, lint_key(protocol, reply)))
		return hanging;
	return with(r, LINE_OR, hanging, protocol, request);
}

/* Multicast and broadcast are answered from elsewhere, if at all. */
static bool is_group(const struct addr *a)
{
	return a->family == FAMILY_IPV4 ? a->hi >> 61 == 7 : a->hi >> 56 == 0xff;
}

static line_ref find_hanging(void *context, const struct space_pair *pair)
{
	const struct replies *r = context;
	line_ref hanging = LINE_NO;

	if (pair->a == LINE_NO || is_group(&pair->first))
		return LINE_NO;
	for (int i = 0; i < 2; i++) {
		uint8_t protocol = transports[i];
		uint32_t first = lint_key(protocol, 0), last = lint_key(protocol, UINT16_MAX);

		if (line_count(r->lines, pair->a, first, last) == 0)
			continue;
		if (!is_answered(r, pair, protocol))
			hanging = line_apply(r->lines, LINE_OR, hanging,
					     line_apply(r->lines, LINE_AND, pair->a,
							line_span(r->lines, first, last)));
		hanging = hanging_services(r, pair, protocol, hanging);
	}
	return hanging_echo(r, pair, hanging);
}

/* Where an explicit deny covers every client's port, nobody waits for an answer by mistake. */
static line_ref forgive(void *context, const struct space_pair *pair)
{
	const struct replies *r = context;
	line_ref answered = pair->a;

	for (int i = 0; i < 2; i++) {
		uint32_t first = lint_key(transports[i], 0);
		uint32_t last = lint_key(transports[i], UINT16_MAX);

		if (line_count(r->lines, pair->b, first + 1024, last) == UINT16_MAX - 1023)
			answered = line_apply(r->lines, LINE_OR, answered,
					      line_span(r->lines, first, last));
	}
	for (int v6 = 0; v6 < 2; v6++) {
		uint32_t key = v6 ? lint_key(PROTOCOL_ICMPV6, ECHO_REPLY6)
				  : lint_key(PROTOCOL_ICMP, ECHO_REPLY4);

		if (line_at(r->lines, pair->b, key))
			answered = line_apply(r->lines, LINE_OR, answered,
					      line_span(r->lines, key, key));
	}
	return answered;
}

/* A set of the rules' map: the keys whose rule the table says yes to. */
struct choice {
	struct lines *lines;
	uint8_t table[LINE_NONE + 1];
	unsigned int id;
};

static line_ref choose(void *context, const struct space_pair *pair)
{
	struct choice *choice = context;

	return line_translate(choice->lines, pair->a, choice->table, choice->id);
}

/* Ids of translations, two for each list; those of lint.c are below. */
static unsigned int choice_id(const struct replies *r, unsigned int which)
{
	return 2 * (unsigned int)r->subject->run->policy->acl_count + 4 * r->subject->index +
	       2 * (unsigned int)r->asks + which;
}

static int choose_requests(struct replies *r, struct choice *choice)
{
	const struct acl_list *list = &r->subject->acl->lists[r->asks];
	const struct space *map = &r->subject->maps->rules[r->asks];

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		choice->table[i] = rule->action == ACTION_ALLOW &&
				   !(rule_has_ports(rule) &&
				     client_is_reply_range(rule->port_first, rule->port_last));
	}
	choice->id = choice_id(r, 0);
	return space_combine(map, map, choose, choice, &r->requests);
}

static int choose_answered(struct replies *r, struct choice *choice)
{
	enum direction other = lint_other(r->asks);
	const struct acl_list *list = &r->subject->acl->lists[other];
	const struct space *map = &r->subject->maps->rules[other];
	struct space denied;
	int status;

	for (size_t i = 0; i <= LINE_NONE; i++)
		choice->table[i] = i < list->count && list->rules[i].action == ACTION_DENY;
	choice->id = choice_id(r, 1);
	status = space_combine(map, map, choose, choice, &denied);
	if (status == 0)
		status = space_combine(&r->subject->maps->allowed[other], &denied, forgive, r,
				       &r->answered);
	space_fini(&denied);
	return status;
}

/* What some address of the subject's subnets may exchange with the list's remote end. */
static line_ref line_towards(const struct replies *r, const struct space *allowed)
{
	const struct policy *policy = r->subject->run->policy;
	line_ref line = LINE_NO;

	for (size_t i = 0; i < policy->subnet_count; i++) {
		const struct prefix *own = &policy->subnets[i].prefix;
		int half = space_half_of(own->addr.family);
		size_t n = space_find(allowed, &own->addr);

		if (policy->subnets[i].acl != r->subject->index)
			continue;
		for (; n < allowed->half[half].count; n++) {
			struct addr first = space_interval_first(allowed, half, n);

			if (first.hi > own->addr.hi && !prefix_contains(own, &first))
				break;
			line = line_apply(r->lines, LINE_OR, line, allowed->half[half].at[n].line);
		}
	}
	return line;
}

/* At the prefix only what `line` has as well. */
static int narrow(struct space *set, const struct prefix *prefix, line_ref line)
{
	struct lines *lines = set->lines;
	line_ref rest = line_apply(lines, LINE_WITHOUT, LINE_YES, line);
	struct space cut = {0}, out = {0};
	int status = space_of_prefix(lines, prefix, rest, &cut);

	if (status == 0)
		status = space_apply(LINE_WITHOUT, set, &cut, &out);
	space_fini(&cut);
	if (status == 0) {
		space_fini(set);
		*set = out;
	}
	return status;
}

/* The other protected subnets' lists stand between, too; within one's own nothing is filtered. */
static int ask_neighbours(struct replies *r)
{
	const struct policy *policy = r->subject->run->policy;
	int status = 0;

	for (size_t i = 0; i < policy->subnet_count && !r->subject->host && status == 0; i++) {
		const struct subnet *subnet = &policy->subnets[i];
		const struct lint_acl *theirs = &r->subject->run->acls[subnet->acl];
		line_ref asks, answers;

		if (subnet->acl == r->subject->index) {
			status = narrow(&r->requests, &subnet->prefix, LINE_NO);
			continue;
		}
		asks = line_towards(r, &theirs->allowed[lint_other(r->asks)]);
		answers = line_towards(r, &theirs->allowed[r->asks]);
		status = narrow(&r->requests, &subnet->prefix, asks);
		if (status == 0)
			status = narrow(&r->answered, &subnet->prefix, answers);
	}
	return status;
}

static struct packet reply_to(const struct packet *request, uint16_t port)
{
	struct packet reply = packet_turned(request);

	reply.dport = port;
	if (request->l4 == PACKET_L4_ICMP)
		reply.icmp_type = request->icmp_type == 8 ? 0 : 129;
	return reply;
}

/* The first port of the range that is not answered. */
static uint16_t first_dropped(const struct replies *r, line_ref answered, uint8_t protocol,
			      const struct client_profile *profile)
{
	uint32_t port = profile->first;

	while (port < profile->last && line_at(r->lines, answered, lint_key(protocol, port)))
		port++;
	return (uint16_t)port;
}

static void suggest(const struct replies *r, const struct rule *rule, const struct packet *reply,
		    const struct client_profile *only, struct lint_finding *finding)
{
	enum direction other = lint_other(r->asks);
	const struct acl_list *list = &r->subject->acl->lists[other];

	finding->fix_direction = other;
	finding->has_fix = advice_missing_rule(list, other, reply, acl_eval(list, other, reply),
					       rule, &finding->fix);
	if (finding->has_fix && only) {
		finding->fix.port_first = only->first;
		finding->fix.port_last = only->last;
	}
}

/* "Linux 0 %, macOS and Windows 72 %, NAT 44 %". */
static void print_shares(const struct replies *r, line_ref answered, uint8_t protocol, char *out,
			 size_t size)
{
	static const char *const names[CLIENT_MAIN] = {"Linux", "macOS and Windows",
						       "NAT and load balancers"};
	size_t len = 0;

	for (int i = 0; i < CLIENT_MAIN && len < size; i++) {
		const struct client_profile *p = client_main((enum client_main)i);
		uint32_t all = (uint32_t)p->last - p->first + 1;
		uint32_t some = line_count(r->lines, answered, lint_key(protocol, p->first),
					   lint_key(protocol, p->last));

		len += (size_t)snprintf(out + len, size - len, "%s%s (%u-%u) %.*f %%",
					i ? ", " : "", names[i], p->first, p->last,
					some == 0 || some == all ? 0 : 1, some * 100.0 / all);
	}
}

static void describe(const struct replies *r, const struct rule *rule, line_ref answered,
		     struct lint_finding *finding)
{
	const struct packet *p = &finding->packet;
	const char *asks = direction_name(r->asks), *answers = direction_name(lint_other(r->asks));
	const struct client_profile *only = unanswered(r, answered, p->protocol, p->dport);
	char text[SPACE_TERM_STRLEN], shares[160];
	struct packet reply;

	lint_rule_print(rule, r->asks, text);
	if (p->l4 == PACKET_L4_ICMP) {
		reply = reply_to(p, 0);
		snprintf(finding->message, sizeof(finding->message),
			 "%s rule %u (allow %s) lets ping in this direction, and no %s rule lets "
			 "its replies pass",
			 asks, rule->number, text, answers);
		suggest(r, rule, &reply, NULL, finding);
		return;
	}
	if (only) {
		reply = reply_to(p, only->first);
		finding->packet.sport = only->first;
		snprintf(finding->message, sizeof(finding->message),
			 "%s rule %u (allow %s) is asked by %s from ports %u-%u, and %s rules do "
			 "not let all replies to them pass",
			 asks, rule->number, text, only->name, only->first, only->last, answers);
		suggest(r, rule, &reply, only, finding);
		return;
	}
	finding->packet.sport = first_dropped(r, answered, p->protocol, client_main(CLIENT_NAT));
	reply = reply_to(p, finding->packet.sport);
	if (asks_itself(r)) {
		const struct client_profile *own = r->subject->run->own;

		finding->packet.sport = first_dropped(r, answered, p->protocol, own);
		reply.dport = finding->packet.sport;
		snprintf(finding->message, sizeof(finding->message),
			 "%s rule %u (allow %s): %s rules drop replies to this host's own ports "
			 "%u-%u, the first of them %u",
			 asks, rule->number, text, answers, own->first, own->last, reply.dport);
		suggest(r, rule, &reply, own, finding);
		return;
	}
	print_shares(r, answered, p->protocol, shares, sizeof(shares));
	snprintf(
		finding->message, sizeof(finding->message),
		"%s rule %u (allow %s): %s rules drop replies; answered are, of clients' ports, %s",
		asks, rule->number, text, answers, shares);
	suggest(r, rule, &reply, NULL, finding);
}

static void report(struct replies *r, const struct rule *rule, const struct addr *remote,
		   uint32_t first, uint32_t last)
{
	struct packet packet = space_packet(r->asks, remote, &r->subject->local, first, last);
	size_t at = space_find(&r->answered, remote);
	struct lint_finding *finding =
		lint_add(r->subject, LINT_REPLIES_DROPPED, r->asks, rule, &packet);

	if (finding)
		describe(r, rule, r->answered.half[space_half_of(remote->family)].at[at].line,
			 finding);
}

struct stretch {
	struct replies *r;
	struct addr remote;
};

/* A run of keys with the same rule and the same fate. */
static bool note_hanging(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct stretch *stretch = context;
	struct replies *r = stretch->r;
	uint32_t position = value >> 15;
	uint8_t protocol = (uint8_t)(first >> KEY_SHIFT);

	if (!(value & 1) || position == LINE_NONE || r->told[position])
		return true;
	if (first == last && protocol == PROTOCOL_UDP && is_one_way((uint16_t)first))
		return true;
	r->told[position] = 1;
	report(r, &r->subject->acl->lists[r->asks].rules[position], &stretch->remote, first, last);
	return true;
}

static line_ref report_pair(void *context, const struct space_pair *pair)
{
	struct replies *r = context;
	struct stretch stretch = {r, lint_known_address(&pair->first, &pair->last)};

	if (pair->b != LINE_NO)
		line_runs(r->lines, line_apply(r->lines, LINE_PAIR, pair->a, pair->b), note_hanging,
			  &stretch);
	return LINE_NO;
}

static int find(struct replies *r)
{
	struct choice *choice = calloc(1, sizeof(*choice));
	struct space nothing = {0};
	int status = -1;

	if (!choice)
		return -1;
	choice->lines = r->lines;
	if (choose_requests(r, choice) == 0 && choose_answered(r, choice) == 0 &&
	    ask_neighbours(r) == 0 &&
	    space_combine(&r->requests, &r->answered, find_hanging, r, &r->hanging) == 0)
		status = space_combine(&r->subject->maps->rules[r->asks], &r->hanging, report_pair,
				       r, &nothing);
	space_fini(&nothing);
	free(choice);
	return status;
}

void lint_replies(const struct lint_subject *subject, enum direction asks)
{
	struct replies r = {.subject = subject, .asks = asks, .lines = subject->run->lines};

	r.told = calloc(subject->acl->lists[asks].count + 1, 1);
	if (!r.told || (find(&r) != 0 && lines_status(r.lines) == 0))
		subject->run->status = -ENOMEM;
	free(r.told);
	space_fini(&r.requests);
	space_fini(&r.answered);
	space_fini(&r.hanging);
}

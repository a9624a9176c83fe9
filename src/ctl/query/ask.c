/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question put to a list. The set of packets it is about is what one or two rules of the same
 * words would match, so those rules are made and mapped like any list.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/query/query.h"

#define TERMS_MAX 20

static const struct acl *by_name(const struct policy *policy, const char *name, char *error)
{
	for (size_t i = 0; i < policy->acl_count; i++)
		if (strcmp(policy->acls[i].name, name) == 0)
			return &policy->acls[i];
	snprintf(error, QUERY_ERROR_LEN, "no ACL \"%.60s\"", name);
	return NULL;
}

const struct acl *query_acl(const struct policy *policy, const struct query *query,
			    const char *name, char error[static QUERY_ERROR_LEN])
{
	const struct query_addrs *local = &query->local;

	if (name)
		return by_name(policy, name, error);
	for (size_t i = 0; !local->any && !local->set && i < policy->subnet_count; i++)
		if (prefix_covers(&policy->subnets[i].prefix, &local->prefix))
			return &policy->acls[policy->subnets[i].acl];
	if (policy->host.acl != POLICY_NO_ACL)
		return &policy->acls[policy->host.acl];
	if (policy->edges.only < policy->acl_count)
		return &policy->acls[policy->edges.only];
	if (policy->acl_count == 1)
		return &policy->acls[0];
	snprintf(error, QUERY_ERROR_LEN, "which ACL? -a NAME, or the %s within a subnet",
		 query->direction == INBOUND ? "destination" : "source");
	return NULL;
}

/* The rules that match what is asked about; how many, or -ENOENT. */
static int as_rules(const struct policy *policy, const struct query *query, struct rule rules[2])
{
	bool families[2] = {true, true};
	const struct query_addrs *remote = &query->remote, *local = &query->local;
	int count = 0;

	if (!remote->any && !remote->set)
		families[!space_half_of(remote->prefix.addr.family)] = false;
	if (!local->any && !local->set)
		families[!space_half_of(local->prefix.addr.family)] = false;
	for (int h = 0; h < 2; h++) {
		struct rule *rule = &rules[count];

		if (!families[h] || (remote->set && count > 0))
			continue;
		*rule = (struct rule){.number = (uint16_t)(count + 1),
				      .action = ACTION_ALLOW,
				      .protocol = (int16_t)query->protocol,
				      .icmp_type = query->icmp_type,
				      .icmp_code = query->icmp_code,
				      .prefix.addr.family = space_family(h)};
		if (rule_has_ports(rule)) {
			rule->port_first = query->port_first;
			rule->port_last = query->port_last;
		}
		if (!remote->any)
			rule->prefix = remote->prefix;
		if (remote->set)
			rule->set = policy_find_set(policy, remote->set);
		if (remote->set && !rule->set)
			return -ENOENT;
		count++;
	}
	return count;
}

/* The packets that a list allows, in the store. */
static int allowed_by(struct lines *lines, const struct acl_list *list, unsigned int id,
		      struct space *rules, struct space *out)
{
	int status = space_of_rules(lines, list, rules);

	return status ? status : space_allowed(rules, list, id, out);
}

struct way_back {
	struct query_replies *replies;
	const struct query *query;
	struct lines *lines;
	bool begun;
};

static uint32_t answered_ports(const struct way_back *back, line_ref line, int which)
{
	const struct client_profile *p = client_main((enum client_main)which);
	uint32_t base = (uint32_t)back->query->protocol << KEY_SHIFT;

	return line_count(back->lines, line, base + p->first, base + p->last);
}

static uint32_t answered_ping(const struct way_back *back, const struct space_pair *pair)
{
	uint32_t key = pair->first.family == FAMILY_IPV4
			       ? (uint32_t)PROTOCOL_ICMP << KEY_SHIFT
			       : ((uint32_t)PROTOCOL_ICMPV6 << KEY_SHIFT) + (129 << 8);

	return line_at(back->lines, pair->b, key);
}

/* Keeps the worst stretch of addresses. */
static line_ref note_replies(void *context, const struct space_pair *pair)
{
	struct way_back *back = context;
	struct query_replies *r = back->replies;
	bool ports = back->query->protocol == PROTOCOL_TCP || back->query->protocol == PROTOCOL_UDP;
	uint32_t answered[CLIENT_MAIN] = {0};

	if (pair->a == LINE_NO)
		return LINE_NO;
	for (int i = 0; ports && i < CLIENT_MAIN; i++)
		answered[i] = answered_ports(back, pair->b, i);
	if (!ports)
		answered[0] = answered_ping(back, pair);
	if (back->begun && answered[ports ? CLIENT_NAT : 0] >= r->answered[ports ? CLIENT_NAT : 0])
		return LINE_NO;
	back->begun = true;
	memcpy(r->answered, answered, sizeof(answered));
	r->worst = pair->first;
	r->all = ports ? answered[CLIENT_NAT] == UINT16_MAX - 1023 : answered[0] == 1;
	return LINE_NO;
}

static bool has_replies(const struct query *q)
{
	return q->protocol == PROTOCOL_TCP || q->protocol == PROTOCOL_UDP ||
	       (q->protocol == PROTOCOL_ICMP && q->icmp_type == 8) ||
	       (q->protocol == PROTOCOL_ICMPV6 && q->icmp_type == 128);
}

static int ask_replies(struct lines *lines, const struct query *query, const struct space *passing,
		       struct query_answer *out)
{
	enum direction other = query->direction == INBOUND ? OUTBOUND : INBOUND;
	struct way_back back = {&out->replies, query, lines, false};
	struct space rules = {0}, allowed = {0}, nothing = {0};
	int status;

	out->replies = (struct query_replies){.known = has_replies(query), .all = true};
	if (!out->replies.known || !out->any_allowed)
		return 0;
	status = allowed_by(lines, &out->acl->lists[other], 2, &rules, &allowed);
	if (status == 0)
		status = space_combine(passing, &allowed, note_replies, &back, &nothing);
	space_fini(&nothing);
	space_fini(&rules);
	space_fini(&allowed);
	return status;
}

static int ask(struct lines *lines, const struct query *query, const struct acl_list *asked,
	       struct query_answer *out)
{
	const struct acl_list *list = &out->acl->lists[query->direction];
	struct space asked_rules = {0}, rules = {0}, allowed = {0}, set = {0}, passing = {0},
		     stopped = {0};
	int status = allowed_by(lines, asked, 0, &asked_rules, &set);

	if (status == 0)
		status = allowed_by(lines, list, 1, &rules, &allowed);
	if (status == 0)
		status = space_apply(LINE_AND, &set, &allowed, &passing);
	if (status == 0)
		status = space_apply(LINE_WITHOUT, &set, &allowed, &stopped);
	if (status == 0)
		status = space_group(&rules, &set, query->direction, &out->local, TERMS_MAX,
				     &out->parts);
	if (status == 0) {
		out->any_allowed = !space_is_empty(&passing);
		out->any_dropped = !space_is_empty(&stopped);
		status = ask_replies(lines, query, &passing, out);
	}
	space_fini(&asked_rules);
	space_fini(&rules);
	space_fini(&allowed);
	space_fini(&set);
	space_fini(&passing);
	space_fini(&stopped);
	return status;
}

int query_ask(const struct policy *policy, const struct acl *acl, const struct query *query,
	      struct query_answer *out)
{
	struct rule rules[2];
	int count = as_rules(policy, query, rules), status;
	struct acl_list asked = {.rules = rules, .count = count > 0 ? (size_t)count : 0};
	struct lines *lines;

	*out = (struct query_answer){.acl = acl};
	if (count < 0)
		return count;
	if (!query->local.any && !query->local.set)
		out->local = query->local.prefix.addr;
	lines = lines_new(LINES_MAX_NODES);
	status = lines ? ask(lines, query, &asked, out) : -ENOMEM;
	lines_free(lines);
	if (status != 0)
		query_answer_fini(out);
	return status;
}

void query_answer_fini(struct query_answer *answer)
{
	space_parts_fini(&answer->parts);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands behind the wall: the rules of an edge see a packet as it is on the wire, those of a
 * host or a subnet what destination NAT has made of it. Whoever asks about a published port is told
 * the port behind it, and whoever asks a host's rules about one that they never see is told that.
 */
#include "ctl/explain/behind.h"

#include <string.h>

#include "steer/privilege.h"

bool behind_ask(struct behind *behind, const struct packet_line *line, struct nat_answer *out)
{
	struct nat_packet packet = {
		.packet = &line->packet, .interface = line->way.in, .is_local = behind->is_local};

	if (line->way.hook == HOOK_OUTPUT || !steer_may_administer())
		return false;
	if (!behind->loaded)
		nat_rules_read(&behind->rules);
	behind->loaded = true;
	return nat_ask(&behind->rules, &packet, out);
}

void behind_fini(struct behind *behind)
{
	nat_rules_fini(&behind->rules);
}

/* "203.0.113.2:80", "port 8080 of this host", or that it is not known. */
static void print_destination(const struct packet_line *line, const struct nat_answer *answer,
			      FILE *to)
{
	bool bracket = answer->addr.family == FAMILY_IPV6;
	uint16_t port = answer->has_port ? answer->port : line->packet.dport;
	char text[ADDR_STRLEN];

	if (answer->unknown)
		fputs("something else", to);
	else if (!answer->has_addr)
		fprintf(to, "port %u of this host", port);
	else if (line->packet.l4 != PACKET_L4_PORTS)
		fputs(addr_print(&answer->addr, text), to);
	else
		fprintf(to, "%s%s%s:%u", bracket ? "[" : "", addr_print(&answer->addr, text),
			bracket ? "]" : "", port);
}

/* Was a list asked that stands behind NAT, and so never sees the packet as it was given? */
static bool asked_behind(const struct policy *policy, const struct roundtrip *roundtrip)
{
	const struct policy_verdict *verdict = &roundtrip->request_verdict;

	for (int i = 0; i < verdict->step_count; i++) {
		uint32_t acl = verdict->steps[i].acl;

		if (verdict->steps[i].direction != INBOUND)
			continue;
		if (acl == policy->host.acl && roundtrip->request.way.hook != HOOK_FORWARD)
			return true;
		for (size_t s = 0; s < policy->subnet_count; s++)
			if (policy->subnets[s].acl == acl)
				return true;
	}
	return false;
}

void behind_text(const struct policy *policy, const struct roundtrip *roundtrip,
		 const struct nat_answer *answer, FILE *to)
{
	fprintf(to, "NAT on this host then %s it ", answer->certain ? "makes" : "may make");
	print_destination(&roundtrip->request, answer, to);
	fprintf(to, " (%s: %s).\n", answer->tool, answer->rule);
	if (asked_behind(policy, roundtrip))
		fputs("The rules of a host or a subnet come after it, and see that in place of what was "
		      "asked here:\nexplain the translated packet for their verdict.\n",
		      to);
	else if (policy->host.acl != POLICY_NO_ACL || policy->subnet_count > 0)
		fputs("The rules of a host or a subnet come after it; an edge's, above, before.\n",
		      to);
	else
		fputs("The edge's rules, above, come before it: they are about the wire.\n", to);
}

json_t *behind_json(const struct packet_line *line, const struct nat_answer *answer)
{
	char text[ADDR_STRLEN];
	json_t *object = json_pack("{s:s, s:s, s:b, s:n, s:n}", "tool", answer->tool, "rule",
				   answer->rule, "certain", answer->certain, "address", "port");

	if (answer->unknown)
		return object;
	if (answer->has_addr)
		json_object_set_new(object, "address",
				    json_string(addr_print(&answer->addr, text)));
	if (answer->has_port || line->packet.l4 == PACKET_L4_PORTS)
		json_object_set_new(
			object, "port",
			json_integer(answer->has_port ? answer->port : line->packet.dport));
	return object;
}

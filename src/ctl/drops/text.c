/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drops for people who are looking for one of them: what hangs comes first and says what to add;
 * noise is a line a rule, with its loudest sources.
 */
#include "ctl/drops/text.h"

#include <inttypes.h>
#include <string.h>

#include "conf/conf.h"
#include "ctl/term.h"
#include "ctl/verdict.h"
#include "text/packet_print.h"

#define PEERS_SHOWN 3 /* of one rule */
#define PORTS_SHOWN 4 /* of one peer */

static void print_ago(int64_t now, int64_t then, FILE *to)
{
	char text[TERM_TEXT_LEN];

	fprintf(to, "the last %s ago", term_duration(now - then, text));
}

static void print_count(uint64_t count, const char *one, const char *many, FILE *to)
{
	char text[TERM_TEXT_LEN];

	fprintf(to, "%s %s", term_count(count, text), count == 1 ? one : many);
}

/* "web", or what is left of an ACL that is gone. */
static const char *acl_name(const struct lost *lost)
{
	return lost->acl_name ? lost->acl_name : "?";
}

void drops_print_remedy(const struct lost *lost, FILE *to)
{
	if (lost->passes_now) {
		fputs("    The policy has changed since: now it passes.\n", to);
		return;
	}
	if (!lost->has_missing)
		return;
	fprintf(to, "    Missing in %s of \"%s\"%s:\n        ", direction_name(lost->direction),
		acl_name(lost), lost->is_reply ? "" : ", if it should pass");
	conf_print_rule(&lost->missing, lost->direction, to);
	fputc('\n', to);
}

/* "203.0.113.9 asks for tcp 443 of 192.0.2.1": a reply's addresses are the other way round. */
static void print_request(const struct group *group, FILE *to)
{
	const struct lost *lost = group->main;
	char client[ADDR_STRLEN], server[ADDR_STRLEN], protocol[PROTOCOL_STRLEN], others[48] = "";
	bool several = group->peers > 1 && lost->direction == OUTBOUND;

	if (several)
		snprintf(others, sizeof(others), " and %zu other%s", group->peers - 1,
			 group->peers == 2 ? "" : "s");
	addr_print(&lost->packet.dst, client);
	addr_print(&lost->packet.src, server);
	if (lost->packet.l4 == PACKET_L4_PORTS)
		fprintf(to, "%s%s %s for %s %u of %s", client, others, several ? "ask" : "asks",
			protocol_print(lost->packet.protocol, protocol), lost->packet.sport,
			server);
	else
		fprintf(to, "%s%s %s %s", client, others, several ? "ping" : "pings", server);
}

void drops_print_reply(const struct group *group, int64_t now, FILE *to)
{
	const struct lost *lost = group->main;
	const char *would = lost->monitor ? "would be dropped" : "are dropped";
	char why[LOST_WHY_LEN];

	print_request(group, to);
	fprintf(to, ", and the replies %s:\n    ", would);
	print_count(group->packets, "packet", "packets", to);
	if (lost->packet.l4 == PACKET_L4_PORTS)
		fprintf(to, " to port %u%s", lost->packet.dport,
			group->count > 1 || lost->fold != LOST_FLOW ? " and others" : "");
	fputs(", ", to);
	print_ago(now, group->last, to);
	fprintf(to, "; dropped by %s.\n", lost_why(lost, why));
	if (lost->request_rule)
		fprintf(to, "    The request is allowed by %s rule %u; a reply needs a rule too.\n",
			direction_name(lost->direction == INBOUND ? OUTBOUND : INBOUND),
			lost->request_rule->number);
	drops_print_remedy(lost, to);
}

static void print_ports(const struct group_peer *peer, FILE *to)
{
	char what[LOST_WHAT_LEN];
	uint64_t shown = 0;

	for (size_t i = 0; i < peer->count && shown < PORTS_SHOWN; i++)
		if (peer->members[i]->fold == LOST_FLOW)
			fprintf(to, "%s%s", shown++ ? ", " : "", lost_what(peer->members[i], what));
	if (shown < peer->flows) {
		fputs(shown ? " and " : "", to);
		print_count(peer->flows - shown, "more", "more", to);
	}
}

static void print_rule_peers(const struct group *group, FILE *to)
{
	struct group_peer peers[PEERS_SHOWN];
	size_t count = group_peers(group, peers, PEERS_SHOWN), shown = 0;
	uint64_t rest = group->packets;

	for (; shown < count && shown < PEERS_SHOWN; shown++) {
		const struct group_peer *peer = &peers[shown];
		char text[ADDR_STRLEN], packets[TERM_TEXT_LEN];

		fprintf(to, "    %-15s %10s  ", addr_print(lost_remote(peer->members[0]), text),
			term_count(peer->packets, packets));
		print_ports(peer, to);
		fputc('\n', to);
		rest -= peer->packets;
	}
	if (rest > 0) {
		char packets[TERM_TEXT_LEN];

		fprintf(to, "    %-15s %10s\n", "others", term_count(rest, packets));
	}
}

static void print_rule(const struct group *group, int64_t now, FILE *to)
{
	char why[LOST_WHY_LEN];

	fprintf(to, "%s: ", lost_why(group->main, why));
	print_count(group->packets, "packet", "packets", to);
	fputs(group->main->monitor ? " would be dropped, " : ", ", to);
	print_count(group->flows, "flow", "flows", to);
	if (group->peers < group->count || group->peers > 0) {
		fputs(", ", to);
		print_count(group->peers, "address", "addresses", to);
	}
	fputs(", ", to);
	print_ago(now, group->last, to);
	fputc('\n', to);
	print_rule_peers(group, to);
}

static void print_heading(const struct lost_list *list, FILE *to)
{
	char text[TERM_TEXT_LEN];

	if (list->count == 0)
		fprintf(to, "No such drops in the last %s.\n",
			term_duration(list->now - list->since, text));
}

static void print_footing(const struct lost_list *list, FILE *to)
{
	if (list->omitted > 0) {
		print_count(list->omitted, "line was", "lines were", to);
		fputs(" left out: there are too many at once.\n", to);
	}
}

void drops_print_groups(const struct lost_list *list, const struct groups *groups, FILE *to)
{
	struct term term = term_for(to);
	bool in_replies = false, in_others = false;

	print_heading(list, to);
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		if (group->is_reply && !in_replies)
			fprintf(to, "%sReplies to allowed requests%s\n", term.bold, term.off);
		if (!group->is_reply && !in_others)
			fprintf(to, "%s%sOther drops%s\n", in_replies ? "\n" : "", term.bold,
				term.off);
		in_replies |= group->is_reply;
		in_others |= !group->is_reply;
		if (group->is_reply)
			drops_print_reply(group, list->now, to);
		else
			print_rule(group, list->now, to);
	}
	print_footing(list, to);
}

static void print_folded(const struct lost *lost, FILE *to)
{
	static const char *const words[] = {
		[LOST_PORTS] = "ports of this address",
		[LOST_PEERS] = "flows of this rule",
		[LOST_RULES] = "flows of several rules",
	};
	char text[TERM_TEXT_LEN];

	if (lost->fold != LOST_FLOW)
		fprintf(to, ", the last of %s %s folded together", term_count(lost->flows, text),
			words[lost->fold]);
}

static void print_packet(const struct lost *lost, FILE *to)
{
	struct packet_line line;
	char text[PACKETTEXT_LEN];

	lost_line(lost, &line);
	if (lost->has_ends)
		fputs(packet_print(&line.way, &line.packet, text), to);
	else
		fprintf(to, "%s a packet without addresses", hook_name(lost->hook));
}

void drops_print_list(const struct lost_list *list, FILE *to)
{
	char count[TERM_TEXT_LEN], ago[TERM_TEXT_LEN], why[LOST_WHY_LEN];

	print_heading(list, to);
	for (size_t i = 0; i < list->count; i++) {
		const struct lost *lost = &list->items[i];

		fprintf(to, "%10s  %8s  ", term_count(lost->packets, count),
			term_duration(list->now - lost->last, ago));
		print_packet(lost, to);
		fprintf(to, "  (%s%s%s", lost_why(lost, why), lost->monitor ? ", would drop" : "",
			lost->is_reply ? ", a reply to an allowed request" : "");
		print_folded(lost, to);
		fputs(")\n", to);
	}
	print_footing(list, to);
}

void drops_print_packet(const struct lost *lost, FILE *to)
{
	char why[LOST_WHY_LEN];

	fprintf(to, "%s ", lost->monitor ? "would drop" : "dropped");
	print_packet(lost, to);
	fprintf(to, " (%s)", lost_why(lost, why));
	if (lost->is_reply)
		fputs(": a reply to an allowed request", to);
	if (lost->is_reply && lost->has_missing) {
		fprintf(to, "; missing in %s of \"%s\": ", direction_name(lost->direction),
			acl_name(lost));
		conf_print_rule(&lost->missing, lost->direction, to);
	}
	fputc('\n', to);
}

static void print_eval_line(const struct lost *lost, FILE *to)
{
	const struct packet *packet = &lost->packet;
	char src[PACKETTEXT_END_LEN], dst[PACKETTEXT_END_LEN], way[WAY_STRLEN];
	char protocol[PROTOCOL_STRLEN];
	struct packet_line line;

	lost_line(lost, &line);
	fprintf(to, "%s %s %s %s", way_print(&line.way, way),
		protocol_print(packet->protocol, protocol), packet_print_end(packet, true, src),
		packet_print_end(packet, false, dst));
	if (packet->l4 == PACKET_L4_ICMP)
		fprintf(to, " type %u code %u", packet->icmp_type, packet->icmp_code);
	fputs(" => deny", to);
	if (lost->rule > 0)
		fprintf(to, " %d", lost->rule);
	else if (lost->rule == 0)
		fputs(" *", to);
	fprintf(to, "  # %" PRIu64 " packet%s", lost->packets, lost->packets == 1 ? "" : "s");
	print_folded(lost, to);
	fputc('\n', to);
}

void drops_print_packets(const struct lost_list *list, FILE *to)
{
	size_t left_out = 0;

	fputs("# What nacld dropped, or would have: naclctl eval -f nacld.conf THIS_FILE\n", to);
	for (size_t i = 0; i < list->count; i++) {
		const struct lost *lost = &list->items[i];
		const struct packet *packet = &lost->packet;
		bool ported = packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP;

		/* A malformed packet and a fragment without ports cannot be typed. */
		if (!lost->has_ends || lost->reason || lost->fold == LOST_RULES ||
		    (ported && packet->l4 != PACKET_L4_PORTS))
			left_out++;
		else
			print_eval_line(lost, to);
	}
	if (left_out > 0)
		fprintf(to, "# %zu malformed packets or fragments are not here\n", left_out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of the flows, for people and as JSON: dropped first, then by packets. A flow and its
 * replies are one entry, since a request whose reply is dropped hangs as if it were dropped itself.
 */
#include <stdlib.h>

#include "core/way/walls.h"
#include "ctl/traffic/replay.h"
#include "ctl/term.h"
#include "ctl/verdict.h"
#include "text/packet_print.h"

#define LIST_MAX 40 /* entries; --all lists every one */

static const struct flow *reply_of(const struct replay *replay, const struct flow *flow)
{
	return flow->reply == FLOW_NONE ? NULL : &replay->flows.at[flow->reply];
}

/* Of --against: what changed; else what is dropped. In the flow or its replies. */
static bool is_notable(const struct replay *replay, const struct flow *flow)
{
	const struct flow *reply = reply_of(replay, flow);

	if (replay->against)
		return flow->dropped != flow->was_dropped ||
		       (reply && reply->dropped != reply->was_dropped);
	return flow->dropped || (reply && reply->dropped);
}

static int by_weight(const void *a, const void *b, void *context)
{
	const struct replay *replay = context;
	const struct flow *x = &replay->flows.at[*(const uint32_t *)a];
	const struct flow *y = &replay->flows.at[*(const uint32_t *)b];
	int notable = (int)is_notable(replay, y) - (int)is_notable(replay, x);

	if (notable)
		return notable;
	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return x < y ? -1 : 1;
}

/* The flows that begin an entry, in their order; NULL: no memory. */
static uint32_t *entries_of(const struct replay *replay, uint32_t *count)
{
	uint32_t *order = malloc((replay->flows.count + 1) * sizeof(*order));

	*count = 0;
	for (uint32_t i = 0; order && i < replay->flows.count; i++)
		if (!replay->flows.at[i].answers)
			order[(*count)++] = i;
	if (order)
		qsort_r(order, *count, sizeof(*order), by_weight, (void *)replay);
	return order;
}

static void verdict_of(const struct policy *policy, const struct packet_line *line,
		       char text[static VERDICT_TEXT_LEN])
{
	struct policy_verdict verdict;

	walls_eval(policy, &line->way, &line->packet, &verdict);
	verdict_text(policy, line, &verdict, text);
}

/* "  3  in tcp A -> B  deny web *", with --against "  before allow web 100". */
static void print_flow(const struct replay *replay, const struct flow *flow, const char *lead,
		       FILE *to)
{
	struct packet_line line = replay_line(replay, flow);
	char packet[PACKETTEXT_LEN], text[VERDICT_TEXT_LEN], count[TERM_TEXT_LEN];

	verdict_of(replay->policy, &line, text);
	fprintf(to, "%s%s  %s  %s", lead, packet_print(&line.way, &line.packet, packet),
		term_count(flow->packets, count), text);
	if (replay->against) {
		verdict_of(replay->against, &line, text);
		fprintf(to, ", then %s", text);
	}
	fputc('\n', to);
}

static void print_entry(const struct replay *replay, const struct flow *flow, FILE *to)
{
	const struct flow *reply = reply_of(replay, flow);

	print_flow(replay, flow, "  ", to);
	if (reply)
		print_flow(replay, reply, "    reply  ", to);
}

static void print_count(uint64_t count, const char *what, FILE *to)
{
	char text[TERM_TEXT_LEN];

	if (count)
		fprintf(to, "  %s %s\n", term_count(count, text), what);
}

/* What no verdict is given of, each kind with its count. */
static void print_rest(const struct replay *r, FILE *to)
{
	bool any = r->not_ip || r->cut || r->fragments || r->elsewhere || r->too_many;
	char what[64];

	for (int i = 0; i < PACKET_REASONS; i++)
		any |= r->malformed[i] != 0;
	if (any)
		fputs("not judged by the rules:\n", to);
	print_count(r->not_ip, "frames that are not IP", to);
	print_count(r->cut, "cut off by the capture before their headers end", to);
	print_count(r->fragments, "later fragments, which go with their first one", to);
	print_count(r->elsewhere, "neither from nor to this host (--host)", to);
	print_count(r->too_many, "of flows beyond the number that is kept", to);
	for (int i = 0; i < PACKET_REASONS; i++) {
		snprintf(what, sizeof(what), "malformed, dropped: %s",
			 packet_reason_name((enum packet_reason)i));
		print_count(r->malformed[i], what, to);
	}
}

struct sums {
	uint64_t flows, packets; /* dropped, or changed */
	uint64_t opened, closed; /* flows, of --against */
};

static struct sums sum(const struct replay *replay)
{
	struct sums sums = {0};

	for (uint32_t i = 0; i < replay->flows.count; i++) {
		const struct flow *f = &replay->flows.at[i];

		if (replay->against ? f->dropped == f->was_dropped : !f->dropped)
			continue;
		sums.flows++;
		sums.packets += f->packets;
		sums.opened += f->dropped && !f->was_dropped;
		sums.closed += !f->dropped && f->was_dropped;
	}
	return sums;
}

static void print_head(const struct replay *replay, FILE *to)
{
	struct sums sums = sum(replay);
	char a[TERM_TEXT_LEN], b[TERM_TEXT_LEN], c[TERM_TEXT_LEN];

	fprintf(to, "%s: %s packets in %s flows%s\n", replay->file, term_count(replay->packets, a),
		term_count(replay->flows.count, b), replay->partial ? ", not read to its end" : "");
	if (replay->against)
		fprintf(to, "%s flows would then be dropped, %s let through; %s packets\n",
			term_count(sums.closed, a), term_count(sums.opened, b),
			term_count(sums.packets, c));
	else
		fprintf(to, "%s flows dropped, %s packets\n", term_count(sums.flows, a),
			term_count(sums.packets, b));
}

/* One heading for the notable, another for the rest. */
static void print_entries(const struct replay *replay, const uint32_t *order, uint32_t count,
			  bool all, FILE *to)
{
	const char *heading = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct flow *flow = &replay->flows.at[order[i]];
		const char *now = is_notable(replay, flow)
					  ? (replay->against ? "changed" : "dropped")
					  : (replay->against ? "the same" : "allowed");

		if (i >= LIST_MAX && !all) {
			fprintf(to, "and %u more (--all)\n", count - i);
			break;
		}
		if (now != heading)
			fprintf(to, "%s:\n", now);
		heading = now;
		print_entry(replay, flow, to);
	}
}

void replay_print(const struct replay *replay, bool all, FILE *to)
{
	uint32_t count, *order = entries_of(replay, &count);

	print_head(replay, to);
	if (order)
		print_entries(replay, order, count, all, to);
	print_rest(replay, to);
	free(order);
}

static json_t *flow_json(const struct replay *replay, const struct flow *flow)
{
	struct packet_line line = replay_line(replay, flow);
	char packet[PACKETTEXT_LEN];
	struct policy_verdict verdict;
	json_t *object;

	walls_eval(replay->policy, &line.way, &line.packet, &verdict);
	object = verdict_json(replay->policy, &line, &verdict);
	json_object_set_new(object, "packet",
			    json_string(packet_print(&line.way, &line.packet, packet)));
	json_object_set_new(object, "packets", json_integer((json_int_t)flow->packets));
	json_object_set_new(object, "bytes", json_integer((json_int_t)flow->bytes));
	if (replay->against) {
		walls_eval(replay->against, &line.way, &line.packet, &verdict);
		json_object_set_new(object, "against",
				    verdict_json(replay->against, &line, &verdict));
	}
	return object;
}

static json_t *rest_json(const struct replay *r)
{
	json_t *reasons = json_object();

	for (int i = 0; i < PACKET_REASONS; i++)
		if (r->malformed[i])
			json_object_set_new(reasons, packet_reason_name((enum packet_reason)i),
					    json_integer((json_int_t)r->malformed[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "not_ip", (json_int_t)r->not_ip, "cut",
			 (json_int_t)r->cut, "later_fragments", (json_int_t)r->fragments,
			 "elsewhere", (json_int_t)r->elsewhere, "too_many", (json_int_t)r->too_many,
			 "malformed", reasons);
}

void replay_print_json(const struct replay *replay, FILE *to)
{
	uint32_t count, *order = entries_of(replay, &count);
	json_t *flows = json_array(), *object;

	for (uint32_t i = 0; order && i < count; i++) {
		const struct flow *flow = &replay->flows.at[order[i]];
		const struct flow *reply = reply_of(replay, flow);
		json_t *one = flow_json(replay, flow);

		if (reply)
			json_object_set_new(one, "reply", flow_json(replay, reply));
		json_array_append_new(flows, one);
	}
	object = json_pack("{s:s, s:b, s:I, s:I, s:o, s:o}", "file", replay->file, "whole",
			   !replay->partial, "frames", (json_int_t)replay->frames, "packets",
			   (json_int_t)replay->packets, "flows", flows, "not_judged",
			   rest_json(replay));
	if (!object || json_dumpf(object, to, JSON_INDENT(2)) < 0)
		fputs("naclctl replay: out of memory\n", stderr);
	fputc('\n', to);
	json_decref(object);
	free(order);
}

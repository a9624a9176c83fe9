/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flow logs held, for people and as JSON: what was rejected most, requests whose replies were
 * rejected, and where a policy would have decided otherwise.
 */
#include <stdlib.h>

#include "conf/conf.h"
#include "ctl/term.h"
#include "ctl/traffic/log.h"
#include "text/packet_print.h"

#define LIST_MAX 20 /* of each kind */

static int by_packets(const void *a, const void *b, void *context)
{
	const struct flows *flows = context;
	const struct flow *x = &flows->at[*(const uint32_t *)a];
	const struct flow *y = &flows->at[*(const uint32_t *)b];

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return x < y ? -1 : 1;
}

/* Positions of the flows that are wanted, the heaviest first; NULL: no memory. */
static uint32_t *chosen(const struct flow_logs *logs, const struct flows *flows,
			bool (*wanted)(const struct flow_logs *logs, const struct flow *flow),
			uint32_t *count)
{
	uint32_t *order = malloc((flows->count + 1) * sizeof(*order));

	*count = 0;
	for (uint32_t i = 0; order && i < flows->count; i++)
		if (!wanted || wanted(logs, &flows->at[i]))
			order[(*count)++] = i;
	if (order)
		qsort_r(order, *count, sizeof(*order), by_packets, (void *)flows);
	return order;
}

static bool differs(const struct flow_logs *logs, const struct flow *flow)
{
	(void)logs;
	return flow_logs_differs(flow);
}

/* "tcp 203.0.113.9:40000 -> 192.0.2.1:443"; of a pair, without the source's port. */
static const char *flow_text(const struct flow *flow, bool pair, char buf[static PACKETTEXT_LEN])
{
	char protocol[PROTOCOL_STRLEN], src[PACKETTEXT_END_LEN], dst[PACKETTEXT_END_LEN];
	struct packet portless = flow->packet;

	portless.l4 = PACKET_L4_NONE;
	protocol_print(flow->packet.protocol, protocol);
	packet_print_end(pair ? &portless : &flow->packet, true, src);
	packet_print_end(&flow->packet, false, dst);
	snprintf(buf, PACKETTEXT_LEN, "%s %s -> %s", protocol, src, dst);
	return buf;
}

static void print_rejected(const struct flow_logs *logs, FILE *to)
{
	uint32_t count, *order = chosen(logs, &logs->pairs, NULL, &count);
	char text[PACKETTEXT_LEN], number[TERM_TEXT_LEN];

	if (count)
		fputs("rejected most, in packets:\n", to);
	for (uint32_t i = 0; order && i < count && i < LIST_MAX; i++) {
		const struct flow *pair = &logs->pairs.at[order[i]];

		fprintf(to, "  %10s  %s\n", term_count(pair->packets, number),
			flow_text(pair, true, text));
	}
	if (count > LIST_MAX)
		fprintf(to, "  and %u more\n", count - LIST_MAX);
	free(order);
}

static void print_hanging(const struct flow_logs *logs, const struct flow *flow, FILE *to)
{
	const struct flow *reply = &logs->flows.at[flow->reply];
	char text[PACKETTEXT_LEN], number[TERM_TEXT_LEN];
	struct missing_rule missing;

	fprintf(to, "  %s, %s packets; ", flow_text(flow, false, text),
		term_count(flow->packets, number));
	fprintf(to, "its reply %s, %s packets\n", flow_text(reply, false, text),
		term_count(reply->packets, number));
	if (!flow_logs_missing(logs, flow, &missing))
		return;
	fprintf(to, "    missing in %s of \"%s\": ", direction_name(missing.direction),
		missing.acl->name);
	conf_print_rule(&missing.rule, missing.direction, to);
	fputc('\n', to);
}

static void print_hangings(const struct flow_logs *logs, FILE *to)
{
	uint32_t count, *order = chosen(logs, &logs->flows, flow_logs_hangs, &count);

	if (count)
		fputs("accepted, and the replies rejected (a network ACL's mark):\n", to);
	for (uint32_t i = 0; order && i < count && i < LIST_MAX; i++)
		print_hanging(logs, &logs->flows.at[order[i]], to);
	if (count > LIST_MAX)
		fprintf(to, "  and %u more\n", count - LIST_MAX);
	free(order);
}

static void print_changes(const struct flow_logs *logs, FILE *to)
{
	uint32_t count, *order = chosen(logs, &logs->flows, differs, &count);
	char text[PACKETTEXT_LEN], number[TERM_TEXT_LEN];

	fprintf(to, "%u flows would be treated differently by this policy%s\n", count,
		count ? ":" : "");
	for (uint32_t i = 0; order && i < count && i < LIST_MAX; i++) {
		const struct flow *flow = &logs->flows.at[order[i]];

		fprintf(to, "  %s %s, %s packets\n", flow->dropped ? "dropped" : "allowed",
			flow_text(flow, false, text), term_count(flow->packets, number));
	}
	if (count > LIST_MAX)
		fprintf(to, "  and %u more\n", count - LIST_MAX);
	free(order);
}

static void print_count(uint64_t count, const char *what, FILE *to)
{
	char text[TERM_TEXT_LEN];

	if (count)
		fprintf(to, ", %s %s", term_count(count, text), what);
}

void flow_logs_print(const struct flow_logs *logs, FILE *to)
{
	char records[TERM_TEXT_LEN], flows[TERM_TEXT_LEN];

	fprintf(to, "%s records, %s flows", term_count(logs->records, records),
		term_count(logs->flows.count, flows));
	print_count(logs->nodata, "without data", to);
	print_count(logs->skipdata, "saying that some were lost (SKIPDATA)", to);
	print_count(logs->unclear, "without action, protocol or ports", to);
	print_count(logs->wrong, "lines that are no records", to);
	print_count(logs->too_many, "of flows beyond the number that is kept", to);
	fputs(logs->partial ? ", not read to the end\n" : "\n", to);
	print_rejected(logs, to);
	print_hangings(logs, to);
	if (!logs->policy)
		return;
	print_changes(logs, to);
	if (logs->undirected)
		fprintf(to, "%lu flows not judged: neither end is this host's (--host)\n",
			(unsigned long)logs->undirected);
	if (logs->icmp)
		fprintf(to, "%lu ICMP flows not judged: a flow log has no type\n",
			(unsigned long)logs->icmp);
}

static json_t *flow_json(const struct flow *flow, bool pair)
{
	char text[PACKETTEXT_LEN];

	return json_pack("{s:s, s:I, s:I, s:I}", "flow", flow_text(flow, pair, text), "packets",
			 (json_int_t)flow->packets, "bytes", (json_int_t)flow->bytes, "rejected",
			 (json_int_t)flow->rejected);
}

static json_t *list_json(const struct flow_logs *logs, const struct flows *flows,
			 bool (*wanted)(const struct flow_logs *logs, const struct flow *flow))
{
	uint32_t count, *order = chosen(logs, flows, wanted, &count);
	json_t *array = json_array();

	for (uint32_t i = 0; order && i < count; i++) {
		const struct flow *flow = &flows->at[order[i]];
		json_t *one = flow_json(flow, flows == &logs->pairs);

		if (wanted == flow_logs_hangs)
			json_object_set_new(one, "reply",
					    flow_json(&logs->flows.at[flow->reply], false));
		if (wanted == differs)
			json_object_set_new(one, "now",
					    json_string(flow->dropped ? "deny" : "allow"));
		json_array_append_new(array, one);
	}
	free(order);
	return array;
}

void flow_logs_print_json(const struct flow_logs *logs, FILE *to)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}", "records",
		(json_int_t)logs->records, "flows", (json_int_t)logs->flows.count, "nodata",
		(json_int_t)logs->nodata, "skipdata", (json_int_t)logs->skipdata, "unclear",
		(json_int_t)logs->unclear, "wrong", (json_int_t)logs->wrong, "whole",
		!logs->partial, "rejected", list_json(logs, &logs->pairs, NULL), "replies_rejected",
		list_json(logs, &logs->flows, flow_logs_hangs));

	if (logs->policy) {
		json_object_set_new(object, "differs", list_json(logs, &logs->flows, differs));
		json_object_set_new(object, "undirected",
				    json_integer((json_int_t)logs->undirected));
		json_object_set_new(object, "icmp", json_integer((json_int_t)logs->icmp));
	}
	if (!object || json_dumpf(object, to, JSON_INDENT(2)) < 0)
		fputs("naclctl flows: out of memory\n", stderr);
	fputc('\n', to);
	json_decref(object);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's drop tables, read. The answer has been checked (state/answer.h): types are right and
 * numbers in their bounds. What is left to look at here is words and addresses; a line that makes
 * no sense is left out, since a newer daemon may say more than this program knows.
 */
#include "ctl/drops/lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "text/packet_line.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool fold_of(const char *word, enum lost_fold *out)
{
	static const char *const names[] = {"flow", "ports", "peers", "rules"};

	for (size_t i = 0; word && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], word) == 0) {
			*out = (enum lost_fold)i;
			return true;
		}
	return false;
}

static bool hook_of(const char *word, enum hook *out)
{
	for (int i = 0; word && i < HOOKS; i++)
		if (strcmp(hook_nft_name((enum hook)i), word) == 0) {
			*out = (enum hook)i;
			return true;
		}
	return false;
}

static int rule_of(const json_t *value)
{
	if (json_is_string(value))
		return 0;
	return json_is_integer(value) ? (int)json_integer_value(value) : LOST_NO_RULE;
}

static bool read_packet(const json_t *object, struct lost *lost)
{
	const char *protocol = text_of(object, "protocol");
	const char *src = text_of(object, "src"), *dst = text_of(object, "dst");
	struct packet *packet = &lost->packet;
	int number;

	if (!protocol || !protocol_parse(protocol, &number) || number < 0)
		return false;
	packet->protocol = (uint8_t)number;
	packet->len = (uint32_t)number_of(object, "length");
	packet->hop_limit = 64;
	packet->fragment = json_is_true(json_object_get(object, "fragment"));
	packet->tcp_flags = (uint8_t)number_of(object, "tcp_flags");
	packet->sport = (uint16_t)number_of(object, "sport");
	packet->dport = (uint16_t)number_of(object, "dport");
	packet->icmp_type = (uint8_t)number_of(object, "type");
	packet->icmp_code = (uint8_t)number_of(object, "code");
	if (json_object_get(object, "dport"))
		packet->l4 = PACKET_L4_PORTS;
	if (json_object_get(object, "type"))
		packet->l4 = PACKET_L4_ICMP;
	lost->has_ends = src && dst;
	return !lost->has_ends || (addr_parse(src, &packet->src) && addr_parse(dst, &packet->dst) &&
				   packet->src.family == packet->dst.family);
}

bool lost_read(json_t *object, struct lost *out)
{
	const char *direction = text_of(object, "direction");
	struct lost lost = {
		.object = object,
		.packets = (uint64_t)number_of(object, "packets"),
		.bytes = (uint64_t)number_of(object, "bytes"),
		.flows = (uint64_t)number_of(object, "flows"),
		.first = number_of(object, "first"),
		.last = number_of(object, "last"),
		.monitor = json_is_true(json_object_get(object, "monitor")),
		.acl_name = text_of(object, "acl"),
		.reason = text_of(object, "reason"),
		.interface = text_of(object, "interface"),
		.rule = rule_of(json_object_get(object, "rule")),
		.acl = POLICY_NO_ACL,
	};

	if (!direction || !fold_of(text_of(object, "fold"), &lost.fold) ||
	    !hook_of(text_of(object, "hook"), &lost.hook) || !read_packet(object, &lost))
		return false;
	lost.direction = strcmp(direction, direction_name(OUTBOUND)) == 0 ? OUTBOUND : INBOUND;
	*out = lost;
	return true;
}

const struct addr *lost_remote(const struct lost *lost)
{
	return lost->direction == INBOUND ? &lost->packet.src : &lost->packet.dst;
}

const struct addr *lost_local(const struct lost *lost)
{
	return lost->direction == INBOUND ? &lost->packet.dst : &lost->packet.src;
}

static bool read_all(const json_t *drops, struct lost_list *list)
{
	json_t *flows = json_object_get(drops, "flows"), *flow;
	size_t i;

	list->now = number_of(drops, "now");
	list->since = number_of(drops, "since");
	list->places = (uint64_t)number_of(drops, "places");
	list->memory_bytes = (uint64_t)number_of(drops, "memory_bytes");
	list->omitted = (uint64_t)number_of(drops, "omitted");
	list->items = calloc(json_array_size(flows) + 1, sizeof(*list->items));
	if (!list->items)
		return false;
	json_array_foreach(flows, i, flow) list->count +=
		lost_read(flow, &list->items[list->count]);
	return true;
}

bool lost_fetch(const char *command, const char *socket_path, struct lost_list *out)
{
	struct lost_list list = {0};
	char error[CLIENT_ERROR_LEN];
	const char *refusal;
	json_t *drops;

	if (client_request(socket_path, "drops", &list.answer, error) < 0) {
		fprintf(stderr, "naclctl %s: %s\n", command, error);
		return false;
	}
	refusal = client_refusal(list.answer);
	drops = json_object_get(list.answer, "drops");
	if (!refusal && !json_is_object(drops))
		refusal = "nacld's answer has no drops";
	if (!refusal && !read_all(drops, &list))
		refusal = "out of memory";
	if (refusal) {
		fprintf(stderr, "naclctl %s: %s\n", command, refusal);
		lost_fini(&list);
		return false;
	}
	*out = list;
	return true;
}

void lost_fini(struct lost_list *list)
{
	free(list->items);
	json_decref(list->answer);
	*list = (struct lost_list){0};
}

const char *lost_what(const struct lost *lost, char buf[static LOST_WHAT_LEN])
{
	const struct packet *packet = &lost->packet;
	char protocol[PROTOCOL_STRLEN];

	protocol_print(packet->protocol, protocol);
	if (packet->l4 == PACKET_L4_PORTS)
		snprintf(buf, LOST_WHAT_LEN, "%s %u", protocol, packet->dport);
	else if (packet->l4 == PACKET_L4_ICMP)
		snprintf(buf, LOST_WHAT_LEN, "%s type %u code %u", protocol, packet->icmp_type,
			 packet->icmp_code);
	else
		snprintf(buf, LOST_WHAT_LEN, "%s%s", protocol, packet->fragment ? " fragment" : "");
	return buf;
}

const char *lost_why(const struct lost *lost, char buf[static LOST_WHY_LEN])
{
	const char *direction = direction_name(lost->direction);
	char rule[12] = "*";

	if (lost->fold == LOST_RULES)
		snprintf(buf, LOST_WHY_LEN, "several rules, %s among others", direction);
	else if (lost->reason)
		snprintf(buf, LOST_WHY_LEN, "malformed: %.60s, %s", lost->reason, direction);
	else {
		if (lost->rule > 0)
			snprintf(rule, sizeof(rule), "%d", lost->rule);
		snprintf(buf, LOST_WHY_LEN, "%.100s, %s rule %s",
			 lost->acl_name ? lost->acl_name : "(an ACL of before)", direction, rule);
	}
	return buf;
}

void lost_line(const struct lost *lost, struct packet_line *out)
{
	const char *interface = lost->interface ? lost->interface : "";

	*out = (struct packet_line){.packet = lost->packet};
	out->way.hook = lost->hook;
	if (lost->hook == HOOK_PREROUTING) {
		out->way.hook = HOOK_INPUT;
		snprintf(out->way.in, sizeof(out->way.in), "%s", interface);
	} else if (lost->hook == HOOK_POSTROUTING) {
		out->way.hook = HOOK_OUTPUT;
		snprintf(out->way.out, sizeof(out->way.out), "%s", interface);
	}
}

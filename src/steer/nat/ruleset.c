/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's way through the nat chains of prerouting in what `nft --json list ruleset` printed
 * (libnftables-json(5)). Named sets and maps are looked up in the same listing. What a packet alone
 * cannot answer makes a rule one that may apply; so does an expression that is not known here.
 *
 * Rules of iptables-nft's are in the listing without what their targets say ("xt"): saved.c has
 * them, and they are passed over here.
 */
#include "steer/nat/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct walk {
	const json_t *items; /* of the listing */
	const struct nat_packet *packet;
	struct nat_answer *out;
	const char *family, *table; /* of the chain walked */
};

enum way {
	WAY_ON,
	WAY_BACK, /* to the chain that jumped here */
	WAY_OVER,
	WAY_TRANSLATED,
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What a left side is for the packet: a number, an address, or a name that is compared as text. */
struct value {
	enum {
		VALUE_UNKNOWN,
		VALUE_NONE,
		VALUE_NUMBER,
		VALUE_ADDR,
		VALUE_INTERFACE,
		VALUE_PROTOCOL,
		VALUE_LOCAL
	} kind;
	unsigned int number;
	const struct addr *addr;
};

static struct value number(unsigned int n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

static struct value payload(const struct packet *packet, const char *protocol, const char *field)
{
	bool ip = strcmp(protocol, "ip") == 0, ip6 = strcmp(protocol, "ip6") == 0;
	bool is_port = strcmp(field, "dport") == 0 || strcmp(field, "sport") == 0;

	if ((ip && packet->dst.family != FAMILY_IPV4) || (ip6 && packet->dst.family != FAMILY_IPV6))
		return (struct value){.kind = VALUE_NONE};
	if ((ip || ip6) && (strcmp(field, "saddr") == 0 || strcmp(field, "daddr") == 0))
		return (struct value){.kind = VALUE_ADDR,
				      .addr = *field == 's' ? &packet->src : &packet->dst};
	if ((ip && strcmp(field, "protocol") == 0) || (ip6 && strcmp(field, "nexthdr") == 0))
		return (struct value){.kind = VALUE_PROTOCOL};
	if (!is_port)
		return (struct value){.kind = VALUE_UNKNOWN};
	if (packet->l4 != PACKET_L4_PORTS ||
	    (strcmp(protocol, "tcp") == 0 && packet->protocol != PROTOCOL_TCP) ||
	    (strcmp(protocol, "udp") == 0 && packet->protocol != PROTOCOL_UDP))
		return (struct value){.kind = VALUE_NONE};
	return number(*field == 's' ? packet->sport : packet->dport);
}

static struct value left_side(const struct walk *walk, const json_t *left)
{
	const json_t *meta = json_object_get(left, "meta"), *fib = json_object_get(left, "fib");
	const json_t *field = json_object_get(left, "payload");
	const char *key = text_of(meta, "key");

	if (field)
		return payload(walk->packet->packet, text_of(field, "protocol"),
			       text_of(field, "field"));
	if (strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0)
		return (struct value){.kind = VALUE_INTERFACE};
	if (strcmp(key, "l4proto") == 0)
		return (struct value){.kind = VALUE_PROTOCOL};
	if (strcmp(text_of(fib, "result"), "type") == 0 &&
	    json_array_size(json_object_get(fib, "flags")) == 1) {
		const char *which =
			json_string_value(json_array_get(json_object_get(fib, "flags"), 0));

		return (struct value){.kind = VALUE_LOCAL,
				      .addr = which && *which == 's' ? &walk->packet->packet->src
								     : &walk->packet->packet->dst};
	}
	return (struct value){.kind = VALUE_UNKNOWN};
}

static enum nat_match in_prefix(const char *text, json_int_t len, const struct addr *addr)
{
	char buf[PREFIX_STRLEN];
	struct prefix prefix;

	snprintf(buf, sizeof(buf), len < 0 ? "%.45s" : "%.45s/%d", text, (int)len);
	return prefix_parse(buf, &prefix, NULL) == PREFIX_OK
		       ? nat_match_of(prefix_contains(&prefix, addr))
		       : NAT_MAYBE;
}

static enum nat_match match_text(const struct walk *walk, const struct value *value,
				 const char *text)
{
	switch (value->kind) {
	case VALUE_ADDR:
		return in_prefix(text, -1, value->addr);
	case VALUE_INTERFACE:
		return nat_interface(walk->packet, text, '*');
	case VALUE_PROTOCOL:
		return nat_protocol(walk->packet, text);
	case VALUE_LOCAL:
		if (strcmp(text, "local") == 0)
			return nat_match_of(walk->packet->is_local(value->addr));
		return walk->packet->is_local(value->addr) ? NAT_NO : NAT_MAYBE;
	default:
		return NAT_MAYBE;
	}
}

static const json_t *named(const struct walk *walk, const char *kind, const char *name)
{
	const json_t *item, *object;
	size_t i;

	json_array_foreach(walk->items, i, item)
	{
		object = json_object_get(item, kind);
		if (object && strcmp(text_of(object, "name"), name) == 0 &&
		    strcmp(text_of(object, "table"), walk->table) == 0 &&
		    strcmp(text_of(object, "family"), walk->family) == 0)
			return object;
	}
	return NULL;
}

static enum nat_match match_value(const struct walk *walk, const struct value *value,
				  const json_t *right);

static enum nat_match match_any(const struct walk *walk, const struct value *value,
				const json_t *elements)
{
	enum nat_match best = NAT_NO;
	const json_t *element;
	size_t i;

	json_array_foreach(elements, i, element)
	{
		enum nat_match one = match_value(walk, value, element);

		best = one > best ? one : best;
	}
	return best;
}

static enum nat_match match_range(const struct value *value, const json_t *range)
{
	json_int_t first = json_integer_value(json_array_get(range, 0));
	json_int_t last = json_integer_value(json_array_get(range, 1));

	if (value->kind != VALUE_NUMBER || !json_is_integer(json_array_get(range, 0)))
		return NAT_MAYBE;
	return nat_match_of(value->number >= first && value->number <= last);
}

/* A right side: a text, a number, {"prefix"}, {"range"}, {"set"}, {"elem"} or "@name". */
static enum nat_match match_value(const struct walk *walk, const struct value *value,
				  const json_t *right)
{
	const char *text = json_string_value(right);
	const json_t *part;

	if (value->kind == VALUE_NONE)
		return NAT_NO;
	if (value->kind == VALUE_UNKNOWN)
		return NAT_MAYBE;
	if (text && *text == '@') {
		const json_t *set = named(walk, "set", text + 1);

		return set ? match_any(walk, value, json_object_get(set, "elem")) : NAT_MAYBE;
	}
	if (text)
		return match_text(walk, value, text);
	if (json_is_integer(right))
		return value->kind == VALUE_NUMBER
			       ? nat_match_of(json_integer_value(right) == value->number)
			       : NAT_MAYBE;
	if ((part = json_object_get(right, "prefix")))
		return value->kind == VALUE_ADDR
			       ? in_prefix(text_of(part, "addr"),
					   json_integer_value(json_object_get(part, "len")),
					   value->addr)
			       : NAT_MAYBE;
	if ((part = json_object_get(right, "range")))
		return match_range(value, part);
	if ((part = json_object_get(right, "set")))
		return json_is_array(part) ? match_any(walk, value, part)
					   : match_value(walk, value, part);
	if ((part = json_object_get(right, "elem")))
		return match_value(walk, value, json_object_get(part, "val"));
	return NAT_MAYBE;
}

static enum nat_match match(const struct walk *walk, const json_t *expression)
{
	struct value value = left_side(walk, json_object_get(expression, "left"));
	const char *op = text_of(expression, "op");
	enum nat_match result;

	result = match_value(walk, &value, json_object_get(expression, "right"));
	if (strcmp(op, "!=") == 0)
		return value.kind == VALUE_NONE ? NAT_NO : nat_negated(result);
	return strcmp(op, "==") == 0 || strcmp(op, "in") == 0 ? result : NAT_MAYBE;
}

static void translate(const struct walk *walk, const json_t *target, bool redirect, bool certain)
{
	const json_t *addr = json_object_get(target, "addr"),
		     *port = json_object_get(target, "port");
	struct nat_answer *out = walk->out;

	out->certain = certain;
	out->has_addr = json_is_string(addr) && addr_parse(json_string_value(addr), &out->addr);
	out->has_port = json_is_integer(port);
	out->port = (uint16_t)json_integer_value(port);
	out->unknown = (addr && !out->has_addr) || (port && !out->has_port) || (!redirect && !addr);
}

static enum way walk_chain(struct walk *walk, const char *chain, bool certain, int depth);

/* A verdict; jumps are followed. */
static enum way follow(struct walk *walk, const json_t *verdict, bool certain, int depth)
{
	const json_t *to = json_object_get(verdict, "jump");
	bool jump = to;
	enum way way;

	if (json_object_get(verdict, "return"))
		return WAY_BACK;
	if (json_object_get(verdict, "accept") || json_object_get(verdict, "drop"))
		return WAY_OVER;
	to = to ? to : json_object_get(verdict, "goto");
	if (!to || depth == NAT_DEPTH_MAX)
		return WAY_ON;
	way = walk_chain(walk, text_of(to, "target"), certain, depth + 1);
	if (way == WAY_ON || way == WAY_BACK)
		return jump ? WAY_ON : WAY_BACK;
	return way;
}

/* A verdict map: the way of each element whose key is or may be the packet's. */
static enum way follow_map(struct walk *walk, const json_t *vmap, bool certain, int depth)
{
	struct value value = left_side(walk, json_object_get(vmap, "key"));
	const json_t *data = json_object_get(vmap, "data"), *pair;
	const char *name = json_string_value(data);
	size_t i;

	data = name && *name == '@' ? json_object_get(named(walk, "map", name + 1), "elem")
				    : json_object_get(data, "set");
	json_array_foreach(data, i, pair)
	{
		enum nat_match one = match_value(walk, &value, json_array_get(pair, 0));
		enum way way = one == NAT_NO ? WAY_ON
					     : follow(walk, json_array_get(pair, 1),
						      certain && one == NAT_YES, depth);

		if (way != WAY_ON && (one == NAT_YES || way == WAY_TRANSLATED))
			return way;
	}
	return WAY_ON;
}

/* Where it stands; JSON is nothing for people, who have `nft --handle list chain`. */
static void keep_rule(const struct walk *walk, const json_t *rule)
{
	snprintf(walk->out->rule, sizeof(walk->out->rule), "table %s %s, chain %s, handle %d",
		 walk->family, walk->table, text_of(rule, "chain"),
		 (int)json_integer_value(json_object_get(rule, "handle")));
}

/* One rule: its expressions from left to right. */
static enum way walk_rule(struct walk *walk, const json_t *rule, bool certain, int depth)
{
	const json_t *expression, *part;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, expression)
	{
		enum way way = WAY_ON;

		if ((part = json_object_get(expression, "match"))) {
			enum nat_match one = match(walk, part);

			if (one == NAT_NO)
				return WAY_ON;
			certain &= one == NAT_YES;
			continue;
		}
		if (json_object_get(expression, "xt"))
			return WAY_ON;
		part = json_object_get(expression, "dnat");
		if (part || json_object_get(expression, "redirect")) {
			translate(walk, part ? part : json_object_get(expression, "redirect"),
				  !part, certain);
			keep_rule(walk, rule);
			return WAY_TRANSLATED;
		}
		if ((part = json_object_get(expression, "vmap")))
			way = follow_map(walk, part, certain, depth);
		else
			way = follow(walk, expression, certain, depth);
		if (way != WAY_ON)
			return way == WAY_TRANSLATED || certain ? way : WAY_ON;
	}
	return WAY_ON;
}

static enum way walk_chain(struct walk *walk, const char *chain, bool certain, int depth)
{
	const json_t *item, *rule;
	size_t i;

	json_array_foreach(walk->items, i, item)
	{
		enum way way;

		rule = json_object_get(item, "rule");
		if (!rule || strcmp(text_of(rule, "chain"), chain) != 0 ||
		    strcmp(text_of(rule, "table"), walk->table) != 0 ||
		    strcmp(text_of(rule, "family"), walk->family) != 0)
			continue;
		way = walk_rule(walk, rule, certain, depth);
		if (way != WAY_ON)
			return way;
	}
	return WAY_ON;
}

/* Is it a base chain of destination NAT that packets of this family pass? */
static bool takes(const json_t *chain, const struct packet *packet)
{
	const char *family = text_of(chain, "family");

	return strcmp(text_of(chain, "type"), "nat") == 0 &&
	       strcmp(text_of(chain, "hook"), "prerouting") == 0 &&
	       (strcmp(family, "inet") == 0 ||
		strcmp(family, packet->dst.family == FAMILY_IPV4 ? "ip" : "ip6") == 0);
}

/* The next base chain in the order that the kernel walks them: by priority, then as listed. */
static const json_t *next_chain(const struct walk *walk, json_int_t *priority, size_t *index)
{
	const json_t *item, *chain, *best = NULL;
	json_int_t best_priority = 0;
	size_t i, best_index = 0;

	json_array_foreach(walk->items, i, item)
	{
		json_int_t own;

		chain = json_object_get(item, "chain");
		if (!chain || !takes(chain, walk->packet->packet))
			continue;
		own = json_integer_value(json_object_get(chain, "prio"));
		if (own < *priority || (own == *priority && i <= *index) ||
		    (best && own >= best_priority))
			continue;
		best = chain;
		best_priority = own;
		best_index = i;
	}
	*priority = best_priority;
	*index = best_index;
	return best;
}

bool nat_ask_ruleset(const char *text, const struct nat_packet *packet, struct nat_answer *out)
{
	json_t *listing = json_loads(text, 0, NULL);
	struct walk walk = {
		.items = json_object_get(listing, "nftables"), .packet = packet, .out = out};
	json_int_t priority = INT32_MIN;
	const json_t *chain;
	size_t index = 0;
	bool found = false;

	while (!found && (chain = next_chain(&walk, &priority, &index))) {
		walk.family = text_of(chain, "family");
		walk.table = text_of(chain, "table");
		found = walk_chain(&walk, text_of(chain, "name"), true, 0) == WAY_TRANSLATED;
	}
	json_decref(listing);
	return found;
}

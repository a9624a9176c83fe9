/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * librte_acl wants a first field of one byte, then groups of four: the protocol; the address, four
 * times for IPv6; then L4 in two bytes and, in two more, whether there is any. Rules are given in
 * host order, packets in network order; of several matches the highest priority wins.
 */
#include "dpdk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_acl.h>
#include <rte_eal.h>

#define WORDS_MAX  4 /* of an address */
#define FIELDS_MAX (1 + WORDS_MAX + 2)

struct key {
	uint8_t protocol;
	uint8_t pad[3];
	uint32_t words[WORDS_MAX + 1]; /* the address, and behind its last word: */
};

/* L4, and whether there is none, in network order. */
struct key_l4 {
	uint16_t l4;
	uint16_t absent;
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS_MAX);

struct dpdk {
	const struct rule *rules;
	struct rte_acl_ctx *context;
	enum family family;
	unsigned int words;
};

/* Without huge pages, devices, files or sockets. */
bool dpdk_start(void)
{
	static char texts[][20] = {"bench",
				   "--no-huge",
				   "--no-pci",
				   "--no-shconf",
				   "--no-telemetry",
				   "--log-level=error",
				   "-m",
				   "2048",
				   "-l",
				   "0"};
	static char *arguments[sizeof(texts) / sizeof(texts[0])];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		arguments[i] = texts[i];
	return rte_eal_init(sizeof(texts) / sizeof(texts[0]), arguments) >= 0;
}

static void range(struct rte_acl_field *field, uint16_t first, uint16_t last)
{
	field->value.u16 = first;
	field->mask_range.u16 = last;
}

static void fill_l4(const struct dpdk *d, const struct rule *rule, struct rte_acl_field *l4)
{
	bool typed = rule->protocol == PROTOCOL_ICMP ||
		     (rule->protocol == PROTOCOL_ICMPV6 && d->family == FAMILY_IPV6);

	range(&l4[0], 0, UINT16_MAX);
	range(&l4[1], 0, 1);
	if (rule_has_ports(rule) && (rule->port_first != 0 || rule->port_last != UINT16_MAX)) {
		range(&l4[0], rule->port_first, rule->port_last);
		range(&l4[1], 0, 0);
	} else if (typed && rule->icmp_type != RULE_ANY) {
		uint16_t first = (uint16_t)(rule->icmp_type << 8);
		bool any = rule->icmp_code == RULE_ANY;

		first = (uint16_t)(first + (any ? 0 : rule->icmp_code));
		range(&l4[0], first, (uint16_t)(first + (any ? 255 : 0)));
		range(&l4[1], 0, 0);
	}
}

static int add(struct dpdk *d, size_t index, const struct rule *rule, const struct prefix *prefix)
{
	uint32_t words[WORDS_MAX] = {(uint32_t)(prefix->addr.hi >> 32), (uint32_t)prefix->addr.hi,
				     (uint32_t)(prefix->addr.lo >> 32), (uint32_t)prefix->addr.lo};
	struct acl_rule r;

	memset(&r, 0, sizeof(r));
	r.data.userdata = (uint32_t)index + 1;
	r.data.category_mask = 1;
	r.data.priority = RTE_ACL_MAX_PRIORITY - (int32_t)index;
	r.field[0].value.u8 = rule->protocol == PROTOCOL_ALL ? 0 : (uint8_t)rule->protocol;
	r.field[0].mask_range.u8 = rule->protocol == PROTOCOL_ALL ? 0 : UINT8_MAX;
	for (unsigned int i = 0; i < d->words; i++) {
		int bits = prefix->len - 32 * (int)i;

		r.field[1 + i].value.u32 = words[i];
		r.field[1 + i].mask_range.u32 = bits < 0 ? 0 : bits > 32 ? 32 : (uint32_t)bits;
	}
	fill_l4(d, rule, &r.field[1 + d->words]);
	return rte_acl_add_rules(d->context, (const struct rte_acl_rule *)&r, 1);
}

static int add_entries(struct dpdk *d, const struct acl_list *list)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < list->count; i++) {
		size_t count;
		const struct prefix *prefixes = rule_prefixes(&list->rules[i], &count);

		for (size_t p = 0; status == 0 && p < count; p++)
			if (prefixes[p].addr.family == d->family)
				status = add(d, i, &list->rules[i], &prefixes[p]);
	}
	return status;
}

static void define(struct rte_acl_field_def *def, uint8_t type, uint8_t size, uint32_t field,
		   uint32_t input, size_t offset)
{
	*def = (struct rte_acl_field_def){.type = type,
					  .size = size,
					  .field_index = (uint8_t)field,
					  .input_index = (uint8_t)input,
					  .offset = (uint32_t)offset};
}

static int compile(struct dpdk *d)
{
	struct rte_acl_config config;
	uint32_t words = d->words;
	size_t l4 = offsetof(struct key, words) + words * sizeof(uint32_t);

	memset(&config, 0, sizeof(config));
	config.num_categories = 1;
	config.num_fields = 1 + words + 2;
	define(&config.defs[0], RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, 0, 0);
	for (uint32_t i = 1; i <= words; i++)
		define(&config.defs[i], RTE_ACL_FIELD_TYPE_MASK, 4, i, i, i * sizeof(uint32_t));
	define(&config.defs[words + 1], RTE_ACL_FIELD_TYPE_RANGE, 2, words + 1, words + 1, l4);
	define(&config.defs[words + 2], RTE_ACL_FIELD_TYPE_RANGE, 2, words + 2, words + 1, l4 + 2);
	return rte_acl_build(d->context, &config);
}

struct dpdk *dpdk_new(const struct acl_list *list, enum family family)
{
	unsigned int words = family == FAMILY_IPV4 ? 1 : WORDS_MAX;
	char name[32];
	struct rte_acl_param param = {.name = name,
				      .socket_id = SOCKET_ID_ANY,
				      .rule_size = RTE_ACL_RULE_SZ(FIELDS_MAX),
				      .max_rule_num = 1u << 20};
	struct dpdk *d = malloc(sizeof(*d));

	if (!d)
		return NULL;
	*d = (struct dpdk){.rules = list->rules, .family = family, .words = words};
	/* A name known already would be answered with the context that has it. */
	snprintf(name, sizeof(name), "%p", (void *)d);
	d->context = rte_acl_create(&param);
	if (d->context && add_entries(d, list) == 0 && compile(d) == 0)
		return d;
	dpdk_free(d);
	return NULL;
}

void dpdk_free(struct dpdk *dpdk)
{
	if (!dpdk)
		return;
	rte_acl_free(dpdk->context);
	free(dpdk);
}

static uint16_t l4_of(const struct packet *packet)
{
	if (packet->l4 == PACKET_L4_PORTS)
		return packet->dport;
	return (uint16_t)(packet->icmp_type << 8 | packet->icmp_code);
}

const struct rule *dpdk_lookup(const struct dpdk *dpdk, const struct packet *packet)
{
	struct key key = {.protocol = packet->protocol};
	struct key_l4 l4 = {htons(l4_of(packet)), htons(packet->l4 == PACKET_L4_NONE)};
	const uint8_t *input = (const uint8_t *)&key;
	uint32_t result = 0;

	key.words[0] = htonl((uint32_t)(packet->src.hi >> 32));
	if (dpdk->family == FAMILY_IPV6) {
		key.words[1] = htonl((uint32_t)packet->src.hi);
		key.words[2] = htonl((uint32_t)(packet->src.lo >> 32));
		key.words[3] = htonl((uint32_t)packet->src.lo);
	}
	memcpy(&key.words[dpdk->words], &l4, sizeof(l4));
	rte_acl_classify(dpdk->context, &input, &result, 1, 1);
	return result == 0 ? NULL : &dpdk->rules[result - 1];
}

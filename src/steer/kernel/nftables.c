/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of ours is in the kernel's nftables, asked of the kernel itself.
 *
 * The tools cannot be believed about this: iptables-nft-save (1.8.9) leaves out a whole table, and
 * ends with status 0, when one rule in it is none that iptables has a word for; nft -j says of an
 * xt match or target no more than its name, so that a queue's number is not in it; nft's own list
 * of such rules is not always one that nft can read. Netlink gives every rule, with a handle to
 * remove it by. A rule is told from another by a digest of its expressions, as the kernel prints
 * them: enough to see a change, and independent of any tool's version.
 *
 * Ours are: chains named NACLD-*, the rules in them, and the rules of any chain that jump there
 * (iptables-nft's tables); and the table inet nacld, if one of its base chains stands where one of
 * ours does. Else somebody else has a table of that name.
 */
#include "steer/kernel/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steer/netlink.h"

#define OWN_TABLE "nacld"
#define OWN_CHAIN "NACLD-"
#define TRIES     8 /* a dump that a change interrupts is begun anew */

/* One dump: what came so far, and where in which chain the last rule stood. */
struct reading {
	struct nftables *out;
	char chain[NFTABLES_NAME_LEN], table[NFTABLES_NAME_LEN];
	uint8_t family;
	unsigned int index;
	bool ours; /* of table inet nacld: a base chain stands where one of ours does */
	bool failed;
};

static void copy_name(char name[static NFTABLES_NAME_LEN], const struct nlattr *attr)
{
	name[0] = '\0';
	if (attr)
		snprintf(name, NFTABLES_NAME_LEN, "%.*s", (int)mnl_attr_get_payload_len(attr),
			 mnl_attr_get_str(attr));
}

/* Of the attributes of a message or a nest, those that are below `max`, by number. */
struct attributes {
	const struct nlattr **table;
	unsigned int max;
};

static int take_attribute(const struct nlattr *attr, void *context)
{
	struct attributes *to = context;

	if (mnl_attr_get_type(attr) < to->max)
		to->table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void parse_message(const struct nlmsghdr *message, const struct nlattr **table,
			  unsigned int max)
{
	struct attributes to = {table, max};

	mnl_attr_parse(message, sizeof(struct nfgenmsg), take_attribute, &to);
}

static void parse_nest(const struct nlattr *nest, const struct nlattr **table, unsigned int max)
{
	struct attributes to = {table, max};

	if (nest)
		mnl_attr_parse_nested(nest, take_attribute, &to);
}

/* FNV-1a, 64 bits. */
static uint64_t digest(uint64_t so_far, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		so_far = (so_far ^ bytes[i]) * 0x100000001b3;
	return so_far;
}

#define DIGEST_SEED 0xcbf29ce484222325

/*
 * Of an xt match. That of a BPF program holds the number that the pin's descriptor had in the
 * process that loaded the rule (struct xt_bpf_info_v1, bytes 4 to 7): no part of what it says.
 */
static uint64_t digest_match(uint64_t so_far, const struct nlattr *data)
{
	const struct nlattr *table[NFTA_MATCH_MAX + 1] = {0};
	const unsigned char *info;
	size_t len;

	parse_nest(data, table, NFTA_MATCH_MAX + 1);
	if (!table[NFTA_MATCH_NAME] || !table[NFTA_MATCH_INFO] ||
	    strcmp(mnl_attr_get_str(table[NFTA_MATCH_NAME]), "bpf") != 0)
		return digest(so_far, mnl_attr_get_payload(data), mnl_attr_get_payload_len(data));
	info = mnl_attr_get_payload(table[NFTA_MATCH_INFO]);
	len = mnl_attr_get_payload_len(table[NFTA_MATCH_INFO]);
	so_far = digest(so_far, info, len < 4 ? len : 4);
	return len > 8 ? digest(so_far, info + 8, len - 8) : so_far;
}

static uint64_t digest_rule(const struct nlattr *expressions)
{
	const struct nlattr *element, *table[NFTA_EXPR_MAX + 1];
	uint64_t sum = DIGEST_SEED;

	if (!expressions)
		return sum;
	mnl_attr_for_each_nested(element, expressions)
	{
		memset(table, 0, sizeof(table));
		parse_nest(element, table, NFTA_EXPR_MAX + 1);
		if (!table[NFTA_EXPR_NAME])
			continue;
		sum = digest(sum, mnl_attr_get_str(table[NFTA_EXPR_NAME]),
			     mnl_attr_get_payload_len(table[NFTA_EXPR_NAME]));
		if (table[NFTA_EXPR_DATA] &&
		    strcmp(mnl_attr_get_str(table[NFTA_EXPR_NAME]), "match") == 0)
			sum = digest_match(sum, table[NFTA_EXPR_DATA]);
		else if (table[NFTA_EXPR_DATA] &&
			 strcmp(mnl_attr_get_str(table[NFTA_EXPR_NAME]), "counter") != 0)
			sum = digest(sum, mnl_attr_get_payload(table[NFTA_EXPR_DATA]),
				     mnl_attr_get_payload_len(table[NFTA_EXPR_DATA]));
	}
	return sum;
}

/* The chain that an expression jumps or goes to, or NULL. */
static const char *jump_target(const struct nlattr *element)
{
	const struct nlattr *expr[NFTA_EXPR_MAX + 1] = {0}, *imm[NFTA_IMMEDIATE_MAX + 1] = {0};
	const struct nlattr *data[NFTA_DATA_MAX + 1] = {0}, *verdict[NFTA_VERDICT_MAX + 1] = {0};

	parse_nest(element, expr, NFTA_EXPR_MAX + 1);
	if (!expr[NFTA_EXPR_NAME] ||
	    strcmp(mnl_attr_get_str(expr[NFTA_EXPR_NAME]), "immediate") != 0)
		return NULL;
	parse_nest(expr[NFTA_EXPR_DATA], imm, NFTA_IMMEDIATE_MAX + 1);
	parse_nest(imm[NFTA_IMMEDIATE_DATA], data, NFTA_DATA_MAX + 1);
	parse_nest(data[NFTA_DATA_VERDICT], verdict, NFTA_VERDICT_MAX + 1);
	return verdict[NFTA_VERDICT_CHAIN] ? mnl_attr_get_str(verdict[NFTA_VERDICT_CHAIN]) : NULL;
}

static bool is_own_chain(const char *name)
{
	return strncmp(name, OWN_CHAIN, strlen(OWN_CHAIN)) == 0;
}

static bool jumps_to_own(const struct nlattr *expressions)
{
	const struct nlattr *element;
	const char *target;

	if (!expressions)
		return false;
	mnl_attr_for_each_nested(element, expressions)
	{
		target = jump_target(element);
		if (target && is_own_chain(target))
			return true;
	}
	return false;
}

static void add(struct reading *at, const struct nftables_object *object)
{
	struct nftables *out = at->out;
	struct nftables_object *objects =
		reallocarray(out->objects, out->count + 1, sizeof(*objects));

	if (!objects) {
		at->failed = true;
		return;
	}
	out->objects = objects;
	objects[out->count++] = *object;
}

/*
 * Does a base chain stand where one of ours does? They are called as their hook is, and stand
 * before or behind the filter chains of others (0), never among them.
 */
static bool stands_like_ours(const char *name, const struct nlattr *hook)
{
	static const char *const hooks[] = {[NF_INET_PRE_ROUTING] = "prerouting",
					    [NF_INET_LOCAL_IN] = "input",
					    [NF_INET_FORWARD] = "forward",
					    [NF_INET_LOCAL_OUT] = "output",
					    [NF_INET_POST_ROUTING] = "postrouting"};
	const struct nlattr *table[NFTA_HOOK_MAX + 1] = {0};
	uint32_t number;

	parse_nest(hook, table, NFTA_HOOK_MAX + 1);
	if (!table[NFTA_HOOK_HOOKNUM] || !table[NFTA_HOOK_PRIORITY])
		return false;
	number = ntohl(mnl_attr_get_u32(table[NFTA_HOOK_HOOKNUM]));
	return number < sizeof(hooks) / sizeof(hooks[0]) && strcmp(name, hooks[number]) == 0 &&
	       mnl_attr_get_u32(table[NFTA_HOOK_PRIORITY]) != 0;
}

static int take_chain(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *table[NFTA_CHAIN_MAX + 1] = {0};
	struct reading *at = context;
	struct nftables_object object = {.kind = NFTABLES_CHAIN};
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);
	bool own;

	parse_message(message, table, NFTA_CHAIN_MAX + 1);
	object.family = family->nfgen_family;
	copy_name(object.table, table[NFTA_CHAIN_TABLE]);
	copy_name(object.chain, table[NFTA_CHAIN_NAME]);
	if (table[NFTA_CHAIN_HANDLE])
		object.handle = be64toh(mnl_attr_get_u64(table[NFTA_CHAIN_HANDLE]));
	if (table[NFTA_CHAIN_HOOK])
		object.digest = digest(DIGEST_SEED, mnl_attr_get_payload(table[NFTA_CHAIN_HOOK]),
				       mnl_attr_get_payload_len(table[NFTA_CHAIN_HOOK]));
	own = object.family == NFPROTO_INET && strcmp(object.table, OWN_TABLE) == 0;
	if (own && stands_like_ours(object.chain, table[NFTA_CHAIN_HOOK]))
		at->ours = true;
	if (own || (object.family != NFPROTO_INET && is_own_chain(object.chain)))
		add(at, &object);
	return MNL_CB_OK;
}

static int take_rule(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *table[NFTA_RULE_MAX + 1] = {0};
	struct reading *at = context;
	struct nftables_object object = {.kind = NFTABLES_RULE};
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(message);

	parse_message(message, table, NFTA_RULE_MAX + 1);
	object.family = family->nfgen_family;
	copy_name(object.table, table[NFTA_RULE_TABLE]);
	copy_name(object.chain, table[NFTA_RULE_CHAIN]);
	if (strcmp(object.chain, at->chain) != 0 || strcmp(object.table, at->table) != 0 ||
	    object.family != at->family)
		at->index = 0;
	memcpy(at->chain, object.chain, sizeof(at->chain));
	memcpy(at->table, object.table, sizeof(at->table));
	at->family = object.family;
	object.index = at->index++;
	object.first = object.index == 0;
	if (table[NFTA_RULE_HANDLE])
		object.handle = be64toh(mnl_attr_get_u64(table[NFTA_RULE_HANDLE]));
	object.digest = digest_rule(table[NFTA_RULE_EXPRESSIONS]);
	if (object.family == NFPROTO_INET) {
		if (strcmp(object.table, OWN_TABLE) == 0)
			add(at, &object);
	} else if (is_own_chain(object.chain)) {
		add(at, &object);
	} else if (jumps_to_own(table[NFTA_RULE_EXPRESSIONS])) {
		object.kind = NFTABLES_JUMP;
		add(at, &object);
	}
	return MNL_CB_OK;
}

/* Asks for all chains, or all rules, of all families. 0 or -errno; -EINTR: begin anew. */
static int dump(struct mnl_socket *nl, uint16_t type, mnl_cb_t take, struct reading *at)
{
	static const unsigned int seq = 1;
	char buf[32768] __attribute__((aligned(__alignof__(struct nlmsghdr))));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	int state = MNL_CB_OK;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = seq;
	mnl_nlmsg_put_extra_header(message, sizeof(struct nfgenmsg)); /* zero: any family */
	if (mnl_socket_sendto(nl, message, message->nlmsg_len) < 0)
		return -errno;
	while (state == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return -errno;
		state = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), take, at);
	}
	if (state < 0)
		return -errno;
	return at->failed ? -ENOMEM : 0;
}

/* What stands in a table inet nacld that is somebody else's is none of ours. */
static void drop_foreign(struct nftables *tables)
{
	size_t kept = 0;

	for (size_t i = 0; i < tables->count; i++) {
		const struct nftables_object *object = &tables->objects[i];

		if (object->family != NFPROTO_INET) {
			tables->objects[kept++] = *object;
			continue;
		}
		tables->foreign = true;
		if (object->kind == NFTABLES_CHAIN)
			memcpy(tables->foreign_chain, object->chain, sizeof(object->chain));
	}
	tables->count = kept;
}

static int read_once(struct nftables *out)
{
	struct mnl_socket *nl = steer_netlink_open(NETLINK_NETFILTER, 0, 0);
	struct reading at = {.out = out};
	int err;

	*out = (struct nftables){0};
	if (!nl)
		return -errno;
	err = dump(nl, NFT_MSG_GETCHAIN, take_chain, &at);
	if (!err)
		err = dump(nl, NFT_MSG_GETRULE, take_rule, &at);
	mnl_socket_close(nl);
	if (err)
		nftables_fini(out);
	else if (!at.ours)
		drop_foreign(out);
	return err;
}

int nftables_read(struct nftables *out)
{
	int err = -EINTR;

	for (int i = 0; i < TRIES && err == -EINTR; i++)
		err = read_once(out);
	/* nfnetlink's answer for a subsystem that the kernel has not got. */
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err;
}

void nftables_fini(struct nftables *tables)
{
	free(tables->objects);
	*tables = (struct nftables){0};
}

unsigned int nftables_part(const struct nftables_object *object)
{
	if (object->family == NFPROTO_INET)
		return NFTABLES_INET;
	return object->family == NFPROTO_IPV4 ? NFTABLES_IPV4 : NFTABLES_IPV6;
}

size_t nftables_count(const struct nftables *tables, unsigned int parts, enum nftables_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < tables->count; i++)
		count += tables->objects[i].kind == kind &&
			 nftables_part(&tables->objects[i]) & parts;
	return count;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "2 mangle NACLD-IN rule 00003 89abcdef01234567"; a jump's place counts only if it is the first. */
static char *print_object(const struct nftables_object *object)
{
	static const char *const kinds[] = {"chain", "rule", "jump"};
	unsigned int place = object->kind == NFTABLES_JUMP ? !object->first : object->index;
	char *line;

	if (asprintf(&line, "%u %s %s %s %05u %016llx", object->family, object->table,
		     object->chain, kinds[object->kind], place,
		     (unsigned long long)object->digest) < 0)
		return NULL;
	return line;
}

char *nftables_print(const struct nftables *tables, unsigned int parts)
{
	char **lines = calloc(tables->count + 1, sizeof(*lines)), *text = NULL;
	size_t count = 0, size;
	bool whole = lines;
	FILE *to = whole ? open_memstream(&text, &size) : NULL;

	for (size_t i = 0; to && whole && i < tables->count; i++) {
		if (!(nftables_part(&tables->objects[i]) & parts))
			continue;
		lines[count] = print_object(&tables->objects[i]);
		whole = lines[count] != NULL;
		count += whole;
	}
	if (to && whole)
		qsort(lines, count, sizeof(*lines), compare_strings);
	for (size_t i = 0; i < count; i++) {
		if (to)
			fprintf(to, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	if (to && fclose(to) == 0 && whole)
		return text;
	free(text);
	return NULL;
}

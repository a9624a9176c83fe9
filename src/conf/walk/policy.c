/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk over a parsed configuration, top to bottom, into a policy: everything but sets,
 * rules and associations, which have files of their own.
 *
 * The walk never stops at a mistake. What is wrong is reported and left out; the policy that
 * results is thrown away by the caller when anything was reported as an error, so nothing here
 * needs undoing.
 */
#include "conf/walk/policy.h"

#include <stdlib.h>
#include <string.h>

#include "conf/walk/association.h"
#include "conf/walk/flowlog.h"
#include "conf/walk/lint.h"
#include "conf/walk/rule.h"
#include "conf/walk/schema.h"
#include "conf/walk/set.h"
#include "core/policy.h"

static const struct conf_key top_keys[] = {
	{"mode", NULL},
	{"queue", NULL},
	{"fragments", NULL},
	{"isolation", NULL},
	{"sandbox", NULL},
	{"steering", NULL},
	{"fast_path", NULL},
	{"exempt", NULL},
	{"flow_log", NULL},
	{"sets", NULL},
	{"network_acls", NULL},
	{"on_failure", "it belongs in the group queue: queue = { on_failure = \"drop\"; };"},
	{"acls", "the list is called network_acls = ( ... );"},
	{NULL, NULL},
};

static const struct conf_key queue_keys[] = {
	{"first", NULL}, {"count", NULL}, {"length", NULL}, {"on_failure", NULL}, {NULL, NULL},
};

static const struct conf_key acl_keys[] = {
	{"name", NULL},
	{"associations", NULL},
	{"inbound", NULL},
	{"outbound", NULL},
	{"ingress", "the list is called inbound = ( ... );"},
	{"egress", "the list is called outbound = ( ... );"},
	{NULL, NULL},
};

static void read_modes(struct conf_reader *r, const config_setting_t *root)
{
	static const char *const modes[] = {
		[POLICY_ENFORCE] = "enforce", [POLICY_MONITOR] = "monitor", NULL};
	static const char *const fragments[] = {
		[POLICY_REASSEMBLE] = "reassemble", [POLICY_STRICT] = "strict", NULL};
	static const char *const isolations[] = {
		[POLICY_ISOLATION_NONE] = "none", [POLICY_ISOLATION_PROCESS] = "process", NULL};
	static const char *const sandboxes[] = {[POLICY_SANDBOX_REQUIRED] = "required",
						[POLICY_SANDBOX_BEST_EFFORT] = "best-effort",
						NULL};
	static const char *const steerings[] = {
		[POLICY_WATCH] = "watch", [POLICY_GUARD] = "guard", NULL};
	int word;

	if (conf_get_word(r, root, "mode", modes, &word) == CONF_OK)
		r->policy->mode = (enum policy_mode)word;
	if (conf_get_word(r, root, "isolation", isolations, &word) == CONF_OK)
		r->policy->isolation = (enum policy_isolation)word;
	if (conf_get_word(r, root, "sandbox", sandboxes, &word) == CONF_OK)
		r->policy->sandbox = (enum policy_sandbox)word;
	if (conf_get_word(r, root, "fragments", fragments, &word) == CONF_OK)
		r->policy->fragments = (enum policy_fragments)word;
	if (conf_get_word(r, root, "steering", steerings, &word) == CONF_OK)
		r->policy->steering = (enum policy_steering)word;
}

/*
 * What the kernel accepts by must not be in reach of what reads hostile bytes: so only where
 * another process does that.
 */
static void read_fast_path(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *s = config_setting_get_member(root, "fast_path");

	if (!s)
		return;
	if (config_setting_type(s) != CONFIG_TYPE_BOOL) {
		conf_error(r, conf_place(s), "fast_path = true; or false;",
			   "fast_path is true or false, without quotes");
		return;
	}
	r->policy->fast_path = config_setting_get_bool(s);
	if (r->policy->fast_path && r->policy->isolation != POLICY_ISOLATION_PROCESS)
		conf_error(
			r, conf_place(s), "add isolation = \"process\";",
			"fast_path needs isolation = \"process\": a process that reads packets must "
			"not reach the tables by which the kernel accepts others");
}

static void read_queue(struct conf_reader *r, const config_setting_t *root)
{
	static const char *const failures[] = {
		[POLICY_FAIL_DROP] = "drop", [POLICY_FAIL_ACCEPT] = "accept", NULL};
	const config_setting_t *group = config_setting_get_member(root, "queue");
	struct queue_range *queue = &r->policy->queue;
	long first = queue->first, count = queue->count, length = queue->length;
	int word;

	if (!group || !conf_is_group(r, group, "queue"))
		return;
	conf_check_keys(r, group, "queue", queue_keys);
	conf_get_int(r, group, "first", 0, UINT16_MAX, &first);
	conf_get_int(r, group, "count", 1, QUEUE_COUNT_MAX, &count);
	conf_get_int(r, group, "length", 1, QUEUE_LENGTH_MAX, &length);
	if (first + count - 1 > UINT16_MAX)
		conf_error(r, conf_place(group), "the last queue number is 65535",
			   "%ld queues from %ld on go beyond queue 65535", count, first);
	*queue = (struct queue_range){
		.first = (uint16_t)first, .count = (uint16_t)count, .length = (uint32_t)length};
	if (conf_get_word(r, group, "on_failure", failures, &word) == CONF_OK)
		r->policy->on_failure = (enum policy_failure)word;
}

#define EXEMPT_NAMES_MAX 8

static unsigned int read_exemption(struct conf_reader *r, const config_setting_t *s)
{
	const char *text = config_setting_get_string(s), *names[EXEMPT_NAMES_MAX], *hint;
	char buf[CONF_HINT_LEN];
	size_t count = 0;

	for (unsigned int bit = 1; exempt_name(bit) && count < EXEMPT_NAMES_MAX; bit <<= 1) {
		names[count++] = exempt_name(bit);
		if (strcmp(exempt_name(bit), text) == 0)
			return bit;
	}
	hint = conf_nearest(text, names, count, buf);
	conf_error(r, conf_string_place(s),
		   hint ? hint : "\"loopback\", \"neighbour-discovery\", \"dhcp\"",
		   "there is no exemption \"%.64s\"", text);
	return 0;
}

static void read_exempt(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *list;
	int length;

	if (conf_get_strings(r, root, "exempt", &list) != CONF_OK)
		return;
	r->policy->exempt = 0;
	length = config_setting_length(list);
	for (int i = 0; i < length; i++)
		r->policy->exempt |=
			read_exemption(r, config_setting_get_elem(list, (unsigned int)i));
}

/* The name may be missing or taken; the rest is read all the same, for what else is wrong. */
static void read_acl(struct conf_reader *r, const config_setting_t *group)
{
	const char *name = "?";
	uint32_t index = (uint32_t)r->policy->acl_count;
	struct acl *acl;

	if (!conf_is_group(r, group, "a network ACL"))
		return;
	conf_check_keys(r, group, "a network ACL", acl_keys);
	conf_get_name(r, group, "a network ACL", &name);
	acl = policy_add_acl(r->policy, name);
	if (!acl) {
		conf_out_of_memory(r);
		return;
	}
	conf_read_associations(r, group, index);
	conf_read_rules(r, group, INBOUND, acl);
	conf_read_rules(r, group, OUTBOUND, acl);
	conf_lint_acl(r, group, index);
}

struct named {
	const char *name;
	const config_setting_t *group;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : config_setting_index(x->group) - config_setting_index(y->group);
}

static void check_names(struct conf_reader *r, const config_setting_t *list, int length)
{
	struct named *sorted = calloc((size_t)length + 1, sizeof(*sorted));
	size_t count = 0;

	if (!sorted) {
		conf_out_of_memory(r);
		return;
	}
	for (int i = 0; i < length; i++) {
		struct named *next = &sorted[count];

		next->group = config_setting_get_elem(list, (unsigned int)i);
		if (config_setting_is_group(next->group) &&
		    config_setting_lookup_string(next->group, "name", &next->name))
			count++;
	}
	qsort(sorted, count, sizeof(*sorted), compare_named);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
			conf_error(r, conf_place(sorted[i].group), "give it another name",
				   "there is already a network ACL \"%.64s\"", sorted[i].name);
	free(sorted);
}

static void read_acls(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *list;
	enum conf_found found = conf_get_list(r, root, "network_acls", &list);
	int length = found == CONF_OK ? config_setting_length(list) : 0;

	if (found != CONF_BAD && length == 0)
		conf_error(r, (struct conf_place){0},
			   "start from the nacld.conf that comes with nacld",
			   "there is no network ACL: %s would protect nothing",
			   config_setting_length(root) ? "this file" : "an empty file");
	for (int i = 0; i < length; i++)
		read_acl(r, config_setting_get_elem(list, (unsigned int)i));
	if (length > 0)
		check_names(r, list, length);
	conf_check_subnets(r);
}

void conf_read_policy(struct conf_reader *r, const config_setting_t *root)
{
	conf_check_keys(r, root, "the configuration", top_keys);
	read_modes(r, root);
	read_fast_path(r, root);
	read_queue(r, root);
	read_exempt(r, root);
	conf_read_flow_log(r, root);
	conf_read_sets(r, root);
	read_acls(r, root);
	if (r->report->errors == 0)
		conf_lint_sets(r, root);
}

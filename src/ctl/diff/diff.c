/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl diff: which packets are treated differently by two policies.
 *
 * Not the text is compared and not the rules, but what they do (core/space): rules may be
 * reordered, split and merged, and nothing is told where nothing changes for any packet.
 */
#include "ctl/diff/diff.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/source.h"

#define TERMS_MAX 20

struct diff_options {
	const char *socket_path;
	bool rules;
	bool json;
};

struct diff {
	bool rules;
	bool json;
	const struct policy *old;
	const struct policy *new;
	json_t *sides;
	size_t opened; /* kinds of packet */
	size_t closed;
	bool settings; /* one that changes verdicts differs */
	bool failed;
};

/* Where nothing guards, everything passes. */
static const struct acl_list *open_list(void)
{
	static struct rule rules[] = {
		{.number = 1,
		 .action = ACTION_ALLOW,
		 .protocol = PROTOCOL_ALL,
		 .icmp_type = RULE_ANY,
		 .icmp_code = RULE_ANY,
		 .prefix.addr.family = FAMILY_IPV4},
		{.number = 2,
		 .action = ACTION_ALLOW,
		 .protocol = PROTOCOL_ALL,
		 .icmp_type = RULE_ANY,
		 .icmp_code = RULE_ANY,
		 .prefix.addr.family = FAMILY_IPV6},
	};
	static const struct acl_list list = {.rules = rules, .count = 2};

	return &list;
}

static const struct acl *acl_of(const struct policy *policy, uint32_t index)
{
	return index == POLICY_NO_ACL ? NULL : &policy->acls[index];
}

static void too_large(int status)
{
	fprintf(stderr, "naclctl diff: %s\n",
		status == -E2BIG ? "these lists are too large to be compared exactly"
				 : "out of memory");
}

static void compare_side(struct diff *diff, const struct diff_wall *wall, enum direction direction)
{
	struct diff_side side = {.wall = wall,
				 .direction = direction,
				 .old_acl = acl_of(diff->old, wall->old_acl),
				 .new_acl = acl_of(diff->new, wall->new_acl)};
	int status;

	side.old_list = side.old_acl ? &side.old_acl->lists[direction] : open_list();
	side.new_list = side.new_acl ? &side.new_acl->lists[direction] : open_list();
	status = space_difference(side.old_list, side.new_list, direction, &wall->local, TERMS_MAX,
				  &side.parts);
	if (status != 0) {
		too_large(status);
		diff->failed = true;
		return;
	}
	for (size_t i = 0; i < side.parts.count; i++) {
		bool opens = diff_opens(&side, &side.parts.at[i]);

		diff->opened += opens;
		diff->closed += !opens;
	}
	if (diff->json && side.parts.count > 0)
		json_array_append_new(diff->sides, diff_json(&side));
	else if (!diff->json)
		diff_print(&side, stdout);
	if (diff->rules && !diff->json)
		diff_print_rules(&side, stdout);
	space_parts_fini(&side.parts);
}

static bool same_interfaces(const struct host *a, const struct host *b)
{
	if (a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (strcmp(a->interfaces[i], b->interfaces[i]) != 0)
			return false;
	return true;
}

/* Settings beside the lists that decide about packets. */
static void compare_settings(struct diff *diff)
{
	const struct policy *a = diff->old, *b = diff->new;
	const struct {
		bool differs;
		const char *name;
	} settings[] = {
		{a->mode != b->mode, "mode"},
		{a->exempt != b->exempt, "exempt"},
		{a->on_failure != b->on_failure, "on_failure"},
		{a->fragments != b->fragments, "fragments"},
		{!same_interfaces(&a->host, &b->host), "interfaces of the host's ACL"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!settings[i].differs)
			continue;
		diff->settings = true;
		if (!diff->json)
			printf("%s differs\n", settings[i].name);
	}
}

static int finish(struct diff *diff, json_t **object)
{
	bool equal = diff->opened + diff->closed == 0 && !diff->settings;

	if (diff->failed)
		return NACLCTL_USAGE;
	if (object)
		*object = json_pack("{s:b, s:b, s:I, s:I, s:O}", "equal", equal, "settings_differ",
				    diff->settings, "opened", (json_int_t)diff->opened, "closed",
				    (json_int_t)diff->closed, "lists", diff->sides);
	else if (equal)
		puts("equal in effect: no packet is treated differently");
	else
		printf("%zu more kind%s of packet dropped, %zu more let through\n", diff->closed,
		       diff->closed == 1 ? "" : "s", diff->opened);
	return equal ? NACLCTL_OK : NACLCTL_NO;
}

int diff_policies(const struct policy *old, const struct policy *new, bool rules, json_t **object)
{
	struct diff diff = {
		.old = old, .new = new, .rules = rules, .json = object, .sides = json_array()};
	size_t count;
	struct diff_wall *walls = diff_walls(old, new, &count);
	int status;

	if (!walls || !diff.sides) {
		too_large(-ENOMEM);
		diff.failed = true;
	}
	for (size_t i = 0; i < count && !diff.failed; i++)
		for (int d = INBOUND; d <= OUTBOUND && !diff.failed; d++)
			compare_side(&diff, &walls[i], (enum direction)d);
	if (!diff.failed)
		compare_settings(&diff);
	free(walls);
	status = finish(&diff, object);
	json_decref(diff.sides);
	return status;
}

static int print_json(int status, json_t *object)
{
	if (status == NACLCTL_USAGE)
		return status;
	if (!object || (json_dumpf(object, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout)))
		fputs("naclctl diff: out of memory\n", stderr);
	putchar('\n');
	json_decref(object);
	return status;
}

static int compare(const struct diff_options *options, const struct policy *old,
		   const struct policy *new)
{
	json_t *object = NULL;
	int status = diff_policies(old, new, options->rules, options->json ? &object : NULL);

	return options->json ? print_json(status, object) : status;
}

static int diff_main(int argc, char **argv)
{
	struct diff_options given = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_diff, argc, argv, &given);
	struct policy *old, *new = NULL;

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_diff, "no file given");
	/* One file: the running policy is the old one. */
	old = source_policy("diff", argc - optind == 2 ? argv[optind] : NULL, given.socket_path);
	if (old)
		new = source_policy("diff", argv[argc - 1], NULL);
	status = old && new ? compare(&given, old, new) : NACLCTL_USAGE;
	policy_free(old);
	policy_free(new);
	return status;
}

static const struct option_entry options[] = {
	{'r', "rules", NULL, "the rules that were added, removed or changed, too",
	 offsetof(struct diff_options, rules), NULL},
	COMMAND_JSON(struct diff_options, json),
	COMMAND_SOCKET(struct diff_options, socket_path),
	{0},
};

const struct command command_diff = {
	.program = "naclctl",
	.name = "diff",
	.summary = "which packets two policies treat differently",
	.synopsis = "[OPTION ...] [OLD] NEW",
	.about = "Compares what two configuration files do, packet by packet and exactly. Without\n"
		 "OLD it is the running policy. Rules that were reordered, split or merged and do\n"
		 "the same as before are no difference.\n",
	.after = "Exit status: 0 equal in effect, 1 not, 2 usage, a bad file, or no daemon.\n",
	.options = options,
	.operands = {OPTIONS_FILES},
	.operands_max = 2,
	.usage_status = NACLCTL_USAGE,
	.run = diff_main,
};

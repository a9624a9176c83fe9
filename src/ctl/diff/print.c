/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Differences for people and for programs. Packets first, grouped by the rules that decide before
 * and after; rules as text only where asked for.
 */
#include <stdio.h>

#include "conf/conf.h"
#include "ctl/diff/diff.h"
#include "text/packet_print.h"

static enum hook hook_of(const struct diff_side *side)
{
	if (!side->wall->host)
		return HOOK_FORWARD;
	return side->direction == INBOUND ? HOOK_INPUT : HOOK_OUTPUT;
}

static bool lets_pass(const struct rule *rule)
{
	return rule && rule->action == ACTION_ALLOW;
}

bool diff_opens(const struct diff_side *side, const struct space_part *part)
{
	return lets_pass(space_new_rule(side->new_list, part->value));
}

/* "rule 100", "rule *", "no ACL". */
static void print_decider(const struct acl *acl, const struct rule *rule, char *buf, size_t size)
{
	if (!acl)
		snprintf(buf, size, "no ACL");
	else if (rule)
		snprintf(buf, size, "rule %u", rule->number);
	else
		snprintf(buf, size, "rule *");
}

static void print_part(const struct diff_side *side, const struct space_part *part, FILE *to)
{
	char was[24], is[24], text[SPACE_TERM_STRLEN], packet[PACKETTEXT_LEN];
	bool opens = diff_opens(side, part);

	print_decider(side->old_acl, space_old_rule(side->old_list, part->value), was, sizeof(was));
	print_decider(side->new_acl, space_new_rule(side->new_list, part->value), is, sizeof(is));
	fprintf(to, "  %s now by %s, %s before by %s:\n", opens ? "allowed" : "dropped", is,
		opens ? "dropped" : "allowed", was);
	for (size_t i = 0; i < part->terms.count; i++)
		fprintf(to, "    %s\n",
			space_term_print(&part->terms.at[i], side->direction, text));
	if (part->terms.more)
		fprintf(to, "    and %zu more\n", part->terms.more);
	fprintf(to, "    such as %s\n",
		packet_print(&(struct way){.hook = hook_of(side)}, &part->packet, packet));
}

void diff_print(const struct diff_side *side, FILE *to)
{
	const struct acl *acl = side->new_acl ? side->new_acl : side->old_acl;

	if (side->parts.count == 0)
		return;
	fprintf(to, "%s (\"%s\"), %s\n", side->wall->name, acl->name,
		direction_name(side->direction));
	for (size_t i = 0; i < side->parts.count; i++)
		print_part(side, &side->parts.at[i], to);
	if (side->parts.more)
		fputs("  and more\n", to);
}

static json_t *decider_json(const struct rule *rule)
{
	return rule ? json_integer(rule->number) : json_string("*");
}

static json_t *terms_json(const struct diff_side *side, const struct space_terms *terms)
{
	json_t *array = json_array();
	char text[SPACE_TERM_STRLEN];

	for (size_t i = 0; i < terms->count; i++)
		json_array_append_new(
			array, json_string(space_term_print(&terms->at[i], side->direction, text)));
	return array;
}

static json_t *part_json(const struct diff_side *side, const struct space_part *part)
{
	const char *now = diff_opens(side, part) ? "allow" : "deny";
	char packet[PACKETTEXT_LEN];

	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:s}", "now", now, "old_rule",
			 side->old_acl ? decider_json(space_old_rule(side->old_list, part->value))
				       : json_null(),
			 "new_rule",
			 side->new_acl ? decider_json(space_new_rule(side->new_list, part->value))
				       : json_null(),
			 "packets", terms_json(side, &part->terms), "more",
			 (json_int_t)part->terms.more, "such_as",
			 packet_print(&(struct way){.hook = hook_of(side)}, &part->packet, packet));
}

json_t *diff_json(const struct diff_side *side)
{
	const struct acl *acl = side->new_acl ? side->new_acl : side->old_acl;
	json_t *parts = json_array();

	for (size_t i = 0; i < side->parts.count; i++)
		json_array_append_new(parts, part_json(side, &side->parts.at[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:b}", "at", side->wall->name, "acl", acl->name,
			 "direction", direction_name(side->direction), "changes", parts, "more",
			 side->parts.more);
}

static void print_rule(char sign, const struct rule *rule, enum direction direction, FILE *to)
{
	fprintf(to, "  %c ", sign);
	conf_print_rule(rule, direction, to);
	fputc('\n', to);
}

/* Both are in order: a merge of the two. */
bool diff_print_rules(const struct diff_side *side, FILE *to)
{
	const struct acl_list *old = side->old_list, *new = side->new_list;
	size_t i = 0, j = 0;
	bool any = false;

	while (side->old_acl && side->new_acl && (i < old->count || j < new->count)) {
		const struct rule *was = i < old->count ? &old->rules[i] : NULL;
		const struct rule *is = j < new->count ? &new->rules[j] : NULL;
		bool removed = was && (!is || was->number <= is->number);
		bool added = is && (!was || is->number <= was->number);

		i += removed;
		j += added;
		if (removed && added && rule_same(was, is))
			continue;
		if (!any)
			fprintf(to, "%s (\"%s\"), %s: rules\n", side->wall->name,
				side->new_acl->name, direction_name(side->direction));
		any = true;
		if (removed)
			print_rule('-', was, side->direction, to);
		if (added)
			print_rule('+', is, side->direction, to);
	}
	return any;
}

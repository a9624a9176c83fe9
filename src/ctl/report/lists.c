/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each ACL applies, and its rules in words. A list may hold 32,766 rules: long ones are
 * folded in parts, which a browser lays out only once they are opened.
 */
#include "ctl/report/report.h"

#include <string.h>

#include "ctl/describe.h"
#include "ctl/report/html.h"
#include "ctl/term.h"

#define FOLD 200 /* rules in a part */

static void row(FILE *to, const char *acl, const char *what, const char *name)
{
	fputs("<tr><td>", to);
	html_code(to, acl);
	fprintf(to, "</td><td>%s", what);
	html_code(to, name);
	fputs("</td></tr>\n", to);
}

void report_walls(const struct report *report, FILE *to)
{
	const struct policy *policy = report->policy;
	char text[PREFIX_STRLEN];

	fputs("<section><h2>Where the lists apply</h2>\n<table><tr><th>ACL<th>at</tr>\n", to);
	if (policy->edges.default_route != POLICY_NO_ACL)
		row(to, policy->acls[policy->edges.default_route].name, "edge ", "default-route");
	for (size_t i = 0; i < policy->edges.count; i++)
		row(to, policy->acls[policy->edges.items[i].acl].name, "edge ",
		    policy->edges.items[i].interface);
	if (policy->host.acl != POLICY_NO_ACL && policy->host.interface_count == 0)
		row(to, policy->acls[policy->host.acl].name, "this host, ", "every interface");
	for (size_t i = 0; i < policy->host.interface_count; i++)
		row(to, policy->acls[policy->host.acl].name, "this host, ",
		    policy->host.interfaces[i]);
	for (size_t i = 0; i < policy->subnet_count; i++)
		row(to, policy->acls[policy->subnets[i].acl].name, "subnet ",
		    prefix_print(&policy->subnets[i].prefix, text));
	fprintf(to,
		"</table>\n<p>Mode: <strong>%s</strong>. While no daemon can answer, packets are "
		"<strong>%s</strong>.</p></section>\n",
		policy->mode == POLICY_ENFORCE ? "enforce" : "monitor: nothing is dropped",
		policy->on_failure == POLICY_FAIL_DROP ? "dropped" : "let through");
}

/*
 * What the daemon counted by the rule, in a cell. It tells its rules in their order; where it has
 * another rule there by now, the cell stays empty. number 0: the `*`.
 */
static void count_cell(const json_t *rules, size_t index, uint16_t number, FILE *to)
{
	const json_t *rule = json_array_get(rules, index), *its = json_object_get(rule, "rule");
	const json_t *packets = json_object_get(rule, "packets");
	char text[TERM_TEXT_LEN];

	if (!rules)
		return;
	if (number ? json_integer_value(its) != number : !json_is_string(its))
		packets = NULL;
	fprintf(to, "<td class=\"n\">%s</td>",
		packets ? term_count((uint64_t)json_integer_value(packets), text) : "");
}

static void rule_row(const struct acl_list *list, size_t index, enum direction direction,
		     const json_t *rules, FILE *to)
{
	const struct rule *rule = index < list->count ? &list->rules[index] : NULL;
	bool allow = rule && rule->action == ACTION_ALLOW;
	char text[DESCRIBE_LEN];

	fputs("<tr><td class=\"n\">", to);
	if (rule)
		fprintf(to, "%u", rule->number);
	else
		fputc('*', to);
	fprintf(to, "</td><td class=\"%s\">%s</td><td>", allow ? "yes" : "no",
		allow ? "allow" : "deny");
	html_code(to, rule ? describe_rule(rule, direction, text) : "everything else");
	fputs("</td><td>", to);
	html_text(to, rule && rule->comment ? rule->comment : "");
	fputs("</td>", to);
	count_cell(rules, index, rule ? rule->number : 0, to);
	fputs("</tr>\n", to);
}

static void table(const struct acl_list *list, enum direction direction, size_t first, size_t end,
		  const json_t *rules, FILE *to)
{
	fprintf(to, "<table><tr><th>rule<th>action<th>packets that match<th>comment%s</tr>\n",
		rules ? "<th>counted" : "");
	for (size_t i = first; i < end || (i == end && end == list->count); i++)
		rule_row(list, i, direction, rules, to);
	fputs("</table>\n", to);
}

static const json_t *status_rules(const struct report *report, const char *acl,
				  enum direction direction)
{
	const json_t *acls = json_object_get(report->status, "acls");
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)acls, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "name"));

		if (name && strcmp(name, acl) == 0)
			return json_object_get(one, direction_name(direction));
	}
	return NULL;
}

static void list_section(const struct report *report, const struct acl *acl,
			 enum direction direction, FILE *to)
{
	const struct acl_list *list = &acl->lists[direction];
	const json_t *rules = status_rules(report, acl->name, direction);

	fputs("<h3>", to);
	html_code(to, acl->name);
	fprintf(to, ", %s: the first rule that matches decides</h3>\n", direction_name(direction));
	if (list->count <= FOLD) {
		table(list, direction, 0, list->count, rules, to);
		return;
	}
	for (size_t first = 0; first < list->count; first += FOLD) {
		size_t end = first + FOLD < list->count ? first + FOLD : list->count;

		fprintf(to, "<details><summary>rules %u to %u</summary>\n",
			list->rules[first].number, list->rules[end - 1].number);
		table(list, direction, first, end, rules, to);
		fputs("</details>\n", to);
	}
}

void report_lists(const struct report *report, FILE *to)
{
	fputs("<section><h2>Rules</h2>\n", to);
	for (size_t i = 0; i < report->policy->acl_count; i++)
		for (int d = INBOUND; d <= OUTBOUND; d++)
			list_section(report, &report->policy->acls[i], (enum direction)d, to);
	fputs("</section>\n", to);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts for machines: one line of text for eval, JSON objects for explain and eval. The implicit
 * rule is "*" in both. Text is built by hand, because eval answers a million lines at a time.
 */
#include "ctl/verdict.h"

#include <stdio.h>
#include <string.h>

#include "core/way/walls.h"

const char *verdict_exemption(const struct policy *policy, const struct packet_line *line)
{
	const char *name = exempt_name(walls_exempt(policy, &line->way, &line->packet));

	return name ? name : "";
}

/*
 * Appends what fits; text beyond the buffer is cut, which only an absurd ACL name can bring about.
 */
static size_t append(char *buf, size_t len, const char *text)
{
	size_t room = VERDICT_TEXT_LEN - 1 - len, n = strlen(text);

	if (n > room)
		n = room;
	memcpy(buf + len, text, n);
	buf[len + n] = '\0';
	return len + n;
}

static size_t append_number(char *buf, size_t len, unsigned int value)
{
	char digits[12], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	return append(buf, len, at);
}

static size_t append_step(const struct policy *policy, const struct policy_step *step, char *buf,
			  size_t len)
{
	len = append(buf, len, " ");
	len = append(buf, len, policy->acls[step->acl].name);
	len = append(buf, len, " ");
	return step->rule ? append_number(buf, len, step->rule->number) : append(buf, len, "*");
}

size_t verdict_text(const struct policy *policy, const struct packet_line *line,
		    const struct policy_verdict *verdict, char buf[static VERDICT_TEXT_LEN])
{
	size_t len = append(buf, 0, action_name((enum action)verdict->action));

	for (int i = 0; i < verdict->step_count; i++)
		len = append_step(policy, &verdict->steps[i], buf, len);
	if (verdict->outcome == POLICY_EXEMPTED) {
		len = append(buf, len, " exempt ");
		len = append(buf, len, verdict_exemption(policy, line));
	} else if (verdict->outcome != POLICY_JUDGED) {
		len = append(buf, len, " ");
		len = append(buf, len, policy_outcome_name((enum policy_outcome)verdict->outcome));
	}
	return len;
}

static json_t *step_json(const struct policy *policy, const struct policy_step *step)
{
	json_t *rule = step->rule ? json_integer(step->rule->number) : json_string("*");
	json_t *object = json_pack("{s:s, s:s, s:o, s:s}", "direction",
				   direction_name((enum direction)step->direction), "acl",
				   policy->acls[step->acl].name, "rule", rule, "action",
				   action_name((enum action)step->action));

	if (step->rule && step->rule->comment)
		json_object_set_new(object, "comment", json_string(step->rule->comment));
	return object;
}

json_t *verdict_json(const struct policy *policy, const struct packet_line *line,
		     const struct policy_verdict *verdict)
{
	json_t *steps = json_array();
	json_t *object = json_pack("{s:s, s:o}", "verdict",
				   action_name((enum action)verdict->action), "steps", steps);

	for (int i = 0; i < verdict->step_count; i++)
		json_array_append_new(steps, step_json(policy, &verdict->steps[i]));
	if (verdict->outcome != POLICY_JUDGED)
		json_object_set_new(
			object, "outcome",
			json_string(policy_outcome_name((enum policy_outcome)verdict->outcome)));
	if (verdict->outcome == POLICY_EXEMPTED)
		json_object_set_new(object, "exempt", json_string(verdict_exemption(policy, line)));
	return object;
}

json_t *verdict_rule_json(const struct rule *rule, enum direction direction)
{
	const char *name = protocol_name(rule->protocol);
	char cidr[PREFIX_STRLEN], ports[RULE_PORTS_STRLEN];
	json_t *object = json_pack("{s:i, s:s, s:o}", "rule", rule->number, "action",
				   action_name((enum action)rule->action), "protocol",
				   name ? json_string(name) : json_integer(rule->protocol));

	if (rule_has_ports(rule))
		json_object_set_new(object, "ports", json_string(rule_ports_print(rule, ports)));
	if (rule_has_icmp(rule)) {
		json_object_set_new(object, "type", json_integer(rule->icmp_type));
		json_object_set_new(object, "code", json_integer(rule->icmp_code));
	}
	json_object_set_new(object, direction == INBOUND ? "source" : "destination",
			    rule->set ? json_sprintf("@%s", rule->set->name)
				      : json_string(prefix_print(&rule->prefix, cidr)));
	if (rule->comment)
		json_object_set_new(object, "comment", json_string(rule->comment));
	return object;
}

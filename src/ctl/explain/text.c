/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The story of a packet and its reply, for people: each list that was asked, the rules before the
 * one that decides and why they do not match, the verdict; what a stateful firewall would have
 * done; and the rules that are missing, ready to paste.
 *
 * A list may hold 32,766 rules: those nearest to the decision are shown and the rest counted.
 * Nothing is evaluated here, and nothing is guessed: every reason is rule_compare's own answer.
 */
#include "ctl/explain/explain.h"

#include <string.h>

#include "common/protocol.h"
#include "ctl/term.h"
#include "ctl/verdict.h"
#include "ctl/describe.h"
#include "conf/conf.h"

#define NEAREST 12 /* rules shown before the one that decides */

struct story {
	const struct policy *policy;
	struct term term;
	bool all;
	FILE *to;
};

/*
 * What a step looked at: rules [first, decider), then the decider, or `*` where that is the count.
 */
struct rows {
	const struct acl_list *list;
	enum direction direction;
	size_t first;
	size_t decider;
	size_t number_width;
	size_t rule_width;
};

static size_t digits(unsigned int value)
{
	size_t n = 1;

	while (value >= 10) {
		value /= 10;
		n++;
	}
	return n;
}

static size_t widest(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct rows rows_of(const struct story *story, const struct policy_step *step)
{
	const struct acl_list *list = &story->policy->acls[step->acl].lists[step->direction];
	struct rows rows = {.list = list, .direction = (enum direction)step->direction};
	char text[DESCRIBE_LEN];

	rows.decider = step->rule ? (size_t)(step->rule - list->rules) : list->count;
	if (!story->all && rows.decider > NEAREST)
		rows.first = rows.decider - NEAREST;
	rows.number_width = 1;
	rows.rule_width = strlen("all");
	for (size_t i = rows.first; i <= rows.decider && i < list->count; i++) {
		describe_rule(&list->rules[i], rows.direction, text);
		rows.rule_width = widest(rows.rule_width, strlen(text));
		rows.number_width = widest(rows.number_width, digits(list->rules[i].number));
	}
	return rows;
}

static void tell_row(const struct story *story, const struct rows *rows, const char *number,
		     enum action action, const char *text)
{
	fprintf(story->to, "    %-*s  %-5s %s", (int)rows->number_width, number,
		action_name(action), text);
	term_pad(story->to, strlen(text), rows->rule_width);
}

static void tell_rule(const struct story *story, const struct rows *rows, const struct rule *rule)
{
	char number[8], text[DESCRIBE_LEN];

	snprintf(number, sizeof(number), "%u", rule->number);
	tell_row(story, rows, number, (enum action)rule->action,
		 describe_rule(rule, rows->direction, text));
}

static void tell_earlier(const struct story *story, const struct rows *rows,
			 const struct packet *packet)
{
	char text[DESCRIBE_LEN];

	if (rows->first > 0)
		fprintf(story->to, "    %s earlier rules do not match either (--all shows them)\n",
			term_count(rows->first, text));
	for (size_t i = rows->first; i < rows->decider; i++) {
		const struct rule *rule = &rows->list->rules[i];

		tell_rule(story, rows, rule);
		fprintf(story->to, "does not match: %s\n",
			describe_mismatch(rule, rows->direction, packet, text));
	}
}

static void tell_step(const struct story *story, const struct policy_step *step,
		      const struct packet *packet)
{
	const char *bold = step->action == ACTION_ALLOW ? "" : story->term.bold;
	const char *verdict = step->action == ACTION_ALLOW ? "allowed" : "DROPPED";
	struct rows rows = rows_of(story, step);

	fprintf(story->to, "  %s list of \"%s\"\n", direction_name(rows.direction),
		story->policy->acls[step->acl].name);
	tell_earlier(story, &rows, packet);
	if (step->rule) {
		tell_rule(story, &rows, step->rule);
		fputs("matches: ", story->to);
	} else {
		tell_row(story, &rows, "*", ACTION_DENY, "all");
		fputs("decides: ", story->to);
	}
	fprintf(story->to, "%s%s%s", bold, verdict, *bold ? story->term.off : "");
	if (step->rule && step->rule->comment)
		fprintf(story->to, " (%s)", step->rule->comment);
	fputc('\n', story->to);
}

static const struct subnet *subnet_with(const struct policy *policy, const struct addr *addr)
{
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (prefix_contains(&policy->subnets[i].prefix, addr))
			return &policy->subnets[i];
	return NULL;
}

/* No wall on its way belongs to an ACL. */
static void tell_unprotected(const struct story *story, const struct way *way)
{
	const char *interface = way->hook == HOOK_OUTPUT ? way->out : way->in;

	fputs("  unprotected: ", story->to);
	if (*interface && story->policy->edges.only != POLICY_NO_ACL)
		fprintf(story->to, "%s is no edge, and ", interface);
	fprintf(story->to, "%s; it passes\n",
		way->hook == HOOK_FORWARD ? "neither end is in a protected subnet"
					  : "the host is associated with no ACL");
}

/* Why no list was asked. */
static void tell_outcome(const struct story *story, const struct packet_line *line,
			 const struct policy_verdict *verdict)
{
	char text[PREFIX_STRLEN];

	switch ((enum policy_outcome)verdict->outcome) {
	case POLICY_EXEMPTED:
		fprintf(story->to, "  never filtered: \"%s\" is on the exempt list\n",
			verdict_exemption(story->policy, line));
		break;
	case POLICY_WITHIN_SUBNET:
		fprintf(story->to, "  stays within the protected subnet %s: not filtered\n",
			prefix_print(&subnet_with(story->policy, &line->packet.src)->prefix, text));
		break;
	case POLICY_UNPROTECTED:
		tell_unprotected(story, &line->way);
		break;
	case POLICY_JUDGED:
	case POLICY_OUTCOMES:
		break;
	}
}

/* From one protected subnet to another, and stopped at the first edge. */
static void tell_not_asked(const struct story *story, const struct packet_line *line,
			   const struct policy_verdict *verdict)
{
	const struct policy_step *last = roundtrip_decider(verdict);
	const struct subnet *to = subnet_with(story->policy, &line->packet.dst);

	if (line->way.hook == HOOK_FORWARD && last && last->direction == OUTBOUND && to &&
	    last->action != ACTION_ALLOW)
		fprintf(story->to, "  inbound list of \"%s\": not evaluated\n",
			story->policy->acls[to->acl].name);
}

static void tell_packet(const struct story *story, const char *label,
			const struct packet_line *line, const struct policy_verdict *verdict,
			const char *remark)
{
	char text[DESCRIBE_LEN];

	fprintf(story->to, "%s%-8s%s %s%s\n", story->term.bold, label, story->term.off,
		describe_packet(line, text), remark);
	for (int i = 0; i < verdict->step_count; i++)
		tell_step(story, &verdict->steps[i], &line->packet);
	tell_outcome(story, line, verdict);
	tell_not_asked(story, line, verdict);
}

static void tell_reply(const struct story *story, const struct roundtrip *j)
{
	if (j->has_reply)
		tell_packet(story, "reply", &j->reply, &j->reply_verdict,
			    roundtrip_exit(j) == NACLCTL_NO ? " (had the request passed)" : "");
	else
		fprintf(story->to, "%sreply   %s none: nothing answers such a packet\n",
			story->term.bold, story->term.off);
}

static void tell_comparison(const struct story *story, const struct roundtrip *j)
{
	bool asked = j->request_verdict.outcome == POLICY_JUDGED;

	switch (roundtrip_exit(j)) {
	case NACLCTL_NO:
		if (!j->has_reply) { /* an ICMP error, an echo reply: it belongs to something */
			fputs("A stateful firewall (an AWS security group) would let it through if it "
			      "belongs to traffic\nthat it remembers. A network ACL remembers "
			      "nothing.\n",
			      story->to);
			break;
		}
		fputs("A stateful firewall (an AWS security group) with the same rules would drop the "
		      "request too.\n",
		      story->to);
		break;
	case NACLCTL_REPLY_DROPPED:
		fputs("A stateful firewall (an AWS security group) would let the reply through: it "
		      "remembers the request.\nA network ACL remembers nothing.\n",
		      story->to);
		break;
	default:
		if (asked && j->has_reply)
			fputs("Both ways pass, each by a rule of its own. A stateful firewall (an AWS "
			      "security group)\nwould let the reply through without one.\n",
			      story->to);
	}
}

static void tell_mode(const struct story *story, const struct roundtrip *j)
{
	const struct host *host = &story->policy->host;

	if (story->policy->mode == POLICY_MONITOR && roundtrip_exit(j) != NACLCTL_OK)
		fprintf(story->to,
			"%sMode monitor%s: nacld drops nothing. It would let this pass, and count and "
			"log it.\n",
			story->term.bold, story->term.off);
	if (j->request.way.hook != HOOK_FORWARD && host->interface_count > 0 &&
	    !j->request.way.in[0] && !j->request.way.out[0] &&
	    j->request_verdict.outcome == POLICY_JUDGED) {
		fputs("The host's ACL protects", story->to);
		for (size_t i = 0; i < host->interface_count; i++)
			fprintf(story->to, "%s %s", i > 0 ? "," : "", host->interfaces[i]);
		fputs(" only: this is the verdict there.\n", story->to);
	}
}

static bool is_ephemeral(const struct suggestion *s)
{
	return s->for_reply && rule_has_ports(&s->rule) && s->rule.port_first != s->rule.port_last;
}

static void tell_suggestion(const struct story *story, const struct suggestion *s,
			    const char *packet)
{
	const char *direction = direction_name(s->direction);
	const char *acl = story->policy->acls[s->acl].name;

	if (s->before > 0)
		fprintf(story->to,
			"In the way: rule %u. To let %s pass, add before it to %s of "
			"\"%s\":\n",
			s->before, packet, direction, acl);
	else
		fprintf(story->to, "Missing: an %s rule for %s. %s to %s of \"%s\":\n", direction,
			is_ephemeral(s) ? "the client's ephemeral port" : packet,
			s->for_reply ? "Add" : "If it should pass, add", direction, acl);
	fputs("    ", story->to);
	conf_print_rule(&s->rule, s->direction, story->to);
	fputc('\n', story->to);
}

static void tell_suggestions(const struct story *story, const struct roundtrip *j)
{
	const char *request = j->has_reply ? "the request" : "the packet";

	for (size_t i = 0; i < j->suggestion_count; i++)
		tell_suggestion(story, &j->suggestions[i],
				j->suggestions[i].for_reply ? "the reply" : request);
	if (j->no_number)
		fprintf(story->to,
			"%sule can be suggested: every number before the deny is taken. Renumber "
			"the list.\n",
			j->suggestion_count > 0 ? "No further r" : "No r");
}

void explain_text(const struct policy *policy, const struct roundtrip *roundtrip, bool all,
		  FILE *to)
{
	struct story story = {.policy = policy, .term = term_for(to), .all = all, .to = to};

	if (roundtrip->as_forward)
		fputs("Not an address of this host, but of a protected subnet: evaluated as forward.\n",
		      to);
	tell_packet(&story, "request", &roundtrip->request, &roundtrip->request_verdict, "");
	tell_reply(&story, roundtrip);
	tell_comparison(&story, roundtrip);
	tell_mode(&story, roundtrip);
	tell_suggestions(&story, roundtrip);
}

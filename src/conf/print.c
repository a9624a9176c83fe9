/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy as text: the canonical form of the configuration.
 *
 * Two policies that mean the same print the same, and the text parses back into an equal policy. So
 * every setting is spelled out, whatever its default; rules ascend by number; networks are in their
 * normal form; a set stands with its addresses, wherever they came from. Rules of a list are padded
 * into columns, as one would write them.
 */
#include "conf/conf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"

/* What stands before the remote end of a rule, in three columns. */
struct rule_head {
	char number[24];
	char action[24];
	char rest[80]; /* protocol, and ports or type and code */
};

struct widths {
	int number;
	int action;
	int rest;
};

static void append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void append(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

static void render_head(const struct rule *rule, struct rule_head *out)
{
	const char *protocol = protocol_name(rule->protocol);
	char ports[RULE_PORTS_STRLEN];

	*out = (struct rule_head){0};
	append(out->number, sizeof(out->number), "rule = %u;", rule->number);
	append(out->action, sizeof(out->action), "action = \"%s\";", action_name(rule->action));
	if (protocol)
		append(out->rest, sizeof(out->rest), "protocol = \"%s\";", protocol);
	else
		append(out->rest, sizeof(out->rest), "protocol = %d;", rule->protocol);
	if (rule_has_icmp(rule))
		append(out->rest, sizeof(out->rest), " type = %d; code = %d;", rule->icmp_type,
		       rule->icmp_code);
	if (rule_has_ports(rule))
		append(out->rest, sizeof(out->rest), " ports = \"%s\";",
		       rule_ports_print(rule, ports));
}

static void print_comment(const char *comment, FILE *to)
{
	fputs("comment = \"", to);
	for (; *comment; comment++) {
		if (*comment == '"' || *comment == '\\')
			fputc('\\', to);
		fputc(*comment, to);
	}
	fputs("\"; ", to);
}

static void print_padded(const struct rule *rule, enum direction direction,
			 const struct widths *widths, FILE *to)
{
	const char *key = direction == INBOUND ? "source" : "destination";
	char buf[PREFIX_STRLEN];
	struct rule_head head;

	render_head(rule, &head);
	fprintf(to, "{ %-*s %-*s %-*s %s = \"%s%s\"; ", widths->number, head.number, widths->action,
		head.action, widths->rest, head.rest, key, rule->set ? "@" : "",
		rule->set ? rule->set->name : prefix_print(&rule->prefix, buf));
	if (rule->comment)
		print_comment(rule->comment, to);
	fputc('}', to);
}

void conf_print_rule(const struct rule *rule, enum direction direction, FILE *to)
{
	print_padded(rule, direction, &(struct widths){0}, to);
}

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static void print_list(const struct acl_list *list, enum direction direction, FILE *to)
{
	struct widths widths = {0};
	struct rule_head head;

	fprintf(to, "    %s = (", direction_name(direction));
	for (size_t i = 0; i < list->count; i++) {
		render_head(&list->rules[i], &head);
		widen(&widths.number, head.number);
		widen(&widths.action, head.action);
		widen(&widths.rest, head.rest);
	}
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ",\n      " : "\n      ", to);
		print_padded(&list->rules[i], direction, &widths, to);
	}
	fputs(list->count ? "\n    );" : " );", to);
}

static void print_host(const struct host *host, FILE *to)
{
	fputs("{ host = true;", to);
	for (size_t i = 0; i < host->interface_count; i++)
		fprintf(to, "%s\"%s\"", i ? ", " : " interfaces = [", host->interfaces[i]);
	fputs(host->interface_count ? "]; }" : " }", to);
}

/* Returns what stands before the next association. */
static const char *print_edges(const struct edges *edges, uint32_t acl, FILE *to)
{
	const char *comma = "", *open = "{ edge = [";

	for (size_t i = 0; i < edges->count; i++) {
		if (edges->items[i].acl != acl)
			continue;
		fprintf(to, "%s\"%s\"", open, edges->items[i].interface);
		open = ", ";
		comma = "]; }, ";
	}
	if (edges->default_route == acl) {
		fprintf(to, "%s{ edge = \"default-route\"; }", comma);
		return ", ";
	}
	if (*comma)
		fputs("]; }", to);
	return *comma ? ", " : "";
}

static void print_associations(const struct policy *policy, uint32_t acl, FILE *to)
{
	char buf[PREFIX_STRLEN];
	const char *comma;

	fputs("    associations = ( ", to);
	comma = print_edges(&policy->edges, acl, to);
	if (policy->host.acl == acl) {
		fputs(comma, to);
		print_host(&policy->host, to);
		comma = ", ";
	}
	for (size_t i = 0; i < policy->subnet_count; i++) {
		if (policy->subnets[i].acl != acl)
			continue;
		fprintf(to, "%s{ subnet = \"%s\"; }", comma,
			prefix_print(&policy->subnets[i].prefix, buf));
		comma = ", ";
	}
	fputs(*comma ? " );\n" : ");\n", to);
}

static void print_acls(const struct policy *policy, FILE *to)
{
	fputs("network_acls = (", to);
	for (size_t i = 0; i < policy->acl_count; i++) {
		const struct acl *acl = &policy->acls[i];

		fprintf(to, "%s\n  { name = \"%s\";\n", i ? "," : "", acl->name);
		print_associations(policy, (uint32_t)i, to);
		print_list(&acl->lists[INBOUND], INBOUND, to);
		fputc('\n', to);
		print_list(&acl->lists[OUTBOUND], OUTBOUND, to);
		fputs("\n  }", to);
	}
	fputs("\n);\n", to);
}

static void print_set(const struct prefix_set *set, FILE *to)
{
	char buf[PREFIX_STRLEN];

	fprintf(to, "  { name = \"%s\";\n    addresses = [", set->name);
	for (size_t i = 0; i < set->count; i++)
		fprintf(to, "%s\n      \"%s\"", i ? "," : "", prefix_print(&set->prefixes[i], buf));
	fputs(set->count ? "\n    ];\n  }" : " ];\n  }", to);
}

static void print_sets(const struct policy *policy, FILE *to)
{
	if (policy->set_count == 0)
		return;
	fputs("sets = (", to);
	for (size_t i = 0; i < policy->set_count; i++) {
		fputs(i ? ",\n" : "\n", to);
		print_set(policy->sets[i], to);
	}
	fputs("\n);\n", to);
}

static void print_exempt(unsigned int exempt, FILE *to)
{
	const char *comma = "";

	fputs("exempt = [", to);
	for (unsigned int bit = 1; bit && bit <= exempt; bit <<= 1) {
		if (!(exempt & bit))
			continue;
		fprintf(to, "%s\"%s\"", comma, exempt_name(bit));
		comma = ", ";
	}
	fputs("];\n", to);
}

static void print_flow_log(const struct flow_log *log, FILE *to)
{
	if (!log->file)
		return;
	fprintf(to,
		"flow_log = { file = \"%s\"; window = %u; flows = %u; account = \"%s\";\n"
		"  format = \"%s\";\n};\n",
		log->file, log->window_s, log->flows, log->account, log->format);
}

void conf_print(const struct policy *policy, FILE *to)
{
	fprintf(to, "mode = \"%s\";\n", policy->mode == POLICY_ENFORCE ? "enforce" : "monitor");
	fprintf(to, "queue = { first = %u; count = %u; length = %u; on_failure = \"%s\"; };\n",
		policy->queue.first, policy->queue.count, policy->queue.length,
		policy->on_failure == POLICY_FAIL_DROP ? "drop" : "accept");
	fprintf(to, "fragments = \"%s\";\n",
		policy->fragments == POLICY_REASSEMBLE ? "reassemble" : "strict");
	fprintf(to, "isolation = \"%s\";\n", policy_isolation_name(policy->isolation));
	fprintf(to, "sandbox = \"%s\";\n", policy_sandbox_name(policy->sandbox));
	fprintf(to, "steering = \"%s\";\n", policy->steering == POLICY_WATCH ? "watch" : "guard");
	fprintf(to, "fast_path = %s;\n", policy->fast_path ? "true" : "false");
	print_exempt(policy->exempt, to);
	print_flow_log(&policy->flow_log, to);
	print_sets(policy, to);
	print_acls(policy, to);
}

char *conf_text(const struct policy *policy)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		return NULL;
	conf_print(policy, memory);
	if (fclose(memory) == 0)
		return text;
	free(text);
	return NULL;
}

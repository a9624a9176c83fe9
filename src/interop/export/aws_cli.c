/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script for the AWS CLI that a person can read before it runs: one line an entry.
 *
 * Creating falls back to replacing and the reverse, removing takes an entry that is not there for
 * done: so it may be run again after it was interrupted. Errors of any other kind end it.
 */
#include "interop/export/export.h"

#include <errno.h>
#include <string.h>

#include "interop/export/transition.h"

static const char functions[] =
	"entry() {\n"
	"\taws ec2 \"$1-network-acl-entry\" --network-acl-id \"$acl\" \"${@:2}\" 2>&1\n"
	"}\n"
	"# try COMMAND CODE OTHER ENTRY...: COMMAND, or OTHER where it fails with that error code.\n"
	"try() {\n"
	"\tlocal said\n"
	"\tsaid=$(entry \"$1\" \"${@:4}\") && return\n"
	"\tcase $said in\n"
	"\t*\"($2)\"*) [ \"$3\" = nothing ] || entry \"$3\" \"${@:4}\" >&2 ;;\n"
	"\t*) printf '%s\\n' \"$said\" >&2; return 1 ;;\n"
	"\tesac\n"
	"}\n"
	"create() { try create NetworkAclEntryAlreadyExists replace \"$@\"; }\n"
	"replace() { try replace InvalidNetworkAclEntry.NotFound create \"$@\"; }\n"
	"delete() { try delete InvalidNetworkAclEntry.NotFound nothing \"$@\"; }\n\n";

static void write_head(struct nacl_doc *doc, const struct nacl_acl *acl,
		       const struct nacl_acl *present, FILE *to)
{
	const char *id = present && present->id[0] ? nacl_plain(&doc->arena, present->id) : "";
	bool known = strncmp(id, "acl-", 4) == 0;

	fprintf(to, "#!/bin/bash\n# Network ACL \"%s\", by naclctl export aws-cli.\n", acl->name);
	if (present)
		fputs("# Only what differs from the present state. In this order, a packet that is "
		      "allowed\n# before and after is allowed all the time, and a denied one "
		      "denied.\n",
		      to);
	else
		fputs("# Every rule is put; rules of other numbers stay (--against removes them).\n",
		      to);
	fprintf(to, "# bash THIS %s\nset -euo pipefail\n\n",
		known ? "[NETWORK-ACL-ID]" : "NETWORK-ACL-ID");
	if (known)
		fprintf(to, "acl=${1:-%s}\n\n", id);
	else
		fputs("acl=${1:?the id of the network ACL, acl-...}\n\n", to);
	fputs(functions, to);
}

static void write_entry(const char *command, const struct nacl_entry *entry, bool whole, FILE *to)
{
	const struct rule *rule = &entry->rule;
	char prefix[PREFIX_STRLEN];

	fprintf(to, "%-7s --%s --rule-number %u", command,
		entry->direction == INBOUND ? "ingress" : "egress", rule->number);
	if (whole) {
		fprintf(to, " --protocol %d --rule-action %s --%s %s", rule->protocol,
			action_name(rule->action),
			rule->prefix.addr.family == FAMILY_IPV4 ? "cidr-block" : "ipv6-cidr-block",
			prefix_print(&rule->prefix, prefix));
		if (rule_has_ports(rule))
			fprintf(to, " --port-range From=%u,To=%u", rule->port_first,
				rule->port_last);
		if (rule_has_icmp(rule))
			fprintf(to, " --icmp-type-code Code=%d,Type=%d", rule->icmp_code,
				rule->icmp_type);
	}
	fputc('\n', to);
}

static void write_steps(const struct nacl_step *steps, size_t count, FILE *to)
{
	static const char *const commands[] = {
		[NACL_CREATE] = "create", [NACL_REPLACE] = "replace", [NACL_DELETE] = "delete"};

	for (size_t i = 0; i < count; i++) {
		const struct nacl_step *step = &steps[i];

		if (step->temporary && step->kind == NACL_CREATE)
			fputs("# stands in while its number changes hands\n", to);
		if (step->unsheltered)
			fputs("# The numbers before it are taken: for a moment its old packets "
			      "have no rule.\n",
			      to);
		write_entry(commands[step->kind], &step->entry, step->kind != NACL_DELETE, to);
	}
}

int nacl_write_aws_cli(struct nacl_doc *doc, size_t acl, const struct nacl_acl *present, FILE *to)
{
	const struct nacl_acl *want = &doc->acls[acl];
	size_t changes = 0;

	write_head(doc, want, present, to);
	for (size_t i = 0; !present && i < want->entry_count; i++, changes++)
		write_entry("replace", &want->entries[i], true, to);
	for (int d = INBOUND; present && d <= OUTBOUND; d++) {
		struct nacl_step *steps;
		size_t count;

		if (nacl_transition(&doc->arena, present, want, (enum direction)d, &steps, &count) <
		    0)
			return -ENOMEM;
		write_steps(steps, count, to);
		changes += count;
	}
	if (changes == 0)
		fputs("# Nothing to do.\n", to);
	return 0;
}

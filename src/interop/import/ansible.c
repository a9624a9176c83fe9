/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ansible: tasks of ec2_vpc_nacl (amazon.aws, community.aws; ec2_network_acl before), in plays, in
 * task files, in blocks; and what ec2_vpc_nacl_info returns.
 *
 * A rule is a list without names: number, protocol, action, CIDR of either family, ICMP type, ICMP
 * code, first port, last port. ICMP rows end after the code; rows of the info module are padded
 * with nulls, and have ports 0 to 65535 where there are none.
 */
#include "interop/importer.h"

#include <string.h>

static const char *const names[NACL_FIELDS] = {
	[NACL_NUMBER] = "the number (column 1)",     [NACL_EGRESS] = "the list",
	[NACL_PROTOCOL] = "the protocol (column 2)", [NACL_ACTION] = "the action (column 3)",
	[NACL_CIDR] = "the CIDR (column 4)",         [NACL_IPV6_CIDR] = "the CIDR (column 4)",
	[NACL_FROM] = "the first port (column 7)",   [NACL_TO] = "the last port (column 8)",
	[NACL_TYPE] = "the ICMP type (column 5)",    [NACL_CODE] = "the ICMP code (column 6)",
};

static const enum nacl_field columns[] = {NACL_NUMBER, NACL_PROTOCOL, NACL_ACTION, NACL_CIDR,
					  NACL_TYPE,   NACL_CODE,     NACL_FROM,   NACL_TO};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool is_template(const struct node *node)
{
	const char *text = node_text(node);

	return text && strstr(text, "{{");
}

static void read_row(struct importer *in, size_t acl, const struct node *row, bool egress)
{
	static const struct node truths[] = {{.kind = NODE_BOOL, .text = "false"},
					     {.kind = NODE_BOOL, .text = "true"}};
	struct nacl_fields fields = {.names = names, .at = row, .any_family = true};
	const struct node *value = row->first;

	if (!node_is(row, NODE_LIST) || row->count < 4 || row->count > COLUMNS) {
		nacl_refuse_entry(in->doc, acl, row,
				  "[100, tcp, allow, 0.0.0.0/0, null, null, 443, 443]",
				  "a rule is a list of 4 to 8 columns, not %s",
				  is_template(row) ? "an expression" : node_kind_name(row));
		return;
	}
	for (size_t i = 0; value; i++, value = value->next) {
		if (is_template(value)) {
			nacl_refuse_entry(in->doc, acl, value,
					  "the result of ec2_vpc_nacl_info has the values",
					  "%s is an expression: %s", names[columns[i]],
					  nacl_quote(&in->doc->arena, node_text(value)));
			return;
		}
		fields.value[columns[i]] = value;
	}
	fields.value[NACL_EGRESS] = &truths[egress];
	nacl_read_entry(in->doc, acl, &fields);
}

static void read_rows(struct importer *in, size_t acl, const struct node *rows, bool egress)
{
	if (node_is(rows, NODE_LIST))
		for (const struct node *row = rows->first; row; row = row->next)
			read_row(in, acl, row, egress);
	else if (!node_is_empty(rows))
		nacl_refuse_entry(in->doc, acl, rows,
				  "the result of ec2_vpc_nacl_info has the values",
				  "the rules are %s, no list",
				  is_template(rows) ? "an expression" : node_kind_name(rows));
}

static const char *text_of(const struct node *map, const char *key)
{
	const char *text = node_text(node_get(map, key));

	return text ? text : "";
}

/* The arguments of a task, or an element of nacls: the same keys but for id and name. */
static void read_acl(struct importer *in, const struct node *node)
{
	const struct node *subnets = node_get(node, "subnets");
	const char *name = text_of(node_get(node, "tags"), "Name");
	size_t acl = importer_add_acl(in, node);

	if (acl == NACL_NO_ACL)
		return;
	in->doc->acls[acl].id = text_of(node, "nacl_id");
	in->doc->acls[acl].name = *name ? name : text_of(node, "name");
	in->doc->acls[acl].vpc = text_of(node, "vpc_id");
	if (node_is(subnets, NODE_LIST))
		for (const struct node *s = subnets->first; s; s = s->next)
			if (node_text(s))
				nacl_add_subnet(in->doc, acl, node_text(s));
	read_rows(in, acl, node_get(node, "ingress"), false);
	read_rows(in, acl, node_get(node, "egress"), true);
}

static const struct node *module_of(const struct node *task)
{
	static const char *const modules[] = {"amazon.aws.ec2_vpc_nacl",
					      "community.aws.ec2_vpc_nacl", "ec2_vpc_nacl",
					      "community.aws.ec2_network_acl", "ec2_network_acl"};

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (node_get(task, modules[i]))
			return node_get(task, modules[i]);
	return NULL;
}

static void read_task(struct importer *in, const struct node *task)
{
	const struct node *arguments = module_of(task);

	if (strcmp(text_of(arguments, "state"), "absent") == 0) {
		nacl_note(in->doc, NACL_NOTE, NACL_NO_ACL, arguments, NULL,
			  "a task that removes a network ACL is left out");
		return;
	}
	if (!node_is(arguments, NODE_MAP)) {
		nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, arguments, NULL,
			  "the module's arguments are %s, no map", node_kind_name(arguments));
		return;
	}
	if (node_get(task, "when"))
		nacl_note(in->doc, NACL_WARNING, NACL_NO_ACL, node_get(task, "when"), NULL,
			  "whether this condition holds is not looked at: the task is taken");
	read_acl(in, arguments);
}

/* Visits the tasks of plays, of task files and of blocks. */
static bool visit(struct importer *in, const struct node *list)
{
	static const char *const inner[] = {"tasks", "pre_tasks", "post_tasks", "handlers",
					    "block", "rescue",    "always"};
	bool found = false;

	for (const struct node *item = node_is(list, NODE_LIST) ? list->first : NULL; item;
	     item = item->next) {
		if (module_of(item)) {
			if (!in)
				return true;
			read_task(in, item);
		}
		for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
			found |= visit(in, node_get(item, inner[i]));
		if (found && !in)
			return true;
	}
	return found;
}

void ansible_read(struct importer *in)
{
	for (const struct node *root = in->document->first; root; root = root->next) {
		const struct node *nacls = node_get(root, "nacls");

		if (node_is(nacls, NODE_LIST))
			for (const struct node *n = nacls->first; n; n = n->next)
				read_acl(in, n);
		else
			visit(in, root);
	}
}

bool ansible_knows(const struct node *root)
{
	return node_is(node_get(root, "nacls"), NODE_LIST) || visit(NULL, root);
}

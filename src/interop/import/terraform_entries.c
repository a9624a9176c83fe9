/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terraform's entries, as blocks of an ACL and as resources of their own.
 *
 * The provider has two spellings, rule_no and action in the blocks of an ACL, rule_number and
 * rule_action in a rule of its own; a direction is a block's name or "egress". With protocol -1
 * people write ports 0 and 0, which EC2 ignores; on TCP the same two are port 0 alone.
 */
#include "interop/import/terraform_internal.h"

#include <string.h>

static const char *const names[NACL_FIELDS] = {
	[NACL_NUMBER] = "rule_number", [NACL_EGRESS] = "egress",
	[NACL_PROTOCOL] = "protocol",  [NACL_ACTION] = "rule_action",
	[NACL_CIDR] = "cidr_block",    [NACL_IPV6_CIDR] = "ipv6_cidr_block",
	[NACL_FROM] = "from_port",     [NACL_TO] = "to_port",
	[NACL_TYPE] = "icmp_type",     [NACL_CODE] = "icmp_code",
};

size_t terraform_add_acl(struct terraform *tf, const struct node *at, const char *address,
			 const char *name)
{
	struct nacl_doc *doc = tf->in->doc;
	const char **addresses =
		arena_grow(&doc->arena, tf->addresses, doc->acl_count, sizeof(*tf->addresses));
	size_t index;

	if (!addresses)
		return NACL_NO_ACL;
	tf->addresses = addresses;
	index = importer_add_acl(tf->in, at);
	if (index == NACL_NO_ACL)
		return NACL_NO_ACL;
	addresses[index] = address;
	doc->acls[index].id = address;
	doc->acls[index].name = name;
	return index;
}

size_t terraform_find_acl(const struct terraform *tf, const char *address_or_id)
{
	const struct nacl_doc *doc = tf->in->doc;

	for (size_t i = 0; i < doc->acl_count; i++)
		if (strcmp(tf->addresses[i], address_or_id) == 0 ||
		    strcmp(doc->acls[i].id, address_or_id) == 0)
			return i;
	return NACL_NO_ACL;
}

/* "${var.port}": the name between, or NULL. */
static const char *variable_name(struct terraform *tf, const char *text)
{
	size_t len = strlen(text);

	if (len < 8 || strncmp(text, "${var.", 6) != 0 || text[len - 1] != '}')
		return NULL;
	if (strspn(text + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") !=
	    len - 7)
		return NULL;
	return arena_text(&tf->in->doc->arena, text + 6, len - 7);
}

static const struct node *variable_value(struct terraform *tf, const struct node *at,
					 const char *name)
{
	struct arena *arena = &tf->in->doc->arena;
	const struct nacl_source *source = tf->in->source;
	const char *given = importer_setting(source->parameters, source->parameter_count, name);
	const struct node *variable = node_get(tf->variables, name), *preset;

	if (given)
		return importer_scalar(tf->in, at, given);
	if (node_is(variable, NODE_LIST)) /* as hcl2json has it */
		variable = variable->first;
	preset = node_get(variable, "default");
	if (!node_text(preset)) {
		tf->why = arena_printf(arena, "variable %s has no default: --parameter %s=VALUE",
				       nacl_plain(arena, name), nacl_plain(arena, name));
		return NULL;
	}
	nacl_note(tf->in->doc, NACL_NOTE, NACL_NO_ACL, at, NULL,
		  "variable %s is taken as its default, %s", nacl_plain(arena, name),
		  nacl_quote(arena, node_text(preset)));
	return importer_scalar(tf->in, at, node_text(preset));
}

const struct node *terraform_value(struct terraform *tf, const struct node *node)
{
	const char *text = node_is(node, NODE_STRING) ? node->text : NULL, *name;

	tf->why = NULL;
	if (tf->evaluated || !text || !strstr(text, "${"))
		return node;
	name = variable_name(tf, text);
	if (name)
		return variable_value(tf, node, name);
	tf->why = arena_printf(&tf->in->doc->arena, "%s is an expression",
			       nacl_quote(&tf->in->doc->arena, text));
	return NULL;
}

/* Either spelling of a key. */
static const struct node *either(const struct node *values, const char *a, const char *b)
{
	const struct node *node = node_get(values, a);

	return node ? node : node_get(values, b);
}

static void read_entry(struct terraform *tf, size_t acl, const struct node *values,
		       const struct node *egress, const char *label)
{
	struct nacl_fields fields = {.names = names, .at = values, .label = label};

	for (int i = 0; i < NACL_FIELDS; i++) {
		const struct node *node = node_get(values, names[i]);

		if (i == NACL_NUMBER)
			node = either(values, "rule_number", "rule_no");
		else if (i == NACL_ACTION)
			node = either(values, "rule_action", "action");
		else if (i == NACL_EGRESS && egress)
			node = egress;
		fields.value[i] = terraform_value(tf, node);
		if (node && !fields.value[i]) {
			nacl_refuse_entry(tf->in->doc, acl, node,
					  "terraform plan -out=plan && terraform show -json plan",
					  "%s%s%s: %s", label ? label : "", label ? ": " : "",
					  names[i], tf->why ? tf->why : "no value");
			return;
		}
	}
	nacl_read_entry(tf->in->doc, acl, &fields);
}

void terraform_read_blocks(struct terraform *tf, size_t acl, const struct node *blocks, bool egress)
{
	static const struct node truths[] = {{.kind = NODE_BOOL, .text = "false"},
					     {.kind = NODE_BOOL, .text = "true"}};

	if (node_is(blocks, NODE_MAP))
		read_entry(tf, acl, blocks, &truths[egress], NULL);
	else if (node_is(blocks, NODE_LIST))
		for (const struct node *b = blocks->first; b; b = b->next)
			read_entry(tf, acl, b, &truths[egress], NULL);
	else if (!node_is_empty(blocks))
		nacl_refuse_entry(tf->in->doc, acl, blocks,
				  "terraform plan -out=plan && terraform show -json plan",
				  "%s is %s, no list of blocks", egress ? "egress" : "ingress",
				  node_kind_name(blocks));
}

void terraform_read_rule(struct terraform *tf, size_t acl, const struct node *values,
			 const char *address)
{
	read_entry(tf, acl, values, NULL, nacl_plain(&tf->in->doc->arena, address));
}

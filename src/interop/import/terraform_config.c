/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration in JSON that Terraform has not evaluated: .tf.json, as cdktf synthesises it, and
 * what hcl2json makes of HCL, where every block stands in a list.
 *
 * Literals are taken, and "${var.NAME}" where it has a default or is given; references between the
 * resources tell what belongs together. Everything else, count and for_each and dynamic blocks
 * above all, is a program that only Terraform can run: refused, with the command that runs it.
 */
#include "interop/import/terraform_internal.h"

#include <string.h>

#define EVALUATE "terraform plan -out=plan && terraform show -json plan"

typedef void read_resource(struct terraform *tf, const struct node *values, const char *address);

/* A block, or the list of one that hcl2json makes of it. */
static const struct node *block_of(const struct node *node)
{
	return node_is(node, NODE_LIST) ? node->first : node;
}

static const char *shown(struct terraform *tf, const char *address)
{
	return nacl_plain(&tf->in->doc->arena, address);
}

/* Is it one resource, and not as many as an expression says? Refused or left out: false. */
static bool is_one(struct terraform *tf, const struct node *values, const char *address)
{
	const struct node *count = node_get(values, "count");
	const struct node *each = node_get(values, "for_each");
	const char *text = node_text(count);

	if (node_is_empty(count) && node_is_empty(each))
		return true;
	if (node_is_empty(each) && text && strcmp(text, "1") == 0)
		return true;
	if (node_is_empty(each) && text && strcmp(text, "0") == 0) {
		nacl_note(tf->in->doc, NACL_NOTE, NACL_NO_ACL, count, NULL,
			  "%s is left out: its count is 0", shown(tf, address));
		return false;
	}
	nacl_note(tf->in->doc, NACL_ERROR, NACL_NO_ACL, node_is_empty(each) ? count : each,
		  EVALUATE, "%s: %s, which only Terraform can expand", shown(tf, address),
		  node_is_empty(each) ? "count" : "for_each");
	return false;
}

static void read_type(struct terraform *tf, const struct node *root, const char *type,
		      read_resource *read)
{
	const struct node *resources = block_of(node_get(root, "resource"));
	const struct node *named = block_of(node_get(resources, type));

	if (!node_is(named, NODE_MAP))
		return;
	for (const struct node *r = named->first; r; r = r->next) {
		const char *address = arena_printf(&tf->in->doc->arena, "%s.%s", type, r->key);
		const struct node *values = block_of(r);

		if (strcmp(r->key, "//") != 0 && node_is(values, NODE_MAP) &&
		    is_one(tf, values, address))
			read(tf, values, address);
	}
}

/* "aws_network_acl.a" of "${aws_network_acl.a.id}"; NULL: no such reference. */
static const char *referred(struct terraform *tf, const struct node *node,
			    const char *const types[])
{
	const char *text = node_text(node);

	if (!text || strncmp(text, "${", 2) != 0)
		return NULL;
	for (text += 2; *types; types++) {
		size_t type = strlen(*types), name;

		if (strncmp(text, *types, type) != 0 || text[type] != '.')
			continue;
		name = strcspn(text + type + 1, ".[} ");
		if (strcmp(text + type + 1 + name, ".id}") == 0)
			return arena_text(&tf->in->doc->arena, text, type + 1 + name);
	}
	return NULL;
}

static void add_subnet(struct terraform *tf, size_t acl, const struct node *node)
{
	static const char *const types[] = {"aws_subnet", NULL};
	const char *address = referred(tf, node, types);
	const struct node *value = address ? node : terraform_value(tf, node);

	if (address || node_text(value))
		nacl_add_subnet(tf->in->doc, acl, address ? address : node_text(value));
	else
		nacl_note(tf->in->doc, NACL_WARNING, acl, node, EVALUATE,
			  "a subnet that cannot be told: %s", tf->why ? tf->why : "no id");
}

static void read_acl(struct terraform *tf, const struct node *values, const char *address)
{
	const struct node *subnets = node_get(values, "subnet_ids");
	const struct node *name = node_get(block_of(node_get(values, "tags")), "Name");
	const struct node *id = node_get(values, "default_network_acl_id");
	const char *text = name ? node_text(terraform_value(tf, name)) : NULL;
	size_t acl = terraform_add_acl(tf, values, address, text ? text : strchr(address, '.') + 1);

	if (acl == NACL_NO_ACL)
		return;
	if (node_text(id) && !strstr(node_text(id), "${"))
		tf->in->doc->acls[acl].id = node_text(id);
	if (node_text(node_get(values, "vpc_id")))
		tf->in->doc->acls[acl].vpc = node_text(node_get(values, "vpc_id"));
	if (!node_is_empty(node_get(values, "dynamic")))
		nacl_note(tf->in->doc, NACL_ERROR, acl, node_get(values, "dynamic"), EVALUATE,
			  "%s: dynamic blocks, which only Terraform can expand",
			  shown(tf, address));
	terraform_read_blocks(tf, acl, node_get(values, "ingress"), false);
	terraform_read_blocks(tf, acl, node_get(values, "egress"), true);
	if (node_is(subnets, NODE_LIST))
		for (const struct node *s = subnets->first; s; s = s->next)
			add_subnet(tf, acl, s);
	else if (!node_is_empty(subnets))
		add_subnet(tf, acl, subnets);
}

/* The ACL that network_acl_id names; NACL_NO_ACL after an error. */
static size_t acl_of(struct terraform *tf, const struct node *values, const char *address)
{
	static const char *const types[] = {"aws_network_acl", "aws_default_network_acl", NULL};
	const struct node *node = node_get(values, "network_acl_id"), *value;
	const char *name = referred(tf, node, types);
	size_t acl;

	if (!name) {
		value = terraform_value(tf, node);
		name = node_text(value);
	}
	if (!name) {
		nacl_note(tf->in->doc, NACL_ERROR, NACL_NO_ACL, node ? node : values, EVALUATE,
			  "%s: network_acl_id: %s", shown(tf, address),
			  tf->why ? tf->why : "it is missing");
		return NACL_NO_ACL;
	}
	acl = terraform_find_acl(tf, name);
	return acl != NACL_NO_ACL ? acl : terraform_add_acl(tf, values, name, "");
}

/* Terraform would have the two take each other's rules away, again and again. */
static void refuse_mix(struct terraform *tf, size_t acl, const struct node *at, const char *address)
{
	const struct nacl_acl *to = &tf->in->doc->acls[acl];

	if (to->has_blocks)
		nacl_note(tf->in->doc, NACL_ERROR, acl, at,
			  "Terraform's provider says: one or the other",
			  "%s: a rule of its own, and the network ACL has rules as blocks",
			  shown(tf, address));
}

static void read_rule(struct terraform *tf, const struct node *values, const char *address)
{
	size_t acl = acl_of(tf, values, address);

	if (acl == NACL_NO_ACL)
		return;
	refuse_mix(tf, acl, values, address);
	terraform_read_rule(tf, acl, values, address);
}

static void read_association(struct terraform *tf, const struct node *values, const char *address)
{
	size_t acl = acl_of(tf, values, address);

	if (acl != NACL_NO_ACL && node_get(values, "subnet_id"))
		add_subnet(tf, acl, node_get(values, "subnet_id"));
}

static void read_subnet(struct terraform *tf, const struct node *values, const char *address)
{
	const struct node *cidr = terraform_value(tf, node_get(values, "cidr_block"));
	struct node id = {.kind = NODE_STRING, .text = address};

	importer_know_subnet(tf->in, &id, cidr);
}

void terraform_read_config(struct terraform *tf, const struct node *root)
{
	struct nacl_doc *doc = tf->in->doc;

	tf->variables = block_of(node_get(root, "variable"));
	read_type(tf, root, "aws_network_acl", read_acl);
	read_type(tf, root, "aws_default_network_acl", read_acl);
	for (size_t i = 0; i < doc->acl_count; i++)
		doc->acls[i].has_blocks = doc->acls[i].seen > 0;
	read_type(tf, root, "aws_network_acl_rule", read_rule);
	read_type(tf, root, "aws_network_acl_association", read_association);
	read_type(tf, root, "aws_subnet", read_subnet);
}

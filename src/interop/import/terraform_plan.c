/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terraform show -json of a plan or a state: modules, count and for_each are expanded, values are
 * values (Terraform's JSON output format 1.x).
 *
 * What does not exist yet has no id, so in a plan a rule's network_acl_id is not there. The
 * configuration, which the plan carries along, tells what the rule refers to: its first reference
 * is the ACL's address within the same module, with an index of its own or, under count and
 * for_each, the rule's. In a state an ACL lists the rules it has in AWS, those of
 * aws_network_acl_rule too: the same rule twice is one.
 */
#include "interop/import/terraform_internal.h"

#include <string.h>

struct plan {
	struct terraform *tf;
	const struct node *root;
};

typedef void read_resource(struct plan *p, const struct node *resource);

static const char *text_of(const struct node *map, const char *key)
{
	const char *text = node_text(node_get(map, key));

	return text ? text : "";
}

static void walk(struct plan *p, const struct node *module, read_resource *read)
{
	const struct node *resources = node_get(module, "resources");
	const struct node *children = node_get(module, "child_modules");

	if (node_is(resources, NODE_LIST))
		for (const struct node *r = resources->first; r; r = r->next)
			if (strcmp(text_of(r, "mode"), "data") != 0)
				read(p, r);
	if (node_is(children, NODE_LIST))
		for (const struct node *c = children->first; c; c = c->next)
			walk(p, c, read); /* the document's depth is bounded */
}

static void walk_all(struct plan *p, read_resource *read)
{
	const struct node *planned = node_get(p->root, "planned_values");
	const struct node *values = planned ? planned : node_get(p->root, "values");

	walk(p, node_get(values, "root_module"), read);
}

static bool is_type(const struct node *resource, const char *type)
{
	return strcmp(text_of(resource, "type"), type) == 0;
}

/* "module.a.module.b[0]." of "module.a.module.b[0].aws_x.y": where the last two parts begin. */
static size_t module_len(const struct node *resource)
{
	const char *address = text_of(resource, "address"), *type = text_of(resource, "type");
	const char *found = strstr(address, type), *next;

	if (!found || !*type)
		return 0;
	while ((next = strstr(found + 1, type)) != NULL &&
	       strncmp(next + strlen(type), ".", 1) == 0 && next[-1] == '.')
		found = next;
	return (size_t)(found - address);
}

/* The resource in the configuration that a planned one came from, or NULL. */
static const struct node *configured(const struct plan *p, const struct node *resource)
{
	const struct node *module = node_get(node_get(p->root, "configuration"), "root_module");
	const char *at = text_of(resource, "address"), *end = at + module_len(resource);
	const struct node *list;

	while (at < end && strncmp(at, "module.", 7) == 0) {
		size_t len = strcspn(at + 7, ".[");
		const struct node *calls = node_get(module, "module_calls");

		module = node_get(node_get(calls, arena_text(&p->tf->in->doc->arena, at + 7, len)),
				  "module");
		at += 7 + len;
		if (*at == '[') { /* ["a.b"] may hold dots */
			const char *close = strstr(at, "].");

			at = close ? close + 1 : end;
		}
		at += *at == '.';
	}
	list = node_get(module, "resources");
	for (const struct node *r = node_is(list, NODE_LIST) ? list->first : NULL; r; r = r->next)
		if (strcmp(text_of(r, "type"), text_of(resource, "type")) == 0 &&
		    strcmp(text_of(r, "name"), text_of(resource, "name")) == 0)
			return r;
	return NULL;
}

static const struct node *references(const struct plan *p, const struct node *resource,
				     const char *attribute)
{
	const struct node *expressions = node_get(configured(p, resource), "expressions");
	const struct node *list = node_get(node_get(expressions, attribute), "references");

	return node_is(list, NODE_LIST) ? list : NULL;
}

/* "aws_network_acl.a[0]" of the reference "aws_network_acl.a[0].id", with the module before it. */
static const char *address_of(const struct plan *p, const struct node *resource,
			      const char *reference)
{
	const char *name = strchr(reference, '.');
	size_t len;

	if (!name)
		return "";
	len = (size_t)(name - reference) + 1 + strcspn(name + 1, ".[");
	if (reference[len] == '[') {
		const char *close = strchr(reference + len, ']');

		len = close ? (size_t)(close - reference) + 1 : len;
	}
	return arena_printf(&p->tf->in->doc->arena, "%.*s%.*s", (int)module_len(resource),
			    text_of(resource, "address"), (int)len, reference);
}

/* The index at the end of an address, "[0]" or "[\"a\"]", or "". */
static const char *index_of(const char *address)
{
	const char *dot = strrchr(address, '.'), *bracket = strchr(dot ? dot : address, '[');

	if (address[0] && address[strlen(address) - 1] != ']')
		return "";
	if (!bracket) /* a dot within the index */
		for (bracket = strchr(address, '['); bracket && strchr(bracket + 1, '[');)
			bracket = strchr(bracket + 1, '[');
	return bracket ? bracket : "";
}

/* The ACL that a rule or an association belongs to. */
static size_t acl_of(struct plan *p, const struct node *resource)
{
	const char *id = node_text(node_get(node_get(resource, "values"), "network_acl_id"));
	const struct node *list;
	size_t acl = NACL_NO_ACL;

	if (id && *id) {
		acl = terraform_find_acl(p->tf, id);
		return acl != NACL_NO_ACL ? acl : terraform_add_acl(p->tf, resource, id, "");
	}
	list = references(p, resource, "network_acl_id");
	for (const struct node *r = list ? list->first : NULL; r && acl == NACL_NO_ACL;
	     r = r->next) {
		const char *address = address_of(p, resource, node_text(r) ? node_text(r) : "");

		acl = terraform_find_acl(p->tf, address);
		if (acl == NACL_NO_ACL)
			acl = terraform_find_acl(
				p->tf, arena_printf(&p->tf->in->doc->arena, "%s%s", address,
						    index_of(text_of(resource, "address"))));
	}
	return acl;
}

static void add_subnet(struct plan *p, size_t acl, const char *id)
{
	nacl_add_subnet(p->tf->in->doc, acl, id);
}

/* Of the planned subnets, those that a reference means: itself, or every one under count. */
static void add_planned_subnets(struct plan *p, const struct node *module, const char *address,
				size_t acl)
{
	const struct node *resources = node_get(module, "resources");
	const struct node *children = node_get(module, "child_modules");
	size_t len = strlen(address);

	if (node_is(resources, NODE_LIST))
		for (const struct node *r = resources->first; r; r = r->next) {
			const char *other = text_of(r, "address");

			if (is_type(r, "aws_subnet") && strncmp(other, address, len) == 0 &&
			    (other[len] == '\0' || other[len] == '['))
				add_subnet(p, acl, other);
		}
	if (node_is(children, NODE_LIST))
		for (const struct node *c = children->first; c; c = c->next)
			add_planned_subnets(p, c, address, acl);
}

/* subnet_ids or subnet_id: values, or what is not known yet by what it refers to. */
static void read_subnets(struct plan *p, size_t acl, const struct node *resource,
			 const char *attribute)
{
	const struct node *value = node_get(node_get(resource, "values"), attribute), *list;

	if (node_text(value))
		add_subnet(p, acl, node_text(value));
	if (node_is(value, NODE_LIST))
		for (const struct node *s = value->first; s; s = s->next)
			if (node_text(s))
				add_subnet(p, acl, node_text(s));
	if (!node_is_empty(value))
		return;
	list = references(p, resource, attribute);
	for (const struct node *r = list ? list->first : NULL; r; r = r->next) {
		const char *text = node_text(r);

		/* Of "aws_subnet.a[0].id", "aws_subnet.a[0]", "aws_subnet.a" the first. */
		if (!text || strncmp(text, "aws_subnet.", 11) != 0)
			continue;
		add_planned_subnets(p, node_get(node_get(p->root, "planned_values"), "root_module"),
				    address_of(p, resource, text), acl);
		return;
	}
}

static void read_acl(struct plan *p, const struct node *resource)
{
	const struct node *values = node_get(resource, "values");
	const char *name = node_text(node_get(node_get(values, "tags"), "Name"));
	struct nacl_doc *doc = p->tf->in->doc;
	const char *id;
	size_t acl;

	if (!is_type(resource, "aws_network_acl") && !is_type(resource, "aws_default_network_acl"))
		return;
	acl = terraform_add_acl(p->tf, resource, text_of(resource, "address"),
				name ? name : text_of(resource, "name"));
	if (acl == NACL_NO_ACL)
		return;
	id = text_of(values, "id");
	if (!*id)
		id = text_of(values, "default_network_acl_id");
	if (*id)
		doc->acls[acl].id = id;
	doc->acls[acl].vpc = text_of(values, "vpc_id");
	terraform_read_blocks(p->tf, acl, node_get(values, "ingress"), false);
	terraform_read_blocks(p->tf, acl, node_get(values, "egress"), true);
	read_subnets(p, acl, resource, "subnet_ids");
}

static void read_rule(struct plan *p, const struct node *resource)
{
	const char *address = text_of(resource, "address");
	size_t acl;

	if (!is_type(resource, "aws_network_acl_rule"))
		return;
	acl = acl_of(p, resource);
	if (acl == NACL_NO_ACL) {
		nacl_note(p->tf->in->doc, NACL_ERROR, NACL_NO_ACL, resource,
			  "apply the plan, then terraform show -json of the state tells",
			  "%s: its network ACL is not known yet",
			  nacl_plain(&p->tf->in->doc->arena, address));
		return;
	}
	p->tf->in->doc->acls[acl].may_repeat = true;
	terraform_read_rule(p->tf, acl, node_get(resource, "values"), address);
}

static void read_association(struct plan *p, const struct node *resource)
{
	size_t acl;

	if (!is_type(resource, "aws_network_acl_association"))
		return;
	acl = acl_of(p, resource);
	if (acl != NACL_NO_ACL)
		read_subnets(p, acl, resource, "subnet_id");
	else
		nacl_note(p->tf->in->doc, NACL_WARNING, NACL_NO_ACL, resource, NULL,
			  "%s: its network ACL is not known yet",
			  nacl_plain(&p->tf->in->doc->arena, text_of(resource, "address")));
}

static void read_subnet(struct plan *p, const struct node *resource)
{
	const struct node *values = node_get(resource, "values");

	if (!is_type(resource, "aws_subnet"))
		return;
	importer_know_subnet(p->tf->in, node_get(values, "id"), node_get(values, "cidr_block"));
	importer_know_subnet(p->tf->in, node_get(resource, "address"),
			     node_get(values, "cidr_block"));
}

void terraform_read_plan(struct terraform *tf, const struct node *root)
{
	struct plan p = {.tf = tf, .root = root};

	tf->evaluated = true;
	walk_all(&p, read_acl);
	walk_all(&p, read_rule);
	walk_all(&p, read_association);
	walk_all(&p, read_subnet);
}

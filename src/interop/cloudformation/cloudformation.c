/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CloudFormation templates, by hand or from the CDK, SAM or Serverless: AWS::EC2::NetworkAcl,
 * NetworkAclEntry, SubnetNetworkAclAssociation (resource specification: one property Icmp for both
 * families, Egress false unless told, everything a number or a string of digits).
 *
 * Entries name their ACL by NetworkAclId; they are grouped by what that says: a resource of the
 * template, or what it is printed as (an id, another stack's export). A resource under a Condition
 * stands or falls with it.
 */
#include "interop/cloudformation/template.h"

#include <stdlib.h>
#include <string.h>

#define ACL_TYPE         "AWS::EC2::NetworkAcl"
#define ENTRY_TYPE       "AWS::EC2::NetworkAclEntry"
#define ASSOCIATION_TYPE "AWS::EC2::SubnetNetworkAclAssociation"
#define SUBNET_TYPE      "AWS::EC2::Subnet"

static const char *const names[NACL_FIELDS] = {
	[NACL_NUMBER] = "RuleNumber",   [NACL_EGRESS] = "Egress",
	[NACL_PROTOCOL] = "Protocol",   [NACL_ACTION] = "RuleAction",
	[NACL_CIDR] = "CidrBlock",      [NACL_IPV6_CIDR] = "Ipv6CidrBlock",
	[NACL_FROM] = "PortRange.From", [NACL_TO] = "PortRange.To",
	[NACL_TYPE] = "Icmp.Type",      [NACL_CODE] = "Icmp.Code",
};

/* Whether a resource is there: its Condition. */
enum presence {
	PRESENT,
	LEFT_OUT,
	UNKNOWN,
};

static bool is_type(const struct node *resource, const char *type)
{
	const char *text = node_text(node_get(resource, "Type"));

	return text && strcmp(text, type) == 0;
}

static const char *label_of(const struct template *t, const struct node *resource)
{
	return nacl_plain(&t->in->doc->arena, resource->key);
}

static enum presence presence_of(struct template *t, const struct node *resource)
{
	const char *name = node_text(node_get(resource, "Condition"));
	int holds = name ? template_condition(t, resource, name) : 1;

	return holds < 0 ? UNKNOWN : holds ? PRESENT : LEFT_OUT;
}

static struct nacl_acl *find_or_add(struct template *t, const struct node *at, const char *id,
				    size_t *index)
{
	struct nacl_doc *doc = t->in->doc;

	for (*index = 0; *index < doc->acl_count; ++*index)
		if (strcmp(doc->acls[*index].id, id) == 0)
			return &doc->acls[*index];
	*index = importer_add_acl(t->in, at);
	if (*index == NACL_NO_ACL)
		return NULL;
	doc->acls[*index].id = id;
	return &doc->acls[*index];
}

/* What NetworkAclId or SubnetId says: a logical id, a value, or the expression in short. */
static const char *printed(struct template *t, const struct node *node)
{
	struct arena *arena = &t->in->doc->arena;
	const char *resource = template_resource(t, node), *text;
	const struct node *argument;

	if (resource)
		return resource;
	text = node_text(template_value(t, node));
	if (text)
		return text;
	if (!template_function(node, &argument))
		return NULL;
	text = node_text(argument);
	if (text && strcmp(template_function(node, &argument), "Ref") == 0)
		return text;
	return arena_printf(arena, "%s %s", node->first->key, text ? text : "...");
}

static void read_acl(struct template *t, const struct node *resource)
{
	const struct node *properties = node_get(resource, "Properties");
	const struct node *tag = importer_tag_name(node_get(properties, "Tags")), *name = NULL;
	const char *vpc = printed(t, node_get(properties, "VpcId"));
	struct nacl_acl *acl;
	size_t index;

	if (presence_of(t, resource) == LEFT_OUT)
		return;
	acl = find_or_add(t, resource, resource->key, &index);
	if (!acl)
		return;
	acl->vpc = vpc ? vpc : "";
	if (tag)
		name = template_value(t, tag);
	acl->name = node_text(name) ? node_text(name) : "";
	if (presence_of(t, resource) == UNKNOWN)
		nacl_note(t->in->doc, NACL_ERROR, index, resource, NULL, "%s: %s",
			  label_of(t, resource), t->why);
}

/* A property of an entry, or of a map in it; false after an error. */
static bool take(struct template *t, size_t acl, const struct node *resource,
		 const struct node *property, const char *name, const struct node **out)
{
	*out = NULL;
	if (!property)
		return true;
	*out = template_value(t, property);
	if (*out)
		return true;
	nacl_refuse_entry(t->in->doc, acl, property, NULL, "%s: %s: %s", label_of(t, resource),
			  name, t->why);
	return false;
}

/* PortRange and Icmp: a map, or nothing. */
static bool take_pair(struct template *t, size_t acl, const struct node *resource, const char *name,
		      const char *const keys[2], const struct node **out)
{
	const struct node *properties = node_get(resource, "Properties"), *map;

	if (!take(t, acl, resource, node_get(properties, name), name, &map))
		return false;
	for (int i = 0; i < 2; i++)
		if (!take(t, acl, resource, node_get(map, keys[i]), name, &out[i]))
			return false;
	return true;
}

static void read_fields(struct template *t, size_t acl, const struct node *resource)
{
	static const char *const ports[2] = {"From", "To"}, *const icmp[2] = {"Type", "Code"};
	const struct node *properties = node_get(resource, "Properties");
	struct nacl_fields fields = {
		.names = names, .at = resource, .label = label_of(t, resource)};

	for (int i = NACL_NUMBER; i <= NACL_IPV6_CIDR; i++)
		if (!take(t, acl, resource, node_get(properties, names[i]), names[i],
			  &fields.value[i]))
			return;
	if (!take_pair(t, acl, resource, "PortRange", ports, &fields.value[NACL_FROM]) ||
	    !take_pair(t, acl, resource, "Icmp", icmp, &fields.value[NACL_TYPE]))
		return;
	nacl_read_entry(t->in->doc, acl, &fields);
}

/* The ACL an entry or association names; NACL_NO_ACL: left out, or refused. */
static size_t acl_of(struct template *t, const struct node *resource)
{
	const struct node *property = node_get(node_get(resource, "Properties"), "NetworkAclId");
	const char *id = property ? printed(t, property) : NULL;
	size_t index;

	if (!id) {
		nacl_note(t->in->doc, NACL_ERROR, NACL_NO_ACL, resource, NULL,
			  "%s: no NetworkAclId that could be read%s%s", label_of(t, resource),
			  property && t->why ? ": " : "", property && t->why ? t->why : "");
		return NACL_NO_ACL;
	}
	if (is_type(node_get(t->resources, id), ACL_TYPE) &&
	    presence_of(t, node_get(t->resources, id)) == LEFT_OUT) {
		nacl_note(t->in->doc, NACL_NOTE, NACL_NO_ACL, resource, NULL,
			  "%s is left out with its network ACL %s", label_of(t, resource),
			  nacl_plain(&t->in->doc->arena, id));
		return NACL_NO_ACL;
	}
	return find_or_add(t, resource, id, &index) ? index : NACL_NO_ACL;
}

static void read_entry(struct template *t, const struct node *resource)
{
	const char *condition = node_text(node_get(resource, "Condition"));
	struct nacl_doc *doc = t->in->doc;
	size_t acl = acl_of(t, resource);

	if (acl == NACL_NO_ACL)
		return;
	switch (presence_of(t, resource)) {
	case PRESENT:
		read_fields(t, acl, resource);
		break;
	case LEFT_OUT:
		doc->acls[acl].seen++;
		doc->acls[acl].left_out++;
		nacl_note(doc, NACL_NOTE, acl, resource, NULL,
			  "%s is left out: its condition %s does not hold", label_of(t, resource),
			  nacl_plain(&doc->arena, condition));
		break;
	default:
		nacl_refuse_entry(doc, acl, resource, NULL, "%s: %s", label_of(t, resource),
				  t->why);
	}
}

static void read_association(struct template *t, const struct node *resource)
{
	const char *subnet = printed(t, node_get(node_get(resource, "Properties"), "SubnetId"));
	enum presence presence = presence_of(t, resource);
	size_t acl = presence == LEFT_OUT ? NACL_NO_ACL : acl_of(t, resource);

	if (acl == NACL_NO_ACL)
		return;
	if (presence == UNKNOWN)
		nacl_note(t->in->doc, NACL_ERROR, acl, resource, NULL, "%s: %s",
			  label_of(t, resource), t->why);
	else if (subnet)
		nacl_add_subnet(t->in->doc, acl, subnet);
	else
		nacl_note(t->in->doc, NACL_WARNING, acl, resource, NULL,
			  "%s: its SubnetId cannot be read", label_of(t, resource));
}

/* A subnet's range, where the template states it; else it stays to be filled in. */
static void read_subnet(struct template *t, const struct node *resource)
{
	const struct node *cidr =
		template_value(t, node_get(node_get(resource, "Properties"), "CidrBlock"));
	struct node id = {.kind = NODE_STRING, .text = resource->key};

	if (cidr)
		importer_know_subnet(t->in, &id, cidr);
}

static void read_resources(struct template *t, const char *type,
			   void (*read)(struct template *t, const struct node *resource))
{
	for (const struct node *r = t->resources->first; r; r = r->next)
		if (is_type(r, type))
			read(t, r);
}

/* Loops and macros make resources that only CloudFormation sees. */
static void refuse_loops(struct template *t)
{
	for (const struct node *r = t->resources->first; r; r = r->next)
		if (strncmp(r->key, "Fn::", 4) == 0)
			nacl_note(t->in->doc, NACL_ERROR, NACL_NO_ACL, r,
				  "aws cloudformation get-template --template-stage Processed",
				  "%s: resources that only CloudFormation can make",
				  label_of(t, r));
}

/* serverless.yml has the template under "resources", which may be a list of parts. */
static const struct node *template_root(const struct node *root)
{
	const struct node *inner = node_get(root, "resources");

	if (node_is(node_get(root, "Resources"), NODE_MAP))
		return root;
	if (node_is(inner, NODE_LIST))
		inner = inner->first;
	return node_is(node_get(inner, "Resources"), NODE_MAP) ? inner : NULL;
}

void cloudformation_read(struct importer *in)
{
	for (const struct node *r = in->document->first; r; r = r->next) {
		const struct node *root = template_root(r);
		struct template t;

		if (!root) {
			nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, r, NULL,
				  "no CloudFormation template: it has no map \"Resources\"");
			continue;
		}
		template_init(&t, in);
		t.resources = node_get(root, "Resources");
		t.parameters = node_get(root, "Parameters");
		t.mappings = node_get(root, "Mappings");
		t.conditions = node_get(root, "Conditions");
		refuse_loops(&t);
		read_resources(&t, ACL_TYPE, read_acl);
		read_resources(&t, ENTRY_TYPE, read_entry);
		read_resources(&t, ASSOCIATION_TYPE, read_association);
		read_resources(&t, SUBNET_TYPE, read_subnet);
	}
}

bool cloudformation_knows(const struct node *root)
{
	return template_root(root) != NULL;
}

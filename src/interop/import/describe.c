/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EC2's own answers: describe-network-acls as the AWS CLI, boto3 and the SDKs print it, the answer
 * of create-network-acl, one ACL or bare entries cut out with --query, pages in a row.
 *
 * Shapes (awscli 2.9, boto3 1.26, SDK for JavaScript 2 and 3): a key is there when the answer had
 * its element; an empty element is {}; RuleNumber, From, To, Type, Code are numbers, Protocol is
 * text. A list that was cut ends in NextToken, and then there are more ACLs than one sees. An ACL
 * without "Entries" did not say what its rules are; with an empty list it denies everything.
 */
#include "interop/importer.h"

#include <string.h>

static const char *const names[NACL_FIELDS] = {
	[NACL_NUMBER] = "RuleNumber",      [NACL_EGRESS] = "Egress",
	[NACL_PROTOCOL] = "Protocol",      [NACL_ACTION] = "RuleAction",
	[NACL_CIDR] = "CidrBlock",         [NACL_IPV6_CIDR] = "Ipv6CidrBlock",
	[NACL_FROM] = "PortRange.From",    [NACL_TO] = "PortRange.To",
	[NACL_TYPE] = "IcmpTypeCode.Type", [NACL_CODE] = "IcmpTypeCode.Code",
};

struct describe {
	struct importer *in;
	const struct node *cut; /* the NextToken of the last page */
};

static void read_value(struct describe *d, const struct node *node);

static void read_entry(struct describe *d, size_t acl, const struct node *entry)
{
	const struct node *ports = node_get(entry, "PortRange");
	const struct node *icmp = node_get(entry, "IcmpTypeCode");
	struct nacl_fields fields = {.names = names, .at = entry};

	if (!node_is(entry, NODE_MAP)) {
		nacl_refuse_entry(d->in->doc, acl, entry, NULL, "an entry is a map, not %s",
				  node_kind_name(entry));
		return;
	}
	for (int i = NACL_NUMBER; i <= NACL_IPV6_CIDR; i++)
		fields.value[i] = node_get(entry, names[i]);
	fields.value[NACL_FROM] = node_get(ports, "From");
	fields.value[NACL_TO] = node_get(ports, "To");
	fields.value[NACL_TYPE] = node_get(icmp, "Type");
	fields.value[NACL_CODE] = node_get(icmp, "Code");
	nacl_read_entry(d->in->doc, acl, &fields);
}

static const char *text_or_empty(const struct node *node)
{
	const char *text = node_text(node);

	return text ? text : "";
}

static void read_associations(struct describe *d, size_t acl, const struct node *list)
{
	if (!node_is(list, NODE_LIST))
		return;
	for (const struct node *a = list->first; a; a = a->next) {
		const char *id = node_text(node_get(a, "SubnetId"));

		if (id)
			nacl_add_subnet(d->in->doc, acl, id);
	}
}

static void read_acl(struct describe *d, const struct node *node)
{
	const struct node *entries = node_get(node, "Entries");
	size_t index = importer_add_acl(d->in, node);
	struct nacl_acl *acl;

	if (index == NACL_NO_ACL)
		return;
	acl = &d->in->doc->acls[index];
	acl->id = text_or_empty(node_get(node, "NetworkAclId"));
	acl->vpc = text_or_empty(node_get(node, "VpcId"));
	acl->name = text_or_empty(importer_tag_name(node_get(node, "Tags")));
	read_associations(d, index, node_get(node, "Associations"));
	if (!node_is(entries, NODE_LIST)) {
		nacl_note(d->in->doc, NACL_ERROR, index, node,
			  "an empty list would say that everything is denied",
			  "%s has no list \"Entries\": its rules are not told",
			  acl->id[0] ? nacl_plain(&d->in->doc->arena, acl->id) : "the ACL");
		return;
	}
	for (const struct node *e = entries->first; e; e = e->next)
		read_entry(d, index, e);
}

/* What --query leaves of an ACL: entries, and no word about whose they are. */
static void read_bare_entries(struct describe *d, const struct node *list)
{
	size_t index = importer_add_acl(d->in, list);

	if (index == NACL_NO_ACL)
		return;
	for (const struct node *e = list->kind == NODE_LIST ? list->first : list; e;
	     e = list->kind == NODE_LIST ? e->next : NULL)
		read_entry(d, index, e);
}

static bool is_entry(const struct node *node)
{
	return node_get(node, "RuleNumber") && node_get(node, "RuleAction");
}

static void read_list(struct describe *d, const struct node *list)
{
	if (list->first && is_entry(list->first)) {
		read_bare_entries(d, list);
		return;
	}
	for (const struct node *e = list->first; e; e = e->next)
		read_value(d, e);
}

static void read_subnets(struct describe *d, const struct node *list)
{
	for (const struct node *s = list->first; s; s = s->next)
		importer_know_subnet(d->in, node_get(s, "SubnetId"), node_get(s, "CidrBlock"));
}

static void read_map(struct describe *d, const struct node *map)
{
	const struct node *acls = node_get(map, "NetworkAcls");
	const struct node *subnets = node_get(map, "Subnets");

	if (node_is(subnets, NODE_LIST))
		read_subnets(d, subnets);
	if (node_is(acls, NODE_LIST)) {
		const struct node *token = node_get(map, "NextToken");

		d->cut = node_is_empty(token) ? NULL : token;
		read_list(d, acls);
	} else if (node_is(node_get(map, "NetworkAcl"), NODE_MAP)) {
		read_acl(d, node_get(map, "NetworkAcl"));
	} else if (node_get(map, "Entries") || node_get(map, "NetworkAclId")) {
		read_acl(d, map);
	} else if (is_entry(map)) {
		read_bare_entries(d, map);
	} else if (!node_is(subnets, NODE_LIST)) {
		nacl_note(d->in->doc, NACL_ERROR, NACL_NO_ACL, map,
			  "\"NetworkAcls\": [...], one ACL with \"Entries\", or a list of entries",
			  "a map with no network ACL in it");
	}
}

/* Lists hold lists as --query nests them: the document's depth is bounded. */
static void read_value(struct describe *d, const struct node *node)
{
	if (node_is(node, NODE_MAP))
		read_map(d, node);
	else if (node_is(node, NODE_LIST))
		read_list(d, node);
	else
		nacl_note(d->in->doc, NACL_ERROR, NACL_NO_ACL, node, NULL,
			  "%s where a network ACL should be", node_kind_name(node));
}

void describe_read(struct importer *in)
{
	struct describe d = {.in = in};

	for (const struct node *root = in->document->first; root; root = root->next)
		read_value(&d, root);
	if (d.cut)
		nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, d.cut,
			  "run it without --max-items and --no-paginate",
			  "the list was cut here (NextToken): there are more network ACLs");
}

void describe_read_subnets(struct importer *in)
{
	struct describe d = {.in = in};
	bool any = false;

	for (const struct node *root = in->document->first; root; root = root->next) {
		const struct node *list = node_get(root, "Subnets");

		if (!node_is(list, NODE_LIST))
			continue;
		read_subnets(&d, list);
		any = true;
	}
	if (!any)
		nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, NULL, "aws ec2 describe-subnets",
			  "%s has no list \"Subnets\"", in->doc->file);
}

static bool knows_list(const struct node *list)
{
	for (const struct node *e = list->first; e; e = e->next)
		if (is_entry(e) || (e->kind == NODE_LIST && knows_list(e)) ||
		    (e->kind == NODE_MAP && describe_knows(e)))
			return true;
	return false;
}

bool describe_knows(const struct node *root)
{
	if (node_is(root, NODE_LIST))
		return knows_list(root);
	return node_get(root, "NetworkAcls") || node_get(root, "NetworkAcl") ||
	       node_get(root, "Entries") || is_entry(root);
}

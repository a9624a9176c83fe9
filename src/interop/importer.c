/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every reader calls: an ACL more, a subnet that was seen, a name tag, a parameter's value.
 */
#include "interop/importer.h"

#include <string.h>

#define ACLS_MAX 5000 /* they are looked up one after the other */

size_t importer_add_acl(struct importer *in, const struct node *at)
{
	struct nacl_acl *acl;

	if (in->doc->acl_count >= ACLS_MAX) {
		if (!in->too_many)
			nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, at, NULL,
				  "more than %d network ACLs", ACLS_MAX);
		in->too_many = true;
		return NACL_NO_ACL;
	}
	acl = nacl_add_acl(in->doc);
	if (!acl)
		return NACL_NO_ACL;
	acl->line = at->line;
	return in->doc->acl_count - 1;
}

void importer_know_subnet(struct importer *in, const struct node *id, const struct node *cidr)
{
	struct prefix prefix;

	if (node_text(id) && node_text(cidr) && strchr(node_text(cidr), '/') &&
	    prefix_parse(node_text(cidr), &prefix, NULL) == PREFIX_OK)
		nacl_know_subnet(in->doc, node_text(id), &prefix);
}

const struct node *importer_tag_name(const struct node *tags)
{
	if (!node_is(tags, NODE_LIST))
		return NULL;
	for (const struct node *tag = tags->first; tag; tag = tag->next) {
		const char *key = node_text(node_get(tag, "Key"));

		if (key && strcmp(key, "Name") == 0)
			return node_get(tag, "Value");
	}
	return NULL;
}

const char *importer_setting(const struct nacl_setting *settings, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].value;
	return NULL;
}

const struct node *importer_scalar(struct importer *in, const struct node *at, const char *text)
{
	struct node *node = arena_alloc(&in->doc->arena, sizeof(*node));

	if (node)
		*node = (struct node){
			.kind = NODE_STRING, .text = text, .line = at->line, .column = at->column};
	return node;
}

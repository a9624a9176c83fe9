/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of a file's network ACLs is meant: the one that was named, or the only one. Never silently
 * the first of several.
 */
#include <errno.h>
#include <string.h>

#include "ctl/import/import.h"

static void list_acls(struct nacl_doc *doc)
{
	fprintf(stderr, "%s: %zu network ACLs; choose one with --acl, or --all:\n", doc->file,
		doc->acl_count);
	for (size_t i = 0; i < doc->acl_count; i++) {
		const struct nacl_acl *acl = &doc->acls[i];

		fprintf(stderr, "  %s %s%s(%zu %s, line %u)\n",
			acl->id[0] ? nacl_plain(&doc->arena, acl->id) : "(no id)",
			acl->name[0] ? nacl_quote(&doc->arena, acl->name) : "",
			acl->name[0] ? " " : "", acl->seen, acl->seen == 1 ? "entry" : "entries",
			acl->line);
	}
}

static int choose_named(const char *name, struct import_result *result)
{
	struct nacl_doc *doc = &result->doc;
	bool many;
	size_t found = nacl_find(doc, name, &many);

	if (found == doc->acl_count && doc->acl_count == 1 && !doc->acls[0].id[0] &&
	    !doc->acls[0].name[0]) { /* bare entries: this is their name */
		doc->acls[0].name = arena_text(&doc->arena, name, strlen(name));
		found = 0;
	}
	if (found == doc->acl_count || many) {
		fprintf(stderr, "naclctl import: %s network ACL \"%s\"\n",
			many ? "more than one" : "no", name);
		list_acls(doc);
		return -ENOENT;
	}
	result->chosen[result->chosen_count++] = found;
	return 0;
}

int import_choose(const char *name, bool all, struct import_result *result)
{
	struct nacl_doc *doc = &result->doc;

	result->chosen = arena_alloc(&doc->arena, (doc->acl_count + 1) * sizeof(size_t));
	if (!result->chosen)
		return -ENOMEM;
	if (name && doc->acl_count)
		return choose_named(name, result);
	if (doc->acl_count > 1 && !all) {
		list_acls(doc);
		return -ENOENT;
	}
	for (size_t i = 0; i < doc->acl_count; i++)
		result->chosen[result->chosen_count++] = i;
	return 0;
}

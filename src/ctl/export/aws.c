/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The four exports to AWS: from the policy to the model, and which of its ACLs; the text is written
 * by src/interop/export. What a host has and AWS has not is said on stderr; what would change the
 * meaning is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"
#include "ctl/export/export.h"
#include "ctl/input.h"
#include "interop/import.h"

struct chosen {
	size_t *acls;
	size_t count;
};

typedef int write_acls(const struct nacl_doc *doc, const size_t *acls, size_t count, FILE *to);

/* 0, or an error that was printed. */
static int choose(struct nacl_doc *doc, const char *name, struct chosen *chosen)
{
	chosen->acls = arena_alloc(&doc->arena, (doc->acl_count + 1) * sizeof(size_t));
	if (!chosen->acls)
		return -ENOMEM;
	for (size_t i = 0; i < doc->acl_count; i++)
		if (!name || strcmp(doc->acls[i].name, name) == 0)
			chosen->acls[chosen->count++] = i;
	if (chosen->count > 0)
		return 0;
	fprintf(stderr, "naclctl export: no network ACL%s%s%s in the policy\n", name ? " \"" : "",
		name ? name : "", name ? "\"" : "");
	return -ENOENT;
}

/* Notes about one ACL, or about none in particular. Returns whether one of them is an error. */
static bool print_notes(const struct nacl_doc *doc, size_t acl)
{
	bool wrong = false;

	for (size_t i = 0; i < doc->note_count; i++) {
		const struct nacl_note *note = &doc->notes[i];

		if ((note->acl != acl && note->acl != NACL_NO_ACL) || note->severity != NACL_ERROR)
			continue;
		wrong = true;
		fprintf(stderr, "naclctl export: %s", note->line ? doc->file : "");
		if (note->line)
			fprintf(stderr, ":%u:%u: ", note->line, note->column);
		fprintf(stderr, "%s\n", note->message);
		if (note->hint)
			fprintf(stderr, "  %s\n", note->hint);
	}
	return wrong;
}

static void tell_what_stays(const struct policy *policy)
{
	if (policy->mode == POLICY_MONITOR)
		fputs("naclctl export: mode = \"monitor\" is not exported: AWS denies\n", stderr);
	fputs("naclctl export: associations are this host's own and are not exported\n", stderr);
}

/* The model, and which of it; 0, or an error that was printed. */
static int prepare(const struct policy *policy, const struct export_options *options,
		   struct nacl_doc *doc, struct chosen *chosen)
{
	int status = nacl_from_policy(policy, doc);
	bool wrong = false;

	if (status == 0)
		status = choose(doc, options->acl, chosen);
	for (size_t i = 0; status == 0 && i < chosen->count; i++)
		wrong |= print_notes(doc, chosen->acls[i]);
	if (status == -ENOMEM)
		fputs("naclctl export: out of memory\n", stderr);
	return status == 0 && wrong ? -EINVAL : status;
}

static int export_with(write_acls *write, const struct policy *policy,
		       const struct export_options *options)
{
	struct chosen chosen = {0};
	struct nacl_doc doc;
	int status = prepare(policy, options, &doc, &chosen);

	if (status == 0)
		status = write(&doc, chosen.acls, chosen.count, stdout);
	if (status == 0)
		tell_what_stays(policy);
	nacl_doc_fini(&doc);
	return status < 0 ? NACLCTL_USAGE : NACLCTL_OK;
}

int export_aws_json(const struct policy *policy, const struct export_options *options)
{
	return export_with(nacl_write_aws_json, policy, options);
}

int export_cloudformation(const struct policy *policy, const struct export_options *options)
{
	return export_with(nacl_write_cloudformation, policy, options);
}

int export_terraform(const struct policy *policy, const struct export_options *options)
{
	return export_with(nacl_write_terraform, policy, options);
}

/* The ACL of the same name, or the only one; acl_count after an error, which was printed. */
static size_t present_acl(const struct nacl_doc *present, const char *name)
{
	bool many = false;
	size_t found = present->acl_count == 1 ? 0 : nacl_find(present, name, &many);

	if (print_notes(present, found))
		return present->acl_count;
	if (found == present->acl_count || many) {
		fprintf(stderr, "naclctl export: %s: %s network ACL \"%s\"\n", present->file,
			many ? "more than one" : "no", name);
		return present->acl_count;
	}
	return found;
}

/* Writes the difference to what a file says is there now. 0, or an error that was printed. */
static int write_against(const char *file, struct nacl_doc *doc, size_t acl)
{
	struct nacl_source source = {.file = file};
	struct nacl_doc present;
	size_t found;
	int status;
	char *text = input_read("export", file, &source.len);

	if (!text)
		return -EIO;
	source.text = text;
	status = nacl_import(&source, &present);
	found = status == 0 ? present_acl(&present, doc->acls[acl].name) : present.acl_count;
	if (found < present.acl_count)
		status = nacl_write_aws_cli(doc, acl, &present.acls[found], stdout);
	else if (status == 0)
		status = -EINVAL;
	nacl_doc_fini(&present);
	free(text);
	return status;
}

int export_aws_cli(const struct policy *policy, const struct export_options *options)
{
	struct chosen chosen = {0};
	struct nacl_doc doc;
	int status = prepare(policy, options, &doc, &chosen);

	if (status == 0 && chosen.count > 1) {
		fprintf(stderr, "naclctl export: %zu network ACLs: a script is for one, --acl %s\n",
			chosen.count, doc.acls[chosen.acls[0]].name);
		status = -EINVAL;
	}
	if (status == 0 && options->against)
		status = write_against(options->against, &doc, chosen.acls[0]);
	else if (status == 0)
		status = nacl_write_aws_cli(&doc, chosen.acls[0], NULL, stdout);
	if (status == 0)
		tell_what_stays(policy);
	nacl_doc_fini(&doc);
	return status < 0 ? NACLCTL_USAGE : NACLCTL_OK;
}

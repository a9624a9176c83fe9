/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was given, and which reader takes it.
 *
 * The shape tells: a template has Resources, a plan planned_values, EC2's answers NetworkAcls. What
 * people paste instead of JSON is known as well (the AWS CLI's text and table output, Terraform's
 * own language) and refused with the command that gives JSON: in text output columns move with the
 * keys present, and HCL is a program.
 */
#include "interop/importer.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	bool (*knows)(const struct node *root);
	void (*read)(struct importer *in);
} formats[NACL_FORMATS] = {
	[NACL_AUTO] = {"", NULL, NULL},
	[NACL_AWS] = {"aws", describe_knows, describe_read},
	[NACL_CLOUDFORMATION] = {"cloudformation", cloudformation_knows, cloudformation_read},
	[NACL_TERRAFORM] = {"terraform", terraform_knows, terraform_read},
	[NACL_ANSIBLE] = {"ansible", ansible_knows, ansible_read},
};

const char *nacl_format_name(enum nacl_format format)
{
	return formats[format].name;
}

/* The line at `at`, without its end, fits into the array. */
static size_t line_at(const char *text, size_t len, size_t at)
{
	const char *end = at < len ? memchr(text + at, '\n', len - at) : NULL;

	return end ? (size_t)(end - text) - at : len - at;
}

static bool begins(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(text, word, n) == 0;
}

/* A row of --output text: the record's name, a tab. The first line may be a bare token. */
static bool is_cli_text(const char *line, size_t len)
{
	static const char *const records[] = {"NETWORKACLS\t",  "NETWORKACL\t", "ENTRIES\t",
					      "ASSOCIATIONS\t", "PORTRANGE\t",  "ICMPTYPECODE\t",
					      "TAGS\t"};

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (begins(line, len, records[i]))
			return true;
	return false;
}

static bool is_cli_table(const char *line, size_t len)
{
	return len > 20 && (begins(line, len, "------------") || begins(line, len, "+-----------"));
}

static bool is_hcl(const char *line, size_t len)
{
	static const char *const blocks[] = {"resource \"", "variable \"", "module \"",
					     "data \"",     "provider \"", "output \"",
					     "terraform {", "locals {"};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (begins(line, len, blocks[i]))
			return true;
	return false;
}

/* The first lines tell what is no JSON and no YAML but known all the same. */
static bool refuse_known(struct nacl_doc *doc, const struct nacl_source *source)
{
	size_t at = 0;
	struct node place = {.column = 1};

	for (uint32_t line = 1; line <= 200 && at < source->len; line++) {
		const char *text = source->text + at;
		size_t len = line_at(source->text, source->len, at);

		place.line = line;
		if (is_cli_text(text, len) || (line == 1 && is_cli_table(text, len))) {
			nacl_note(doc, NACL_ERROR, NACL_NO_ACL, &place,
				  "aws ec2 describe-network-acls --output json",
				  "this is the AWS CLI's %s output, whose columns cannot be told "
				  "apart reliably",
				  is_cli_text(text, len) ? "text" : "table");
			return true;
		}
		if (is_hcl(text, len)) {
			nacl_note(doc, NACL_ERROR, NACL_NO_ACL, &place,
				  "terraform plan -out=plan && terraform show -json plan",
				  "this is Terraform's language (HCL), which only Terraform can "
				  "evaluate");
			return true;
		}
		at += len + 1;
	}
	return false;
}

/* Every document in a row is of one format; the first that is known decides. */
static enum nacl_format detect(const struct document *document)
{
	for (const struct node *root = document->first; root; root = root->next)
		for (int f = NACL_AUTO + 1; f < NACL_FORMATS; f++)
			if (formats[f].knows(root))
				return (enum nacl_format)f;
	return NACL_AUTO;
}

static void read_document(struct importer *in)
{
	enum nacl_format format = in->source->format;

	if (format == NACL_AUTO)
		format = detect(in->document);
	if (format == NACL_AUTO) {
		nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, in->document->first,
			  "describe-network-acls output, a CloudFormation template, terraform show "
			  "-json, an Ansible play; or name it with --from",
			  "no format with network ACLs that is known here");
		return;
	}
	in->doc->format = formats[format].name;
	formats[format].read(in);
	nacl_finish(in->doc);
	if (in->doc->acl_count == 0)
		nacl_note(in->doc, NACL_ERROR, NACL_NO_ACL, in->document->first, NULL,
			  "no network ACL in it");
}

/* 0, -ENOMEM, or -EINVAL with a note. */
static int parse(struct nacl_doc *doc, const char *text, size_t len, struct document *document)
{
	struct document_error error;
	int status = document_parse(text, len, &doc->arena, document, &error);

	if (status == -EINVAL) {
		struct node at = {.line = error.line, .column = error.column};

		nacl_note(doc, NACL_ERROR, NACL_NO_ACL, &at, error.hint, "%s", error.message);
	}
	return status;
}

int nacl_import(const struct nacl_source *source, struct nacl_doc *doc)
{
	struct document document;
	struct importer in = {.source = source, .doc = doc, .document = &document};
	int status;

	*doc = (struct nacl_doc){.format = ""};
	doc->file = nacl_plain(&doc->arena, source->file);
	if (refuse_known(doc, source))
		return doc->arena.failed ? -ENOMEM : 0;
	status = parse(doc, source->text, source->len, &document);
	if (status == 0)
		read_document(&in);
	return status == -ENOMEM || doc->arena.failed ? -ENOMEM : 0;
}

int nacl_import_subnets(const char *file, const char *text, size_t len, struct nacl_doc *doc)
{
	struct nacl_source source = {.file = file};
	struct document document;
	struct importer in = {.source = &source, .doc = doc, .document = &document};
	const char *name = doc->file;
	int status;

	doc->file = nacl_plain(&doc->arena, file);
	status = parse(doc, text, len, &document);
	if (status == 0)
		describe_read_subnets(&in);
	doc->file = name;
	nacl_fill_in_subnets(doc);
	return status == -ENOMEM || doc->arena.failed ? -ENOMEM : 0;
}

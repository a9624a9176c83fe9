/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nacl_import, with a first byte that says which reader takes the rest. Claims: every entry is a
 * rule, a default rule, left out or refused; an error is a sentence with a place; what was not
 * refused becomes a configuration that the reader of configurations takes, with as many rules, and
 * nothing in it or in a note controls a terminal.
 */
#include "interop/export/export.h"
#include "interop/import.h"
#include "fuzz.h"

/* Text of strangers: no control characters, and UTF-8's own are escaped. */
static void claim_printable(const char *text)
{
	for (; *text; text++)
		CLAIM(*text == '\n' || *text == '\t' ||
		      ((unsigned char)*text >= ' ' && *text != 0x7f));
}

static bool is_refused(const struct nacl_doc *doc, size_t acl)
{
	for (size_t i = 0; i < doc->note_count; i++) {
		const struct nacl_note *note = &doc->notes[i];

		if (note->severity == NACL_ERROR && (note->acl == acl || note->acl == NACL_NO_ACL))
			return true;
	}
	return false;
}

static void claim_configuration(struct nacl_doc *doc, size_t acl)
{
	const struct nacl_ties ties = {.host = true};
	struct conf_report report = {0};
	struct policy *policy;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	CLAIM(to && nacl_write_conf(doc, &acl, 1, &ties, to) == 0);
	CLAIM(fclose(to) == 0);
	claim_printable(text);
	policy = conf_parse("imported.conf", text, &report);
	if (!policy)
		conf_report_print(&report, stderr);
	CLAIM(policy && policy->acl_count == 1);
	CLAIM(policy->acls[0].lists[INBOUND].count + policy->acls[0].lists[OUTBOUND].count ==
	      doc->acls[acl].entry_count);
	policy_free(policy);
	conf_report_fini(&report);
	free(text);
}

static void claim_acl(struct nacl_doc *doc, size_t index)
{
	const struct nacl_acl *acl = &doc->acls[index];

	if (is_refused(doc, index)) {
		CLAIM(acl->seen <= acl->entry_count + acl->defaults + acl->left_out + acl->refused);
		return;
	}
	CLAIM(acl->refused == 0);
	CLAIM(acl->seen == acl->entry_count + acl->defaults + acl->left_out);
	for (size_t i = 0; i < acl->entry_count; i++)
		CLAIM(!rule_invalid(&acl->entries[i].rule));
	claim_configuration(doc, index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct nacl_setting parameters[] = {{"Port", "443"}, {"port", "443"}};
	static const struct nacl_setting conditions[] = {{"On", "true"}, {"Off", "false"}};
	uint8_t *text = fuzz_exact(data + (size > 0), size - (size > 0));
	struct nacl_source source = {.file = "input",
				     .text = (const char *)text,
				     .len = size - (size > 0),
				     .format = size ? (enum nacl_format)(data[0] % NACL_FORMATS)
						    : NACL_AUTO,
				     .parameters = parameters,
				     .parameter_count = 2,
				     .conditions = conditions,
				     .condition_count = 2};
	struct nacl_doc doc;

	CLAIM(nacl_import(&source, &doc) == 0);
	CLAIM(doc.acl_count > 0 || doc.note_count > 0);
	for (size_t i = 0; i < doc.note_count; i++) {
		CLAIM(doc.notes[i].message[0]);
		CLAIM(doc.notes[i].acl == NACL_NO_ACL || doc.notes[i].acl < doc.acl_count);
		claim_printable(doc.notes[i].message);
	}
	for (size_t i = 0; i < doc.acl_count; i++)
		claim_acl(&doc, i);
	nacl_doc_fini(&doc);
	free(text);
	return 0;
}

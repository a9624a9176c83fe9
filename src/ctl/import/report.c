/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an import found, for people and as JSON. Every entry that is not in the configuration is in
 * here with its place and its reason, and the counts add up to what the input had.
 */
#include <jansson.h>
#include <string.h>

#include "ctl/import/import.h"

static const char *const severities[] = {
	[NACL_NOTE] = "note", [NACL_WARNING] = "warning", [NACL_ERROR] = "error"};

bool import_concerns(const struct import_result *result, const struct nacl_note *note)
{
	if (note->acl == NACL_NO_ACL)
		return true;
	for (size_t i = 0; i < result->chosen_count; i++)
		if (result->chosen[i] == note->acl)
			return true;
	return false;
}

static void print_note(const struct import_result *result, const struct nacl_note *note)
{
	fprintf(stderr, "%s:", result->doc.file);
	if (note->line)
		fprintf(stderr, "%u:%u:", note->line, note->column);
	fprintf(stderr, " %s: %s\n", severities[note->severity], note->message);
	if (note->hint)
		fprintf(stderr, "  hint: %s\n", note->hint);
}

static void print_part(size_t count, const char *one, const char *many)
{
	if (count)
		fprintf(stderr, ", %zu %s", count, count == 1 ? one : many);
}

/* "acl.json: acl-1 "web": 12 entries: 10 rules, 2 defaults (*)". */
static void print_counts(struct import_result *result, const struct nacl_acl *acl)
{
	struct arena *arena = &result->doc.arena;

	fprintf(stderr, "%s: ", result->doc.file);
	if (acl->id[0])
		fprintf(stderr, "%s", nacl_plain(arena, acl->id));
	if (acl->name[0] && strcmp(acl->name, acl->id) != 0)
		fprintf(stderr, "%s%s", acl->id[0] ? " " : "", nacl_quote(arena, acl->name));
	fprintf(stderr, "%s%zu %s: %zu rule%s", acl->id[0] || acl->name[0] ? ": " : "", acl->seen,
		acl->seen == 1 ? "entry" : "entries", acl->entry_count,
		acl->entry_count == 1 ? "" : "s");
	print_part(acl->defaults, "default (*)", "defaults (*)");
	print_part(acl->left_out, "left out", "left out");
	print_part(acl->refused, "refused", "refused");
	fputc('\n', stderr);
}

void import_report(const struct import_result *result)
{
	const struct nacl_doc *doc = &result->doc;

	for (size_t i = 0; i < doc->note_count; i++)
		if (import_concerns(result, &doc->notes[i]))
			print_note(result, &doc->notes[i]);
	for (size_t i = 0; i < result->chosen_count; i++)
		print_counts((struct import_result *)result, &doc->acls[result->chosen[i]]);
}

/* Text of strangers may be no UTF-8 only where it came from the command line. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_null();
}

static json_t *entry_json(const struct nacl_entry *entry)
{
	const struct rule *rule = &entry->rule;
	char protocol[PROTOCOL_STRLEN], ports[RULE_PORTS_STRLEN], prefix[PREFIX_STRLEN];
	json_t *json =
		json_pack("{s:s, s:i, s:s, s:s}", "direction", direction_name(entry->direction),
			  "rule", rule->number, "action", action_name(rule->action), "protocol",
			  protocol_print(rule->protocol, protocol));

	if (rule_has_icmp(rule)) {
		json_object_set_new(json, "type", json_integer(rule->icmp_type));
		json_object_set_new(json, "code", json_integer(rule->icmp_code));
	}
	if (rule_has_ports(rule))
		json_object_set_new(json, "ports", json_string(rule_ports_print(rule, ports)));
	json_object_set_new(json, entry->direction == INBOUND ? "source" : "destination",
			    json_string(prefix_print(&rule->prefix, prefix)));
	json_object_set_new(json, "line", json_integer(entry->line));
	json_object_set_new(json, "origin", text_json(entry->origin));
	return json;
}

static json_t *acl_json(const struct nacl_acl *acl, bool chosen)
{
	json_t *subnets = json_array(), *entries = json_array();
	char buf[PREFIX_STRLEN];

	for (size_t i = 0; i < acl->subnet_count; i++) {
		const struct nacl_subnet *s = &acl->subnets[i];

		json_array_append_new(subnets,
				      json_pack("{s:o, s:s?}", "id", text_json(s->id), "cidr",
						s->known ? prefix_print(&s->prefix, buf) : NULL));
	}
	for (size_t i = 0; i < acl->entry_count; i++)
		json_array_append_new(entries, entry_json(&acl->entries[i]));
	return json_pack("{s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "id",
			 text_json(acl->id), "name", text_json(acl->name), "vpc",
			 text_json(acl->vpc), "chosen", chosen, "line", (json_int_t)acl->line,
			 "entries", (json_int_t)acl->seen, "rules", (json_int_t)acl->entry_count,
			 "defaults", (json_int_t)acl->defaults, "left_out",
			 (json_int_t)acl->left_out, "refused", (json_int_t)acl->refused, "subnets",
			 subnets, "list", entries);
}

static json_t *note_json(const struct nacl_doc *doc, const struct nacl_note *note)
{
	const char *acl = note->acl == NACL_NO_ACL ? NULL : doc->acls[note->acl].id;

	return json_pack("{s:s, s:s?, s:I, s:I, s:o, s:s?}", "severity", severities[note->severity],
			 "acl", acl, "line", (json_int_t)note->line, "column",
			 (json_int_t)note->column, "message", text_json(note->message), "hint",
			 note->hint);
}

static bool is_chosen(const struct import_result *result, size_t acl)
{
	for (size_t i = 0; i < result->chosen_count; i++)
		if (result->chosen[i] == acl)
			return true;
	return false;
}

void import_print_json(const struct import_result *result)
{
	static const char *const outcomes[] = {"clean", "warnings", "refused"};
	const struct nacl_doc *doc = &result->doc;
	json_t *acls = json_array(), *notes = json_array(), *json;

	for (size_t i = 0; i < doc->acl_count; i++)
		json_array_append_new(acls, acl_json(&doc->acls[i], is_chosen(result, i)));
	for (size_t i = 0; i < doc->note_count; i++)
		json_array_append_new(notes, note_json(doc, &doc->notes[i]));
	json = json_pack("{s:o, s:s, s:s, s:I, s:o, s:o, s:s?}", "file", text_json(doc->file),
			 "format", doc->format, "outcome", outcomes[result->status], "to_fill_in",
			 (json_int_t)result->missing, "acls", acls, "notes", notes, "config",
			 result->text);
	if (!json || (json_dumpf(json, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout)))
		fputs("naclctl import: out of memory\n", stderr);
	putchar('\n');
	json_decref(json);
}

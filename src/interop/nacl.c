/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model of other people's network ACLs: adding, finding, sorting, and what there is to say
 * about them. Nothing is lost here: an entry is in `entries`, or counted as a default rule, as left
 * out or as refused, and then named in a note.
 */
#include "interop/nacl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nacl_doc_fini(struct nacl_doc *doc)
{
	arena_fini(&doc->arena);
}

struct nacl_acl *nacl_add_acl(struct nacl_doc *doc)
{
	struct nacl_acl *acls =
		arena_grow(&doc->arena, doc->acls, doc->acl_count, sizeof(*doc->acls));

	if (!acls)
		return NULL;
	doc->acls = acls;
	acls[doc->acl_count] = (struct nacl_acl){.id = "", .name = "", .vpc = ""};
	return &acls[doc->acl_count++];
}

struct nacl_entry *nacl_add_entry(struct nacl_doc *doc, size_t acl)
{
	struct nacl_acl *to = &doc->acls[acl];
	struct nacl_entry *entries =
		arena_grow(&doc->arena, to->entries, to->entry_count, sizeof(*to->entries));

	if (!entries)
		return NULL;
	to->entries = entries;
	entries[to->entry_count] = (struct nacl_entry){.origin = ""};
	return &entries[to->entry_count++];
}

void nacl_add_subnet(struct nacl_doc *doc, size_t acl, const char *id)
{
	struct nacl_acl *to = &doc->acls[acl];
	struct nacl_subnet *subnets =
		arena_grow(&doc->arena, to->subnets, to->subnet_count, sizeof(*to->subnets));

	if (!subnets)
		return;
	to->subnets = subnets;
	subnets[to->subnet_count++] = (struct nacl_subnet){.id = id};
}

void nacl_know_subnet(struct nacl_doc *doc, const char *id, const struct prefix *prefix)
{
	struct nacl_subnet *subnets =
		arena_grow(&doc->arena, doc->subnets, doc->subnet_count, sizeof(*doc->subnets));

	if (!subnets)
		return;
	doc->subnets = subnets;
	subnets[doc->subnet_count++] =
		(struct nacl_subnet){.id = id, .known = true, .prefix = *prefix};
}

void nacl_set_subnet(struct nacl_doc *doc, const char *id, const struct prefix *prefix)
{
	for (size_t a = 0; a < doc->acl_count; a++) {
		struct nacl_acl *acl = &doc->acls[a];

		for (size_t i = 0; i < acl->subnet_count; i++) {
			if (strcmp(acl->subnets[i].id, id) != 0)
				continue;
			acl->subnets[i].known = true;
			acl->subnets[i].prefix = *prefix;
		}
	}
}

/* One character of UTF-8, and how long it is; broken bytes are one each, and escaped. */
static uint32_t next_character(const unsigned char *text, size_t *len)
{
	size_t more = text[0] >= 0xf0 ? 3 : text[0] >= 0xe0 ? 2 : text[0] >= 0xc0 ? 1 : 0;
	uint32_t c = more ? text[0] & (0x3fu >> more) : text[0];

	*len = 1;
	for (size_t i = 1; i <= more; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return text[0];
		c = c << 6 | (text[i] & 0x3f);
	}
	*len = more + 1;
	return c;
}

/*
 * C0, DEL and C1; separators of lines; what turns or hides the writing (Unicode's bidi controls).
 */
static bool is_unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* The text with what is unprintable escaped, and between quotes where they are wanted. */
static const char *escape(struct arena *arena, const char *text, bool quotes)
{
	const unsigned char *at = (const unsigned char *)text;
	char *out = arena_alloc(arena, strlen(text) * 6 + 3), *to = out;

	if (!out)
		return "";
	if (quotes)
		*to++ = '"';
	while (*at) {
		size_t len;
		uint32_t c = next_character(at, &len);

		if (is_unprintable(c) || (len == 1 && c >= 0x80)) {
			to += sprintf(to, "\\u%04x", c);
		} else {
			if (quotes && (c == '"' || c == '\\'))
				*to++ = '\\';
			memcpy(to, at, len);
			to += len;
		}
		at += len;
	}
	if (quotes)
		*to++ = '"';
	return out;
}

const char *nacl_quote(struct arena *arena, const char *text)
{
	return escape(arena, text, true);
}

void nacl_note(struct nacl_doc *doc, enum nacl_severity severity, size_t acl, const struct node *at,
	       const char *hint, const char *format, ...)
{
	struct nacl_note *notes =
		arena_grow(&doc->arena, doc->notes, doc->note_count, sizeof(*doc->notes));
	va_list args;

	if (!notes)
		return;
	va_start(args, format);
	doc->notes = notes;
	notes[doc->note_count++] = (struct nacl_note){
		.severity = severity,
		.acl = acl,
		.line = at ? at->line : 0,
		.column = at ? at->column : 0,
		.message = escape(&doc->arena, arena_vprintf(&doc->arena, format, args), false),
		.hint = hint};
	va_end(args);
}

static int compare_entries(const void *a, const void *b)
{
	const struct nacl_entry *x = a, *y = b;

	if (x->direction != y->direction)
		return x->direction - y->direction;
	return (int)x->rule.number - (int)y->rule.number;
}

static int compare_subnets(const void *a, const void *b)
{
	const struct nacl_subnet *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static bool same_entry(const struct nacl_entry *a, const struct nacl_entry *b)
{
	return compare_entries(a, b) == 0 && rule_same(&a->rule, &b->rule);
}

/* What was told twice, as the ACL's own and as a resource of its own, is one. */
static void merge_twins(struct nacl_acl *acl)
{
	size_t kept = 0;

	for (size_t i = 0; i < acl->entry_count; i++) {
		if (kept > 0 && same_entry(&acl->entries[kept - 1], &acl->entries[i]))
			acl->seen--;
		else
			acl->entries[kept++] = acl->entries[i];
	}
	acl->entry_count = kept;
}

/* A number twice in a list, whatever the family, is what AWS refuses. */
static void refuse_twins(struct nacl_doc *doc, size_t index)
{
	struct nacl_acl *acl = &doc->acls[index];

	if (acl->may_repeat)
		merge_twins(acl);
	for (size_t i = 1; i < acl->entry_count; i++) {
		const struct nacl_entry *a = &acl->entries[i - 1], *b = &acl->entries[i];
		struct node at = {.line = b->line, .column = b->column};

		if (compare_entries(a, b) != 0)
			continue;
		acl->refused++;
		nacl_note(doc, NACL_ERROR, index, &at,
			  "a number stands once in a list, IPv4 and IPv6 together",
			  "rule %u stands twice in the %s list: also at line %u", b->rule.number,
			  direction_name(b->direction), a->line);
	}
}

void nacl_fill_in_subnets(struct nacl_doc *doc)
{
	if (doc->subnet_count)
		qsort(doc->subnets, doc->subnet_count, sizeof(*doc->subnets), compare_subnets);
	for (size_t i = 0; i < doc->acl_count; i++) {
		struct nacl_acl *acl = &doc->acls[i];

		for (size_t s = 0; s < acl->subnet_count && doc->subnet_count; s++) {
			const struct nacl_subnet *known =
				bsearch(&acl->subnets[s], doc->subnets, doc->subnet_count,
					sizeof(*doc->subnets), compare_subnets);

			if (known)
				acl->subnets[s] = *known;
		}
	}
}

void nacl_finish(struct nacl_doc *doc)
{
	nacl_fill_in_subnets(doc);
	for (size_t i = 0; i < doc->acl_count; i++) {
		struct nacl_acl *acl = &doc->acls[i];

		if (acl->entry_count)
			qsort(acl->entries, acl->entry_count, sizeof(*acl->entries),
			      compare_entries);
		refuse_twins(doc, i);
	}
}

size_t nacl_find(const struct nacl_doc *doc, const char *id_or_name, bool *many)
{
	size_t found = doc->acl_count;

	if (many)
		*many = false;
	for (size_t i = 0; i < doc->acl_count; i++)
		if (strcmp(doc->acls[i].id, id_or_name) == 0)
			return i;
	for (size_t i = 0; i < doc->acl_count; i++) {
		if (strcmp(doc->acls[i].name, id_or_name) != 0)
			continue;
		if (found < doc->acl_count && many)
			*many = true;
		if (found == doc->acl_count)
			found = i;
	}
	return found;
}

const char *nacl_plain(struct arena *arena, const char *text)
{
	size_t len = 0;

	for (; text[len]; len++)
		if (text[len] <= ' ' || text[len] > '~' || strchr("\"\\", text[len]))
			return nacl_quote(arena, text);
	return len > 0 && len <= 255 ? text : nacl_quote(arena, text);
}

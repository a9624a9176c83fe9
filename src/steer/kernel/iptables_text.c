/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own part of an iptables ruleset: found in what iptables-save prints, put into normal form,
 * and turned from one form into another. Text in, text out, so that a dump from a bug report is a
 * test.
 *
 * Ours is: a chain whose name begins with NACLD-, every rule in it, and every rule of any chain
 * that jumps to it. Everything else is foreign and never repeated, so it can never be changed. One
 * table is one transaction of iptables-restore; "--noflush" and ":CHAIN" empty a chain of ours and
 * leave the kernel's own chains where they are. That matters: deleting a base chain would drop
 * every packet that waits in any queue.
 */
#include "steer/kernel/iptables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PREFIX "NACLD-"
#define NAME_LEN   32 /* of a table or chain; iptables allows 29 */

enum line_kind {
	LINE_CHAIN, /* ":NACLD-IN - [0:0]" */
	LINE_RULE,  /* "-A NACLD-IN ..." */
	LINE_JUMP,  /* "-I INPUT 1 -j NACLD-IN", or "-A ..." where it is not the first */
};

struct line {
	char table[NAME_LEN];
	char chain[NAME_LEN];
	enum line_kind kind;
	size_t seq; /* position in the text: rules keep their order */
	bool first; /* of its chain (a jump) */
	char *text; /* after "-A CHAIN" or ":CHAIN" */
};

struct lines {
	struct line *items;
	size_t count;
};

static void lines_fini(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i].text);
	free(lines->items);
}

static bool lines_add(struct lines *lines, const struct line *line, const char *text, size_t len)
{
	struct line *items = reallocarray(lines->items, lines->count + 1, sizeof(*items));
	struct line *item;

	if (!items)
		return false;
	lines->items = items;
	item = &items[lines->count];
	*item = *line;
	item->seq = lines->count;
	item->text = strndup(text, len);
	if (!item->text)
		return false;
	lines->count++;
	return true;
}

static bool is_own(const char *chain)
{
	return strncmp(chain, OWN_PREFIX, strlen(OWN_PREFIX)) == 0;
}

/*
 * Copies the word at `text` and returns what follows it, blanks skipped. Too long: an empty word.
 */
static const char *take_word(const char *text, const char *end, char word[static NAME_LEN])
{
	size_t len = 0;

	while (text + len < end && text[len] != ' ')
		len++;
	if (len < NAME_LEN)
		memcpy(word, text, len);
	word[len < NAME_LEN ? len : 0] = '\0';
	text += len;
	while (text < end && *text == ' ')
		text++;
	return text;
}

/*
 * Does a rule jump (-j, -g) to one of our chains? What is in quotes is somebody's comment.
 */
static bool jumps_to_own(const char *text, const char *end)
{
	bool quoted = false;

	for (const char *at = text; at + 3 < end; at++) {
		if (*at == '\\')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		if (quoted || (at > text && at[-1] != ' '))
			continue;
		if (at[0] == '-' && (at[1] == 'j' || at[1] == 'g') && at[2] == ' ' &&
		    (size_t)(end - at - 3) >= strlen(OWN_PREFIX) && is_own(at + 3))
			return true;
	}
	return false;
}

/* Where the reader is: in which table, and whose rules it just passed. */
struct reader {
	bool saved; /* by iptables-save, so the first rule of a chain is known by its place */
	char table[NAME_LEN];
	char chain[NAME_LEN]; /* of the last rule: the next one of the same chain is not first */
};

static bool read_rule(struct reader *at, const char *text, const char *end, struct lines *out)
{
	struct line line = {.kind = LINE_RULE};
	bool inserted = text[1] == 'I';

	text = take_word(text + 3, end, line.chain);
	memcpy(line.table, at->table, sizeof(line.table));
	line.first = at->saved && strcmp(at->chain, line.chain) != 0;
	memcpy(at->chain, line.chain, sizeof(at->chain));
	if (inserted && end - text > 2 && strncmp(text, "1 ", 2) == 0) {
		text += 2;
		line.first = true;
	}
	if (is_own(line.chain))
		return lines_add(out, &line, text, (size_t)(end - text));
	if (!jumps_to_own(text, end))
		return true;
	line.kind = LINE_JUMP;
	return lines_add(out, &line, text, (size_t)(end - text));
}

static bool read_line(struct reader *at, const char *text, const char *end, struct lines *out)
{
	struct line line = {.kind = LINE_CHAIN};

	if (*text == '*') {
		take_word(text + 1, end, at->table);
		at->chain[0] = '\0';
	} else if (*text == ':') {
		take_word(text + 1, end, line.chain);
		memcpy(line.table, at->table, sizeof(line.table));
		if (is_own(line.chain))
			return lines_add(out, &line, "", 0);
	} else if (end - text > 3 &&
		   (strncmp(text, "-A ", 3) == 0 || strncmp(text, "-I ", 3) == 0)) {
		return read_rule(at, text, end, out);
	}
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->table, y->table);

	if (order == 0)
		order = (x->kind > y->kind) - (x->kind < y->kind);
	if (order == 0)
		order = strcmp(x->chain, y->chain);
	return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/* Our lines of a text, in normal order. `saved`: by iptables-save; else it is in normal form. */
static bool lines_read(const char *text, bool saved, struct lines *out)
{
	struct reader at = {.saved = saved};

	*out = (struct lines){0};
	while (*text) {
		const char *end = strchrnul(text, '\n');

		if (!read_line(&at, text, end, out)) {
			lines_fini(out);
			return false;
		}
		text = *end ? end + 1 : end;
	}
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_lines);
	return true;
}

static void print_line(const struct line *line, FILE *to)
{
	if (line->kind == LINE_CHAIN)
		fprintf(to, ":%s - [0:0]\n", line->chain);
	else if (line->kind == LINE_JUMP && line->first)
		fprintf(to, "-I %s 1 %s\n", line->chain, line->text);
	else
		fprintf(to, "-A %s %s\n", line->chain, line->text);
}

static size_t table_end(const struct lines *lines, size_t i)
{
	const char *table = lines->items[i].table;

	while (i < lines->count && strcmp(lines->items[i].table, table) == 0)
		i++;
	return i;
}

char *iptables_own(const char *saved)
{
	struct lines lines;
	char *text = NULL;
	size_t size;
	FILE *to;

	if (!lines_read(saved, true, &lines))
		return NULL;
	to = open_memstream(&text, &size);
	for (size_t i = 0; to && i < lines.count;) {
		size_t end = table_end(&lines, i);

		fprintf(to, "*%s\n", lines.items[i].table);
		for (; i < end; i++)
			print_line(&lines.items[i], to);
		fputs("COMMIT\n", to);
	}
	lines_fini(&lines);
	if (!to)
		return NULL;
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The part of `lines` that lies in one table. */
static struct lines slice(const struct lines *lines, const char *table)
{
	size_t i = 0;

	while (i < lines->count && strcmp(lines->items[i].table, table) != 0)
		i++;
	if (i == lines->count)
		return (struct lines){0};
	return (struct lines){.items = lines->items + i, .count = table_end(lines, i) - i};
}

static bool lines_equal(const struct lines *a, const struct lines *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct line *x = &a->items[i], *y = &b->items[i];

		if (x->kind != y->kind || strcmp(x->chain, y->chain) != 0 ||
		    strcmp(x->text, y->text) != 0 || (x->kind == LINE_JUMP && x->first != y->first))
			return false;
	}
	return true;
}

static bool declares(const struct lines *lines, const char *chain)
{
	for (size_t i = 0; i < lines->count; i++)
		if (lines->items[i].kind == LINE_CHAIN && strcmp(lines->items[i].chain, chain) == 0)
			return true;
	return false;
}

/*
 * One table, one transaction. Old jumps go first, else their chains could not; every chain of ours
 * is emptied by naming it; those no longer wanted are then deleted.
 */
static void print_transition(const char *table, const struct lines *from, const struct lines *to,
			     FILE *out)
{
	fprintf(out, "*%s\n", table);
	for (size_t i = 0; i < from->count; i++)
		if (from->items[i].kind == LINE_CHAIN && !declares(to, from->items[i].chain))
			fprintf(out, ":%s - [0:0]\n", from->items[i].chain);
	for (size_t i = 0; i < to->count; i++)
		if (to->items[i].kind == LINE_CHAIN)
			print_line(&to->items[i], out);
	for (size_t i = 0; i < from->count; i++)
		if (from->items[i].kind == LINE_JUMP)
			fprintf(out, "-D %s %s\n", from->items[i].chain, from->items[i].text);
	for (size_t i = 0; i < from->count; i++)
		if (from->items[i].kind == LINE_CHAIN && !declares(to, from->items[i].chain))
			fprintf(out, "-X %s\n", from->items[i].chain);
	for (size_t i = 0; i < to->count; i++)
		if (to->items[i].kind != LINE_CHAIN)
			print_line(&to->items[i], out);
	fputs("COMMIT\n", out);
}

/* Every table that either side has ours in, each once. */
static void print_transitions(const struct lines *from, const struct lines *to, FILE *out)
{
	const struct lines *sides[] = {from, to};

	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < sides[side]->count; i = table_end(sides[side], i)) {
			const char *table = sides[side]->items[i].table;
			struct lines a = slice(from, table), b = slice(to, table);

			if ((side == 1 && a.count > 0) || lines_equal(&a, &b))
				continue;
			print_transition(table, &a, &b, out);
		}
	}
}

bool iptables_drop_filter(char *text)
{
	bool dropped = false;

	while (*text) {
		char *end = strchrnul(text, '\n'), *next = *end ? end + 1 : end;
		char *pinned = strstr(text, " --object-pinned ");

		if (!pinned || pinned > end) {
			text = next;
			continue;
		}
		memmove(text, next, strlen(next) + 1);
		dropped = true;
	}
	return dropped;
}

bool iptables_has_chain(const char *text, const char *table, const char *chain)
{
	struct reader at = {0};
	char name[NAME_LEN];

	for (; *text; text += *text ? 1 : 0) {
		const char *end = strchrnul(text, '\n');

		if (*text == '*')
			take_word(text + 1, end, at.table);
		if (*text == ':') {
			take_word(text + 1, end, name);
			if (strcmp(at.table, table) == 0 && strcmp(name, chain) == 0)
				return true;
		}
		text = end;
	}
	return false;
}

char *iptables_transition(const char *current, const char *target)
{
	struct lines from, to;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!lines_read(current, false, &from))
		return NULL;
	if (!lines_read(target, false, &to)) {
		lines_fini(&from);
		return NULL;
	}
	out = open_memstream(&text, &size);
	if (out) {
		print_transitions(&from, &to, out);
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	lines_fini(&from);
	lines_fini(&to);
	return text;
}

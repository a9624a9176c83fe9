/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is loaded beside what should be, line by line: both sides are in a backend's normal form,
 * where a rule is a line. They are compared as multisets: a rule that stands there twice is one too
 * many. Order is not looked at; two sides with the same lines in another order are unequal all the
 * same, and the words say that.
 */
#include "steer/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of a text; `paired`: the other side has one for it. */
struct line {
	const char *text;
	size_t len, seq;
	bool paired, again;
};

static int compare_text(const struct line *a, const struct line *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->text, b->text, len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int by_text(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = compare_text(x, y);

	return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static int by_place(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* The lines of a text, sorted by what they say; blank ones are none. NULL: no memory. */
static struct line *lines_of(const char *text, size_t *count)
{
	struct line *lines = malloc((strlen(text) / 2 + 1) * sizeof(*lines));

	*count = 0;
	while (lines && *text) {
		size_t len = strcspn(text, "\n");

		if (len > strspn(text, "\t"))
			lines[(*count)++] = (struct line){.text = text, .len = len, .seq = *count};
		text += len;
		text += *text ? 1 : 0;
	}
	if (lines)
		qsort(lines, *count, sizeof(*lines), by_text);
	return lines;
}

/* Pairs equal lines off, one with one; of those left over, tells whether the other side has any. */
static void pair_off(struct line *a, size_t a_count, struct line *b, size_t b_count)
{
	const struct line *last = NULL; /* that was paired */
	size_t i = 0, j = 0;

	while (i < a_count || j < b_count) {
		int order = i == a_count ? 1 : j == b_count ? -1 : compare_text(&a[i], &b[j]);

		if (order == 0) {
			last = &a[i];
			a[i++].paired = b[j++].paired = true;
		} else {
			struct line *line = order < 0 ? &a[i++] : &b[j++];

			line->again = last && compare_text(last, line) == 0;
		}
	}
}

static int tell_odd(struct line *lines, size_t count, bool missing,
		    void (*each)(const struct steer_odd_line *line, void *context), void *context)
{
	int odd = 0;

	qsort(lines, count, sizeof(*lines), by_place);
	for (size_t i = 0; i < count; i++) {
		size_t blanks = strspn(lines[i].text, "\t");
		struct steer_odd_line line = {missing, lines[i].again, lines[i].text + blanks,
					      lines[i].len - blanks};

		if (lines[i].paired)
			continue;
		each(&line, context);
		odd++;
	}
	return odd;
}

static int compare(const char *is, const char *should,
		   void (*each)(const struct steer_odd_line *line, void *context), void *context)
{
	size_t is_count, should_count;
	struct line *a = lines_of(is, &is_count), *b = lines_of(should, &should_count);
	int odd = 0;

	if (a && b) {
		pair_off(a, is_count, b, should_count);
		odd = tell_odd(b, should_count, true, each, context);
		odd += tell_odd(a, is_count, false, each, context);
	}
	free(a);
	free(b);
	return odd;
}

int steer_diff(const struct steer_rules *have, const struct steer_rules *want,
	       void (*each)(const struct steer_odd_line *line, void *context), void *context)
{
	int odd = 0;

	for (int i = 0; i < 2; i++)
		odd += compare(have->text[i] ? have->text[i] : "",
			       want->text[i] ? want->text[i] : "", each, context);
	return odd;
}

static bool same_texts(const struct steer_rules *a, const struct steer_rules *b)
{
	for (int i = 0; i < 2; i++)
		if (strcmp(a->text[i] ? a->text[i] : "", b->text[i] ? b->text[i] : "") != 0)
			return false;
	return true;
}

const char *steer_diff_same_lines(const struct steer_rules *have, const struct steer_rules *want)
{
	return same_texts(have, want) ? "one of them was replaced by another that looks the same"
				      : "the same lines, but in another order";
}

const char *steer_diff_again(const struct steer_odd_line *line)
{
	if (!line->again)
		return "";
	return line->missing ? " (once more)" : " (it stands there more than once)";
}

/* Of each kind: how many, and the first. */
struct summary {
	int count[2];
	struct steer_odd_line first[2];
};

static void note_line(const struct steer_odd_line *line, void *context)
{
	struct summary *summary = context;

	if (summary->count[line->missing]++ == 0)
		summary->first[line->missing] = *line;
}

static size_t add_words(const struct summary *summary, bool missing, size_t used,
			char buf[static STEER_DIFF_LEN])
{
	const struct steer_odd_line *first = &summary->first[missing];
	int count = summary->count[missing];
	int len;

	if (count == 0)
		return used;
	len = snprintf(buf + used, STEER_DIFF_LEN - used, "%s%d line%s %s%s: %.*s%s",
		       used ? "; " : "", count, count == 1 ? "" : "s",
		       missing ? "missing" : "unexpected", count == 1 ? "" : ", the first",
		       (int)(first->len < 160 ? first->len : 160), first->text,
		       steer_diff_again(first));
	return used + (size_t)len;
}

const char *steer_diff_words(const struct steer_rules *have, const struct steer_rules *want,
			     char buf[static STEER_DIFF_LEN])
{
	struct summary summary = {0};
	size_t used;

	buf[0] = '\0';
	if (steer_rules_equal(have, want))
		return buf;
	if (steer_diff(have, want, note_line, &summary) == 0) {
		snprintf(buf, STEER_DIFF_LEN, "%s", steer_diff_same_lines(have, want));
		return buf;
	}
	used = add_words(&summary, true, 0, buf);
	add_words(&summary, false, used, buf);
	return buf;
}

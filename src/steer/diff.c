/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is loaded beside what should be, line by line: both sides are in a backend's normal form,
 * where a rule is a line. Order is not looked at; two sides with the same lines in another order
 * are unequal all the same, and the words say that.
 */
#include "steer/diff.h"

#include <stdio.h>
#include <string.h>

static bool has_line(const char *text, const char *line, size_t len)
{
	while (*text) {
		size_t here = strcspn(text, "\n");

		if (here == len && strncmp(text, line, len) == 0)
			return true;
		text += here;
		text += *text ? 1 : 0;
	}
	return false;
}

static int only_in(const char *text, const char *other, bool missing,
		   void (*each)(const struct steer_odd_line *line, void *context), void *context)
{
	int count = 0;

	while (*text) {
		size_t len = strcspn(text, "\n"), blanks = strspn(text, "\t");

		if (len > blanks && !has_line(other, text, len)) {
			struct steer_odd_line line = {missing, text + blanks, len - blanks};

			each(&line, context);
			count++;
		}
		text += len;
		text += *text ? 1 : 0;
	}
	return count;
}

int steer_diff(const struct steer_rules *have, const struct steer_rules *want,
	       void (*each)(const struct steer_odd_line *line, void *context), void *context)
{
	int count = 0;

	for (int i = 0; i < 2; i++) {
		const char *is = have->text[i] ? have->text[i] : "";
		const char *should = want->text[i] ? want->text[i] : "";

		count += only_in(should, is, true, each, context);
		count += only_in(is, should, false, each, context);
	}
	return count;
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
	len = snprintf(buf + used, STEER_DIFF_LEN - used, "%s%d line%s %s%s: %.*s",
		       used ? "; " : "", count, count == 1 ? "" : "s",
		       missing ? "missing" : "unexpected", count == 1 ? "" : ", the first",
		       (int)(first->len < 160 ? first->len : 160), first->text);
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
		snprintf(buf, STEER_DIFF_LEN, "the same lines, but in another order");
		return buf;
	}
	used = add_words(&summary, true, 0, buf);
	add_words(&summary, false, used, buf);
	return buf;
}

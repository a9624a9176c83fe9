/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Characters that word processors, web pages and chat programs put in place of those one typed.
 *
 * Whoever looks at the line sees nothing wrong with it, so the message has to name the character.
 * Names and code points are Unicode's; a byte order mark may begin a file (Unicode, "Byte Order
 * Mark FAQ": UTF-8 allows it) and is passed over there.
 */
#include "conf/strange.h"

#include <string.h>

#define BLANK "write a plain space, or nothing"
#define QUOTE "text stands in straight quotes: \"...\""
#define DASH  "write a plain \"-\""

static const struct conf_strange table[] = {
	{"\u00a0", "a no-break space (U+00A0)", BLANK, STRANGE_BLANK},
	{"\u00ad", "a soft hyphen (U+00AD)", "remove it", STRANGE_BLANK},
	{"\u2002", "an en space (U+2002)", BLANK, STRANGE_BLANK},
	{"\u2003", "an em space (U+2003)", BLANK, STRANGE_BLANK},
	{"\u2007", "a figure space (U+2007)", BLANK, STRANGE_BLANK},
	{"\u2009", "a thin space (U+2009)", BLANK, STRANGE_BLANK},
	{"\u200b", "a zero width space (U+200B)", "remove it", STRANGE_BLANK},
	{"\u200c", "a zero width non-joiner (U+200C)", "remove it", STRANGE_BLANK},
	{"\u200d", "a zero width joiner (U+200D)", "remove it", STRANGE_BLANK},
	{"\u200e", "a left-to-right mark (U+200E)", "remove it", STRANGE_BLANK},
	{"\u200f", "a right-to-left mark (U+200F)", "remove it", STRANGE_BLANK},
	{"\u2028", "a line separator (U+2028)", "write a line end", STRANGE_BLANK},
	{"\u202f", "a narrow no-break space (U+202F)", BLANK, STRANGE_BLANK},
	{"\u2060", "a word joiner (U+2060)", "remove it", STRANGE_BLANK},
	{"\u3000", "an ideographic space (U+3000)", BLANK, STRANGE_BLANK},
	{"\ufeff", "a byte order mark (U+FEFF)",
	 "it may stand at the start of a file only: remove it", STRANGE_BLANK},
	{"\u00ab", "an angle quote (U+00AB)", QUOTE, STRANGE_QUOTE},
	{"\u00bb", "an angle quote (U+00BB)", QUOTE, STRANGE_QUOTE},
	{"\u2018", "a curly quote (U+2018)", QUOTE, STRANGE_QUOTE},
	{"\u2019", "a curly quote (U+2019)", QUOTE, STRANGE_QUOTE},
	{"\u201a", "a low quote (U+201A)", QUOTE, STRANGE_QUOTE},
	{"\u201c", "a curly quote (U+201C)", QUOTE, STRANGE_QUOTE},
	{"\u201d", "a curly quote (U+201D)", QUOTE, STRANGE_QUOTE},
	{"\u201e", "a low quote (U+201E)", QUOTE, STRANGE_QUOTE},
	{"\u2033", "a double prime (U+2033)", QUOTE, STRANGE_QUOTE},
	{"\uff02", "a fullwidth quote (U+FF02)", QUOTE, STRANGE_QUOTE},
	{"\u2010", "a typographic hyphen (U+2010)", DASH, STRANGE_DASH},
	{"\u2011", "a non-breaking hyphen (U+2011)", DASH, STRANGE_DASH},
	{"\u2012", "a figure dash (U+2012)", DASH, STRANGE_DASH},
	{"\u2013", "an en dash (U+2013)", DASH, STRANGE_DASH},
	{"\u2014", "an em dash (U+2014)", DASH, STRANGE_DASH},
	{"\u2212", "a minus sign (U+2212)", DASH, STRANGE_DASH},
};

const struct conf_strange *conf_strange_at(const char *text, size_t len)
{
	if (len < 2 || !(*text & 0x80))
		return NULL;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].utf8);

		if (n <= len && memcmp(text, table[i].utf8, n) == 0)
			return &table[i];
	}
	return NULL;
}

const struct conf_strange *conf_strange_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct conf_strange *strange = conf_strange_at(text + i, len - i);

		if (strange && strange->kind == STRANGE_BLANK)
			return strange;
	}
	return NULL;
}

size_t conf_mark_len(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\ufeff", 3) == 0 ? 3 : 0;
}

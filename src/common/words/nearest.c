/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Did you mean": the nearest of some words, for keys of the configuration, commands and options.
 *
 * The distance is optimal string alignment: typing mistakes are a letter too many, one missing, a
 * wrong one, or two neighbours swapped. Longer words than any of ours are near to nothing, so that
 * hostile input costs nothing.
 */
#include "common/words/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX 32 /* longer words are not compared */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * How many letters to add, drop, change or swap with their neighbour (optimal string alignment),
 * case ignored; WORD_MAX when either word is too long.
 */
static size_t distance(const char *a, const char *b)
{
	size_t rows[WORD_MAX + 1][WORD_MAX + 1], len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		rows[i][0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			bool same = same_letter(a[i - 1], b[j - 1]);
			size_t best = rows[i - 1][j - 1] + !same;

			best = least(best, least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]))
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[len_a][len_b];
}

const char *nearest_word(const char *word, const char *const words[], size_t count)
{
	size_t best = WORD_MAX, limit = strlen(word) < 5 ? 1 : 2;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, words[i]);

		if (d <= limit && d < best && d < strlen(words[i])) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

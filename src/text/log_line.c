/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the daemon's log, for whoever pastes one to ask why.
 *
 * The packet in it is packet_print's text, which is a packet line but for the arrow. The arrow is
 * also what finds it: protocol and source stand before it, and before them in, out or forward,
 * with an interface or without. What follows in parentheses is the daemon's answer, not the packet.
 */
#include "text/log_line.h"

#include <string.h>

#define WORDS_BEFORE_ARROW 3

size_t log_line_words(char *text, char *words[], size_t max)
{
	char *last[WORDS_BEFORE_ARROW] = {0}, *save;
	size_t count = 0;

	for (char *word = strtok_r(text, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (count == 0 && strcmp(word, "->") == 0) {
			if (!last[0] || max < WORDS_BEFORE_ARROW)
				return 0;
			memcpy(words, last, sizeof(last));
			count = WORDS_BEFORE_ARROW;
		} else if (count == 0) {
			memmove(last, last + 1, sizeof(last) - sizeof(last[0]));
			last[WORDS_BEFORE_ARROW - 1] = word;
		} else if (word[0] == '(' || count == max) {
			break;
		} else {
			words[count++] = word;
		}
	}
	return count > WORDS_BEFORE_ARROW ? count : 0;
}

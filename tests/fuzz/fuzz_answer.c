/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's answer as root's naclctl takes it: anything, for a daemon may have been taken over.
 *
 * Claims: what passes the check is printed without a control character, but for the ends of lines;
 * its queues are ports of 16 bits and few; a clean answer is clean when it is checked again.
 */
#include <jansson.h>

#include "ctl/show/show.h"
#include "ctl/state/answer.h"
#include "fuzz.h"

/* C0 without the line's end, DEL, C1, and what turns the direction of writing. */
static bool is_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return false;
		if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
			return false;
		if (c == 0xe2 && i + 2 < len && memcmp(text + i, "\xe2\x80\xae", 3) == 0)
			return false;
	}
	return true;
}

static void claim_shown(const json_t *status)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	CLAIM(to);
	show_status(status, 1700000000, to);
	fclose(to);
	CLAIM(len > 0 && is_clean(text, len));
	free(text);
}

static void claim_bounds(const json_t *status)
{
	json_t *queues = json_object_get(status, "queues"), *queue;
	size_t i;

	CLAIM(json_array_size(queues) <= 1024);
	json_array_foreach(queues, i, queue)
	{
		json_t *number = json_object_get(queue, "queue");

		CLAIM(!number ||
		      (json_integer_value(number) >= 0 && json_integer_value(number) <= 65535));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char place[ANSWER_PLACE_LEN];
	json_t *answer = json_loadb((const char *)data, size, JSON_DISABLE_EOF_CHECK, NULL), *copy;

	if (json_is_object(answer) && answer_check(answer, place)) {
		const json_t *status = json_object_get(answer, "status");

		if (status) {
			claim_bounds(status);
			claim_shown(status);
		}
		copy = json_deep_copy(answer);
		CLAIM(answer_check(answer, place) && json_equal(answer, copy));
		json_decref(copy);
	}
	json_decref(answer);
	return 0;
}

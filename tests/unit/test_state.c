/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of packets: every combination of who reads the queue and what the rules say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/state/state.h"

/* By reader: with on_failure "drop", with "accept"; the same in monitor mode but for the daemon's own. */
static const struct {
	enum state_reader reader;
	enum state_fate drop, accept;
	const char *text;
} rows[] = {
	{STATE_UNKNOWN, STATE_FATE_UNKNOWN, STATE_FATE_UNKNOWN, "are unknown"},
	{STATE_NOBODY, STATE_DROPPED, STATE_PASSES, NULL},
	{STATE_ANSWERS, STATE_FILTERED, STATE_FILTERED, "are filtered"},
	{STATE_SILENT, STATE_WAITS, STATE_WAITS, "wait in queue 7 (5 now)"},
	{STATE_STOPPED, STATE_WAITS, STATE_WAITS, "wait in queue 7 (5 now)"},
	{STATE_KEPT, STATE_WAITS, STATE_WAITS, "wait in queue 7 (5 now)"},
	{STATE_STRANGER, STATE_DECIDED, STATE_DECIDED, "are decided by suricata (pid 12)"},
};

static void every_combination(void **unused)
{
	char text[STATE_TEXT_LEN];

	(void)unused;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), STATE_READERS);
	for (size_t i = 0; i < STATE_READERS; i++) {
		for (int bits = 0; bits < 8; bits++) {
			struct state state = {.steered = bits & 1,
					      .bypass = bits & 2,
					      .monitor = bits & 4,
					      .reader = rows[i].reader,
					      .queue = 7,
					      .waiting = 5,
					      .holder = {.pid = 12, .name = "suricata"}};
			enum state_fate fate = state.bypass ? rows[i].accept : rows[i].drop;

			if (fate == STATE_FILTERED && state.monitor)
				fate = STATE_MONITORED;
			if (!state.steered)
				fate = STATE_UNSTEERED;
			assert_int_equal(state_fate(&state), fate);
			state_fate_text(&state, text);
			if (fate == STATE_UNSTEERED)
				assert_non_null(strstr(text, "passes unfiltered"));
			else if (rows[i].text && fate != STATE_MONITORED)
				assert_ptr_equal(strstr(text, rows[i].text), text);
		}
	}
}

/* "All dropped" is said of a queue that nobody has, and of no other. */
static void dropped_means_nobody(void **unused)
{
	(void)unused;
	for (int reader = 0; reader < STATE_READERS; reader++)
		for (int bypass = 0; bypass < 2; bypass++) {
			struct state state = {.steered = true,
					      .bypass = bypass,
					      .reader = (enum state_reader)reader};
			char text[STATE_TEXT_LEN];

			state_fate_text(&state, text);
			assert_int_equal(strstr(text, "all dropped") != NULL,
					 reader == STATE_NOBODY && !bypass);
		}
}

static void names_are_told_apart(void **unused)
{
	(void)unused;
	for (int a = 0; a < STATE_READERS; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(state_reader_name((enum state_reader)a),
						state_reader_name((enum state_reader)b));
	for (int a = 0; a < STATE_FATES; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(state_fate_name((enum state_fate)a),
						state_fate_name((enum state_fate)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(dropped_means_nobody),
		cmocka_unit_test(names_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

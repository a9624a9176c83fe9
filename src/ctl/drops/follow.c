/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dropped packets as they come. The daemon keeps the last ones; asking for those behind the last
 * answer costs it nothing while there are none. What was too fast to be told is said where it is
 * missing: the flows of `naclctl drops` have it all the same.
 *
 * The policy is asked again when the answers' ACLs may mean another one: each time that a packet
 * comes after a pause.
 */
#include "ctl/drops/follow.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "common/protocol.h"
#include "ctl/client.h"
#include "ctl/drops/text.h"
#include "ctl/source.h"

static const struct timespec pause_time = {.tv_nsec = 200000000};

struct follower {
	const char *socket_path;
	const struct selection *selection;
	struct policy *policy; /* NULL: to be asked for */
	int64_t after;
	int64_t lost; /* as told by the last answer, or -1 */
	bool json;
};

static void print_one(struct follower *f, json_t *object)
{
	struct lost lost;
	json_t *whole;

	if (!lost_read(object, &lost) || !select_matches(f->selection, &lost, lost.last))
		return;
	diagnose(f->policy, &lost);
	if (!f->json) {
		drops_print_packet(&lost, stdout);
		return;
	}
	whole = lost_json(&lost);
	json_dumpf(whole, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(whole);
}

static void print_missing(struct follower *f, const json_t *events)
{
	int64_t lost = json_integer_value(json_object_get(events, "lost"));
	int64_t missed = json_integer_value(json_object_get(events, "missed"));

	if (f->lost >= 0)
		missed += lost - f->lost;
	f->lost = lost;
	if (missed > 0)
		fprintf(stderr,
			"naclctl drops: %lld packets were too fast to be shown here; "
			"naclctl drops counts them\n",
			(long long)missed);
}

/* False: the end, for which the reason was printed. */
static bool print_answer(struct follower *f, const json_t *answer)
{
	json_t *events = json_object_get(answer, "events");
	json_t *list = json_object_get(events, "list"), *object;
	const char *refusal = client_refusal(answer);
	size_t i;

	if (refusal || !json_is_object(events)) {
		fprintf(stderr, "naclctl drops: %s\n",
			refusal ? refusal : "nacld's answer has no events");
		return false;
	}
	if (json_array_size(list) == 0) {
		policy_free(f->policy);
		f->policy = NULL;
	} else if (!f->policy) {
		f->policy = source_policy("drops", NULL, f->socket_path);
		if (!f->policy)
			return false;
	}
	json_array_foreach(list, i, object) print_one(f, object);
	print_missing(f, events);
	f->after = json_integer_value(json_object_get(events, "next"));
	return fflush(stdout) == 0;
}

int drops_follow(const char *socket_path, const struct selection *selection, bool json)
{
	struct follower f = {.socket_path = socket_path,
			     .selection = selection,
			     .after = -1,
			     .lost = -1,
			     .json = json};
	char error[CLIENT_ERROR_LEN];
	bool on = true;

	while (on) {
		json_t *request = f.after < 0 ? json_pack("{s:s}", "request", "events")
					      : json_pack("{s:s, s:I}", "request", "events",
							  "after", (json_int_t)f.after);
		json_t *answer;

		if (client_call(socket_path, request, -1, &answer, error) < 0) {
			fprintf(stderr, "naclctl drops: %s\n", error);
			break;
		}
		on = print_answer(&f, answer);
		json_decref(answer);
		if (on)
			nanosleep(&pause_time, NULL);
	}
	policy_free(f.policy);
	return NACLCTL_NO;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `steer up` and the fast path. Only root may load the filter, so it is loaded here; only the
 * daemon knows the policy that runs, so it gets the maps, over its control socket, and fills them.
 * Until it has, the filter accepts nothing. Whatever cannot be had costs speed and nothing else:
 * then every packet goes through the queue, and that is said once.
 */
#include "ctl/steer/fast.h"

#include <unistd.h>

#include "ctl/client.h"
#include "ctl/steer/output.h"
#include "steer/fastpath/fastpath.h"
#include "steer/kernel/order.h"

#define QUEUE_ALONE "every packet goes through the queue"

static struct fastpath_need need_of(const struct steer_plan *plan)
{
	return (struct fastpath_need){.words = plan->fast_words, .counters = plan->fast_counters};
}

void fast_look(struct steer_plan *plan, enum steer_backend backend)
{
	const struct fastpath_need need = need_of(plan);

	plan->fast_folder[0] = '\0';
	if (plan->fast && backend == STEER_IPTABLES_NFT && !fastpath_find(&need, plan->fast_folder))
		plan->fast_folder[0] = '\0';
}

void fast_prepare(struct steer_request *request, struct steer_plan *plan,
		  enum steer_backend backend)
{
	const struct fastpath_need need = need_of(plan);
	char reason[FASTPATH_REASON_LEN];

	plan->fast_folder[0] = '\0';
	if (!plan->fast)
		return;
	if (backend != STEER_IPTABLES_NFT) {
		steer_note(request, "fast_path: only iptables-nft can have it: " QUEUE_ALONE);
		return;
	}
	if (fastpath_load(&need, plan->fast_folder, reason)) {
		plan->fast_folder[0] = '\0';
		steer_note(request, "fast_path: %s: " QUEUE_ALONE, reason);
	}
}

void fast_order(const struct steer_plan *plan, enum steer_backend out[static STEER_BACKENDS])
{
	int at = 0;

	steer_order(out);
	while (plan->fast && out[at] != STEER_IPTABLES_NFT)
		at++;
	for (; at > 0; at--)
		out[at] = out[at - 1];
	if (plan->fast)
		out[0] = STEER_IPTABLES_NFT;
}

/* One map a request; the answer to the last one says what became of them. NULL with the reason. */
static json_t *offer(const char *socket_path, const int fds[static FASTPATH_MAPS_COUNT],
		     char error[static CLIENT_ERROR_LEN])
{
	json_t *answer = NULL;

	for (int i = 0; i < FASTPATH_MAPS_COUNT; i++) {
		json_t *request = json_pack("{s:s, s:i}", "request", "fast-path", "map", i);

		json_decref(answer);
		answer = NULL;
		if (client_call(socket_path, request, fds[i], &answer, error))
			return NULL;
		if (client_refusal(answer))
			break;
	}
	return answer;
}

static void hand_over(struct steer_request *request, const char *folder)
{
	int fds[FASTPATH_MAPS_COUNT];
	char error[CLIENT_ERROR_LEN];
	json_t *answer;

	if (fastpath_open(folder, fds)) {
		steer_note(request, "fast_path: the filter's maps cannot be opened: " QUEUE_ALONE);
		return;
	}
	answer = offer(request->socket_path, fds, error);
	for (int i = 0; i < FASTPATH_MAPS_COUNT; i++)
		close(fds[i]);
	if (!answer)
		steer_note(request,
			   "fast_path: no daemon has taken the filter's tables (%s): " QUEUE_ALONE
			   " until nacld runs and `naclctl steer up` is run again",
			   error);
	else if (client_refusal(answer))
		steer_note(request, "fast_path: %s: " QUEUE_ALONE, client_refusal(answer));
	else if (!json_is_true(json_object_get(answer, "on")))
		steer_note(request, "fast_path: the running nacld leaves it off (%s): " QUEUE_ALONE,
			   json_string_value(json_object_get(answer, "note")));
	json_decref(answer);
}

void fast_finish(struct steer_request *request, const struct steer_plan *plan)
{
	bool fast = plan->fast_folder[0] != '\0';

	if (fast)
		hand_over(request, plan->fast_folder);
	if (fastpath_remove(fast ? plan->fast_folder : NULL))
		steer_note(request,
			   "pins of a filter that is not used any more could not be removed");
}

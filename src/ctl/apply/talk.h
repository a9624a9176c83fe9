/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_APPLY_TALK_H
#define NACLD_CTL_APPLY_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"
#include "ctl/apply/store.h"

/* The daemon that is spoken to, and how. */
struct talk_peer {
	const char *command;
	const char *socket_path;
	const char *config; /* what it is to be running from */
	bool json;
};

/* What it says of the policy on trial. */
struct talk_state {
	char phase[16]; /* see common/protocol.h */
	char id[STORE_ID_LEN + 1];
	char reason[STORE_TEXT_LEN];
	int64_t left_ms;
	bool kept;
};

/*
 * Each returns an enum naclctl_exit; what went wrong has been printed. A daemon that reads another
 * configuration than peer->config is refused: its files would be installed in the wrong place.
 */
int talk_ask(const struct talk_peer *peer, struct talk_state *out);

/* The same without a word: false when it does not answer, as while it restarts. */
bool talk_look(const struct talk_peer *peer, struct talk_state *out);

/* Hands the policy over. */
int talk_apply(const struct talk_peer *peer, const struct policy *policy, const char *id,
	       unsigned int confirm_s);
int talk_undo(const struct talk_peer *peer);

/*
 * Confirms what is on trial, installs its files, and gives it its number. May be done again after
 * it was interrupted anywhere.
 */
int talk_confirm(const struct talk_peer *peer, const struct store *store, const char *id,
		 unsigned int *number);

/* The policy that the daemon runs; NULL after an error. */
struct policy *talk_running(const struct talk_peer *peer);

/* Do both mean the same, to the letter of their canonical text? */
bool talk_same_policy(const struct policy *a, const struct policy *b);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_RELOAD_H
#define NACLD_DAEMON_RELOAD_H

#include "daemon/control/peer.h"
#include "daemon/daemon.h"

/* What a reload came to. `error` is one sentence for the log and the client; empty on success. */
struct reload_result {
	char error[256];
	char note[256]; /* something to do by hand after a success, or empty */
};

/* A policy that is ready to be swapped in. */
struct reload {
	struct snapshot *next;
	struct flow_tables *flows;
};

/*
 * Every step that can fail: reads `text`, or the configuration where that is NULL, and makes all of
 * it that runs. False with result->error; *report says more. Then either swap or discard.
 */
bool reload_prepare(struct daemon *daemon, const char *text, struct conf_report *report,
		    struct reload_result *result, struct reload *out);

/* Does who asked still wait? Else it believes that it has failed: then it has, with result->error.
 */
bool reload_is_wanted(const struct peer *peer, struct reload_result *result);

/* Between two batches; when this returns no packet is with the old policy. */
void reload_swap(struct daemon *daemon, struct reload *reload);
void reload_discard(struct daemon *daemon, struct reload *reload);

/*
 * Reads the configuration again and swaps it in between two batches. On failure the old policy
 * stays and *report says why; so it does when `peer`, who asked, has gone meanwhile (NULL: nobody).
 * No packet and no count of an unchanged rule is lost. True on success.
 */
bool reload_policy(struct daemon *daemon, struct conf_report *report, const struct peer *peer,
		   struct reload_result *result);

#endif

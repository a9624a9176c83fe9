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

/*
 * Reads the configuration again and swaps it in between two batches. On failure the old policy
 * stays and *report says why; so it does when `peer`, who asked, has gone meanwhile (NULL: nobody).
 * No packet and no count of an unchanged rule is lost. True on success.
 */
bool reload_policy(struct daemon *daemon, struct conf_report *report, const struct peer *peer,
		   struct reload_result *result);

#endif

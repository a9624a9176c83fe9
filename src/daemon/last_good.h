/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LAST_GOOD_H
#define NACLD_DAEMON_LAST_GOOD_H

#include "daemon/daemon.h"

/*
 * Keeps the policy that runs, as canonical text, in last-good.conf of the state folder (paths.h).
 * Without one nothing is kept. Done by the process that writes, some time after this: while that is
 * busy it is tried again every LAST_GOOD_RETRY_MS, with what runs by then.
 */
#define LAST_GOOD_RETRY_MS 1000
void last_good_save(struct daemon *daemon);

/* From here on it is tried again. */
void last_good_start(struct daemon *daemon, struct poller *poller);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_DROPLINE_H
#define NACLD_DAEMON_MONITOR_DROPLINE_H

#include "daemon/daemon.h"

/*
 * A line of the log about a dropped packet, with its fields where the journal listens: "dropped out
 * tcp 192.0.2.1:443 -> 203.0.113.9:38091 (web outbound rule *)". `is_reply`: to an allowed request.
 */
void dropline_tell(const struct daemon *daemon, const struct drop *drop, bool is_reply);

/* That so many more like this one were not told. */
void dropline_tell_suppressed(const struct daemon *daemon, const struct drop *drop, bool is_reply,
			      uint64_t suppressed);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_REQUEST_H
#define NACLD_DAEMON_CONTROL_REQUEST_H

#include "daemon/reload.h"
#include "daemon/control/peer.h"

/*
 * One request line (no newline) from a peer, and the descriptor that came with it or -1, which
 * stays the caller's. Answered: the whole answer line, newline included, for the caller to free;
 * NULL: no memory. Whatever the line is, there is an answer (common/protocol.h).
 */
char *request_answer(const char *line, size_t len, const struct peer *peer, int passed,
		     struct daemon *daemon);

/* The answer {"ok": false, "error": reason}. */
char *request_refuse(const char *reason);

/* The text of a report, as for people; for the caller to free. NULL: no memory. */
char *request_report_text(const struct conf_report *report);

/* Reload, and say in the log and to the service manager how it went (SIGHUP comes here too). */
bool request_reload(struct daemon *daemon, struct conf_report *report, const struct peer *peer,
		    struct reload_result *result);

/* Tells the service manager that packets are filtered, and how, in one line. */
void request_ready(const struct daemon *daemon, const char *line);

#endif

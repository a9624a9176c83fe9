/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_STATUS_H
#define NACLD_DAEMON_CONTROL_STATUS_H

#include <jansson.h>

#include "daemon/daemon.h"

/* The "status" object of common/protocol.h; a new reference, or NULL: no memory. */
json_t *status_json(const struct daemon *daemon);

/* One line for the service manager: "enforcing web: 12 rules, 2 queues". */
void status_line(const struct daemon *daemon, char *buf, size_t len);

#endif

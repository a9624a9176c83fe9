/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_DROPS_H
#define NACLD_DAEMON_CONTROL_DROPS_H

#include <jansson.h>

#include "daemon/daemon.h"

/* Lines in one answer; more are counted. */
#define DROPS_ANSWER_MAX 32768

/*
 * The answer line to "drops" (common/protocol.h), newline included, for the caller to free. NULL:
 * no memory. O(places of all queues).
 */
char *drops_answer(struct daemon *daemon, const json_t *request);

/* The same to "events", which is asked again and again. */
char *events_answer(struct daemon *daemon, const json_t *request);

#endif

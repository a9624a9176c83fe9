/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_CLIENT_H
#define NACLD_CTL_CLIENT_H

#include <jansson.h>

#define CLIENT_ERROR_LEN  256
#define CLIENT_ANSWER_MAX (256U << 20) /* bytes; a longer answer is refused */

/*
 * Sends one request ("status", "config", "reload") to the daemon's control socket and waits for the
 * answer, PROTOCOL_TIMEOUT_MS at most in all.
 *
 * Returns 0 and the answer, checked (state/answer.h) and without control characters (the caller
 * drops the reference), whatever its "ok" says; or -errno and,
 * in error, a sentence with what happened and what to do: -ENOENT and -ECONNREFUSED mean that no
 * daemon runs, -EACCES that the caller may not ask, -ETIMEDOUT, -EPROTO, -EMSGSIZE.
 */
int client_request(const char *socket_path, const char *request, json_t **answer,
		   char error[static CLIENT_ERROR_LEN]);

/*
 * The same for a request with members of its own, and a descriptor that goes with it (-1: none).
 * Takes the object over; NULL is -ENOMEM.
 */
int client_call(const char *socket_path, json_t *request, int fd, json_t **answer,
		char error[static CLIENT_ERROR_LEN]);

/* NULL when the answer says "ok": true; else its "error" text (borrowed), or a stand-in. */
const char *client_refusal(const json_t *answer);

#endif

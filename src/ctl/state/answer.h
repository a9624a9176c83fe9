/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STATE_ANSWER_H
#define NACLD_CTL_STATE_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#define ANSWER_PLACE_LEN 64

/*
 * Is this, an object, what nacld may have said (common/protocol.h)? Keys that we know have their
 * type and their bounds; others may be there, of a later version. In *answer control characters,
 * also those that turn the direction of writing, become "?", but for line ends and tabs in texts of
 * several lines. False: it is not, and `place` says which key is wrong ("status.queues.queue").
 * O(answer).
 */
bool answer_check(json_t *answer, char place[static ANSWER_PLACE_LEN]);

#endif

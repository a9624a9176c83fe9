/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_VERDICT_H
#define NACLD_CTL_VERDICT_H

#include <jansson.h>

#include "text/packet_line.h"

#define VERDICT_TEXT_LEN 256

/*
 * One line, words with single blanks between them:
 *
 *   VERDICT ACL RULE [ACL RULE]    "allow web 100", "deny web *"; forwarded from one protected
 *                                  subnet to another: the list it leaves by, then the list it
 *                                  enters by
 *   allow exempt NAME, allow within-subnet, allow unprotected
 *
 * Names of ACLs hold no blanks, so the pairs are plain. Returns the length.
 */
size_t verdict_text(const struct policy *policy, const struct packet_line *line,
		    const struct policy_verdict *verdict, char buf[static VERDICT_TEXT_LEN]);

/*
 * {"verdict": "allow", "steps": [{"direction", "acl", "rule": N or "*", "action"}]}; where no list
 * was asked steps is empty and "outcome" names why: "exempted" (with "exempt": name),
 * "within-subnet", "unprotected". NULL: no memory.
 */
json_t *verdict_json(const struct policy *policy, const struct packet_line *line,
		     const struct policy_verdict *verdict);

/* A rule with the keys of the configuration file. */
json_t *verdict_rule_json(const struct rule *rule, enum direction direction);

/* The exemption that covers the packet: "loopback" and so on. */
const char *verdict_exemption(const struct policy *policy, const struct packet_line *line);

#endif

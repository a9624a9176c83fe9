/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DESCRIBE_H
#define NACLD_CTL_DESCRIBE_H

#include "text/packet_line.h"

/* Packets, rules and mismatches as people say them. Each fills buf and returns it. */
#define DESCRIBE_LEN 192

/* "in tcp 203.0.113.9:40000 -> 192.0.2.1:443", "out icmp A -> B, type 0 code 0 (echo reply)" */
const char *describe_packet(const struct packet_line *line, char buf[static DESCRIBE_LEN]);

/* What the rule covers: "tcp 1024-65535 to 0.0.0.0/0", "icmp type 8 code 0 from @probes". */
const char *describe_rule(const struct rule *rule, enum direction direction,
			  char buf[static DESCRIBE_LEN]);

/* Why the rule does not match, as the end of a sentence: "destination port 38091 is not 443". */
const char *describe_mismatch(const struct rule *rule, enum direction direction,
			      const struct packet *packet, char buf[static DESCRIBE_LEN]);

#endif

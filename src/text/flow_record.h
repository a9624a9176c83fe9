/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_FLOW_RECORD_H
#define NACLD_TEXT_FLOW_RECORD_H

#include "core/flow_format.h"
#include "core/rule.h"

/* Lines of the flow log: AWS's VPC flow log records (AWS VPC user guide, "Flow log records"). */

#define FLOWLOG_LINE_MAX      (FLOW_FIELDS * (FLOW_TEXT_MAX + (size_t)1)) /* newline included */
#define FLOWLOG_RULE_IMPLICIT 0

enum flow_record_status {
	FLOW_RECORD_OK,
	FLOW_RECORD_NODATA,   /* nothing was filtered in the window */
	FLOW_RECORD_SKIPDATA, /* records of the window were lost */
};

/*
 * One line's values. Where status is not FLOW_RECORD_OK only account, start and end are looked at.
 */
struct flow_record {
	enum flow_record_status status;
	const char *account;
	int64_t start; /* seconds since the epoch: the first packet's, or the window's */
	int64_t end;
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t protocol;
	uint8_t tcp_flags; /* as AWS reports them: see flowlog_tcp_flags */
	enum direction direction;
	enum action action; /* what was done */
	uint64_t packets;
	uint64_t bytes;
	const char *acl; /* NULL: not known */
	uint16_t rule;   /* FLOWLOG_RULE_IMPLICIT: the `*` rule */
};

/*
 * The flags AWS reports of one packet: FIN 1, SYN 2, RST 4, and ACK 16 only beside SYN, so that a
 * SYN-ACK is 18 and a plain ACK 0. A record holds them ORed over its packets.
 */
static inline uint8_t flowlog_tcp_flags(uint8_t flags)
{
	return (uint8_t)((flags & 0x07) | ((flags & 0x02) << 3 & flags));
}

/* The line, newline included, into buf; its length. What is not known is "-". */
size_t flow_record_print(const struct flow_format *format, const struct flow_record *record,
			 char buf[static FLOWLOG_LINE_MAX]);

#endif

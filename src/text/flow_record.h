/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_FLOW_RECORD_H
#define NACLD_TEXT_FLOW_RECORD_H

#include "core/rule.h"

/*
 * Lines of the flow log: AWS's VPC flow log records (AWS VPC user guide, "Flow log records"),
 * versions 2 to 5, and two fields of our own: rule-number and acl-name.
 */

/* AWS's default format: the fields of version 2 in their order. */
#define FLOW_FORMAT_DEFAULT                                                                     \
	"${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " \
	"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

#define FLOWLOG_FIELDS_MAX 31
#define FLOWLOG_TEXT_MAX   63 /* account, ACL name */
#define FLOWLOG_LINE_MAX \
	(FLOWLOG_FIELDS_MAX * (FLOWLOG_TEXT_MAX + (size_t)1)) /* newline included */
#define FLOWLOG_RULE_IMPLICIT 0

/* A format, read. Plain values. */
struct flow_format {
	uint8_t fields[FLOWLOG_FIELDS_MAX]; /* indices of the table in flowlog.c */
	uint8_t count;
	uint8_t version; /* the highest of the fields' versions, at least 2 */
};

/* What keeps a text from being a format; `name` is the offending part of it. */
enum flow_format_error {
	FLOW_FORMAT_OK,
	FLOW_FORMAT_EMPTY,   /* no field at all */
	FLOW_FORMAT_SYNTAX,  /* not ${field}, parted by one space each */
	FLOW_FORMAT_UNKNOWN, /* no field of that name */
	FLOW_FORMAT_TWICE,
};

#define FLOWLOG_NAME_LEN 32
enum flow_format_error flow_format_parse(const char *text, struct flow_format *out,
					 char name[static FLOWLOG_NAME_LEN]);

/* The name of field i, for "did you mean"; NULL behind the last. */
const char *flow_field_name(size_t i);

enum flow_record_status {
	FLOW_RECORD_OK,
	FLOW_RECORD_NODATA,   /* nothing was judged in the window */
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

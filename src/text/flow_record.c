/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the flow log: a format's fields (core/flow_format) in, AWS's lines out.
 *
 * A line is a walk over the format's fields and a table of printing functions. A value that does
 * not apply, or that nothing here can know, is "-", as in AWS.
 */
#include "text/flow_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A value's text; NULL is "-". */
typedef const char *print_field(const struct flow_format *format, const struct flow_record *record,
				char *buf);

/* Any number or address. */
#define VALUE_LEN ADDR_STRLEN

static const char *number(char *buf, uint64_t value)
{
	snprintf(buf, VALUE_LEN, "%" PRIu64, value);
	return buf;
}

static const char *version(const struct flow_format *format, const struct flow_record *record,
			   char *buf)
{
	(void)record;
	return number(buf, format->version);
}

#define FIELD(name, value)                                                   \
	static const char *name(const struct flow_format *format,            \
				const struct flow_record *record, char *buf) \
	{                                                                    \
		(void)format;                                                \
		(void)buf;                                                   \
		return value;                                                \
	}

FIELD(account, record->account)
FIELD(srcaddr, addr_print(&record->src, buf))
FIELD(dstaddr, addr_print(&record->dst, buf))
FIELD(srcport, number(buf, record->sport))
FIELD(dstport, number(buf, record->dport))
FIELD(protocol, number(buf, record->protocol))
FIELD(packets, number(buf, record->packets))
FIELD(bytes, number(buf, record->bytes))
FIELD(start, number(buf, (uint64_t)record->start))
FIELD(end, number(buf, (uint64_t)record->end))
FIELD(action, record->action == ACTION_ALLOW ? "ACCEPT" : "REJECT")
FIELD(tcp_flags, number(buf, record->tcp_flags))
FIELD(type, record->src.family == FAMILY_IPV4 ? "IPv4" : "IPv6")
FIELD(flow_direction, record->direction == INBOUND ? "ingress" : "egress")
FIELD(acl_name, record->acl)
FIELD(rule_number, record->rule == FLOWLOG_RULE_IMPLICIT ? "*" : number(buf, record->rule))

static const char *log_status(const struct flow_format *format, const struct flow_record *record,
			      char *buf)
{
	static const char *const names[] = {[FLOW_RECORD_OK] = "OK",
					    [FLOW_RECORD_NODATA] = "NODATA",
					    [FLOW_RECORD_SKIPDATA] = "SKIPDATA"};

	(void)format;
	(void)buf;
	return names[record->status];
}

/*
 * How a field's value is printed. One without a function is one that nothing on this host can know
 * (a VPC, an instance, a zone). The packet's own addresses are those we see: there is no address of
 * an interface to differ from.
 */
static const struct {
	print_field *print;
	bool of_window; /* also in NODATA and SKIPDATA lines */
} fields[FLOW_FIELDS] = {
	[FLOW_VERSION] = {version, true},
	[FLOW_ACCOUNT_ID] = {account, true},
	[FLOW_SRCADDR] = {srcaddr, false},
	[FLOW_DSTADDR] = {dstaddr, false},
	[FLOW_SRCPORT] = {srcport, false},
	[FLOW_DSTPORT] = {dstport, false},
	[FLOW_PROTOCOL] = {protocol, false},
	[FLOW_PACKETS] = {packets, false},
	[FLOW_BYTES] = {bytes, false},
	[FLOW_START] = {start, true},
	[FLOW_END] = {end, true},
	[FLOW_ACTION] = {action, false},
	[FLOW_LOG_STATUS] = {log_status, true},
	[FLOW_TCP_FLAGS] = {tcp_flags, false},
	[FLOW_TYPE] = {type, false},
	[FLOW_PKT_SRCADDR] = {srcaddr, false},
	[FLOW_PKT_DSTADDR] = {dstaddr, false},
	[FLOW_FLOW_DIRECTION] = {flow_direction, false},
	[FLOW_RULE_NUMBER] = {rule_number, false},
	[FLOW_ACL_NAME] = {acl_name, false},
};

size_t flow_record_print(const struct flow_format *format, const struct flow_record *record,
			 char buf[static FLOWLOG_LINE_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < format->count; i++) {
		enum flow_field field = format->fields[i];
		print_field *print = fields[field].print;
		char value[VALUE_LEN];
		const char *text = NULL;
		size_t text_len;

		if (print && (fields[field].of_window || record->status == FLOW_RECORD_OK))
			text = print(format, record, value);
		if (!text)
			text = "-";
		text_len = strnlen(text, FLOW_TEXT_MAX);
		memcpy(buf + len, text, text_len);
		len += text_len;
		buf[len++] = ' ';
	}
	buf[len - 1] = '\n';
	return len;
}

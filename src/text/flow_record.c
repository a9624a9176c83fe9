/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's text: AWS's field names in, AWS's lines out.
 *
 * One table says everything of a field: its name, the version of the AWS format that brought it,
 * and how its value is printed. A field without a printing function is one that nothing on this
 * host can know (a VPC, an instance, a zone): it is "-", as in AWS where a value does not apply. A
 * format is compiled once into indices of the table; a line is then a walk over them.
 *
 * The version printed is the highest of the fields asked for, as AWS has it.
 */
#include "text/flow_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A value's text; NULL stands for "-". */
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
 * The packet's own addresses are those we see: there is no address of an interface to differ from.
 */
static const struct field {
	const char *name;
	uint8_t version;
	bool of_window; /* also in NODATA and SKIPDATA lines */
	print_field *print;
} fields[FLOWLOG_FIELDS_MAX] = {
	{"version", 2, true, version},
	{"account-id", 2, true, account},
	{"interface-id", 2, true, NULL},
	{"srcaddr", 2, false, srcaddr},
	{"dstaddr", 2, false, dstaddr},
	{"srcport", 2, false, srcport},
	{"dstport", 2, false, dstport},
	{"protocol", 2, false, protocol},
	{"packets", 2, false, packets},
	{"bytes", 2, false, bytes},
	{"start", 2, true, start},
	{"end", 2, true, end},
	{"action", 2, false, action},
	{"log-status", 2, true, log_status},
	{"vpc-id", 3, true, NULL},
	{"subnet-id", 3, true, NULL},
	{"instance-id", 3, true, NULL},
	{"tcp-flags", 3, false, tcp_flags},
	{"type", 3, false, type},
	{"pkt-srcaddr", 3, false, srcaddr},
	{"pkt-dstaddr", 3, false, dstaddr},
	{"region", 4, true, NULL},
	{"az-id", 4, true, NULL},
	{"sublocation-type", 4, true, NULL},
	{"sublocation-id", 4, true, NULL},
	{"pkt-src-aws-service", 5, false, NULL},
	{"pkt-dst-aws-service", 5, false, NULL},
	{"flow-direction", 5, false, flow_direction},
	{"traffic-path", 5, false, NULL},
	{"rule-number", 2, false, rule_number},
	{"acl-name", 2, false, acl_name},
};

const char *flow_field_name(size_t i)
{
	return i < FLOWLOG_FIELDS_MAX ? fields[i].name : NULL;
}

/* The table's index, or FLOWLOG_FIELDS_MAX. */
static size_t find_field(const char *name)
{
	size_t i = 0;

	while (i < FLOWLOG_FIELDS_MAX && strcmp(fields[i].name, name) != 0)
		i++;
	return i;
}

/* One "${name}" at *at; steps behind it. What stands there goes into `name` either way. */
static enum flow_format_error take_name(const char **at, char name[static FLOWLOG_NAME_LEN])
{
	size_t word = strcspn(*at, " "), len = word > 3 ? word - 3 : 0;
	bool good = len > 0 && len < FLOWLOG_NAME_LEN && strncmp(*at, "${", 2) == 0 &&
		    (*at)[word - 1] == '}';

	if (!good) {
		snprintf(name, FLOWLOG_NAME_LEN, "%.*s", (int)(word < 1024 ? word : 1024), *at);
		return FLOW_FORMAT_SYNTAX;
	}
	memcpy(name, *at + 2, len);
	name[len] = '\0';
	*at += word;
	return FLOW_FORMAT_OK;
}

enum flow_format_error flow_format_parse(const char *text, struct flow_format *out,
					 char name[static FLOWLOG_NAME_LEN])
{
	struct flow_format format = {.version = 2};

	name[0] = '\0';
	if (text[strspn(text, " ")] == '\0')
		return FLOW_FORMAT_EMPTY;
	for (const char *at = text;; at++) {
		size_t field;

		if (take_name(&at, name) != FLOW_FORMAT_OK)
			return FLOW_FORMAT_SYNTAX;
		field = find_field(name);
		if (field == FLOWLOG_FIELDS_MAX)
			return FLOW_FORMAT_UNKNOWN;
		if (memchr(format.fields, (int)field, format.count))
			return FLOW_FORMAT_TWICE;
		format.fields[format.count++] = (uint8_t)field;
		if (fields[field].version > format.version)
			format.version = fields[field].version;
		if (*at == '\0')
			break;
	}
	*out = format;
	return FLOW_FORMAT_OK;
}

size_t flow_record_print(const struct flow_format *format, const struct flow_record *record,
			 char buf[static FLOWLOG_LINE_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < format->count; i++) {
		const struct field *field = &fields[format->fields[i]];
		char value[VALUE_LEN];
		const char *text = NULL;
		size_t text_len;

		if (field->print && (field->of_window || record->status == FLOW_RECORD_OK))
			text = field->print(format, record, value);
		if (!text)
			text = "-";
		text_len = strnlen(text, FLOWLOG_TEXT_MAX);
		memcpy(buf + len, text, text_len);
		len += text_len;
		buf[len++] = ' ';
	}
	buf[len - 1] = '\n';
	return len;
}

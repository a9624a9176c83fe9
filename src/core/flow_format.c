/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's format: which fields a line holds, in AWS's words.
 *
 * A format is read once, when the configuration is, into indices of a table of names and versions;
 * how a field's value is printed is text/flow_record's business. The version is the one of the AWS
 * format that brought the field; our own two fields ask for none beyond the first.
 */
#include "core/flow_format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t version;
} fields[FLOW_FIELDS] = {
	[FLOW_VERSION] = {"version", 2},
	[FLOW_ACCOUNT_ID] = {"account-id", 2},
	[FLOW_INTERFACE_ID] = {"interface-id", 2},
	[FLOW_SRCADDR] = {"srcaddr", 2},
	[FLOW_DSTADDR] = {"dstaddr", 2},
	[FLOW_SRCPORT] = {"srcport", 2},
	[FLOW_DSTPORT] = {"dstport", 2},
	[FLOW_PROTOCOL] = {"protocol", 2},
	[FLOW_PACKETS] = {"packets", 2},
	[FLOW_BYTES] = {"bytes", 2},
	[FLOW_START] = {"start", 2},
	[FLOW_END] = {"end", 2},
	[FLOW_ACTION] = {"action", 2},
	[FLOW_LOG_STATUS] = {"log-status", 2},
	[FLOW_VPC_ID] = {"vpc-id", 3},
	[FLOW_SUBNET_ID] = {"subnet-id", 3},
	[FLOW_INSTANCE_ID] = {"instance-id", 3},
	[FLOW_TCP_FLAGS] = {"tcp-flags", 3},
	[FLOW_TYPE] = {"type", 3},
	[FLOW_PKT_SRCADDR] = {"pkt-srcaddr", 3},
	[FLOW_PKT_DSTADDR] = {"pkt-dstaddr", 3},
	[FLOW_REGION] = {"region", 4},
	[FLOW_AZ_ID] = {"az-id", 4},
	[FLOW_SUBLOCATION_TYPE] = {"sublocation-type", 4},
	[FLOW_SUBLOCATION_ID] = {"sublocation-id", 4},
	[FLOW_PKT_SRC_AWS_SERVICE] = {"pkt-src-aws-service", 5},
	[FLOW_PKT_DST_AWS_SERVICE] = {"pkt-dst-aws-service", 5},
	[FLOW_FLOW_DIRECTION] = {"flow-direction", 5},
	[FLOW_TRAFFIC_PATH] = {"traffic-path", 5},
	[FLOW_RULE_NUMBER] = {"rule-number", 2},
	[FLOW_ACL_NAME] = {"acl-name", 2},
};

const char *flow_field_name(enum flow_field field)
{
	return field < FLOW_FIELDS ? fields[field].name : NULL;
}

static enum flow_field find_field(const char *name)
{
	unsigned int field = 0;

	while (field < FLOW_FIELDS && strcmp(fields[field].name, name) != 0)
		field++;
	return (enum flow_field)field;
}

/* One "${name}" at *at; steps behind it. What is there goes into `name` either way. */
static enum flow_format_error take_name(const char **at, char name[static FLOW_FIELD_NAME_LEN])
{
	size_t word = strcspn(*at, " "), len = word > 3 ? word - 3 : 0;
	bool good = len > 0 && len < FLOW_FIELD_NAME_LEN && strncmp(*at, "${", 2) == 0 &&
		    (*at)[word - 1] == '}';

	if (!good) {
		snprintf(name, FLOW_FIELD_NAME_LEN, "%.*s", (int)(word < 1024 ? word : 1024), *at);
		return FLOW_FORMAT_SYNTAX;
	}
	memcpy(name, *at + 2, len);
	name[len] = '\0';
	*at += word;
	return FLOW_FORMAT_OK;
}

enum flow_format_error flow_format_parse(const char *text, struct flow_format *out,
					 char name[static FLOW_FIELD_NAME_LEN])
{
	struct flow_format format = {.version = 2};

	name[0] = '\0';
	if (text[strspn(text, " ")] == '\0')
		return FLOW_FORMAT_EMPTY;
	for (const char *at = text;; at++) {
		enum flow_field field;

		if (take_name(&at, name) != FLOW_FORMAT_OK)
			return FLOW_FORMAT_SYNTAX;
		field = find_field(name);
		if (field == FLOW_FIELDS)
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_FLOW_FORMAT_H
#define NACLD_CORE_FLOW_FORMAT_H

#include <stdint.h>

/*
 * What a line of the flow log holds: AWS's VPC flow log fields (AWS VPC user guide, "Flow log
 * records"), versions 2 to 5, and two fields of our own: rule-number and acl-name.
 */
enum flow_field {
	FLOW_VERSION,
	FLOW_ACCOUNT_ID,
	FLOW_INTERFACE_ID,
	FLOW_SRCADDR,
	FLOW_DSTADDR,
	FLOW_SRCPORT,
	FLOW_DSTPORT,
	FLOW_PROTOCOL,
	FLOW_PACKETS,
	FLOW_BYTES,
	FLOW_START,
	FLOW_END,
	FLOW_ACTION,
	FLOW_LOG_STATUS,
	FLOW_VPC_ID,
	FLOW_SUBNET_ID,
	FLOW_INSTANCE_ID,
	FLOW_TCP_FLAGS,
	FLOW_TYPE,
	FLOW_PKT_SRCADDR,
	FLOW_PKT_DSTADDR,
	FLOW_REGION,
	FLOW_AZ_ID,
	FLOW_SUBLOCATION_TYPE,
	FLOW_SUBLOCATION_ID,
	FLOW_PKT_SRC_AWS_SERVICE,
	FLOW_PKT_DST_AWS_SERVICE,
	FLOW_FLOW_DIRECTION,
	FLOW_TRAFFIC_PATH,
	FLOW_RULE_NUMBER,
	FLOW_ACL_NAME,
	FLOW_FIELDS,
};

/* AWS's default format: the fields of version 2 in their order. */
#define FLOW_FORMAT_DEFAULT                                                                     \
	"${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " \
	"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

#define FLOW_TEXT_MAX 63 /* bytes of an account and of an ACL's name */

/* A format, read. Plain values. */
struct flow_format {
	uint8_t fields[FLOW_FIELDS]; /* enum flow_field, each once, in the order of the line */
	uint8_t count;
	uint8_t version; /* the highest of the fields' versions, at least 2, as in AWS */
};

/* What keeps a text from being a format; `name` is the offending part of it. */
enum flow_format_error {
	FLOW_FORMAT_OK,
	FLOW_FORMAT_EMPTY,   /* no field at all */
	FLOW_FORMAT_SYNTAX,  /* not ${field}, separated by one space each */
	FLOW_FORMAT_UNKNOWN, /* no field of that name */
	FLOW_FORMAT_TWICE,
};

#define FLOW_FIELD_NAME_LEN 32
enum flow_format_error flow_format_parse(const char *text, struct flow_format *out,
					 char name[static FLOW_FIELD_NAME_LEN]);

/* The field's name; NULL from FLOW_FIELDS on. */
const char *flow_field_name(enum flow_field field);

#endif

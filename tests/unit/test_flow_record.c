/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's lines: AWS's documented records come out to the letter, every field name is known,
 * and what is no format is refused with the part that is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/flow_record.h"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static struct flow_format format_of(const char *text)
{
	struct flow_format format;
	char name[FLOW_FIELD_NAME_LEN];

	assert_int_equal(flow_format_parse(text, &format, name), FLOW_FORMAT_OK);
	return format;
}

static void prints(const char *text, const struct flow_record *record, const char *expected)
{
	struct flow_format format = format_of(text);
	char line[FLOWLOG_LINE_MAX + 1];
	size_t len = flow_record_print(&format, record, line);

	line[len] = '\0';
	assert_string_equal(line, expected);
}

/* The AWS user guide's ssh example, with our "-" for the interface. */
static struct flow_record ssh(void)
{
	return (struct flow_record){
		.account = "123456789010",
		.start = 1418530010,
		.end = 1418530070,
		.src = addr("172.31.16.139"),
		.dst = addr("172.31.16.21"),
		.sport = 20641,
		.dport = 22,
		.protocol = 6,
		.packets = 20,
		.bytes = 4249,
		.action = ACTION_ALLOW,
		.direction = INBOUND,
		.tcp_flags = 3,
		.acl = "web",
		.rule = 120,
	};
}

static void the_default_is_version_2(void **state)
{
	struct flow_record record = ssh();

	(void)state;
	prints(FLOW_FORMAT_DEFAULT, &record,
	       "2 123456789010 - 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 "
	       "1418530070 ACCEPT OK\n");
	record.action = ACTION_DENY;
	record.account = "-";
	prints(FLOW_FORMAT_DEFAULT, &record,
	       "2 - - 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 REJECT "
	       "OK\n");
}

static void ipv6_is_canonical_text(void **state)
{
	struct flow_record record = ssh();

	(void)state;
	record.src = addr("2001:DB8:1234:A100:8D6E:3477:DF66:F105");
	record.dst = addr("2001:db8:0:0:0:0:0:1");
	prints("${srcaddr} ${pkt-srcaddr} ${dstaddr} ${pkt-dstaddr} ${type}", &record,
	       "2001:db8:1234:a100:8d6e:3477:df66:f105 2001:db8:1234:a100:8d6e:3477:df66:f105 "
	       "2001:db8::1 2001:db8::1 IPv6\n");
}

static void windows_without_records_say_so(void **state)
{
	struct flow_record record = {.status = FLOW_RECORD_NODATA,
				     .account = "123456789010",
				     .start = 1431280876,
				     .end = 1431280934};

	(void)state;
	prints(FLOW_FORMAT_DEFAULT, &record,
	       "2 123456789010 - - - - - - - - 1431280876 1431280934 - NODATA\n");
	record.status = FLOW_RECORD_SKIPDATA;
	prints(FLOW_FORMAT_DEFAULT, &record,
	       "2 123456789010 - - - - - - - - 1431280876 1431280934 - SKIPDATA\n");
	prints("${log-status} ${type} ${acl-name} ${rule-number} ${tcp-flags} ${flow-direction}",
	       &record, "SKIPDATA - - - - -\n");
}

static void the_version_is_the_highest_of_the_fields(void **state)
{
	struct flow_record record = ssh();

	(void)state;
	prints("${version} ${srcport}", &record, "2 20641\n");
	prints("${version} ${rule-number} ${acl-name}", &record, "2 120 web\n");
	prints("${version} ${tcp-flags}", &record, "3 3\n");
	prints("${tcp-flags} ${version} ${region}", &record, "3 4 -\n");
	prints("${version} ${flow-direction}", &record, "5 ingress\n");
}

static void what_no_host_knows_is_a_dash(void **state)
{
	struct flow_record record = ssh();

	(void)state;
	prints("${vpc-id} ${subnet-id} ${instance-id} ${az-id} ${sublocation-type} "
	       "${sublocation-id} ${pkt-src-aws-service} ${pkt-dst-aws-service} ${traffic-path}",
	       &record, "- - - - - - - - -\n");
	record.acl = NULL;
	record.rule = FLOWLOG_RULE_IMPLICIT;
	record.direction = OUTBOUND;
	prints("${acl-name} ${rule-number} ${flow-direction}", &record, "- * egress\n");
}

static void tcp_flags_are_those_aws_reports(void **state)
{
	(void)state;
	assert_int_equal(flowlog_tcp_flags(0x02), 2);  /* SYN */
	assert_int_equal(flowlog_tcp_flags(0x12), 18); /* SYN and ACK */
	assert_int_equal(flowlog_tcp_flags(0x10), 0);  /* ACK alone */
	assert_int_equal(flowlog_tcp_flags(0x18), 0);  /* PSH and ACK */
	assert_int_equal(flowlog_tcp_flags(0x11), 1);  /* FIN and ACK */
	assert_int_equal(flowlog_tcp_flags(0x14), 4);  /* RST and ACK */
	assert_int_equal(flowlog_tcp_flags(0xc2), 2);  /* SYN, ECE, CWR */
	assert_int_equal(flowlog_tcp_flags(0x28), 0);  /* PSH and URG */
}

static void every_field_can_be_asked_for_at_once(void **state)
{
	char text[FLOW_FIELDS * (FLOW_FIELD_NAME_LEN + 4)] = "", line[FLOWLOG_LINE_MAX];
	char longest[FLOW_TEXT_MAX + 1];
	struct flow_record record = ssh();
	struct flow_format format;
	size_t count = 0, len;

	(void)state;
	for (const char *name; (name = flow_field_name(count)); count++) {
		strcat(text, count ? " ${" : "${");
		strcat(text, name);
		strcat(text, "}");
	}
	assert_int_equal(count, FLOW_FIELDS);
	format = format_of(text);
	assert_int_equal(format.version, 5);
	memset(longest, 'x', FLOW_TEXT_MAX);
	longest[FLOW_TEXT_MAX] = '\0';
	record.account = record.acl = longest;
	record.packets = record.bytes = UINT64_MAX;
	len = flow_record_print(&format, &record, line);
	assert_int_equal(line[len - 1], '\n');
	for (size_t i = 0; i < len; i++)
		count -= line[i] == ' ' || line[i] == '\n';
	assert_int_equal(count, 0);
}

static void refuses(const char *text, enum flow_format_error error, const char *part)
{
	struct flow_format format = {.count = 77};
	char name[FLOW_FIELD_NAME_LEN];

	assert_int_equal(flow_format_parse(text, &format, name), error);
	assert_string_equal(name, part);
	assert_int_equal(format.count, 77);
}

static void what_is_no_format_is_refused(void **state)
{
	(void)state;
	refuses("", FLOW_FORMAT_EMPTY, "");
	refuses("  ", FLOW_FORMAT_EMPTY, "");
	refuses("${version} ${srcadr}", FLOW_FORMAT_UNKNOWN, "srcadr");
	refuses("${Version}", FLOW_FORMAT_UNKNOWN, "Version");
	refuses("${end} ${start} ${end}", FLOW_FORMAT_TWICE, "end");
	refuses("srcaddr", FLOW_FORMAT_SYNTAX, "srcaddr");
	refuses("${}", FLOW_FORMAT_SYNTAX, "${}");
	refuses("${", FLOW_FORMAT_SYNTAX, "${");
	refuses("${end", FLOW_FORMAT_SYNTAX, "${end");
	refuses("${end},${start}", FLOW_FORMAT_UNKNOWN, "end},${start");
	refuses("${end}  ${start}", FLOW_FORMAT_SYNTAX, "");
	refuses("${end} ", FLOW_FORMAT_SYNTAX, "");
	refuses(" ${end}", FLOW_FORMAT_SYNTAX, "");
	refuses("${a-name-that-is-longer-than-any-there-is}", FLOW_FORMAT_SYNTAX,
		"${a-name-that-is-longer-than-an");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_version_2),
		cmocka_unit_test(ipv6_is_canonical_text),
		cmocka_unit_test(windows_without_records_say_so),
		cmocka_unit_test(the_version_is_the_highest_of_the_fields),
		cmocka_unit_test(what_no_host_knows_is_a_dash),
		cmocka_unit_test(tcp_flags_are_those_aws_reports),
		cmocka_unit_test(every_field_can_be_asked_for_at_once),
		cmocka_unit_test(what_is_no_format_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seed DIR: writes the seed corpora that are made of bytes: packets, and batches of messages around
 * them, from the table of the parser's unit test; and requests and packet lines, typed here. The
 * configurations are files of the repository already; tests/fuzz/run copies them.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "text/flow_record.h"
#include "unit/messages.h"
#include "unit/packets.h"

struct bytes {
	uint8_t data[4096];
	size_t len;
};

static void put(struct bytes *b, const void *data, size_t len)
{
	if (len > sizeof(b->data) - b->len)
		errx(1, "a seed of more than %zu bytes", sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_hex(struct bytes *b, const char *hex)
{
	for (; *hex != '\0'; hex++) {
		unsigned int value;
		uint8_t byte;

		if (*hex == ' ')
			continue;
		if (sscanf(hex, "%2x", &value) != 1)
			errx(1, "not hexadecimal: %s", hex);
		byte = (uint8_t)value;
		put(b, &byte, 1);
		hex++;
	}
}

static void save(const char *root, const char *target, size_t number, const struct bytes *b)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/seed-%03zu", root, target, number);
	file = fopen(path, "w");
	if (!file || fwrite(b->data, 1, b->len, file) != b->len || fclose(file) != 0)
		err(1, "%s", path);
}

/*
 * The first byte of the packet target: the family, how much more there was; half of it is the cut.
 */
static void save_packet(const char *root, size_t number, const struct packet_case *t)
{
	uint8_t first =
		(uint8_t)((t->family == 6) | (t->more_wire == BIGGER ? 6 : 0) << 1 | 8 << 4);
	struct bytes b = {.len = 0};

	if (t->more_wire > 0 && t->more_wire < BIGGER)
		first |= 4 << 1;
	put(&b, &first, 1);
	put_hex(&b, t->hex);
	save(root, "packet", number, &b);
	save(root, "fastpath", number, &b);
}

static void put_message(struct bytes *out, const struct batch_slot *slot)
{
	uint8_t head[3] = {(uint8_t)slot->truncated, (uint8_t)slot->len, (uint8_t)(slot->len >> 8)};

	put(out, head, sizeof(head));
	put(out, slot->bytes, slot->len);
}

static void put_packet_message(struct bytes *out, const struct packet_case *t, uint32_t id)
{
	static const uint8_t hooks[] = {NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT,
					NF_INET_POST_ROUTING};
	struct bytes payload = {.len = 0};
	struct batch_slot slot = {.len = 0};
	struct nlmsghdr *nlh = message_begin(&slot, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET,
					     t->family == 6 ? PF_INET6 : PF_INET, 3);
	uint32_t cap_len;

	put_hex(&payload, t->hex);
	cap_len = htonl((uint32_t)(payload.len + t->more_wire));
	message_put_header(nlh, id, hooks[id % 4]);
	if (t->more_wire > 0)
		message_put(nlh, NFQA_CAP_LEN, &cap_len, sizeof(cap_len));
	message_put(nlh, NFQA_PAYLOAD, payload.data, payload.len);
	message_end(&slot, nlh);
	put_message(out, &slot);
}

static void put_error_message(struct bytes *out, int code)
{
	struct batch_slot slot = {.len = 0};
	struct nlmsghdr *nlh = message_begin(&slot, NLMSG_ERROR, 0, 0);

	nlh->nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr));
	memcpy(NLMSG_DATA(nlh), &code, sizeof(code));
	message_end(&slot, nlh);
	put_message(out, &slot);
}

/* Three packets of the table in a row, and an error answer: runs of verdicts, and a gap. */
static void save_batch(const char *root, size_t number)
{
	uint8_t first = (uint8_t)(number % 4); /* on_failure, mode */
	struct bytes b = {.len = 0};

	put(&b, &first, 1);
	for (size_t i = 0; i < 3; i++)
		put_packet_message(&b, &packet_cases[(number + i) % PACKET_CASES],
				   (uint32_t)(number + i));
	put_error_message(&b, number % 2 ? -2 : -1);
	put_packet_message(&b, &packet_cases[number], (uint32_t)(number + 3));
	save(root, "batch", number, &b);
}

static void save_texts(const char *root, const char *target, const char *const texts[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes b = {.len = 0};

		put(&b, texts[i], strlen(texts[i]));
		save(root, target, i, &b);
	}
}

static const char *const requests[] = {
	"1{\"request\": \"status\"}",
	"1{\"request\": \"config\"}",
	"1{\"request\": \"reload\"}",
	"0{\"request\": \"reload\"}",
	"g{\"request\": \"reload\"}",
	"0{\"request\": \"status\", \"more\": [1, -2.5e3, null, true, {\"\\u0000\": \"\\ud83d\\ude00\"}]}",
	"1{\"request\": \"status\", \"request\": \"reload\"}",
	"1{\"request\": \"stop\"}",
	"1{\"request\": 1}",
	"1[\"status\"]",
	"1\"status\"",
	"1{}",
	"1",
	"1{\"request\": \"status\"} {\"request\": \"config\"}",
	"1{\"request\": \"sta",
};

static const char *const lines[] = {
	"in tcp 203.0.113.9:40000 192.0.2.1:443",
	"out udp 192.0.2.1:53 203.0.113.9:0",
	"forward tcp [2001:db8::1]:65535 [2001:db8::2]:22",
	"in icmp 203.0.113.9 192.0.2.1",
	"in icmp 203.0.113.9 192.0.2.1 type 13 code 0",
	"in icmpv6 2001:db8::1 2001:db8::2 type 135",
	"out icmpv6 ::1 ::ffff:192.0.2.1 type 255 code 255",
	"out gre 192.0.2.1 203.0.113.9",
	"in 255 192.0.2.1 203.0.113.9",
	"in icmp 2001:db8::1 2001:db8::2",
	"in all 192.0.2.1 203.0.113.9",
	"in tcp 192.0.2.1 203.0.113.9:1",
	"in tcp 192.0.2.1:99999 203.0.113.9:1",
	"in tcp [192.0.2.1]:1 203.0.113.9:1",
	"in tcp 2001:db8::1:1 [2001:db8::2",
	"in icmp 192.0.2.1 203.0.113.9 code 3",
	"in",
};

/* Format, account, ACL, and the bytes of a record, as the target takes them. */
#define RECORD_ADDRESSES \
	"\x20\x01\x0d\xb8zzzzzzzzzzzz\xc0\x01\x02\x03\x20\x01\x0d\xb8yyyyyyyyyyyy\xcb\x01\x71\x09"
#define RECORD_PORTS               "\x9c\x40\x01\xbb\x06\x12"
#define RECORD_COUNTS              "aaaaaaa\x07zzzzzzz\x08zzzz\x54\x8b\x23\x1azzzz\x54\x8b\x23\x56"
#define RECORD(kind, status, rule) kind status RECORD_ADDRESSES RECORD_PORTS rule RECORD_COUNTS

static const char *const flow_logs[] = {
	FLOW_FORMAT_DEFAULT "\n123456789010\nweb\n" RECORD("0", "0", "\x01\x64"),
	FLOW_FORMAT_DEFAULT "\n-\nweb\n" RECORD("3", "1", "\x01\x64"),
	FLOW_FORMAT_DEFAULT "\n-\nweb\n" RECORD("3", "2", "\x01\x64"),
	"${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr}"
	"\n1\nweb\n" RECORD("5", "0", "\x01\x64"),
	"${region} ${az-id} ${sublocation-type} ${sublocation-id} ${traffic-path} ${flow-direction}"
	" ${pkt-src-aws-service} ${pkt-dst-aws-service}\n1\na.b-c_d\n" RECORD("7", "0", "zz"),
	"${rule-number} ${acl-name} ${version}\n1\nweb\n" RECORD("?", "0", "\x01\x64"),
	"${rule-number} ${acl-name}\n1\nweb\n" RECORD("7", "0", "\x7f\xff"),
	"${srcaddr}  ${dstaddr}\n1\nweb\n",
	"${srcaddr} ${srcaddr}\n1\nweb\n",
	"$srcaddr\n1\nweb\n",
	"${srcaddr)\n1\nweb\n",
	"${no-such-field}\n1\nweb\n",
	"${account-id}\nan account\nweb\n",
	"${acl-name}\n1\na name\n",
	" \n\n\n",
};

/* The first byte names the reader: 0 finds out, 1 aws, 2 cloudformation, 3 terraform, 4 ansible. */
#define AWS_ENTRY                                                                                  \
	"{\"RuleNumber\": 100, \"Egress\": false, \"RuleAction\": \"allow\", \"Protocol\": \"6\"," \
	" \"CidrBlock\": \"192.0.2.7/24\", \"PortRange\": {\"From\": 1, \"To\": 2}}"
#define TEMPLATE_ENTRY                                                                      \
	"{\"Type\": \"AWS::EC2::NetworkAclEntry\", \"Properties\": {\"NetworkAclId\":"      \
	" {\"Ref\": \"A\"}, \"RuleNumber\": 1, \"Protocol\": -1, \"RuleAction\": \"deny\"," \
	" \"CidrBlock\": {\"Fn::Sub\": \"${Net}\"}}, \"Condition\": \"On\"}"
#define TERRAFORM_RULE                                                                        \
	"{\"network_acl_id\": \"${aws_network_acl.a.id}\", \"rule_number\": 1,"               \
	" \"rule_action\": \"allow\", \"protocol\": \"udp\", \"cidr_block\": \"10.0.0.0/8\"," \
	" \"from_port\": \"${var.port}\", \"to_port\": 443}"

static const char *const imports[] = {
	"0{\"NetworkAcls\": [{\"NetworkAclId\": \"acl-1\", \"Entries\": [" AWS_ENTRY "]}]}",
	"1[" AWS_ENTRY "]",
	"0{\"NetworkAcls\": [], \"NextToken\": \"x\"} {\"NetworkAcls\": [{\"Entries\": []}]}",
	"0NetworkAcls:\n- NetworkAclId: acl-1\n  Tags:\n  - {Key: Name, Value: \"a\\nb\"}\n  Entries:\n"
	"  - {RuleNumber: 0110, Protocol: '58', RuleAction: DENY, Egress: yes, Ipv6CidrBlock: ::/0,\n"
	"     IcmpTypeCode: {Type: -1, Code: -1}}\n",
	"0{\"Resources\": {\"A\": {\"Type\": \"AWS::EC2::NetworkAcl\"}, \"E\": " TEMPLATE_ENTRY "},"
	" \"Parameters\": {\"Net\": {\"Default\": \"10.0.0.0/8\"}}}",
	"2Conditions:\n  C: !Equals [!Ref Port, '443']\nResources:\n  A: {Type: AWS::EC2::NetworkAcl}\n"
	"  E:\n    Type: AWS::EC2::NetworkAclEntry\n    Properties:\n      NetworkAclId: !GetAtt A.Id\n"
	"      RuleNumber: 7\n      Protocol: 6\n      RuleAction: !If [C, allow, deny]\n"
	"      CidrBlock: !Join ['/', [!Select [0, !Split [',', '10.0.0.0,x']], 8]]\n"
	"      PortRange: {From: !Ref Port, To: !Ref Port}\n",
	"0{\"resource\": {\"aws_network_acl\": {\"a\": {\"subnet_ids\": [\"s\"]}},"
	" \"aws_network_acl_rule\": {\"r\": " TERRAFORM_RULE "}}}",
	"3{\"planned_values\": {\"root_module\": {\"child_modules\": [{\"resources\": [{\"address\":"
	" \"module.m.aws_network_acl.a[0]\", \"type\": \"aws_network_acl\", \"name\": \"a\", \"values\":"
	" {\"ingress\": [{\"rule_no\": 1, \"action\": \"allow\", \"protocol\": \"-1\", \"from_port\": 0,"
	" \"to_port\": 0, \"cidr_block\": \"0.0.0.0/0\"}]}}, {\"address\":"
	" \"module.m.aws_network_acl_rule.r[0]\", \"type\": \"aws_network_acl_rule\", \"name\": \"r\","
	" \"values\": {}}]}]}}, \"configuration\": {\"root_module\": {\"module_calls\": {\"m\":"
	" {\"module\": {\"resources\": [{\"type\": \"aws_network_acl_rule\", \"name\": \"r\","
	" \"expressions\": {\"network_acl_id\": {\"references\": [\"aws_network_acl.a\"]}}}]}}}}}}",
	"0- hosts: all\n  tasks:\n  - ec2_vpc_nacl:\n      name: web\n      ingress:\n"
	"      - [100, tcp, allow, 0.0.0.0/0, null, null, 443, 443]\n      - [1, icmp, deny, ::/0, 8, 0]\n",
	"4{\"nacls\": [{\"nacl_id\": \"acl-1\", \"ingress\": [[1, \"all\", \"allow\", \"::/0\", null, null,"
	" 0, 65535]], \"egress\": []}]}",
	"0NETWORKACLS\tFalse\tacl-1\n",
	"0resource \"aws_network_acl\" \"a\" {\n}\n",
	"0a: &a [x]\nb: *a\n",
	"0{\"a\": \"\\ud83d\\ude00\", \"a\": 1}",
};

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: seed DIR");
	for (size_t i = 0; i < PACKET_CASES; i++) {
		save_packet(argv[1], i, &packet_cases[i]);
		save_batch(argv[1], i);
	}
	save_texts(argv[1], "control", requests, sizeof(requests) / sizeof(requests[0]));
	save_texts(argv[1], "packet_line", lines, sizeof(lines) / sizeof(lines[0]));
	save_texts(argv[1], "flow_record", flow_logs, sizeof(flow_logs) / sizeof(flow_logs[0]));
	save_texts(argv[1], "import", imports, sizeof(imports) / sizeof(imports[0]));
	return 0;
}

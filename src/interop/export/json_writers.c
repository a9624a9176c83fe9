/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three forms that are JSON.
 *
 *   aws-json        what describe-network-acls answers: Protocol is text, the default rules are
 *                   there (32767, and 32768 for IPv6)
 *   cloudformation  a template: numbers, Egress spelled out, no default rules (AWS makes them)
 *   terraform       .tf.json: one aws_network_acl_rule a rule, so a plan shows one change a rule
 *
 * Ports stand with TCP and UDP only, type and code with ICMP only: elsewhere they would be ignored,
 * and a reader might believe them.
 */
#include "interop/export/export.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define NAME_LEN 128

static int dump(json_t *json, FILE *to)
{
	int status = json ? json_dumpf(json, to, JSON_INDENT(2)) : -1;

	json_decref(json);
	if (status < 0 && !ferror(to))
		return -ENOMEM;
	fputc('\n', to);
	return 0;
}

static bool has_type(const struct rule *rule)
{
	return rule_has_icmp(rule);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_prefix(json_t *object, const struct rule *rule, const char *ipv4, const char *ipv6)
{
	char buf[PREFIX_STRLEN];

	set_text(object, rule->prefix.addr.family == FAMILY_IPV4 ? ipv4 : ipv6,
		 prefix_print(&rule->prefix, buf));
}

/* What EC2 and CloudFormation call alike; ICMP's key is not. */
static void set_aws_fields(json_t *object, const struct nacl_entry *entry, const char *icmp)
{
	const struct rule *rule = &entry->rule;

	json_object_set_new(object, "Egress", json_boolean(entry->direction == OUTBOUND));
	set_text(object, "RuleAction", action_name(rule->action));
	json_object_set_new(object, "RuleNumber", json_integer(rule->number));
	set_prefix(object, rule, "CidrBlock", "Ipv6CidrBlock");
	if (rule_has_ports(rule))
		json_object_set_new(
			object, "PortRange",
			json_pack("{s:i, s:i}", "From", rule->port_first, "To", rule->port_last));
	if (has_type(rule))
		json_object_set_new(
			object, icmp,
			json_pack("{s:i, s:i}", "Code", rule->icmp_code, "Type", rule->icmp_type));
}

static json_t *describe_entry(const struct nacl_entry *entry)
{
	json_t *object = json_object();
	char protocol[8];

	snprintf(protocol, sizeof(protocol), "%d", entry->rule.protocol);
	set_text(object, "Protocol", protocol);
	set_aws_fields(object, entry, "IcmpTypeCode");
	return object;
}

static json_t *default_entry(enum direction direction, bool ipv6)
{
	return json_pack("{s:s, s:b, s:s, s:i, s:s}", "Protocol", "-1", "Egress",
			 direction == OUTBOUND, "RuleAction", "deny", "RuleNumber",
			 RULE_NUMBER_MAX + (ipv6 ? 2 : 1), ipv6 ? "Ipv6CidrBlock" : "CidrBlock",
			 ipv6 ? "::/0" : "0.0.0.0/0");
}

/* AWS lists outbound first, each list with its defaults behind it. */
static json_t *describe_acl(const struct nacl_acl *acl)
{
	json_t *entries = json_array();

	for (int d = OUTBOUND; d >= INBOUND; d--) {
		for (size_t i = 0; i < acl->entry_count; i++)
			if (acl->entries[i].direction == d)
				json_array_append_new(entries, describe_entry(&acl->entries[i]));
		json_array_append_new(entries, default_entry((enum direction)d, false));
		json_array_append_new(entries, default_entry((enum direction)d, true));
	}
	return json_pack("{s:[], s:o, s:b, s:[{s:s, s:s}]}", "Associations", "Entries", entries,
			 "IsDefault", 0, "Tags", "Key", "Name", "Value", acl->name);
}

int nacl_write_aws_json(const struct nacl_doc *doc, const size_t *acls, size_t count, FILE *to)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, describe_acl(&doc->acls[acls[i]]));
	return dump(json_pack("{s:o}", "NetworkAcls", list), to);
}

/* Letters and digits of a name, and others as `other`; begins with a letter; no two alike. */
static void make_id(char out[static NAME_LEN], const char *name, char other, json_t *taken)
{
	size_t len = 0;

	if (*name >= '0' && *name <= '9')
		len = (size_t)snprintf(out, NAME_LEN, other ? "acl_" : "Acl");
	for (; *name && len < NAME_LEN - 32; name++) {
		bool good = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') ||
			    (*name >= 'A' && *name <= 'Z');

		if (good)
			out[len++] = *name;
		else if (other)
			out[len++] = other;
	}
	if (len == 0)
		len = (size_t)snprintf(out, NAME_LEN, "Acl");
	out[len] = '\0';
	for (int n = 2; json_object_get(taken, out); n++)
		snprintf(out + len, NAME_LEN - len, "%sx%d", other ? "_" : "", n);
}

static void template_acl(json_t *resources, const struct nacl_acl *acl)
{
	char id[NAME_LEN], entry_id[NAME_LEN + 32];

	make_id(id, acl->name, '\0', resources);
	json_object_set_new(resources, id,
			    json_pack("{s:s, s:{s:{s:s}, s:[{s:s, s:s}]}}", "Type",
				      "AWS::EC2::NetworkAcl", "Properties", "VpcId", "Ref", "VpcId",
				      "Tags", "Key", "Name", "Value", acl->name));
	for (size_t i = 0; i < acl->entry_count; i++) {
		const struct nacl_entry *entry = &acl->entries[i];
		json_t *properties = json_pack("{s:{s:s}, s:i}", "NetworkAclId", "Ref", id,
					       "Protocol", entry->rule.protocol);

		set_aws_fields(properties, entry, "Icmp");
		snprintf(entry_id, sizeof(entry_id), "%s%s%u", id,
			 entry->direction == INBOUND ? "Inbound" : "Outbound", entry->rule.number);
		json_object_set_new(resources, entry_id,
				    json_pack("{s:s, s:o}", "Type", "AWS::EC2::NetworkAclEntry",
					      "Properties", properties));
	}
}

int nacl_write_cloudformation(const struct nacl_doc *doc, const size_t *acls, size_t count,
			      FILE *to)
{
	json_t *resources = json_object();

	for (size_t i = 0; i < count; i++)
		template_acl(resources, &doc->acls[acls[i]]);
	return dump(json_pack("{s:s, s:s, s:{s:{s:s}}, s:o}", "AWSTemplateFormatVersion",
			      "2010-09-09", "Description", "Network ACLs, by naclctl export",
			      "Parameters", "VpcId", "Type", "AWS::EC2::VPC::Id", "Resources",
			      resources),
		    to);
}

static json_t *terraform_rule(const struct nacl_entry *entry, const char *acl)
{
	const struct rule *rule = &entry->rule;
	char reference[NAME_LEN + 32], protocol[8];
	json_t *object;

	snprintf(reference, sizeof(reference), "${aws_network_acl.%s.id}", acl);
	snprintf(protocol, sizeof(protocol), "%d", rule->protocol);
	object = json_pack("{s:s, s:i, s:b, s:s, s:s}", "network_acl_id", reference, "rule_number",
			   rule->number, "egress", entry->direction == OUTBOUND, "protocol",
			   protocol, "rule_action", action_name(rule->action));
	set_prefix(object, rule, "cidr_block", "ipv6_cidr_block");
	if (rule_has_ports(rule)) {
		json_object_set_new(object, "from_port", json_integer(rule->port_first));
		json_object_set_new(object, "to_port", json_integer(rule->port_last));
	}
	if (has_type(rule)) {
		json_object_set_new(object, "icmp_type", json_integer(rule->icmp_type));
		json_object_set_new(object, "icmp_code", json_integer(rule->icmp_code));
	}
	return object;
}

static void terraform_acl(json_t *acls, json_t *rules, const struct nacl_acl *acl)
{
	char id[NAME_LEN], rule_id[NAME_LEN + 32];

	make_id(id, acl->name, '_', acls);
	json_object_set_new(
		acls, id,
		json_pack("{s:s, s:{s:s}}", "vpc_id", "${var.vpc_id}", "tags", "Name", acl->name));
	for (size_t i = 0; i < acl->entry_count; i++) {
		const struct nacl_entry *entry = &acl->entries[i];

		snprintf(rule_id, sizeof(rule_id), "%s_%s_%u", id, direction_name(entry->direction),
			 entry->rule.number);
		json_object_set_new(rules, rule_id, terraform_rule(entry, id));
	}
}

int nacl_write_terraform(const struct nacl_doc *doc, const size_t *acls, size_t count, FILE *to)
{
	json_t *resources = json_object(), *rules = json_object(), *both;

	for (size_t i = 0; i < count; i++)
		terraform_acl(resources, rules, &doc->acls[acls[i]]);
	both = json_pack("{s:o}", "aws_network_acl", resources);
	if (json_object_size(rules))
		json_object_set_new(both, "aws_network_acl_rule", rules);
	else
		json_decref(rules);
	return dump(json_pack("{s:{s:{s:s}}, s:o}", "variable", "vpc_id", "type", "string",
			      "resource", both),
		    to);
}

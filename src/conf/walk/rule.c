/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of one list: { rule = 100; action = "allow"; protocol = "tcp"; ports = "443"; source =
 * "0.0.0.0/0"; }.
 *
 * A rule is taken only when it says everything its protocol needs and nothing it does not look at:
 * ports for TCP and UDP, type and code for ICMP and ICMPv6 (AWS API reference, NetworkAclEntry;
 * there the rest is silently ignored, which hides mistakes). A rule number is unique in a list,
 * whatever the address family. Port 0 may be alone as well as in a range: the API's ranges begin
 * there, and a packet may have it.
 */
#include "conf/walk/rule.h"

#include <stdlib.h>
#include <string.h>

#include "conf/place.h"
#include "conf/walk/cidr.h"
#include "conf/walk/ports.h"
#include "conf/walk/schema.h"
#include "core/policy.h"

#define INBOUND_INSTEAD  "an inbound rule names the remote end: source = \"...\";"
#define OUTBOUND_INSTEAD "an outbound rule names the remote end: destination = \"...\";"
#define PORT_INSTEAD     "rules look at the destination port only: ports = \"...\";"

static const struct conf_key inbound_keys[] = {
	{"rule", NULL},
	{"action", NULL},
	{"protocol", NULL},
	{"ports", NULL},
	{"type", NULL},
	{"code", NULL},
	{"source", NULL},
	{"comment", NULL},
	{"destination", INBOUND_INSTEAD},
	{"cidr", INBOUND_INSTEAD},
	{"source_port", PORT_INSTEAD},
	{"source_ports", PORT_INSTEAD},
	{NULL, NULL},
};

static const struct conf_key outbound_keys[] = {
	{"rule", NULL},
	{"action", NULL},
	{"protocol", NULL},
	{"ports", NULL},
	{"type", NULL},
	{"code", NULL},
	{"destination", NULL},
	{"comment", NULL},
	{"source", OUTBOUND_INSTEAD},
	{"cidr", OUTBOUND_INSTEAD},
	{"source_port", PORT_INSTEAD},
	{"source_ports", PORT_INSTEAD},
	{NULL, NULL},
};

static bool needs(struct conf_reader *r, const config_setting_t *group, const char *key,
		  const char *example)
{
	char hint[CONF_HINT_LEN];

	snprintf(hint, sizeof(hint), "add %s = %s;", key, example);
	conf_error(r, conf_place(group), hint, "a rule needs \"%s\"", key);
	return false;
}

/* The numbers under which AWS's API lists the implicit rules of the two families. */
static bool is_implicit(const config_setting_t *s)
{
	return s && config_setting_type(s) == CONFIG_TYPE_INT &&
	       (config_setting_get_int(s) == RULE_NUMBER_MAX + 1 ||
		config_setting_get_int(s) == RULE_NUMBER_MAX + 2);
}

static bool read_number(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	const config_setting_t **first;
	char where[CONF_HINT_LEN];
	const config_setting_t *s = config_setting_get_member(group, "rule");
	enum conf_found found;
	long number;

	if (is_implicit(s)) {
		conf_error(r, conf_place(s), "every list ends with it: leave this rule out",
			   "rule %d is `*`, which denies what no other rule matches",
			   config_setting_get_int(s));
		return false;
	}
	found = conf_get_int(r, group, "rule", RULE_NUMBER_MIN, RULE_NUMBER_MAX, &number);
	if (found == CONF_ABSENT)
		return needs(r, group, "rule", "100");
	if (found != CONF_OK)
		return false;
	first = &r->numbers[number];
	if (*first) {
		conf_error(r, conf_place(group),
			   "a number is unique in its list, IPv4 and IPv6 together",
			   "rule %ld is already in %s", number,
			   conf_refer(r, conf_place(group), conf_place(*first), where));
		return false;
	}
	*first = group;
	rule->number = (uint16_t)number;
	return true;
}

static bool read_action(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	static const char *const words[] = {[ACTION_DENY] = "deny", [ACTION_ALLOW] = "allow", NULL};
	int action;
	enum conf_found found = conf_get_word(r, group, "action", words, &action);

	if (found == CONF_ABSENT)
		return needs(r, group, "action", "\"allow\"");
	rule->action = (uint8_t)action;
	return found == CONF_OK;
}

static bool bad_protocol(struct conf_reader *r, const config_setting_t *s, const char *text)
{
	const char *names[257], *hint;
	char buf[CONF_HINT_LEN];
	size_t count = 0;

	for (int p = PROTOCOL_ALL; p <= 255; p++)
		if (protocol_name(p))
			names[count++] = protocol_name(p);
	hint = conf_nearest(text, names, count, buf);
	conf_error(r, conf_place(s), hint ? hint : "a name, \"all\", or a number 0 to 255",
		   "no protocol \"%.64s\"", text);
	return false;
}

/* "tcp", "6", 6, "all", and AWS's -1. */
static bool read_protocol(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	const config_setting_t *s = config_setting_get_member(group, "protocol");
	const char *text;
	long number;
	int parsed;

	if (!s)
		return needs(r, group, "protocol", "\"tcp\"");
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		if (conf_get_int(r, group, "protocol", PROTOCOL_ALL, 255, &number) != CONF_OK)
			return false;
		rule->protocol = (int16_t)number;
		return true;
	}
	text = config_setting_get_string(s);
	if (strcmp(text, "-1") == 0)
		text = "all";
	if (!protocol_parse(text, &parsed))
		return bad_protocol(r, s, text);
	rule->protocol = (int16_t)parsed;
	return true;
}

static bool read_ports(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	const config_setting_t *s = config_setting_get_member(group, "ports");
	long port;

	if (!rule_has_ports(rule)) {
		if (s)
			conf_error(r, conf_place(s),
				   "remove it, or write protocol = \"tcp\" or \"udp\"",
				   "only TCP and UDP have ports");
		return !s;
	}
	if (!s)
		return needs(r, group, "ports", "\"443\"; or \"1024-65535\"; or \"all\"");
	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		return conf_parse_ports(r, conf_place(s), config_setting_get_string(s),
					&rule->port_first, &rule->port_last);
	if (conf_get_int(r, group, "ports", 0, UINT16_MAX, &port) != CONF_OK)
		return false;
	rule->port_first = rule->port_last = (uint16_t)port;
	return true;
}

static bool read_icmp_field(struct conf_reader *r, const config_setting_t *group, const char *key,
			    bool required, int16_t *out)
{
	long value;
	enum conf_found found = conf_get_int(r, group, key, RULE_ANY, 255, &value);

	if (found == CONF_ABSENT)
		return !required || needs(r, group, key, "-1");
	if (found == CONF_OK)
		*out = (int16_t)value;
	return found == CONF_OK;
}

static bool no_icmp(struct conf_reader *r, const config_setting_t *group, const struct rule *rule)
{
	static const char *const keys[] = {"type", "code"};
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		const config_setting_t *s = config_setting_get_member(group, keys[i]);

		if (!s)
			continue;
		if (rule->protocol == PROTOCOL_ICMPV6)
			conf_error(r, conf_place(s), "remove it, or name an IPv6 CIDR",
				   "ICMPv6 with an IPv4 CIDR matches every type: it has no \"%s\"",
				   keys[i]);
		else
			conf_error(r, conf_place(s), "remove it, or write protocol = \"icmp\"",
				   "only ICMP and ICMPv6 have a \"%s\"", keys[i]);
		ok = false;
	}
	return ok;
}

static bool read_icmp(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	bool ok;

	if (!rule_has_icmp(rule))
		return no_icmp(r, group, rule);
	ok = read_icmp_field(r, group, "type", true, &rule->icmp_type);
	ok &= read_icmp_field(r, group, "code", true, &rule->icmp_code);
	if (ok && rule->icmp_type == RULE_ANY && rule->icmp_code != RULE_ANY) {
		conf_error(r, conf_place(config_setting_get_member(group, "code")),
			   "write code = -1; or name the type",
			   "type -1 (any) requires code -1 (any)");
		return false;
	}
	return ok;
}

static bool no_set(struct conf_reader *r, const config_setting_t *s, const char *name)
{
	const char *hint = NULL;
	char buf[CONF_HINT_LEN];

	for (size_t i = 0; i < r->policy->set_count && !hint; i++)
		hint = conf_nearest(name, (const char *const[]){r->policy->sets[i]->name}, 1, buf);
	conf_error(r, conf_place(s),
		   hint ? hint : "define it: sets = ( { name = \"...\"; file = \"...\"; } );",
		   "there is no set \"%.64s\"", name);
	return false;
}

static bool use_set(struct conf_reader *r, const config_setting_t *s, const char *name,
		    struct rule *rule)
{
	for (size_t i = 0; i < r->policy->set_count; i++) {
		if (strcmp(r->policy->sets[i]->name, name) != 0)
			continue;
		r->set_used[i] = 1;
		rule->set = r->policy->sets[i];
		return true;
	}
	return no_set(r, s, name);
}

static bool read_remote(struct conf_reader *r, const config_setting_t *group,
			enum direction direction, struct rule *rule)
{
	const char *key = direction == INBOUND ? "source" : "destination", *text;
	const config_setting_t *s = config_setting_get_member(group, key);
	char hint[CONF_HINT_LEN];
	enum conf_found found = conf_get_string(r, group, key, &text);

	if (found == CONF_ABSENT) {
		const char *other = direction == INBOUND ? "destination" : "source";

		if (config_setting_get_member(group, other) ||
		    config_setting_get_member(group, "cidr"))
			return false; /* the unknown key was reported */
		snprintf(hint, sizeof(hint),
			 "add %s = \"...\"; a network, as in \"192.0.2.0/24\", or a set: \"@name\"",
			 key);
		conf_error(r, conf_place(group), hint, "a rule needs \"%s\"", key);
		return false;
	}
	if (found != CONF_OK)
		return false;
	if (text[0] == '@')
		return use_set(r, s, text + 1, rule);
	return conf_parse_cidr(r, conf_place(s), text, false, &rule->prefix);
}

static void warn_icmp_family(struct conf_reader *r, const config_setting_t *group,
			     const struct rule *rule)
{
	bool v6 = rule->prefix.addr.family == FAMILY_IPV6;

	if (rule->set)
		return;
	if (rule->protocol == PROTOCOL_ICMP && v6)
		conf_warn(r, conf_place(group), "IPv6 uses protocol = \"icmpv6\"",
			  "\"icmp\" with an IPv6 CIDR matches no ping and no error message");
	else if (rule->protocol == PROTOCOL_ICMPV6 && !v6)
		conf_warn(r, conf_place(group), "IPv4 uses protocol = \"icmp\"",
			  "\"icmpv6\" with an IPv4 CIDR matches no ping and no error message");
}

/* Printed to terminals and into logs: text of one line, without control characters. */
static bool read_comment(struct conf_reader *r, const config_setting_t *group, struct rule *rule)
{
	enum conf_found found = conf_get_string(r, group, "comment", &rule->comment);

	if (found != CONF_OK)
		return found == CONF_ABSENT;
	for (const char *at = rule->comment; *at; at++) {
		if ((unsigned char)*at >= ' ' && *at != 0x7f)
			continue;
		conf_error(r, conf_place(config_setting_get_member(group, "comment")), NULL,
			   "a comment is one line, without control characters");
		return false;
	}
	return true;
}

/* Everything is read even when something is wrong, so that all of it is reported at once. */
static bool read_rule(struct conf_reader *r, const config_setting_t *group,
		      enum direction direction, struct rule *rule)
{
	bool protocol, remote, ok;

	ok = read_number(r, group, rule);
	ok &= read_action(r, group, rule);
	ok &= read_comment(r, group, rule);
	protocol = read_protocol(r, group, rule);
	remote = read_remote(r, group, direction, rule);
	if (!protocol)
		return false;
	ok &= read_ports(r, group, rule);
	if (remote || rule->protocol != PROTOCOL_ICMPV6)
		ok &= read_icmp(r, group, rule);
	return ok && remote;
}

static void add_rule(struct conf_reader *r, const config_setting_t *group, enum direction direction,
		     struct acl *acl)
{
	const char *what = direction == INBOUND ? "an inbound rule" : "an outbound rule", *invalid;
	struct rule rule = {.icmp_type = RULE_ANY, .icmp_code = RULE_ANY};

	if (!conf_is_group(r, group, what))
		return;
	conf_check_keys(r, group, what, direction == INBOUND ? inbound_keys : outbound_keys);
	if (!read_rule(r, group, direction, &rule))
		return;
	invalid = rule_invalid(&rule);
	if (invalid) {
		conf_error(r, conf_place(group), NULL, "%s", invalid);
		return;
	}
	warn_icmp_family(r, group, &rule);
	if (acl_add_rule(acl, direction, &rule) < 0)
		conf_out_of_memory(r);
	conf_note_rule(r, conf_place(group), (uint32_t)(acl - r->policy->acls), direction,
		       rule.number);
}

/* For the next list: of 32,766 numbers most lists use few. */
static void forget_number(struct conf_reader *r, const config_setting_t *group)
{
	int number;

	if (config_setting_is_group(group) && config_setting_lookup_int(group, "rule", &number) &&
	    number >= RULE_NUMBER_MIN && number <= RULE_NUMBER_MAX)
		r->numbers[number] = NULL;
}

void conf_read_rules(struct conf_reader *r, const config_setting_t *acl_group,
		     enum direction direction, struct acl *acl)
{
	const char *key = direction_name(direction);
	const config_setting_t *list;
	char hint[CONF_HINT_LEN];
	enum conf_found found = conf_get_list(r, acl_group, key, &list);
	int length;

	if (found == CONF_ABSENT) {
		snprintf(hint, sizeof(hint), "to deny everything, write %s = ( );", key);
		conf_error(r, conf_place(acl_group), hint, "a network ACL needs \"%s\"", key);
	}
	if (found != CONF_OK)
		return;
	length = config_setting_length(list);
	for (int i = 0; i < length; i++)
		add_rule(r, config_setting_get_elem(list, (unsigned int)i), direction, acl);
	for (int i = 0; i < length; i++)
		forget_number(r, config_setting_get_elem(list, (unsigned int)i));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One entry of a network ACL, whatever the format: from scalars to a rule.
 *
 * The meaning is that of EC2's API (CreateNetworkAclEntry, NetworkAclEntry): the direction is
 * inbound unless told; ports belong to TCP and UDP, type and code to ICMP and to ICMPv6 with an
 * IPv6 CIDR, and are required there; every other protocol covers all of its traffic whatever ports
 * or types stand beside it, which is told loudly, since the rule is wider than it looks. 32767 and
 * 32768 are the default rules. Where tools disagree about a spelling (0110, yes, 1_024) it is
 * refused rather than guessed.
 */
#include "interop/nacl.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_DEFAULT_FIRST 32767
#define NUMBER_DEFAULT_LAST  32768

struct reading {
	struct nacl_doc *doc;
	size_t acl;
	const struct nacl_fields *fields;
	struct nacl_entry entry;
	long number;
	bool ok;
};

static const char *name_of(const struct reading *r, enum nacl_field field)
{
	return r->fields->names[field];
}

static const struct node *value_of(const struct reading *r, enum nacl_field field)
{
	const struct node *node = r->fields->value[field];

	return node_is_empty(node) ? NULL : node;
}

/* "WebInbound: ", or "rule 100: " once the number is known. */
static const char *who(const struct reading *r)
{
	struct arena *arena = &r->doc->arena;

	if (r->fields->label)
		return arena_printf(arena, "%s: ", r->fields->label);
	return r->number > 0 ? arena_printf(arena, "rule %ld: ", r->number) : "";
}

#define SAY(r, severity, node, hint, ...)                                                        \
	nacl_note((r)->doc, severity, (r)->acl, (node) ? (node) : (r)->fields->at, hint, "%s%s", \
		  who(r), arena_printf(&(r)->doc->arena, __VA_ARGS__))

#define REFUSE(r, node, hint, ...)                           \
	do {                                                 \
		(r)->ok = false;                             \
		SAY(r, NACL_ERROR, node, hint, __VA_ARGS__); \
	} while (0)

#define WARN(r, node, hint, ...) SAY(r, NACL_WARNING, node, hint, __VA_ARGS__)

static const char *shown(const struct reading *r, const struct node *node)
{
	const char *text = node_text(node);

	return text ? nacl_quote(&r->doc->arena, text) : node_kind_name(node);
}

/* Decimal digits and a sign, in quotes or not; no leading zero, which some read as octal. */
static bool to_number(const char *text, long *out)
{
	const char *digits = *text == '-' ? text + 1 : text;
	size_t len = strspn(digits, "0123456789");

	if (len == 0 || len > 9 || digits[len] != '\0' || (*digits == '0' && len > 1))
		return false;
	*out = strtol(text, NULL, 10);
	return true;
}

/* False after an error, or when the field is absent. */
static bool read_number(struct reading *r, enum nacl_field field, long min, long max, long *out)
{
	const struct node *node = value_of(r, field);
	const char *text = node_text(node);
	long value;

	if (!node)
		return false;
	if (!text || node->kind == NODE_BOOL || !to_number(text, &value)) {
		REFUSE(r, node,
		       text && text[0] == '0' ? "without the leading 0, which some read as octal"
					      : "decimal digits only",
		       "%s is %s, no whole number", name_of(r, field), shown(r, node));
		return false;
	}
	if (value < min || value > max) {
		REFUSE(r, node, NULL, "%s is %ld: it can be %ld to %ld", name_of(r, field), value,
		       min, max);
		return false;
	}
	*out = value;
	return true;
}

static void read_egress(struct reading *r)
{
	const struct node *node = value_of(r, NACL_EGRESS);
	const char *text = node_text(node);

	r->entry.direction = INBOUND; /* where nothing is said: the API's default */
	if (!node)
		return;
	if (text && strcasecmp(text, "true") == 0)
		r->entry.direction = OUTBOUND;
	else if (!text || strcasecmp(text, "false") != 0)
		REFUSE(r, node,
		       node->plain ? "true or false: readers of YAML disagree about other words"
				   : "true or false",
		       "%s is %s, neither true nor false", name_of(r, NACL_EGRESS), shown(r, node));
}

static void read_action(struct reading *r)
{
	const struct node *node = value_of(r, NACL_ACTION);
	const char *text = node_text(node);

	if (!node)
		REFUSE(r, NULL, NULL, "%s is missing", name_of(r, NACL_ACTION));
	else if (text && strcasecmp(text, "allow") == 0)
		r->entry.rule.action = ACTION_ALLOW;
	else if (text && strcasecmp(text, "deny") == 0)
		r->entry.rule.action = ACTION_DENY;
	else
		REFUSE(r, node, "allow or deny", "%s is %s", name_of(r, NACL_ACTION),
		       shown(r, node));
}

/* A name in any case, "ipv6-icmp" as Ansible says, or a number with -1 for all. */
static bool parse_protocol(const char *text, int *out)
{
	char lower[16];
	size_t len = strlen(text);

	if (strcmp(text, "-1") == 0) {
		*out = PROTOCOL_ALL;
		return true;
	}
	if (len >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= len; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	if (strcmp(lower, "ipv6-icmp") == 0) {
		*out = PROTOCOL_ICMPV6;
		return true;
	}
	return protocol_parse(lower, out);
}

static void read_protocol(struct reading *r)
{
	const struct node *node = value_of(r, NACL_PROTOCOL);
	const char *text = node_text(node);
	int protocol;

	if (!node)
		REFUSE(r, NULL, NULL, "%s is missing", name_of(r, NACL_PROTOCOL));
	else if (!text || node->kind == NODE_BOOL || !parse_protocol(text, &protocol))
		REFUSE(r, node, "tcp, udp, icmp, all, another name, or a number -1 to 255",
		       "%s is %s", name_of(r, NACL_PROTOCOL), shown(r, node));
	else
		r->entry.rule.protocol = (int16_t)protocol;
}

static void read_prefix(struct reading *r, enum nacl_field field, uint8_t family)
{
	const struct node *node = value_of(r, field);
	const char *text = node_text(node);
	struct prefix *prefix = &r->entry.rule.prefix;
	char buf[PREFIX_STRLEN];
	bool host_bits;

	if (!text || !strchr(text, '/') || prefix_parse(text, prefix, &host_bits) != PREFIX_OK) {
		REFUSE(r, node, "as in 192.0.2.0/24 or 2001:db8::/32", "%s is %s, no network",
		       name_of(r, field), shown(r, node));
		return;
	}
	if (family && prefix->addr.family != family) {
		REFUSE(r, node, NULL, "%s is %s: IPv%u in the place of IPv%u", name_of(r, field),
		       shown(r, node), prefix->addr.family, family);
		return;
	}
	if (host_bits)
		WARN(r, node, NULL, "%s has host bits set: taken as %s, as AWS does",
		     shown(r, node), prefix_print(prefix, buf));
}

static void read_cidr(struct reading *r)
{
	const struct node *ipv4 = value_of(r, NACL_CIDR), *ipv6 = value_of(r, NACL_IPV6_CIDR);

	if (ipv4 && ipv6)
		REFUSE(r, ipv6, "an entry has one of them", "both %s and %s", name_of(r, NACL_CIDR),
		       name_of(r, NACL_IPV6_CIDR));
	else if (!ipv4 && !ipv6)
		REFUSE(r, NULL, NULL, "no %s and no %s", name_of(r, NACL_CIDR),
		       name_of(r, NACL_IPV6_CIDR));
	else if (ipv4)
		read_prefix(r, NACL_CIDR, r->fields->any_family ? 0 : FAMILY_IPV4);
	else
		read_prefix(r, NACL_IPV6_CIDR, FAMILY_IPV6);
}

static const char *protocol_text(const struct reading *r)
{
	char buf[PROTOCOL_STRLEN];

	return arena_printf(&r->doc->arena, "%s", protocol_print(r->entry.rule.protocol, buf));
}

static void read_ports(struct reading *r)
{
	const struct node *from = value_of(r, NACL_FROM), *to = value_of(r, NACL_TO);
	long first, last;

	if (!from != !to) {
		REFUSE(r, from ? from : to, "a range has both ends", "%s without %s",
		       name_of(r, from ? NACL_FROM : NACL_TO),
		       name_of(r, from ? NACL_TO : NACL_FROM));
		return;
	}
	if (!from) {
		REFUSE(r, NULL, "AWS requires it for TCP and UDP; all ports are 0 to 65535",
		       "%s without a port range", protocol_text(r));
		return;
	}
	if (!read_number(r, NACL_FROM, 0, UINT16_MAX, &first) ||
	    !read_number(r, NACL_TO, 0, UINT16_MAX, &last))
		return;
	if (first > last) {
		REFUSE(r, from, NULL, "the port range is reversed: %ld to %ld", first, last);
		return;
	}
	if (last == 0)
		WARN(r, from, "0 to 65535 would be all ports", "port 0 alone, as it stands");
	r->entry.rule.port_first = (uint16_t)first;
	r->entry.rule.port_last = (uint16_t)last;
}

static void read_icmp(struct reading *r)
{
	const struct node *type = value_of(r, NACL_TYPE), *code = value_of(r, NACL_CODE);
	long type_value, code_value;

	if (!type || !code) {
		REFUSE(r, type ? type : code, "-1 and -1 are all types; AWS requires both",
		       "%s without %s", protocol_text(r), name_of(r, type ? NACL_CODE : NACL_TYPE));
		return;
	}
	if (!read_number(r, NACL_TYPE, RULE_ANY, 255, &type_value) ||
	    !read_number(r, NACL_CODE, RULE_ANY, 255, &code_value))
		return;
	if (type_value == RULE_ANY && code_value != RULE_ANY) {
		REFUSE(r, code, "-1 and -1 are all types", "%s is -1 (any) beside %s %ld",
		       name_of(r, NACL_TYPE), name_of(r, NACL_CODE), code_value);
		return;
	}
	r->entry.rule.icmp_type = (int16_t)type_value;
	r->entry.rule.icmp_code = (int16_t)code_value;
}

static bool is_text(const struct node *node, const char *wanted)
{
	const char *text = node_text(node);

	return text && strcmp(text, wanted) == 0;
}

/* What tools write to say "none": 0 and 0, -1 and -1; and 0 to 65535 says what holds anyway. */
static bool says_nothing(const struct node *a, const struct node *b)
{
	if (!a && !b)
		return true;
	if (is_text(a, "0"))
		return is_text(b, "0") || is_text(b, "65535");
	return is_text(a, "-1") && is_text(b, "-1");
}

/* Fields that the protocol does not look at: ignored, as AWS ignores them, and told. */
static void warn_of_ignored(struct reading *r, enum nacl_field first, enum nacl_field last,
			    const char *meaning)
{
	const struct node *a = value_of(r, first), *b = value_of(r, last);

	if (says_nothing(a, b))
		return;
	WARN(r, a ? a : b, "AWS ignores it; name the protocol that was meant",
	     "%s %s to %s is ignored with protocol %s: it covers %s",
	     first == NACL_FROM ? "port range" : "ICMP type and code", shown(r, a), shown(r, b),
	     protocol_text(r), meaning);
}

static void read_transport(struct reading *r)
{
	struct rule *rule = &r->entry.rule;
	bool icmp = rule->protocol == PROTOCOL_ICMP || rule->protocol == PROTOCOL_ICMPV6;
	bool ipv6 = rule->prefix.addr.family == FAMILY_IPV6;

	if (rule_has_ports(rule))
		read_ports(r);
	else
		warn_of_ignored(r, NACL_FROM, NACL_TO,
				rule->protocol == PROTOCOL_ALL ? "every port of every protocol"
				: icmp                         ? "what its type and code say"
							       : "all of that protocol");
	if (rule_has_icmp(rule))
		read_icmp(r);
	else
		warn_of_ignored(r, NACL_TYPE, NACL_CODE,
				rule_has_ports(rule) ? "its ports" : "all of it");
	if (!r->ok || !icmp || (rule->protocol == PROTOCOL_ICMPV6) == ipv6)
		return;
	WARN(r, NULL, ipv6 ? "ICMPv6 (58) is what IPv6 uses" : "ICMP (1) is what IPv4 uses",
	     "%s with an IPv%d CIDR will hardly ever match%s", protocol_text(r), ipv6 ? 6 : 4,
	     ipv6 ? "" : "; it covers all types");
}

/* The rule `*`: everything denied, in the numbers AWS shows it under. */
static void read_default(struct reading *r)
{
	const struct rule *rule = &r->entry.rule;

	if (r->ok && rule->action == ACTION_DENY && rule->protocol == PROTOCOL_ALL &&
	    rule->prefix.len == 0) {
		r->doc->acls[r->acl].defaults++;
		return;
	}
	if (r->ok)
		REFUSE(r, NULL, "numbers for rules are 1 to 32766",
		       "%ld is the number of the default rule, which denies everything", r->number);
	r->doc->acls[r->acl].refused++;
}

static void read_rule_number(struct reading *r)
{
	if (!value_of(r, NACL_NUMBER))
		REFUSE(r, NULL, NULL, "%s is missing", name_of(r, NACL_NUMBER));
	else if (is_text(value_of(r, NACL_NUMBER), "*"))
		r->number = NUMBER_DEFAULT_FIRST;
	else if (read_number(r, NACL_NUMBER, RULE_NUMBER_MIN, NUMBER_DEFAULT_LAST, &r->number))
		r->entry.rule.number = (uint16_t)r->number;
}

void nacl_read_entry(struct nacl_doc *doc, size_t acl, const struct nacl_fields *fields)
{
	struct reading r = {.doc = doc, .acl = acl, .fields = fields, .ok = true};
	struct nacl_entry *to;

	r.entry.rule.icmp_type = r.entry.rule.icmp_code = RULE_ANY;
	doc->acls[acl].seen++;
	read_rule_number(&r);
	read_egress(&r);
	read_action(&r);
	read_protocol(&r);
	read_cidr(&r);
	if (r.number >= NUMBER_DEFAULT_FIRST) {
		read_default(&r);
		return;
	}
	if (r.ok)
		read_transport(&r);
	if (!r.ok) {
		doc->acls[acl].refused++;
		return;
	}
	to = nacl_add_entry(doc, acl);
	if (!to)
		return;
	*to = r.entry;
	to->line = fields->at->line;
	to->column = fields->at->column;
	to->origin = arena_printf(&doc->arena, "%s:%u%s%s", doc->file, to->line,
				  fields->label ? " " : "", fields->label ? fields->label : "");
}

void nacl_refuse_entry(struct nacl_doc *doc, size_t acl, const struct node *at, const char *hint,
		       const char *format, ...)
{
	const char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(&doc->arena, format, args);
	va_end(args);
	doc->acls[acl].seen++;
	doc->acls[acl].refused++;
	nacl_note(doc, NACL_ERROR, acl, at, hint, "%s", message);
}

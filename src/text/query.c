/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions about many packets at once, cut into words and read.
 *
 * Strict: what is not understood is an error, for a question about the wrong set has a wrong answer
 * that looks right.
 */
#include "text/query.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"

__attribute__((format(printf, 2, 3))) static bool fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, QUERY_ERROR_LEN, format, args);
	va_end(args);
	return false;
}

static bool is_any(const char *word)
{
	return strcmp(word, "any") == 0 || strcmp(word, "all") == 0;
}

static bool parse_way(const char *word, struct query *q, char *error)
{
	if (strcmp(word, "in") != 0 && strcmp(word, "out") != 0)
		return fail(error, "\"%.40s\": a question begins with in or out", word);
	q->direction = strcmp(word, "in") == 0 ? INBOUND : OUTBOUND;
	return true;
}

static bool parse_protocol(const char *word, struct query *q, char *error)
{
	if (is_any(word))
		q->protocol = PROTOCOL_ALL;
	else if (!protocol_parse(word, &q->protocol))
		return fail(error, "\"%.40s\" is no protocol: a name, 0 to 255, or any", word);
	return true;
}

static bool parse_addrs(const char *word, struct query_addrs *out, char *error)
{
	out->any = is_any(word);
	out->set = word[0] == '@' ? word + 1 : NULL;
	if (out->any || out->set || prefix_parse(word, &out->prefix, NULL) == PREFIX_OK)
		return true;
	return fail(error, "\"%.60s\" is no address, CIDR, @SET or any", word);
}

/* "443", "1024-65535", "any". */
static bool parse_ports(char *word, uint16_t *first, uint16_t *last, char *error)
{
	char *dash = strchr(word, '-');
	unsigned int low, high;

	*first = 0;
	*last = UINT16_MAX;
	if (is_any(word))
		return true;
	if (dash)
		*dash = '\0';
	if (!decimal_parse(word, UINT16_MAX, &low) ||
	    !decimal_parse(dash ? dash + 1 : word, UINT16_MAX, &high) || low > high)
		return fail(error, "\"%.20s%s%.20s\": ports are N, N-M or any, 0 to 65535", word,
			    dash ? "-" : "", dash ? dash + 1 : "");
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return true;
}

/* Cuts "ADDRS:PORTS" or "[ADDRS]:PORTS" in two; *ports is NULL where there are none. */
static void split_end(char *word, char **addrs, char **ports)
{
	char *bracket = word[0] == '[' ? strchr(word, ']') : NULL, *colon = strchr(word, ':');

	*addrs = word;
	*ports = NULL;
	if (bracket && (bracket[1] == ':' || bracket[1] == '\0')) {
		*addrs = word + 1;
		*ports = bracket[1] == ':' ? bracket + 2 : NULL;
		*bracket = '\0';
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		*ports = colon + 1;
	}
}

static bool parse_ends(char *words[], struct query *q, char *error)
{
	uint16_t first, last;
	char *addrs, *ports;

	split_end(words[0], &addrs, &ports);
	if (!parse_addrs(addrs, &q->src, error) ||
	    (ports && !parse_ports(ports, &first, &last, error)))
		return false;
	split_end(words[1], &addrs, &ports);
	return parse_addrs(addrs, &q->dst, error) &&
	       (!ports || parse_ports(ports, &q->port_first, &q->port_last, error));
}

static bool parse_number(const char *word, int16_t *out, char *error)
{
	unsigned int value;

	if (!decimal_parse(word, UINT8_MAX, &value))
		return fail(error, "\"%.40s\": an ICMP type or code is 0 to 255", word);
	*out = (int16_t)value;
	return true;
}

static bool parse_pair(char *key, char *value, struct query *q, char *error)
{
	if (strcmp(key, "from") == 0)
		return parse_addrs(value, &q->src, error);
	if (strcmp(key, "to") == 0)
		return parse_addrs(value, &q->dst, error);
	if (strcmp(key, "port") == 0 || strcmp(key, "ports") == 0)
		return parse_ports(value, &q->port_first, &q->port_last, error);
	if (strcmp(key, "type") == 0)
		return parse_number(value, &q->icmp_type, error);
	if (strcmp(key, "code") == 0)
		return parse_number(value, &q->icmp_code, error);
	return fail(error, "\"%.40s\": from, to, port, type or code is expected here", key);
}

static bool is_key(const char *word)
{
	static const char *const keys[] = {"from", "to", "port", "ports", "type", "code"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], word) == 0)
			return true;
	return false;
}

/* What can be asked of one protocol only. */
static bool agrees(const struct query *q, char *error)
{
	bool ports = q->protocol == PROTOCOL_TCP || q->protocol == PROTOCOL_UDP;
	bool types = q->protocol == PROTOCOL_ICMP || q->protocol == PROTOCOL_ICMPV6;
	const struct query_addrs *a = &q->src, *b = &q->dst;

	if (!ports && (q->port_first != 0 || q->port_last != UINT16_MAX))
		return fail(error, "only tcp and udp have ports");
	if (!types && q->icmp_type != RULE_ANY)
		return fail(error, "only icmp and icmpv6 have types");
	if (q->icmp_type == RULE_ANY && q->icmp_code != RULE_ANY)
		return fail(error, "a code without a type: type T code C");
	if (!a->any && !a->set && !b->any && !b->set &&
	    a->prefix.addr.family != b->prefix.addr.family)
		return fail(error, "source and destination are of different families");
	return true;
}

int query_parse(char *words[], size_t count, struct query *out, char error[static QUERY_ERROR_LEN])
{
	struct query q = {.src.any = true,
			  .dst.any = true,
			  .port_last = UINT16_MAX,
			  .icmp_type = RULE_ANY,
			  .icmp_code = RULE_ANY};
	size_t at = 2;

	if (count < 2) {
		fail(error, "a question is in|out PROTO [from ADDRS] [to ADDRS] [port PORTS]");
		return -EINVAL;
	}
	if (!parse_way(words[0], &q, error) || !parse_protocol(words[1], &q, error))
		return -EINVAL;
	if (count >= 4 && !is_key(words[2])) {
		if (!parse_ends(words + 2, &q, error))
			return -EINVAL;
		at = 4;
	}
	for (; at + 1 < count; at += 2) {
		if (strcmp(words[at], "to") == 0 && is_key(words[at + 1]))
			at++; /* "to port 443" */
		if (at + 1 < count && !parse_pair(words[at], words[at + 1], &q, error))
			return -EINVAL;
	}
	if (at < count) {
		fail(error, "\"%.40s\" stands alone at the end", words[at]);
		return -EINVAL;
	}
	if (!agrees(&q, error))
		return -EINVAL;
	q.remote = q.direction == INBOUND ? q.src : q.dst;
	q.local = q.direction == INBOUND ? q.dst : q.src;
	*out = q;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which drops are asked about. A host or port is that of either end: who types one has it from a
 * complaint, and does not know yet which way the packet went that got lost.
 */
#include "ctl/drops/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/decimal.h"

#define DAYS_MAX 3650

bool select_duration(const char *word, int64_t *seconds)
{
	static const struct {
		char unit;
		unsigned int seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	char digits[12];
	size_t len = strlen(word);
	unsigned int value, factor = 1;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, word, len + 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (digits[len - 1] == units[i].unit) {
			factor = units[i].seconds;
			digits[len - 1] = '\0';
			break;
		}
	if (!decimal_parse(digits, DAYS_MAX * 86400U / factor, &value))
		return false;
	*seconds = (int64_t)value * factor;
	return true;
}

static bool parse_ports(const char *word, uint16_t *first, uint16_t *last)
{
	const char *dash = strchr(word, '-');
	unsigned int low, high;
	char begin[8];

	if (dash && (size_t)(dash - word) >= sizeof(begin))
		return false;
	snprintf(begin, sizeof(begin), "%.*s", dash ? (int)(dash - word) : 7, word);
	if (!decimal_parse(begin, UINT16_MAX, &low) ||
	    !decimal_parse(dash ? dash + 1 : word, UINT16_MAX, &high) || low > high)
		return false;
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return true;
}

static bool parse_rule(const char *word, int *out)
{
	unsigned int number;

	if (strcmp(word, "*") == 0) {
		*out = 0;
		return true;
	}
	if (!decimal_parse(word, RULE_NUMBER_MAX, &number) || number < RULE_NUMBER_MIN)
		return false;
	*out = (int)number;
	return true;
}

static bool parse_direction(const char *word, int *out)
{
	if (strcmp(word, "in") == 0 || strcmp(word, direction_name(INBOUND)) == 0)
		*out = INBOUND;
	else if (strcmp(word, "out") == 0 || strcmp(word, direction_name(OUTBOUND)) == 0)
		*out = OUTBOUND;
	else
		return false;
	return true;
}

static bool fail(char *error, const char *word, const char *what)
{
	snprintf(error, SELECT_ERROR_LEN, "\"%.60s\" is no %s", word, what);
	return false;
}

bool select_parse(const struct select_words *words, struct selection *out,
		  char error[static SELECT_ERROR_LEN])
{
	struct selection s = {.port_last = UINT16_MAX,
			      .protocol = PROTOCOL_ALL,
			      .direction = -1,
			      .rule = LOST_NO_RULE};

	s.has_host = words->host;
	if (words->host && prefix_parse(words->host, &s.host, NULL) != PREFIX_OK)
		return fail(error, words->host, "address or CIDR");
	if (words->port && !parse_ports(words->port, &s.port_first, &s.port_last))
		return fail(error, words->port, "port or range of ports: N or N-M, 0 to 65535");
	if (words->protocol && !protocol_parse(words->protocol, &s.protocol))
		return fail(error, words->protocol, "protocol: a name, or 0 to 255");
	if (words->direction && !parse_direction(words->direction, &s.direction))
		return fail(error, words->direction, "direction: in or out");
	if (words->rule && !parse_rule(words->rule, &s.rule))
		return fail(error, words->rule, "rule: its number, or *");
	if (words->since && !select_duration(words->since, &s.since_s))
		return fail(error, words->since, "duration: 30s, 10m, 2h, 1d");
	*out = s;
	return true;
}

static bool within(const struct selection *s, uint16_t port)
{
	return port >= s->port_first && port <= s->port_last;
}

static bool any_port(const struct selection *s)
{
	return s->port_first == 0 && s->port_last == UINT16_MAX;
}

/* A folded line stands for more than its last packet: only what it has in common is known. */
static bool is_narrower(const struct selection *s, const struct lost *lost)
{
	if (!any_port(s) && lost->fold != LOST_FLOW)
		return true;
	if (s->has_host && lost->fold >= LOST_PEERS)
		return true;
	return s->protocol != PROTOCOL_ALL && lost->fold != LOST_FLOW;
}

bool select_matches(const struct selection *s, const struct lost *lost, int64_t now)
{
	const struct packet *packet = &lost->packet;

	if (is_narrower(s, lost))
		return false;
	if (s->has_host && !(lost->has_ends && (prefix_contains(&s->host, &packet->src) ||
						prefix_contains(&s->host, &packet->dst))))
		return false;
	if (!any_port(s) && !(packet->l4 == PACKET_L4_PORTS &&
			      (within(s, packet->sport) || within(s, packet->dport))))
		return false;
	if (s->protocol != PROTOCOL_ALL && packet->protocol != s->protocol)
		return false;
	if (s->direction >= 0 && lost->direction != (enum direction)s->direction)
		return false;
	if (s->rule != LOST_NO_RULE && lost->rule != s->rule)
		return false;
	return s->since_s == 0 || lost->last >= now - s->since_s;
}

void select_apply(const struct selection *selection, struct lost_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (select_matches(selection, &list->items[i], list->now))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

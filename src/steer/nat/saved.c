/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's way through what iptables-save -t nat printed, from PREROUTING on: the options that a
 * packet alone can answer are answered, any other makes the rule one that may apply. Text in,
 * answer out.
 */
#include "steer/nat/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64
#define LINE_LEN  1024

/* One rule's line in words; quotes are one word. */
struct words {
	char line[LINE_LEN];
	const char *items[WORDS_MAX + 1]; /* the last one NULL */
	size_t count;
};

struct walk {
	const char *saved;
	const struct nat_packet *packet;
	struct nat_answer *out;
};

enum way {
	WAY_ON,   /* with the next rule of the chain that jumped here */
	WAY_OVER, /* accepted as it is */
	WAY_TRANSLATED,
};

/* False: a line longer than any that a person writes. */
static bool split(const char *text, size_t len, struct words *out)
{
	char *to = out->line;
	bool quoted = false, in_word = false;

	out->count = 0;
	if (len >= sizeof(out->line))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"') {
			quoted = !quoted;
		} else if (c == ' ' && !quoted) {
			if (in_word)
				*to++ = '\0';
			in_word = false;
			continue;
		}
		if (!in_word) {
			if (out->count == WORDS_MAX)
				return false;
			out->items[out->count++] = to;
			in_word = true;
		}
		if (c != '"')
			*to++ = c;
	}
	*to = '\0';
	out->items[out->count] = NULL;
	return true;
}

static enum nat_match match_prefix(const char *text, const struct addr *addr)
{
	struct prefix prefix;

	if (prefix_parse(text, &prefix, NULL) != PREFIX_OK)
		return NAT_MAYBE; /* a mask that is no prefix */
	return nat_match_of(prefix_contains(&prefix, addr));
}

/* "80", "80:90", and a row of them with commas between. */
static enum nat_match match_ports(const char *text, const struct packet *packet, uint16_t port)
{
	if (packet->l4 != PACKET_L4_PORTS)
		return NAT_NO;
	for (; *text; text += strspn(text, ",")) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == ':')
			last = strtoul(end + 1, &end, 10);
		if (*end && *end != ',')
			return NAT_MAYBE;
		if (port >= first && port <= last)
			return NAT_YES;
		text = end;
	}
	return NAT_NO;
}

static enum nat_match match_type(const struct walk *walk, const char *type, const struct addr *addr)
{
	bool local = walk->packet->is_local(addr);

	if (strcmp(type, "LOCAL") == 0)
		return nat_match_of(local);
	return local ? NAT_NO : NAT_MAYBE;
}

/* One option and its value; `used` says how many words it took. */
static enum nat_match match_option(const struct walk *walk, const char *const *words, size_t *used)
{
	const struct packet *packet = walk->packet->packet;
	const char *option = words[0], *value = words[1];

	*used = 2;
	if (!value) {
		*used = 1;
		return NAT_MAYBE;
	}
	if (strcmp(option, "-m") == 0 || strcmp(option, "--comment") == 0)
		return NAT_YES;
	if (strcmp(option, "-s") == 0)
		return match_prefix(value, &packet->src);
	if (strcmp(option, "-d") == 0)
		return match_prefix(value, &packet->dst);
	if (strcmp(option, "-i") == 0)
		return nat_interface(walk->packet, value, '+');
	if (strcmp(option, "-p") == 0)
		return nat_protocol(walk->packet, value);
	if (strcmp(option, "--dport") == 0 || strcmp(option, "--dports") == 0)
		return match_ports(value, packet, packet->dport);
	if (strcmp(option, "--sport") == 0 || strcmp(option, "--sports") == 0)
		return match_ports(value, packet, packet->sport);
	if (strcmp(option, "--dst-type") == 0)
		return match_type(walk, value, &packet->dst);
	if (strcmp(option, "--src-type") == 0)
		return match_type(walk, value, &packet->src);
	*used = value[0] == '-' || strcmp(value, "!") == 0 ? 1 : 2;
	return NAT_MAYBE;
}

/* All that stands before the target; *target is where that is, NULL: none. */
static enum nat_match match_rule(const struct walk *walk, const struct words *rule,
				 const char *const **target)
{
	const char *const *word = rule->items + 2; /* behind "-A CHAIN" */
	enum nat_match all = NAT_YES;

	while (*word && strcmp(*word, "-j") != 0 && strcmp(*word, "-g") != 0) {
		bool negated = strcmp(*word, "!") == 0;
		enum nat_match one;
		size_t used;

		word += negated;
		if (!*word)
			break;
		one = match_option(walk, word, &used);
		all = nat_both(all, negated ? nat_negated(one) : one);
		word += used;
	}
	*target = *word && word[1] ? word : NULL;
	return all;
}

/* "203.0.113.2:80", "[2001:db8::2]:80", ":80", an address alone; a range of either is unknown. */
static void read_destination(const char *text, struct nat_answer *out)
{
	char buf[ADDR_STRLEN + 8];
	char *port, *addr = buf;

	snprintf(buf, sizeof(buf), "%s", text);
	port = *buf == '[' ? strchr(buf, ']') : strchr(buf, ':');
	if (*buf != '[' && port && strchr(port + 1, ':'))
		port = NULL; /* IPv6 without a port */
	if (*buf == '[' && port) {
		addr++;
		*port++ = '\0';
	}
	if (port && *port == ':') {
		char *end;

		*port++ = '\0';
		out->port = (uint16_t)strtoul(port, &end, 10);
		out->has_port = !*end;
		out->unknown = *end;
	}
	out->has_addr = *addr && addr_parse(addr, &out->addr);
	out->unknown |= *addr && !out->has_addr;
}

static bool translates(const char *const *target, struct nat_answer *out)
{
	bool redirect = strcmp(target[1], "REDIRECT") == 0;

	if (!redirect && strcmp(target[1], "DNAT") != 0) {
		out->unknown = true;
		return strcmp(target[1], "NETMAP") == 0;
	}
	out->unknown = !redirect;
	for (target += 2; *target && target[1]; target++) {
		char *end;

		if (strcmp(*target, "--to-destination") == 0) {
			out->unknown = false;
			read_destination(target[1], out);
		} else if (strcmp(*target, "--to-ports") == 0) {
			out->port = (uint16_t)strtoul(target[1], &end, 10);
			out->has_port = !*end;
			out->unknown = *end;
		}
	}
	return true;
}

static enum way walk_chain(const struct walk *walk, const char *chain, bool certain, int depth);

static enum way follow(const struct walk *walk, const char *const *target, bool certain, int depth)
{
	enum way way;

	if (translates(target, walk->out)) {
		walk->out->certain = certain;
		return WAY_TRANSLATED;
	}
	walk->out->unknown = false;
	if (strcmp(target[1], "ACCEPT") == 0)
		return certain ? WAY_OVER : WAY_ON;
	way = depth < NAT_DEPTH_MAX ? walk_chain(walk, target[1], certain, depth + 1) : WAY_ON;
	return way == WAY_OVER && !certain ? WAY_ON : way;
}

static enum way walk_chain(const struct walk *walk, const char *chain, bool certain, int depth)
{
	char start[LINE_LEN];
	size_t len = (size_t)snprintf(start, sizeof(start), "-A %s ", chain);

	for (const char *line = walk->saved, *end; *line; line = *end ? end + 1 : end) {
		const char *const *target;
		struct words rule;
		enum nat_match match;
		enum way way;

		end = strchrnul(line, '\n');
		if (strncmp(line, start, len) != 0 || !split(line, (size_t)(end - line), &rule))
			continue;
		match = match_rule(walk, &rule, &target);
		if (match == NAT_NO || !target)
			continue;
		if (strcmp(target[1], "RETURN") == 0) {
			if (match == NAT_YES)
				return WAY_ON;
			certain = false; /* what follows is reached perhaps */
			continue;
		}
		way = follow(walk, target, certain && match == NAT_YES, depth);
		if (way == WAY_TRANSLATED && !*walk->out->rule)
			snprintf(walk->out->rule, sizeof(walk->out->rule), "%.*s",
				 (int)(end - line), line);
		if (way != WAY_ON)
			return way;
		if (target[0][1] == 'g' && match == NAT_YES)
			return WAY_ON; /* it does not come back here */
	}
	return WAY_ON;
}

bool nat_ask_saved(const char *saved, const struct nat_packet *packet, struct nat_answer *out)
{
	struct walk walk = {.saved = saved, .packet = packet, .out = out};

	return walk_chain(&walk, "PREROUTING", true, 0) == WAY_TRANSLATED;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet lines: a packet as a person types it, and the packet that answers it.
 *
 * Strict, because a test that means another packet than its author is worse than none: a port where
 * the protocol has none, a type out of range, two families in one packet are errors with a
 * sentence. What a line leaves open is filled in so that the packet is one the kernel could
 * deliver.
 *
 * Answers follow RFC 792 and RFC 4443 (echo, timestamp); TCP, UDP and the other protocols answer
 * with the ends swapped. ICMP errors are answered by nothing (RFC 1122, 3.2.2).
 */
#include "text/packet_line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/decimal.h"

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
	ICMPV6_DISCOVERY_FIRST = 133,
	ICMPV6_DISCOVERY_LAST = 136,
	HOP_LIMIT_DEFAULT = 64,
	HOP_LIMIT_DISCOVERY = 255,
};

struct end {
	struct addr addr;
	bool has_port;
	bool mapped;
	uint16_t port;
};

__attribute__((format(printf, 2, 3))) static bool fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, PACKETLINE_ERROR_LEN, format, args);
	va_end(args);
	return false;
}

static bool parse_hook(const char *word, size_t len, enum hook *out)
{
	static const enum hook hooks[] = {HOOK_INPUT, HOOK_OUTPUT, HOOK_FORWARD};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		const char *name = hook_name(hooks[i]);

		*out = hooks[i];
		if (strlen(name) == len && memcmp(name, word, len) == 0)
			return true;
	}
	return false;
}

static bool parse_interface(const char *word, size_t len, char out[static WAY_INTERFACE_LEN],
			    char *error)
{
	if (len >= WAY_INTERFACE_LEN)
		return fail(error, "\"%.*s\" is too long for an interface", (int)len, word);
	memcpy(out, word, len);
	out[len] = '\0';
	return true;
}

/* "in", "in@eth0", "out@eth0", "forward@eth0:eth1"; of the last, either name may be left out. */
static bool parse_way(const char *word, struct way *out, char *error)
{
	size_t len = strcspn(word, "@");
	const char *first = word + len + (word[len] == '@');
	size_t first_len = strcspn(first, ":");
	const char *second = first + first_len + (first[first_len] == ':');
	bool out_first;

	if (!parse_hook(word, len, &out->hook))
		return fail(error, "\"%.40s\": a packet begins with in, out or forward", word);
	out_first = out->hook == HOOK_OUTPUT;
	if (word[len] == '@' && (!*first || strcmp(first, ":") == 0))
		return fail(error, "\"%.40s\": an interface follows the @", word);
	if (first[first_len] && out->hook != HOOK_FORWARD)
		return fail(error, "\"%.40s\": only forward has two interfaces", word);
	return parse_interface(first, first_len, out_first ? out->out : out->in, error) &&
	       (out_first || parse_interface(second, strlen(second), out->out, error));
}

static bool parse_protocol(const char *word, uint8_t *out, char *error)
{
	int protocol;

	if (!protocol_parse(word, &protocol))
		return fail(
			error,
			"\"%.40s\" is not a protocol: a name (tcp, udp, icmp, icmpv6) or 0 to 255",
			word);
	if (protocol == PROTOCOL_ALL)
		return fail(error, "a packet has one protocol, not \"all\"");
	*out = (uint8_t)protocol;
	return true;
}

/*
 * Cuts "A:PORT" or "[A]:PORT" in two; *port is NULL where there is none. False: unbalanced
 * brackets.
 */
static bool split_end(char *text, char **addr, char **port)
{
	char *colon = strchr(text, ':');

	*addr = text;
	*port = NULL;
	if (text[0] == '[') {
		char *bracket = strchr(text, ']');

		if (!bracket || (bracket[1] != '\0' && bracket[1] != ':'))
			return false;
		*addr = text + 1;
		if (bracket[1] == ':')
			*port = bracket + 2;
		*bracket = '\0';
	} else if (colon && !strchr(colon + 1, ':')) { /* two colons: a bare IPv6 address */
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static bool parse_end(const char *word, struct end *out, char *error)
{
	char text[ADDR_STRLEN + sizeof("[]:65535")], *addr, *port;
	size_t len = strlen(word);
	unsigned int number = 0;

	if (len >= sizeof(text))
		return fail(error, "\"%.40s\" is not an address", word);
	memcpy(text, word, len + 1);
	if (!split_end(text, &addr, &port) || !addr_parse(addr, &out->addr))
		return fail(error, "\"%s\" is not an address (IPv6 with a port: [2001:db8::1]:443)",
			    word);
	if (port && !decimal_parse(port, UINT16_MAX, &number))
		return fail(error, "\"%s\": a port is 0 to 65535", word);
	out->mapped = addr_unmap(&out->addr);
	out->has_port = port != NULL;
	out->port = (uint16_t)number;
	return true;
}

static bool set_ends(const struct end *src, const struct end *dst, struct packet *packet,
		     char *error)
{
	bool ports = packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP;
	const char *name = protocol_name(packet->protocol);

	if (src->addr.family != dst->addr.family)
		return fail(error, "source and destination are of different families");
	if (ports && !(src->has_port && dst->has_port))
		return fail(error, "%s needs a port with the %s: %s", name,
			    src->has_port ? "destination" : "source",
			    src->addr.family == FAMILY_IPV4 ? "192.0.2.1:443"
							    : "[2001:db8::1]:443");
	if (!ports && (src->has_port || dst->has_port))
		return fail(error, "only tcp and udp have ports");
	packet->src = src->addr;
	packet->dst = dst->addr;
	packet->sport = src->port;
	packet->dport = dst->port;
	if (ports)
		packet->l4 = PACKET_L4_PORTS;
	return true;
}

/* [type T] [code C], in this order. */
static bool parse_icmp_words(char *const words[], size_t count, struct packet *packet, char *error)
{
	unsigned int value;
	size_t i = 0;

	for (; i + 1 < count && i < 4; i += 2) {
		bool is_type = strcmp(words[i], "type") == 0;

		if (is_type ? i != 0 : strcmp(words[i], "code") != 0 || i != 2)
			break;
		if (!decimal_parse(words[i + 1], UINT8_MAX, &value))
			return fail(error, "\"%.40s\": an ICMP %s is 0 to 255", words[i + 1],
				    words[i]);
		if (is_type)
			packet->icmp_type = (uint8_t)value;
		else
			packet->icmp_code = (uint8_t)value;
	}
	if (i == 0 && count > 0 && strcmp(words[0], "code") == 0)
		return fail(error, "a code without a type: type T code C");
	if (i < count)
		return fail(error, "\"%.40s\": after the addresses come only type T and code C",
			    words[i]);
	return true;
}

static bool set_icmp(char *const words[], size_t count, struct packet *packet, char *error)
{
	bool v6 = packet->src.family == FAMILY_IPV6;

	if (packet->protocol != (v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP)) {
		if (count > 0)
			return fail(error,
				    "\"%.40s\": only icmp over IPv4 and icmpv6 over IPv6 have %s",
				    words[0], "type and code");
		return true;
	}
	packet->l4 = PACKET_L4_ICMP;
	packet->icmp_type = v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST;
	if (!parse_icmp_words(words, count, packet, error))
		return false;
	if (v6 && packet->icmp_type >= ICMPV6_DISCOVERY_FIRST &&
	    packet->icmp_type <= ICMPV6_DISCOVERY_LAST)
		packet->hop_limit = HOP_LIMIT_DISCOVERY;
	return true;
}

int packet_line_parse(char *const words[], size_t count, struct packet_line *out,
		      char error[static PACKETLINE_ERROR_LEN])
{
	struct packet_line line = {.packet.hop_limit = HOP_LIMIT_DEFAULT};
	struct end src = {0}, dst = {0};

	if (count < 4) {
		fail(error, "a packet is in|out|forward PROTO SRC[:PORT] DST[:PORT]");
		return -EINVAL;
	}
	if (!parse_way(words[0], &line.way, error) ||
	    !parse_protocol(words[1], &line.packet.protocol, error) ||
	    !parse_end(words[2], &src, error) || !parse_end(words[3], &dst, error) ||
	    !set_ends(&src, &dst, &line.packet, error) ||
	    !set_icmp(words + 4, count - 4, &line.packet, error))
		return -EINVAL;
	line.mapped = src.mapped || dst.mapped;
	*out = line;
	return 0;
}

static bool answer_icmp(struct packet *packet)
{
	if (packet->l4 != PACKET_L4_ICMP || packet->icmp_code != 0)
		return false;
	if (packet->protocol == PROTOCOL_ICMPV6) {
		if (packet->icmp_type != ICMPV6_ECHO_REQUEST)
			return false;
		packet->icmp_type = ICMPV6_ECHO_REPLY;
	} else if (packet->icmp_type == ICMP_ECHO_REQUEST) {
		packet->icmp_type = ICMP_ECHO_REPLY;
	} else if (packet->icmp_type == ICMP_TIMESTAMP) {
		packet->icmp_type = ICMP_TIMESTAMP_REPLY;
	} else {
		return false;
	}
	return true;
}

bool packet_line_reply(const struct packet_line *request, struct packet_line *out)
{
	static const enum hook other_side[] = {
		[HOOK_INPUT] = HOOK_OUTPUT,
		[HOOK_FORWARD] = HOOK_FORWARD,
		[HOOK_OUTPUT] = HOOK_INPUT,
	};
	struct packet_line reply = *request;

	reply.way.hook = other_side[request->way.hook];
	memcpy(reply.way.in, request->way.out, sizeof(reply.way.in));
	memcpy(reply.way.out, request->way.in, sizeof(reply.way.out));
	reply.packet = packet_turned(&request->packet);
	if ((reply.packet.protocol == PROTOCOL_ICMP || reply.packet.protocol == PROTOCOL_ICMPV6) &&
	    !answer_icmp(&reply.packet))
		return false;
	*out = reply;
	return true;
}

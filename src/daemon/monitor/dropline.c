/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dropped packet as a line, and as fields of the journal (NACL_..., listed in nacld(8)). Names
 * of ACLs and interfaces are an administrator's, so a control character in one becomes "?": it
 * would begin another field.
 */
#include "daemon/monitor/dropline.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/alarm.h"
#include "common/log.h"
#include "text/packet_print.h"

struct fields {
	char text[1024];
	size_t len;
};

__attribute__((format(printf, 3, 4))) static void add(struct fields *fields, const char *key,
						      const char *format, ...)
{
	size_t room = sizeof(fields->text) - fields->len, begin;
	char *to = fields->text + fields->len;
	va_list args;
	int len;

	begin = (size_t)snprintf(to, room, "%s=", key);
	va_start(args, format);
	len = begin < room ? vsnprintf(to + begin, room - begin, format, args) : 0;
	va_end(args);
	if (begin + (size_t)len + 2 > room) {
		*to = '\0'; /* it does not fit: left out whole */
		return;
	}
	for (size_t i = begin; to[i]; i++)
		if ((unsigned char)to[i] < ' ')
			to[i] = '?';
	to[begin + (size_t)len] = '\n';
	to[begin + (size_t)len + 1] = '\0';
	fields->len += begin + (size_t)len + 1;
}

static const char *acl_name(const struct daemon *daemon, const struct drop *drop)
{
	const char *name = drop_acls_name(&daemon->drop_acls, drop->acl);

	return name ? name : "(a replaced policy)";
}

/* "web inbound rule 120" */
static void print_decider(const struct daemon *daemon, const struct drop *drop, char *buf,
			  size_t len)
{
	const char *direction = direction_name((enum direction)drop->direction);

	if (drop->reason != PACKET_OK)
		snprintf(buf, len, "malformed: %s",
			 packet_reason_name((enum packet_reason)drop->reason));
	else if (drop->rule == 0)
		snprintf(buf, len, "%s %s rule *", acl_name(daemon, drop), direction);
	else
		snprintf(buf, len, "%s %s rule %u", acl_name(daemon, drop), direction, drop->rule);
}

static void add_decider(struct fields *fields, const struct daemon *daemon, const struct drop *drop)
{
	add(fields, "NACL_DIRECTION", "%s", direction_name((enum direction)drop->direction));
	if (drop->reason != PACKET_OK) {
		add(fields, "NACL_REASON", "%s",
		    packet_reason_name((enum packet_reason)drop->reason));
		return;
	}
	add(fields, "NACL_ACL", "%s", acl_name(daemon, drop));
	if (drop->rule == 0)
		add(fields, "NACL_RULE", "*");
	else
		add(fields, "NACL_RULE", "%u", drop->rule);
}

static void add_packet(struct fields *fields, const struct drop *drop)
{
	const struct packet *packet = &drop->packet;
	char text[ADDR_STRLEN], protocol[PROTOCOL_STRLEN];

	add(fields, "NACL_PROTOCOL", "%s", protocol_print(packet->protocol, protocol));
	if (packet->src.family == 0)
		return;
	add(fields, "NACL_SADDR", "%s", addr_print(&packet->src, text));
	add(fields, "NACL_DADDR", "%s", addr_print(&packet->dst, text));
	add(fields, "NACL_PEER", "%s", addr_print(drop_remote(drop), text));
	if (packet->l4 == PACKET_L4_PORTS) {
		add(fields, "NACL_SPORT", "%u", packet->sport);
		add(fields, "NACL_DPORT", "%u", packet->dport);
	} else if (packet->l4 == PACKET_L4_ICMP) {
		add(fields, "NACL_TYPE", "%u", packet->icmp_type);
		add(fields, "NACL_CODE", "%u", packet->icmp_code);
	}
}

static struct fields fields_of(const struct daemon *daemon, const struct drop *drop, bool is_reply,
			       const char *interface)
{
	struct fields fields = {.len = 0};

	add(&fields, "MESSAGE_ID", "%s", is_reply ? ALARM_REPLY_DROPPED : ALARM_PACKET_DROPPED);
	add(&fields, "NACL_VERDICT", "%s", drop->monitor ? "would-drop" : "drop");
	add(&fields, "NACL_REPLY", "%d", is_reply);
	add_decider(&fields, daemon, drop);
	add_packet(&fields, drop);
	if (interface)
		add(&fields, "NACL_INTERFACE", "%s", interface);
	return fields;
}

void dropline_tell(const struct daemon *daemon, const struct drop *drop, bool is_reply)
{
	const char *name = drop->device ? links_name(&daemon->links, drop->device) : NULL;
	struct fields fields = fields_of(daemon, drop, is_reply, name);
	struct way way = {.hook = (enum hook)drop->hook};
	char packet[PACKETTEXT_LEN], why[160], remedy[ADDR_STRLEN + 64] = "", peer[ADDR_STRLEN];

	snprintf(way.in, sizeof(way.in), "%s", name ? name : "");
	packet_print(&way, &drop->packet, packet);
	print_decider(daemon, drop, why, sizeof(why));
	if (is_reply)
		snprintf(remedy, sizeof(remedy), ", a reply to an allowed request: naclctl why %s",
			 addr_print(drop_remote(drop), peer));
	log_fields(fields.text, "%s %s (%s)%s", drop->monitor ? "would drop" : "dropped", packet,
		   why, remedy);
}

void dropline_tell_suppressed(const struct daemon *daemon, const struct drop *drop, bool is_reply,
			      uint64_t suppressed)
{
	const char *name = drop->device ? links_name(&daemon->links, drop->device) : NULL;
	struct fields fields = fields_of(daemon, drop, is_reply, name);
	char why[160], peer[ADDR_STRLEN] = "?";

	add(&fields, "NACL_SUPPRESSED", "%llu", (unsigned long long)suppressed);
	if (drop_remote(drop)->family != 0)
		addr_print(drop_remote(drop), peer);
	print_decider(daemon, drop, why, sizeof(why));
	log_fields(fields.text, "suppressed %llu more of %s (%s)", (unsigned long long)suppressed,
		   peer, why);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: the one question that a stateless list cannot ask itself, and that whoever reads its
 * drops asks first. A dropped packet that answers a request which the same policy let through is a
 * client that hangs; any other is what the list is for.
 *
 * Pure: policy and packet in. Nothing is remembered, so "answers" means: a request of that kind
 * would have been allowed, and the packet looks like its answer.
 */
#include "core/way/reply.h"

#define SYSTEM_PORTS_END   1024  /* RFC 6335 */
#define CLIENT_PORTS_BEGIN 32768 /* the lowest of any current system but NAT: see clients.c */

#define TCP_SYN 0x02
#define TCP_ACK 0x10

enum { ECHO_REPLY = 0, ECHO = 8, TIMESTAMP = 13, TIMESTAMP_REPLY = 14 };
enum { ECHO6 = 128, ECHO6_REPLY = 129 };

static bool is_from_service(const struct packet *packet)
{
	return packet->dport >= SYSTEM_PORTS_END && packet->sport < CLIENT_PORTS_BEGIN &&
	       packet->sport < packet->dport;
}

static bool answers_by_ports(const struct packet *packet)
{
	unsigned int both = TCP_SYN | TCP_ACK;

	if (packet->l4 != PACKET_L4_PORTS)
		return false;
	if (packet->protocol == PROTOCOL_TCP && packet->tcp_flags & TCP_SYN)
		return (packet->tcp_flags & both) == both;
	return is_from_service(packet);
}

/* The type of the request, or -1: nothing is answered by this one. */
static int icmp_request(const struct packet *packet)
{
	if (packet->l4 != PACKET_L4_ICMP)
		return -1;
	if (packet->protocol == PROTOCOL_ICMPV6)
		return packet->icmp_type == ECHO6_REPLY ? ECHO6 : -1;
	if (packet->icmp_type == ECHO_REPLY)
		return ECHO;
	return packet->icmp_type == TIMESTAMP_REPLY ? TIMESTAMP : -1;
}

bool reply_request(enum hook hook, const struct packet *packet, enum hook *request_hook,
		   struct packet *request)
{
	static const enum hook other_side[HOOKS] = {
		[HOOK_INPUT] = HOOK_OUTPUT,           [HOOK_FORWARD] = HOOK_FORWARD,
		[HOOK_OUTPUT] = HOOK_INPUT,           [HOOK_PREROUTING] = HOOK_POSTROUTING,
		[HOOK_POSTROUTING] = HOOK_PREROUTING,
	};
	int type = icmp_request(packet);

	if (type < 0 && !answers_by_ports(packet))
		return false;
	*request_hook = other_side[hook];
	*request = packet_turned(packet);
	request->icmp_type = type < 0 ? 0 : (uint8_t)type;
	request->tcp_flags = packet->protocol == PROTOCOL_TCP ? TCP_SYN : 0;
	return true;
}

bool reply_is_due(const struct policy *policy, enum hook hook, uint32_t acl,
		  const struct packet *packet, struct packet *request,
		  struct policy_verdict *verdict)
{
	enum hook other;

	if (!reply_request(hook, packet, &other, request))
		return false;
	if (other == HOOK_PREROUTING || other == HOOK_POSTROUTING)
		policy_eval_edge(policy, other, acl, request, verdict);
	else
		policy_eval(policy, other, NULL, request, verdict);
	return verdict->action == ACTION_ALLOW && verdict->outcome == POLICY_JUDGED;
}

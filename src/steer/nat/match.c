/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both listings ask of a packet in the same way: its interface and its protocol. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "steer/nat/parts.h"

enum nat_match nat_interface(const struct nat_packet *packet, const char *name, char wildcard)
{
	size_t len = strlen(name);

	if (!*packet->interface)
		return NAT_MAYBE;
	if (len > 0 && name[len - 1] == wildcard)
		return nat_match_of(strncmp(packet->interface, name, len - 1) == 0);
	return nat_match_of(strcmp(packet->interface, name) == 0);
}

enum nat_match nat_protocol(const struct nat_packet *packet, const char *name)
{
	const struct protoent *entry;
	char *end;
	long number = strtol(name, &end, 10);

	if (strcmp(name, "tcp") == 0) /* known without the system's table */
		return nat_match_of(packet->packet->protocol == PROTOCOL_TCP);
	if (strcmp(name, "udp") == 0)
		return nat_match_of(packet->packet->protocol == PROTOCOL_UDP);
	if (*name && !*end)
		return nat_match_of(packet->packet->protocol == number);
	entry = getprotobyname(name);
	return entry ? nat_match_of(packet->packet->protocol == entry->p_proto) : NAT_MAYBE;
}

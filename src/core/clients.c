/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of clients and their source ports.
 *
 * Those of any service come first. Those below ask one service each and follow no system's range:
 * fixed ports on both ends, reserved ports that root takes, resolvers that choose for themselves.
 * A server of theirs needs reply rules of its own.
 */
#include "core/clients.h"

#include "core/packet.h"

#define BOTH (CLIENT_TCP | CLIENT_UDP)

static const struct client_profile profiles[] = {
	{"Linux", "kernel default of net.ipv4.ip_local_port_range", 32768, 60999, BOTH, {0}},
	{"Linux, as AWS lists it", "AWS VPC user guide, Ephemeral ports", 32768, 61000, BOTH, {0}},
	{"macOS", "net.inet.ip.portrange; IANA dynamic ports (RFC 6335)", 49152, 65535, BOTH, {0}},
	{"Windows Server 2008 and later",
	 "AWS VPC user guide, Ephemeral ports",
	 49152,
	 65535,
	 BOTH,
	 {0}},
	{"Windows up to Server 2003", "AWS VPC user guide, Ephemeral ports", 1025, 5000, BOTH, {0}},
	{"Windows, every version", "the widest figure in use", 1025, 65535, BOTH, {0}},
	{"NAT gateway, ELB, Lambda", "AWS VPC user guide, Ephemeral ports", 1024, 65535, BOTH, {0}},
	{"Linux NAT, ports from 1024 up", "measured: MASQUERADE", 1024, 65535, BOTH, {0}},
	{"unbound, pdns-recursor", "measured: 1.17.1, 4.8.8", 1024, 65535, CLIENT_UDP, {53}},
	{"RPC and NFS as root",
	 "measured: rpcinfo, showmount, libnfs",
	 512,
	 1023,
	 BOTH,
	 {111, 2049}},
	{"rsh, rlogin", "measured: rsh-client 0.17", 512, 1023, CLIENT_TCP, {513, 514}},
	{"ntpd", "measured: ntpsec 1.2.2", 123, 123, CLIENT_UDP, {123}},
	{"IKE", "measured: strongswan 5.9.8", 500, 500, CLIENT_UDP, {500}},
	{"IKE behind NAT, NAT traversal", "RFC 3948", 4500, 4500, CLIENT_UDP, {4500}},
	{"NetBIOS name service", "RFC 1002", 137, 137, CLIENT_UDP, {137}},
	{"multicast DNS", "RFC 6762; measured: avahi 0.8", 5353, 5353, CLIENT_UDP, {5353}},
	{"DHCP client", "RFC 2131", 68, 68, CLIENT_UDP, {67}},
	{"DHCP relay", "measured: dhcrelay 4.4.3", 67, 67, CLIENT_UDP, {67}},
};

const struct client_profile *client_profiles(size_t *count)
{
	*count = sizeof(profiles) / sizeof(profiles[0]);
	return profiles;
}

const struct client_profile *client_main(enum client_main which)
{
	static const uint8_t positions[CLIENT_MAIN] = {
		[CLIENT_LINUX] = 0, [CLIENT_DYNAMIC] = 3, [CLIENT_NAT] = 6};

	return &profiles[positions[which]];
}

bool client_asks(const struct client_profile *profile, uint8_t protocol, uint16_t port)
{
	uint8_t bit = protocol == PROTOCOL_TCP ? CLIENT_TCP : CLIENT_UDP;

	if (!(profile->protocols & bit))
		return false;
	for (int i = 0; i < CLIENT_SERVICES && profile->services[i]; i++)
		if (profile->services[i] == port)
			return true;
	return false;
}

bool client_is_reply_range(uint16_t first, uint16_t last)
{
	return first >= 1024 && last - first >= 2000;
}

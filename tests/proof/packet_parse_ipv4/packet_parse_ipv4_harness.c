/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

void packet_parse_ipv4_harness(void)
{
	prove_packet(FAMILY_IPV4);
}

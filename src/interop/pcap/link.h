/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_PCAP_LINK_H
#define NACLD_INTEROP_PCAP_LINK_H

#include "core/hook.h"
#include "core/packet.h"

/* What a frame of a capture says: where its IP packet is, and which way it went. */
struct link_frame {
	enum family family;
	const uint8_t *data; /* the IP packet, within the frame */
	size_t copy_len;     /* bytes of it in the capture */
	size_t wire_len;     /* on the wire, padding included */
	bool has_hook;       /* the capture tells the direction: cooked ones do */
	enum hook hook;      /* then INPUT, OUTPUT or FORWARD */
};

enum link_status {
	LINK_OK,
	LINK_NOT_IP, /* ARP, LLDP, 802.3 ... */
	LINK_CUT,    /* the capture ends before it says what it is */
};

/* Is the link type (libpcap's DLT_) one that link_parse reads? */
bool link_is_known(int type);

/*
 * Ethernet with up to four VLAN tags, Linux cooked captures (SLL, SLL2), raw IP, BSD loopback
 * (NULL, LOOP), NFLOG. Never reads beyond copy_len. www.tcpdump.org/linktypes.html
 */
enum link_status link_parse(int type, const uint8_t *data, size_t copy_len, size_t wire_len,
			    struct link_frame *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a captured frame to its IP packet, for each link type that captures of a host come in.
 *
 * A cursor moves over the frame's headers; each header first asks whether it is there, so that
 * nothing is read beyond the copy. Cooked captures and NFLOG say which way a packet went; the
 * others do not. The link types have libpcap's numbers (DLT_), which are facts of its files and no
 * matter of its library: this file needs no header of it.
 */
#include "interop/pcap/link.h"

#include <string.h>

#define DLT_NULL       0
#define DLT_EN10MB     1
#define DLT_RAW        12
#define DLT_RAW_FILE   101
#define DLT_LOOP       108
#define DLT_LINUX_SLL  113
#define DLT_IPV4       228
#define DLT_IPV6       229
#define DLT_NFLOG      239
#define DLT_LINUX_SLL2 276

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define TAGS_MAX       4

#define SLL_OUTGOING 4 /* PACKET_OUTGOING of linux/if_packet.h */

#define NFLOG_PACKET_HDR 1 /* linux/netfilter/nfnetlink_log.h */
#define NFLOG_PAYLOAD    9

struct cursor {
	const uint8_t *at;
	size_t left; /* of the copy */
	size_t wire; /* of the frame as it was */
};

static bool has(const struct cursor *c, size_t len)
{
	return c->left >= len;
}

static void skip(struct cursor *c, size_t len)
{
	c->at += len;
	c->left -= len;
	c->wire -= len < c->wire ? len : c->wire;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static enum link_status take(const struct cursor *c, enum family family, struct link_frame *out)
{
	out->family = family;
	out->data = c->at;
	out->copy_len = c->left;
	out->wire_len = c->wire;
	return LINK_OK;
}

/* By the version nibble, where nothing else tells. */
static enum link_status take_raw(const struct cursor *c, struct link_frame *out)
{
	if (!has(c, 1))
		return LINK_CUT;
	if (c->at[0] >> 4 == 4)
		return take(c, FAMILY_IPV4, out);
	return c->at[0] >> 4 == 6 ? take(c, FAMILY_IPV6, out) : LINK_NOT_IP;
}

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* What follows an EtherType: 802.1Q and 802.1ad tags, each with the next type behind it. */
static enum link_status take_type(struct cursor *c, uint16_t type, struct link_frame *out)
{
	for (int tags = 0; is_tag(type) && tags < TAGS_MAX; tags++) {
		if (!has(c, 4))
			return LINK_CUT;
		type = be16(c->at + 2);
		skip(c, 4);
	}
	if (type == ETHERTYPE_IPV4)
		return take(c, FAMILY_IPV4, out);
	return type == ETHERTYPE_IPV6 ? take(c, FAMILY_IPV6, out) : LINK_NOT_IP;
}

static enum link_status ethernet(struct cursor *c, struct link_frame *out)
{
	uint16_t type;

	if (!has(c, 14))
		return LINK_CUT;
	type = be16(c->at + 12);
	skip(c, 14);
	return take_type(c, type, out);
}

static enum link_status cooked(struct cursor *c, struct link_frame *out)
{
	uint16_t type;

	if (!has(c, 16))
		return LINK_CUT;
	out->has_hook = true;
	out->hook = be16(c->at) == SLL_OUTGOING ? HOOK_OUTPUT : HOOK_INPUT;
	type = be16(c->at + 14);
	skip(c, 16);
	return take_type(c, type, out);
}

static enum link_status cooked2(struct cursor *c, struct link_frame *out)
{
	uint16_t type;

	if (!has(c, 20))
		return LINK_CUT;
	out->has_hook = true;
	out->hook = c->at[10] == SLL_OUTGOING ? HOOK_OUTPUT : HOOK_INPUT;
	type = be16(c->at);
	skip(c, 20);
	return take_type(c, type, out);
}

/* Four bytes with the capturing system's AF_ number, in its byte order. */
static enum link_status loopback(struct cursor *c, struct link_frame *out)
{
	uint8_t family;

	if (!has(c, 4))
		return LINK_CUT;
	family = c->at[0] ? c->at[0] : c->at[3];
	skip(c, 4);
	if (family == 2)
		return take(c, FAMILY_IPV4, out);
	/* Linux 10, NetBSD and OpenBSD 24, FreeBSD 28, macOS 30. */
	return family == 10 || family == 24 || family == 28 || family == 30
		       ? take(c, FAMILY_IPV6, out)
		       : LINK_NOT_IP;
}

/* The kernel's hook numbers (linux/netfilter.h): from prerouting, 0, to postrouting, 4. */
static void note_hook(uint8_t number, struct link_frame *out)
{
	out->has_hook = number <= 4;
	out->hook = number == 2 ? HOOK_FORWARD : number < 2 ? HOOK_INPUT : HOOK_OUTPUT;
}

/* Attributes of nfnetlink_log, their lengths in the capturing system's byte order. */
static enum link_status nflog(struct cursor *c, struct link_frame *out)
{
	uint8_t family;

	if (!has(c, 4))
		return LINK_CUT;
	family = c->at[0];
	skip(c, 4);
	while (has(c, 4)) {
		uint16_t len, type;

		memcpy(&len, c->at, 2);
		memcpy(&type, c->at + 2, 2);
		if (len < 4)
			return LINK_NOT_IP;
		if (type == NFLOG_PACKET_HDR && len >= 8 && has(c, 8))
			note_hook(c->at[6], out);
		if (type == NFLOG_PAYLOAD) {
			skip(c, 4);
			c->left = c->left < len - 4u ? c->left : len - 4u;
			c->wire = len - 4u;
			if (family != 2 && family != 10)
				return LINK_NOT_IP;
			return take(c, family == 2 ? FAMILY_IPV4 : FAMILY_IPV6, out);
		}
		len = (uint16_t)((len + 3u) & ~3u);
		if (!has(c, len))
			return LINK_CUT;
		skip(c, len);
	}
	return LINK_CUT;
}

bool link_is_known(int type)
{
	static const int known[] = {DLT_NULL,  DLT_EN10MB,    DLT_RAW,  DLT_RAW_FILE,
				    DLT_LOOP,  DLT_LINUX_SLL, DLT_IPV4, DLT_IPV6,
				    DLT_NFLOG, DLT_LINUX_SLL2};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == type)
			return true;
	return false;
}

enum link_status link_parse(int type, const uint8_t *data, size_t copy_len, size_t wire_len,
			    struct link_frame *out)
{
	struct cursor c = {data, copy_len, wire_len};

	*out = (struct link_frame){0};
	switch (type) {
	case DLT_EN10MB:
		return ethernet(&c, out);
	case DLT_LINUX_SLL:
		return cooked(&c, out);
	case DLT_LINUX_SLL2:
		return cooked2(&c, out);
	case DLT_NULL:
	case DLT_LOOP:
		return loopback(&c, out);
	case DLT_IPV4:
		return take(&c, FAMILY_IPV4, out);
	case DLT_IPV6:
		return take(&c, FAMILY_IPV6, out);
	case DLT_NFLOG:
		return nflog(&c, out);
	default:
		return take_raw(&c, out);
	}
}

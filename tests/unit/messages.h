/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TESTS_UNIT_MESSAGES_H
#define NACLD_TESTS_UNIT_MESSAGES_H

#include <arpa/inet.h>
#include <string.h>

#include "daemon/path/batch.h"

/* Messages of the kernel's queue, made by hand, byte for byte as net/netfilter lays them out. */

static inline struct nlmsghdr *message_begin(struct batch_slot *slot, uint16_t type, uint8_t family,
					     uint16_t queue)
{
	struct nlmsghdr *nlh = (void *)slot->bytes;
	struct nfgenmsg gen = {.nfgen_family = family, .res_id = htons(queue)};

	memset(nlh, 0, sizeof(*nlh));
	nlh->nlmsg_type = type;
	nlh->nlmsg_len = NLMSG_LENGTH(sizeof(gen));
	memcpy(NLMSG_DATA(nlh), &gen, sizeof(gen));
	return nlh;
}

static inline void message_put(struct nlmsghdr *nlh, uint16_t type, const void *value, size_t len)
{
	struct nlattr attr = {.nla_type = type, .nla_len = (uint16_t)(sizeof(attr) + len)};
	uint8_t *at = (uint8_t *)nlh + nlh->nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + sizeof(attr), value, len);
	nlh->nlmsg_len += NLA_ALIGN(attr.nla_len);
}

static inline void message_put_header(struct nlmsghdr *nlh, uint32_t id, uint8_t hook)
{
	struct nfqnl_msg_packet_hdr header = {.packet_id = htonl(id), .hook = hook};

	message_put(nlh, NFQA_PACKET_HDR, &header, sizeof(header));
}

static inline void message_end(struct batch_slot *slot, const struct nlmsghdr *nlh)
{
	slot->len = nlh->nlmsg_len;
	slot->truncated = 0;
}

#define MESSAGE_SYN_LEN 40

/* 192.0.2.9:40000 to 192.0.2.1:port, a TCP SYN. */
static inline void message_put_syn(struct nlmsghdr *nlh, uint16_t port)
{
	uint8_t bytes[MESSAGE_SYN_LEN] = {0x45, 0, 0, MESSAGE_SYN_LEN, 0, 0, 0x40, 0, 64, 6};

	memcpy(bytes + 12, "\xc0\x00\x02\x09\xc0\x00\x02\x01", 8);
	bytes[20] = 40000 >> 8;
	bytes[21] = 40000 & 255;
	bytes[22] = (uint8_t)(port >> 8);
	bytes[23] = (uint8_t)port;
	bytes[32] = 5 << 4;
	bytes[33] = 2;
	message_put(nlh, NFQA_PAYLOAD, bytes, sizeof(bytes));
}

#endif

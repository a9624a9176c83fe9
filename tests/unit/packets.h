/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as hexadecimal text, and what the parser must make of each: the table of test_packet.c.
 * Every length is written out by hand, so that no helper can share a mistake with the parser.
 */
#ifndef NACLD_TESTS_UNIT_PACKETS_H
#define NACLD_TESTS_UNIT_PACKETS_H

#include "core/packet.h"

/* 192.0.2.1 to 203.0.113.9, TTL 64; 2001:db8::1 to 2001:db8::9, hop limit 255. */
#define IP4_IHL(ihl, total, frag, proto) \
	"4" ihl "00" total "0001" frag "40" proto "0000 c0000201 cb007109 "
#define IP4(total, frag, proto) IP4_IHL("5", total, frag, proto)
#define IP6(payload, next)           \
	"60000000" payload next "ff" \
	"20010db8000000000000000000000001 20010db8000000000000000000000009 "

#define TCP_OFFSET(offset) "9c4001bb 00000001 00000002 " offset "012ffff 00000000 "
#define TCP                TCP_OFFSET("5")         /* 40000 to 443, SYN and ACK; 20 bytes */
#define UDP(len)           "9c400035" len "0000 "  /* 40000 to 53; 8 bytes */
#define PING               "08000000 00010001 "    /* type 8, code 0; 8 bytes */
#define TOO_BIG4           "03040000 00000500 "    /* type 3, code 4 */
#define TOO_BIG6           "02000000 00000500 "    /* type 2, code 0 */
#define EXT(next)          next "00 010400000000 " /* options or routing, 8 bytes */
#define EXT16(next)        next "01 010c 000000000000000000000000 "
#define AH(next)           next "04 0000 00000001 00000001 000000000000000000000000 " /* 24 */
#define FRAGMENT(next, at) next "00" at "00000007 "
#define ZERO8              "0000000000000000 "
#define FOUR(x)            x x x x

struct packet_case {
	const char *name;
	const char *hex;
	uint8_t family;
	uint8_t reason;
	uint8_t protocol;
	uint8_t l4;
	uint8_t fragment;
	uint16_t look;    /* the destination port, or type * 256 + code */
	uint32_t len;     /* 0: all the bytes */
	size_t more_wire; /* bytes on the wire beyond those copied */
};

#define PORTS  PACKET_L4_PORTS
#define ICMP   PACKET_L4_ICMP
#define NONE   PACKET_L4_NONE
#define BIGGER 70000

/* The formatters of Debian 12 and 13 differ about a macro that is a list in braces. */
/* clang-format off */
#define PASS(name_, family_, protocol_, l4_, fragment_, look_, hex_, ...)                        \
	{                                                                                        \
		.name = name_, .hex = hex_, .family = family_, .protocol = protocol_, .l4 = l4_, \
		.fragment = fragment_, .look = look_, ##__VA_ARGS__                              \
	}
#define DROP(name_, family_, reason_, protocol_, hex_, ...)                       \
	{                                                                         \
		.name = name_, .hex = hex_, .family = family_, .reason = reason_, \
		.protocol = protocol_, ##__VA_ARGS__                              \
	}
/* clang-format on */

static const struct packet_case packet_cases[] = {
	/* What passes. */
	PASS("v4 TCP", 4, 6, PORTS, 0, 443, IP4("0028", "0000", "06") TCP),
	PASS("v4 TCP, do not fragment", 4, 6, PORTS, 0, 443, IP4("0028", "4000", "06") TCP),
	PASS("v4 TCP, options in both", 4, 6, PORTS, 0, 443,
	     IP4_IHL("6", "0030", "0000", "06") "01010101" TCP_OFFSET("6") "01010101"),
	PASS("v4 TCP, longest IP header", 4, 6, PORTS, 0, 443,
	     IP4_IHL("f", "0050", "0000", "06") FOUR(ZERO8) ZERO8 TCP),
	PASS("v4 TCP, options not copied", 4, 6, PORTS, 0, 443,
	     IP4("0050", "0000", "06") TCP_OFFSET("f"), .len = 80, .more_wire = 40),
	PASS("v4 TCP, payload not copied", 4, 6, PORTS, 0, 443, IP4("05dc", "0000", "06") TCP,
	     .len = 1500, .more_wire = 1460),
	PASS("v4 TCP, Ethernet padding", 4, 6, PORTS, 0, 443,
	     IP4("0028", "0000", "06") TCP "000000000000", .len = 40),
	PASS("v4 TCP above 65,535", 4, 6, PORTS, 0, 443, IP4("0000", "0000", "06") TCP,
	     .len = BIGGER + 40, .more_wire = BIGGER),
	PASS("v4 UDP", 4, 17, PORTS, 0, 53, IP4("0020", "0000", "11") UDP("000c") "61626364"),
	PASS("v4 UDP, empty", 4, 17, PORTS, 0, 53, IP4("001c", "0000", "11") UDP("0008")),
	PASS("v4 UDP, shorter than IP says", 4, 17, PORTS, 0, 53,
	     IP4("0024", "0000", "11") UDP("0008") ZERO8),
	PASS("v4 UDP, a train of segments", 4, 17, PORTS, 0, 53,
	     IP4("fff0", "0000", "11") UDP("ffdc"), .len = 65520, .more_wire = 65492),
	PASS("v4 UDP above 65,535", 4, 17, PORTS, 0, 53, IP4("0000", "0000", "11") UDP("0000"),
	     .len = BIGGER + 28, .more_wire = BIGGER),
	PASS("v4 ping", 4, 1, ICMP, 0, 0x0800, IP4("001c", "0000", "01") PING),
	PASS("v4 too big", 4, 1, ICMP, 0, 0x0304, IP4("001c", "0000", "01") TOO_BIG4),
	PASS("v4 ICMPv6 is a protocol", 4, 58, NONE, 0, 0, IP4("001c", "0000", "3a") PING),
	PASS("v4 hop-by-hop is protocol 0", 4, 0, NONE, 0, 0, IP4("001c", "0000", "00") EXT("06")),
	PASS("v4 IPIP", 4, 4, NONE, 0, 0, IP4("0028", "0000", "04") IP4("0014", "0000", "06")),
	PASS("v4 6in4", 4, 41, NONE, 0, 0, IP4("003c", "0000", "29") IP6("0000", "3b")),
	PASS("v4 GRE", 4, 47, NONE, 0, 0, IP4("0018", "0000", "2f") "00000800"),
	PASS("v4 ESP", 4, 50, NONE, 0, 0, IP4("001c", "0000", "32") ZERO8),
	PASS("v4 AH is a protocol", 4, 51, NONE, 0, 0, IP4("0040", "0000", "33") AH("06") TCP),
	PASS("v4 DCCP", 4, 33, NONE, 0, 0, IP4("001c", "0000", "21") ZERO8),
	PASS("v4 SCTP", 4, 132, NONE, 0, 0, IP4("0020", "0000", "84") "9c4001bb 00000001 00000000"),
	PASS("v4 UDP-Lite", 4, 136, NONE, 0, 0, IP4("001c", "0000", "88") UDP("0008")),
	PASS("v4 protocol 255, no payload", 4, 255, NONE, 0, 0, IP4("0014", "0000", "ff")),
	PASS("v4 first fragment, TCP", 4, 6, PORTS, 1, 443,
	     IP4("002c", "2000", "06") TCP "61626364"),
	PASS("v4 first fragment, TCP in units of 8", 4, 6, PORTS, 1, 443,
	     IP4("002c", "2000", "06") TCP_OFFSET("6") "01010101"),
	PASS("v4 first fragment, UDP", 4, 17, PORTS, 1, 53,
	     IP4("0024", "2000", "11") UDP("05c8") ZERO8),
	PASS("v4 first fragment, ping", 4, 1, ICMP, 1, 0x0800, IP4("001c", "2000", "01") PING),
	PASS("v4 later fragment, TCP", 4, 6, NONE, 1, 0, IP4("002c", "20b9", "06") TCP "61626364"),
	PASS("v4 last fragment, TCP", 4, 6, NONE, 1, 0, IP4("0028", "00b9", "06") TCP),
	PASS("v4 last fragment, UDP, one byte", 4, 17, NONE, 1, 0, IP4("0015", "0001", "11") "61"),
	PASS("v4 last fragment, ends at 65,535", 4, 17, NONE, 1, 0,
	     IP4("0017", "1ffd", "11") "616263"),

	PASS("v6 TCP", 6, 6, PORTS, 0, 443, IP6("0014", "06") TCP),
	PASS("v6 TCP, options not copied", 6, 6, PORTS, 0, 443, IP6("003c", "06") TCP_OFFSET("f"),
	     .len = 100, .more_wire = 40),
	PASS("v6 TCP, padding", 6, 6, PORTS, 0, 443, IP6("0014", "06") TCP "000000", .len = 60),
	PASS("v6 UDP", 6, 17, PORTS, 0, 53, IP6("000c", "11") UDP("000c") "61626364"),
	PASS("v6 too big", 6, 58, ICMP, 0, 0x0200, IP6("0008", "3a") TOO_BIG6),
	PASS("v6 ICMPv6, 4 bytes", 6, 58, ICMP, 0, 0x8000, IP6("0004", "3a") "80000000"),
	PASS("v6 ICMP is a protocol", 6, 1, NONE, 0, 0, IP6("0008", "01") PING),
	PASS("v6 no next header", 6, 59, NONE, 0, 0, IP6("0000", "3b")),
	PASS("v6 no next header, bytes behind", 6, 59, NONE, 0, 0, IP6("0008", "3b") ZERO8),
	PASS("v6 ESP ends the chain", 6, 50, NONE, 0, 0, IP6("0010", "3c") EXT("32") ZERO8),
	PASS("v6 mobility", 6, 135, NONE, 0, 0, IP6("0008", "87") EXT("3b")),
	PASS("v6 in v6", 6, 41, NONE, 0, 0, IP6("0028", "29") IP6("0000", "3b")),
	PASS("v6 SCTP behind options", 6, 132, NONE, 0, 0, IP6("0010", "3c") EXT("84") ZERO8),
	PASS("v6 hop-by-hop, TCP", 6, 6, PORTS, 0, 443, IP6("001c", "00") EXT("06") TCP),
	PASS("v6 hop-by-hop, routing, options, AH, UDP", 6, 17, PORTS, 0, 53,
	     IP6("0040", "00") EXT("2b") EXT16("3c") EXT("33") AH("11") UDP("0008")),
	PASS("v6 options twice, echo", 6, 58, ICMP, 0, 0x8000,
	     IP6("0018", "3c") EXT("3c") EXT("3a") "80000000 00010001"),
	PASS("v6 sixteen extensions", 6, 6, PORTS, 0, 443,
	     IP6("0094", "3c") FOUR(EXT("3c")) FOUR(EXT("3c")) FOUR(EXT("3c")) EXT("3c") EXT("3c")
		     EXT("3c") EXT("06") TCP),
	PASS("v6 above 65,535", 6, 6, PORTS, 0, 443, IP6("0000", "06") TCP, .len = BIGGER + 60,
	     .more_wire = BIGGER),
	PASS("v6 above 65,535, jumbo option", 6, 6, PORTS, 0, 443,
	     IP6("0000", "00") "0600c2040001118c" TCP, .len = BIGGER + 68, .more_wire = BIGGER),
	PASS("v6 UDP above 65,535", 6, 17, PORTS, 0, 53, IP6("0000", "11") UDP("0000"),
	     .len = BIGGER + 48, .more_wire = BIGGER),
	PASS("v6 atomic fragment", 6, 6, PORTS, 0, 443,
	     IP6("001c", "2c") FRAGMENT("06", "0000") TCP),
	PASS("v6 atomic fragment, reserved bits", 6, 6, PORTS, 0, 443,
	     IP6("001c", "2c") FRAGMENT("06", "0006") TCP),
	PASS("v6 atomic fragment, nothing in it", 6, 59, NONE, 0, 0,
	     IP6("0008", "2c") FRAGMENT("3b", "0000")),
	PASS("v6 atomic fragment, options, UDP", 6, 17, PORTS, 0, 53,
	     IP6("0018", "2c") FRAGMENT("3c", "0000") EXT("11") UDP("0008")),
	PASS("v6 first fragment", 6, 17, PORTS, 1, 53,
	     IP6("0018", "2c") FRAGMENT("11", "0001") UDP("05c8") ZERO8),
	PASS("v6 first fragment, options inside", 6, 17, PORTS, 1, 53,
	     IP6("0020", "2c") FRAGMENT("3c", "0001") EXT("11") UDP("05c8") ZERO8),
	PASS("v6 later fragment", 6, 6, NONE, 1, 0, IP6("001c", "2c") FRAGMENT("06", "0588") TCP),
	PASS("v6 later fragment behind options", 6, 58, NONE, 1, 0,
	     IP6("0018", "3c") EXT("2c") FRAGMENT("3a", "0588") ZERO8),
	PASS("v6 last fragment, ends at 65,535", 6, 17, NONE, 1, 0,
	     IP6("000f", "2c") FRAGMENT("11", "fff8") "61626364656667"),

	/* What does not, reason by reason. */
	DROP("v4 nothing", 4, PACKET_TOO_SHORT, 0, ""),
	DROP("v4 19 bytes", 4, PACKET_TOO_SHORT, 0, "4500001300010000400600 00c0000201cb0071"),
	DROP("v6 nothing", 6, PACKET_TOO_SHORT, 0, ""),
	DROP("v6 39 bytes", 6, PACKET_TOO_SHORT, 0,
	     "600000000000 3bff 20010db8000000000000000000000001 20010db80000000000000000000000"),
	DROP("v6 in the v4 family", 4, PACKET_BAD_VERSION, 0, IP6("0014", "06") TCP),
	DROP("v4 in the v6 family", 6, PACKET_BAD_VERSION, 0, IP4("0028", "0000", "06") TCP),
	DROP("v4 nibble 5", 4, PACKET_BAD_VERSION, 0,
	     "55000028 00010000 40060000 c0000201 cb007109" TCP),
	DROP("v4 header length 4", 4, PACKET_BAD_HEADER_LEN, 6,
	     IP4_IHL("4", "0028", "0000", "06") TCP),
	DROP("v4 header length 0", 4, PACKET_BAD_HEADER_LEN, 6,
	     IP4_IHL("0", "0028", "0000", "06") TCP),
	DROP("v4 total length 19", 4, PACKET_BAD_TOTAL_LEN, 6, IP4("0013", "0000", "06") TCP),
	DROP("v4 total length 0", 4, PACKET_BAD_TOTAL_LEN, 6, IP4("0000", "0000", "06") TCP),
	DROP("v4 total length inside the options", 4, PACKET_BAD_TOTAL_LEN, 6,
	     IP4_IHL("6", "0017", "0000", "06") TCP),
	DROP("v4 total length 0 at 65,535", 4, PACKET_BAD_TOTAL_LEN, 6,
	     IP4("0000", "0000", "06") TCP, .more_wire = 65495),
	DROP("v4 one byte short", 4, PACKET_TRUNCATED, 6, IP4("0029", "0000", "06") TCP),
	DROP("v6 one byte short", 6, PACKET_TRUNCATED, 6, IP6("0015", "06") TCP),
	DROP("v6 only its header", 6, PACKET_TRUNCATED, 6, IP6("0014", "06")),
	DROP("v4 copy ends in the IP header", 4, PACKET_BEYOND_COPY, 0, "4500002800010000",
	     .more_wire = 32),
	DROP("v6 copy ends in the IP header", 6, PACKET_BEYOND_COPY, 0, "6000000000140600",
	     .more_wire = 52),
	DROP("v4 copy ends in the options", 4, PACKET_BEYOND_COPY, 6,
	     IP4_IHL("6", "002c", "0000", "06"), .more_wire = 24),
	DROP("v4 copy ends in TCP", 4, PACKET_BEYOND_COPY, 6, IP4("0028", "0000", "06") "9c4001bb",
	     .more_wire = 16),
	DROP("v6 copy ends in an extension", 6, PACKET_BEYOND_COPY, 0, IP6("0064", "3c") "060b0104",
	     .more_wire = 96),
	DROP("v6 copy ends in the fragment header", 6, PACKET_BEYOND_COPY, 0,
	     IP6("001c", "2c") "0600", .more_wire = 26),
	DROP("v6 copy ends behind an extension", 6, PACKET_BEYOND_COPY, 17,
	     IP6("0064", "3c") EXT16("11"), .more_wire = 84),
	DROP("v6 hop-by-hop second", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0024", "3c") EXT("00") EXT("06") TCP),
	DROP("v6 hop-by-hop twice", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0024", "00") EXT("00") EXT("06") TCP),
	DROP("v6 extension overruns", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0008", "3c") "0601010400000000"),
	DROP("v6 extension cut", 6, PACKET_BAD_EXTENSION, 0, IP6("0007", "3c") "06000104000000"),
	DROP("v6 AH overruns", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0010", "33") "0604000000000001 0000000100000000"),
	DROP("v6 hop-by-hop missing", 6, PACKET_BAD_EXTENSION, 0, IP6("0004", "00") "06000104"),
	DROP("v6 fragment header cut", 6, PACKET_BAD_EXTENSION, 0, IP6("0004", "2c") "06000000"),
	DROP("v6 fragment in a fragment", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0018", "2c") FRAGMENT("2c", "0001") FRAGMENT("11", "0001") UDP("0008")),
	DROP("v6 atomic fragment twice", 6, PACKET_BAD_EXTENSION, 0,
	     IP6("0024", "2c") FRAGMENT("2c", "0000") FRAGMENT("06", "0000") TCP),
	DROP("v6 seventeen extensions", 6, PACKET_TOO_MANY_EXTENSIONS, 0,
	     IP6("009c", "3c") FOUR(EXT("3c")) FOUR(EXT("3c")) FOUR(EXT("3c")) FOUR(EXT("3c"))
		     EXT("06") TCP),
	DROP("v6 false jumbogram", 6, PACKET_JUMBOGRAM, 0,
	     IP6("0000", "00") "0600c20400000020" TCP),
	DROP("v6 payload length 0, hop-by-hop", 6, PACKET_JUMBOGRAM, 0,
	     IP6("0000", "00") EXT("06") TCP),
	DROP("v6 jumbogram at 65,535", 6, PACKET_JUMBOGRAM, 0, IP6("0000", "00") EXT("06") TCP,
	     .more_wire = 65507),
	DROP("v4 fragment not in units of 8", 4, PACKET_BAD_FRAGMENT, 6,
	     IP4("0029", "2000", "06") TCP "61"),
	DROP("v4 fragment of AH", 4, PACKET_BAD_FRAGMENT, 51, IP4("0015", "2000", "33") "61"),
	DROP("v6 fragment not in units of 8", 6, PACKET_BAD_FRAGMENT, 17,
	     IP6("0011", "2c") FRAGMENT("11", "0001") UDP("0008") "61"),
	DROP("v4 empty fragment", 4, PACKET_BAD_FRAGMENT, 17, IP4("0014", "0010", "11")),
	DROP("v6 empty fragment", 6, PACKET_BAD_FRAGMENT, 17,
	     IP6("0008", "2c") FRAGMENT("11", "0081")),
	DROP("v4 fragment beyond 65,535", 4, PACKET_BAD_FRAGMENT, 17,
	     IP4("0018", "1ffd", "11") "61626364"),
	DROP("v6 fragment beyond 65,535", 6, PACKET_BAD_FRAGMENT, 17,
	     IP6("0010", "2c") FRAGMENT("11", "fff8") ZERO8),
	DROP("v6 the part before counts too", 6, PACKET_BAD_FRAGMENT, 17,
	     IP6("0017", "3c") EXT("2c") FRAGMENT("11", "fff8") "61626364656667"),
	DROP("v4 TCP flags laid over", 4, PACKET_BAD_FRAGMENT, 6, IP4("001c", "0001", "06") ZERO8),
	DROP("v6 TCP flags laid over", 6, PACKET_BAD_FRAGMENT, 6,
	     IP6("0010", "2c") FRAGMENT("06", "0008") ZERO8),
	DROP("v4 first fragment, 16 bytes of TCP", 4, PACKET_SHORT_FIRST_FRAGMENT, 6,
	     IP4("0024", "2000", "06") "9c4001bb 00000001 00000002 5012ffff"),
	DROP("v4 first fragment, TCP options cut", 4, PACKET_SHORT_FIRST_FRAGMENT, 6,
	     IP4("002c", "2000", "06") TCP_OFFSET("7") "01010101"),
	DROP("v6 first fragment, 8 bytes of TCP", 6, PACKET_SHORT_FIRST_FRAGMENT, 6,
	     IP6("0010", "2c") FRAGMENT("06", "0001") "9c4001bb 00000001"),
	DROP("v6 first fragment, extension cut", 6, PACKET_SHORT_FIRST_FRAGMENT, 0,
	     IP6("0010", "2c") FRAGMENT("3c", "0001") "1101010400000000"),
	DROP("v6 later fragment is walked no further", 6, PACKET_UNKNOWN_TRANSPORT, 0,
	     IP6("0018", "2c") FRAGMENT("3c", "0589") EXT("06") ZERO8),
	DROP("v6 last fragment, of a fragment", 6, PACKET_UNKNOWN_TRANSPORT, 0,
	     IP6("0010", "2c") FRAGMENT("2c", "0588") FRAGMENT("06", "0000")),
	DROP("v6 later fragment of AH, behind options", 6, PACKET_UNKNOWN_TRANSPORT, 0,
	     IP6("0018", "3c") EXT("2c") FRAGMENT("33", "0588") ZERO8),
	DROP("v4 19 bytes of TCP", 4, PACKET_TCP_TRUNCATED, 6, IP4("0027", "0000", "06") TCP),
	DROP("v4 TCP, nothing of it", 4, PACKET_TCP_TRUNCATED, 6, IP4("0014", "0000", "06") TCP),
	DROP("v6 19 bytes of TCP", 6, PACKET_TCP_TRUNCATED, 6, IP6("0013", "06") TCP),
	DROP("v6 payload length 0, TCP", 6, PACKET_TCP_TRUNCATED, 6, IP6("0000", "06") TCP),
	DROP("v4 data offset 4", 4, PACKET_TCP_BAD_OFFSET, 6,
	     IP4("0028", "0000", "06") TCP_OFFSET("4")),
	DROP("v4 data offset beyond", 4, PACKET_TCP_BAD_OFFSET, 6,
	     IP4("0028", "0000", "06") TCP_OFFSET("6")),
	DROP("v6 data offset beyond", 6, PACKET_TCP_BAD_OFFSET, 6,
	     IP6("0014", "06") TCP_OFFSET("f")),
	DROP("v4 first fragment, data offset 4", 4, PACKET_TCP_BAD_OFFSET, 6,
	     IP4("002c", "2000", "06") TCP_OFFSET("4") "00000000"),
	DROP("v4 7 bytes of UDP", 4, PACKET_UDP_TRUNCATED, 17,
	     IP4("001b", "0000", "11") UDP("0008")),
	DROP("v6 7 bytes of UDP", 6, PACKET_UDP_TRUNCATED, 17, IP6("0007", "11") UDP("0008")),
	DROP("v4 UDP length 7", 4, PACKET_UDP_BAD_LEN, 17, IP4("001c", "0000", "11") UDP("0007")),
	DROP("v4 UDP length 0", 4, PACKET_UDP_BAD_LEN, 17, IP4("001c", "0000", "11") UDP("0000")),
	DROP("v6 UDP length 0", 6, PACKET_UDP_BAD_LEN, 17, IP6("0008", "11") UDP("0000")),
	DROP("v4 UDP length beyond", 4, PACKET_UDP_BAD_LEN, 17,
	     IP4("001c", "0000", "11") UDP("0009")),
	DROP("v6 UDP length beyond", 6, PACKET_UDP_BAD_LEN, 17, IP6("0008", "11") UDP("0009")),
	DROP("v4 UDP length into the padding", 4, PACKET_UDP_BAD_LEN, 17,
	     IP4("001c", "0000", "11") UDP("0010") ZERO8),
	DROP("v4 first fragment, UDP length 7", 4, PACKET_UDP_BAD_LEN, 17,
	     IP4("001c", "2000", "11") UDP("0007")),
	DROP("v4 7 bytes of ICMP", 4, PACKET_ICMP_TRUNCATED, 1, IP4("001b", "0000", "01") PING),
	DROP("v6 3 bytes of ICMPv6", 6, PACKET_ICMP_TRUNCATED, 58, IP6("0003", "3a") TOO_BIG6),
};

#define PACKET_CASES (sizeof(packet_cases) / sizeof(packet_cases[0]))

#endif

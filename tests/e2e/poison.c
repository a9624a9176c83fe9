/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon with a parser that some packets are fatal to, by their UDP destination port: the real
 * one never crashes on any packet we know. Linked with --wrap=packet_parse; all else is the daemon
 * as it is.
 */
#include <stdlib.h>

#include "core/packet.h"

enum poison_port {
	POISON_FAULT = 6661,
	POISON_ABORT = 6662,
	POISON_LOOP = 6663,
	POISON_STACK = 6664,
};

enum packet_reason __real_packet_parse(enum family family, const uint8_t *data, size_t copy_len,
				       size_t wire_len, struct packet *out);
enum packet_reason __wrap_packet_parse(enum family family, const uint8_t *data, size_t copy_len,
				       size_t wire_len, struct packet *out);

static int use_up_the_stack(volatile int *below)
{
	volatile int here[1024];

	here[0] = *below + 1;
	if (here[0] == 0)
		return 0;
	return use_up_the_stack(here) + here[0];
}

enum packet_reason __wrap_packet_parse(enum family family, const uint8_t *data, size_t copy_len,
				       size_t wire_len, struct packet *out)
{
	enum packet_reason reason = __real_packet_parse(family, data, copy_len, wire_len, out);
	volatile int zero = 0;

	if (reason != PACKET_OK || out->protocol != 17)
		return reason;
	switch (out->dport) {
	case POISON_FAULT:
		*(volatile int *)(uintptr_t)zero = 1;
		break;
	case POISON_ABORT:
		abort();
	case POISON_LOOP:
		while (!zero)
			;
		break;
	case POISON_STACK:
		zero = use_up_the_stack(&zero);
		break;
	default:
		break;
	}
	return reason;
}

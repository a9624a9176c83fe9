/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every packet of up to PROOF_BYTES bytes, of one family, in a block of exactly its size: any read
 * beyond the copy is out of bounds. What was cut off may have been of any length that a kernel can
 * say (GSO packets included).
 */
#ifndef NACLD_TESTS_PROOF_PACKET_H
#define NACLD_TESTS_PROOF_PACKET_H

#include <assert.h>
#include <stdlib.h>

#include "transport.h"

#ifndef PROOF_BYTES
#define PROOF_BYTES 160
#endif
#define PROOF_WIRE_MAX (1U << 18)

size_t nondet_size(void);

static inline void prove_packet(enum family family)
{
	size_t copy_len = nondet_size(), wire_len = nondet_size();
	enum packet_reason reason;
	struct packet packet;
	uint8_t *data;

	__CPROVER_assume(copy_len <= PROOF_BYTES && wire_len >= copy_len);
	__CPROVER_assume(wire_len <= PROOF_WIRE_MAX);
	data = malloc(copy_len);
	__CPROVER_assume(data != NULL);

	reason = packet_parse(family, data, copy_len, wire_len, &packet);
	assert(reason >= PACKET_OK && reason < PACKET_REASONS);
	if (reason != PACKET_OK)
		return;
	assert(data[0] >> 4 == (int)family);
	assert(packet.src.family == family && packet.dst.family == family);
	assert(packet.len <= wire_len);
	assert(transport_agrees(family, data, &packet));
}

#endif

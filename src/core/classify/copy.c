/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled list in one piece, for memory that two processes map: pack.c has each half in a block
 * already, so a copy is the struct and its two blocks behind each other. Pointers are those of the
 * place it was written to; who maps the piece elsewhere has them moved.
 */
#include <stdint.h>
#include <string.h>

#include "core/classify/table.h"

static size_t aligned(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static const void *moved(const void *pointer, ptrdiff_t by)
{
	return pointer ? (const void *)((uintptr_t)pointer + (uintptr_t)by) : NULL;
}

static void move_half(struct classify_half *half, ptrdiff_t by)
{
	half->index = moved(half->index, by);
	half->v4 = moved(half->v4, by);
	half->high = moved(half->high, by);
	half->low = moved(half->low, by);
	half->tables = moved(half->tables, by);
}

static void copy_half(struct classify_half *half, uint8_t *to)
{
	memcpy(to, half->block, half->bytes);
	move_half(half, (ptrdiff_t)((uintptr_t)to - (uintptr_t)half->block));
	half->block = NULL; /* no allocation of its own */
}

size_t classify_copy_size(const struct classify *classify)
{
	return aligned(sizeof(*classify)) + aligned(classify->v4.bytes) +
	       aligned(classify->v6.bytes);
}

struct classify *classify_copy(const struct classify *classify, const struct rule *rules, void *to)
{
	struct classify *copy = to;
	uint8_t *blocks = (uint8_t *)to + aligned(sizeof(*copy));

	*copy = *classify;
	copy->rules = rules;
	copy_half(&copy->v4, blocks);
	copy_half(&copy->v6, blocks + aligned(copy->v4.bytes));
	return copy;
}

void classify_move(struct classify *copy, ptrdiff_t by)
{
	copy->rules = moved(copy->rules, by);
	move_half(&copy->v4, by);
	move_half(&copy->v6, by);
}

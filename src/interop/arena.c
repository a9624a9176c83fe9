/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain of blocks, each filled from its start. What is larger than a quarter of a block gets one
 * of its own, so that little is wasted. Nothing is given back before the end: an array that grows
 * leaves its smaller self behind, at most as much again.
 */
#include "interop/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) char data[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		arena->failed = true;
		return NULL;
	}
	block->size = size;
	return block;
}

/* Behind the newest block, which goes on being filled. */
static void *alloc_alone(struct arena *arena, size_t size)
{
	struct arena_block *block = add_block(arena, size);

	if (!block)
		return NULL;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
		arena->used = size;
	}
	return block->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (size > BLOCK_BYTES / 4)
		return alloc_alone(arena, size);
	if (!arena->blocks || arena->blocks->size - arena->used < size) {
		block = add_block(arena, BLOCK_BYTES);
		if (!block)
			return NULL;
		block->next = arena->blocks;
		arena->blocks = block;
		arena->used = 0;
	}
	arena->used += size;
	return arena->blocks->data + arena->used - size;
}

const char *arena_text(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (!copy)
		return "";
	memcpy(copy, text, len);
	return copy;
}

const char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	const char *copy = "";
	char *text;
	int len = vasprintf(&text, format, args);

	if (len < 0) {
		arena->failed = true;
		return "";
	}
	copy = arena_text(arena, text, (size_t)len);
	free(text);
	return copy;
}

const char *arena_printf(struct arena *arena, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t size)
{
	size_t capacity = count ? count * 2 : 4;
	char *larger;

	/* Full exactly at the powers of two from 4 up: no capacity to keep. */
	if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
		return array;
	larger = arena_alloc(arena, capacity * size);
	if (larger && count)
		memcpy(larger, array, count * size);
	return larger;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	*arena = (struct arena){0};
}

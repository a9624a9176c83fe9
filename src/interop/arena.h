/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_ARENA_H
#define NACLD_INTEROP_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that is released at once: a document and what is read from it live and die together.
 *
 * Running out is remembered in `failed`, so that a reader may go on and its caller asks once, at
 * the end. Texts are then "", blocks NULL.
 */
struct arena {
	struct arena_block *blocks;
	size_t used; /* in the newest block */
	bool failed;
};

/* Zeroed, aligned for anything; NULL: no memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of `len` bytes with a NUL behind them. Never NULL. */
const char *arena_text(struct arena *arena, const char *text, size_t len);

const char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/*
 * An array of `count` elements with room for one more, which is zeroed: the same array, or a larger
 * copy. NULL: no memory, and the old one is as it was. Amortised O(1) for one by one.
 */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t size);

void arena_fini(struct arena *arena);

#endif

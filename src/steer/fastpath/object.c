/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled filter, inside this program: so that what is loaded into the kernel is what was
 * built with it, and no file has to be found. FASTPATH_OBJECT is the Makefile's, which leaves it
 * out where clang cannot compile for BPF.
 */
#include "steer/fastpath/object.h"

#include "steer/fastpath/fastpath.h"

#ifdef FASTPATH_OBJECT

extern const unsigned char fastpath_object_begin[], fastpath_object_end[];

__asm__(".pushsection .rodata\n"
	".balign 8\n"
	".global fastpath_object_begin, fastpath_object_end\n"
	"fastpath_object_begin:\n"
	".incbin \"" FASTPATH_OBJECT "\"\n"
	"fastpath_object_end:\n"
	".byte 0\n"
	".popsection\n");

const void *fastpath_object(size_t *size)
{
	*size = (size_t)(fastpath_object_end - fastpath_object_begin);
	return fastpath_object_begin;
}

#else

const void *fastpath_object(size_t *size)
{
	*size = 0;
	return NULL;
}

#endif

bool fastpath_is_built(void)
{
	size_t size;

	return fastpath_object(&size) != NULL;
}

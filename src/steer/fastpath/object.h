/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_FASTPATH_OBJECT_H
#define NACLD_STEER_FASTPATH_OBJECT_H

#include <stddef.h>

/*
 * The accept filter as an ELF object (accept.bpf.c, by clang), or NULL: this program was built
 * where no clang could compile for BPF, and has none. *size is in bytes.
 */
const void *fastpath_object(size_t *size);

#endif

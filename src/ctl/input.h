/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_INPUT_H
#define NACLD_CTL_INPUT_H

#include <stddef.h>

/*
 * A whole file, or stdin for "-"; one byte more than DOCUMENT_BYTES_MAX at most. The caller frees
 * it. NULL after an error, which has been printed to stderr.
 */
char *input_read(const char *command, const char *file, size_t *len);

#endif

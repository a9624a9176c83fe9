/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_PLAIN_H
#define NACLD_COMMON_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* Which characters of a stranger's text may be shown to a person. */

/* Length of the UTF-8 sequence at s (RFC 3629; printable ones only), 0 when it is none. */
size_t plain_utf8_len(const unsigned char *s, size_t len);

/*
 * Length of a character that commands a terminal or hides how a text is written, or 0: C0 and DEL;
 * C1; marks, embeddings, overrides and isolates that turn the direction (U+200E, U+200F, U+202A to
 * 202E, U+2066 to 2069, U+061C); U+2028 and U+2029. The text is UTF-8 and ends in a NUL, so the
 * first byte tells the length. `lines`: line ends and tabs are fine.
 */
size_t plain_control_len(const unsigned char *c, bool lines);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_NEAREST_H
#define NACLD_COMMON_NEAREST_H

#include <stddef.h>

/*
 * The word that was probably meant: the nearest of `count` within one letter added, dropped,
 * changed or swapped with its neighbour (two, for words of five letters and more); case is
 * ignored. NULL: none is near. O(count) times the product of the lengths; words longer than 32 are
 * near to nothing.
 */
const char *nearest_word(const char *word, const char *const words[], size_t count);

#endif

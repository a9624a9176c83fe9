/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STATE_PLAIN_FILE_H
#define NACLD_CTL_STATE_PLAIN_FILE_H

#include <stdbool.h>

/*
 * May a program of root's open this file, which somebody without root's rights has named? It is a
 * plain file, absolute, of no symbolic link, and nobody but its owner can change it or put another
 * in its place: the file and every folder on the way belong to root, to the caller or to who owns
 * the root folder, and others may not write there (a folder that others write to has the sticky
 * bit, as /tmp has). Nothing is opened for reading on the way, and nothing can block. False: one of
 * these does not hold.
 */
bool plain_file(const char *path);

#endif

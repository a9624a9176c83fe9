/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_PASSED_H
#define NACLD_DAEMON_CONTROL_PASSED_H

#include <stddef.h>
#include <sys/types.h>

#define PASSED_TEXT_MAX (64U << 20) /* bytes; a policy of 100,000 rules has about 10 million */

/*
 * recv(2) on a client's socket; a descriptor that came along is *fd, the caller's, and one that was
 * there before is closed. Others are closed by the kernel.
 */
ssize_t passed_receive(int socket, char *buf, size_t len, int *fd);

/*
 * The text in a sealed memfd, for the caller to free; or NULL and *why. Nothing that could keep the
 * reader waiting, or change while it is read, is taken.
 */
char *passed_text(int fd, const char **why);

#endif

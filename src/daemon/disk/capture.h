/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_CAPTURE_H
#define NACLD_DAEMON_DISK_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#define CAPTURE_FILES_MAX 16

/*
 * The bytes of a packet go to poison/ in the state folder ($STATE_DIRECTORY, set by systemd), as a
 * capture file that tcpdump reads. At most CAPTURE_FILES_MAX are kept; the last one is then
 * overwritten. The log says which file, or why there is none.
 */
void capture_save(unsigned int queue, const void *bytes, size_t len, size_t wire_len);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_CRASH_H
#define NACLD_DAEMON_PRIVSEP_CRASH_H

#include <stdint.h>

#include "daemon/path/batch.h"

#define CRASH_STACK_LEN 16384

/*
 * From here on a crash of a thread that crash_watch was called in blames its packet. Once a
 * process.
 */
void crash_install(void);

/*
 * The calling thread filters the packets of `region`. `stack` is for the handler: the thread's own
 * may be what it has run out of. Both must outlive the thread.
 */
void crash_watch(struct batch_region *region, uint8_t stack[static CRASH_STACK_LEN]);

/* The calling thread filters no more, and has the handler's stack back that it had before. */
void crash_unwatch(void);

#endif

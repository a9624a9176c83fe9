/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_LOCK_H
#define NACLD_STEER_LOCK_H

/*
 * One change at a time: waits for another naclctl that is at it. 0 with a handle for steer_unlock,
 * or -EBUSY after ten seconds. No file can be made at /run: no lock, and 0.
 */
int steer_lock(int *out);
void steer_unlock(int handle);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_STDFDS_H
#define NACLD_COMMON_STDFDS_H

/*
 * Takes the places of standard streams that the caller had closed, so that no socket or file opened
 * later gets what is printed. Reading finds the end; writing still fails, as on a closed stream.
 * First thing in main.
 */
void stdfds_hold(void);

#endif

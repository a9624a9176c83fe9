/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_SHOW_SHOW_H
#define NACLD_CTL_SHOW_SHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* The "status" object of common/protocol.h for people; `now` is what ages are counted from. */
void show_status(const json_t *status, time_t now, FILE *to);

#endif

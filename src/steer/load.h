/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_LOAD_H
#define NACLD_STEER_LOAD_H

#include "steer/backend.h"

/*
 * Loads a plan through one backend, all or nothing. 0, or 1 where outbound packets had to be queued
 * before the host's own rules (no table `security`), and the rules as loaded in *out, which the
 * caller finishes; or -errno with the reason.
 */
int steer_load_plan(const struct steer_plan *plan, enum steer_backend backend,
		    struct steer_rules *out, bool *changed, char reason[static STEER_REASON_LEN]);

#endif

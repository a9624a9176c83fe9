/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_FAST_H
#define NACLD_CTL_STEER_FAST_H

#include "ctl/steer/cmd.h"

/*
 * Before the rules are loaded through `backend`: where the plan asks for the fast path, the accept
 * filter is there and plan->fast_folder names it; or it was said why the queue has it all.
 */
void fast_prepare(struct steer_request *request, struct steer_plan *plan,
		  enum steer_backend backend);

/* The same, of a filter that is there already; nothing is loaded. */
void fast_look(struct steer_plan *plan, enum steer_backend backend);

/* The order in which backends are tried: with a fast path the one that can have it comes first. */
void fast_order(const struct steer_plan *plan, enum steer_backend out[static STEER_BACKENDS]);

/*
 * After the rules were loaded: the running daemon gets the maps, and what no rule names any more
 * goes.
 */
void fast_finish(struct steer_request *request, const struct steer_plan *plan);

#endif

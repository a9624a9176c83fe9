/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_APPLY_GATE_H
#define NACLD_CTL_APPLY_GATE_H

#include <jansson.h>

#include "core/policy.h"

/* What is asked of a policy before it runs. */
struct gate {
	const char *command;
	const char *file;    /* as the person called it */
	bool yes;            /* go on although the ssh session would be cut */
	bool json;           /* print nothing but errors, and keep: */
	json_t *findings;    /* as naclctl check --json has them */
	json_t *differences; /* as naclctl diff --json has them; NULL: too large to be compared */
};

/*
 * Checks `config`, which has the content of gate->file: its errors, what its rules do, which
 * packets it treats differently from `running`, and whether it would cut the ssh session that this
 * runs in; then a person is asked. The policy, for the caller to free; or NULL and the exit status
 * in *status, and why has been printed.
 */
struct policy *gate_pass(struct gate *gate, const char *config, const struct policy *running,
			 int *status);

#endif

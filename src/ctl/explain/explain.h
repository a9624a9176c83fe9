/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_EXPLAIN_EXPLAIN_H
#define NACLD_CTL_EXPLAIN_EXPLAIN_H

#include <stdio.h>

#include "ctl/explain/roundtrip.h"

/*
 * The roundtrip as a story for people. Of the rules that do not match only the nearest dozen before
 * the one that decides are shown, and the rest counted, unless `all`.
 */
void explain_text(const struct policy *policy, const struct roundtrip *roundtrip, bool all,
		  FILE *to);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_OUTPUT_H
#define NACLD_CTL_STEER_OUTPUT_H

#include "ctl/steer/cmd.h"

/* A remark: what was chosen, and why. */
void steer_note(struct steer_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A rule text of a backend, for people: with a heading a family where there are two. */
void steer_print_rules(enum steer_backend backend, const struct steer_rules *rules);

/* The same for programs: an object by family ("inet", or "ipv4" and "ipv6"). A new reference. */
json_t *steer_json_rules(enum steer_backend backend, const struct steer_rules *rules);

#endif

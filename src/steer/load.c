/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan into the kernel through one backend: for `steer up`, and for the trial of each backend
 * that doctor makes in a namespace of its own.
 *
 * iptables-legacy has a table `security` only where the kernel was built with it. Without, outbound
 * packets are queued in mangle, before the host's own outbound rules: what passes both passes in
 * either order, and an unfiltered host would be worse.
 */
#include "steer/load.h"

#include <stdio.h>

int steer_load_plan(const struct steer_plan *plan, enum steer_backend backend,
		    struct steer_rules *out, bool *changed, char reason[static STEER_REASON_LEN])
{
	static const char *const tables[] = {"security", "mangle"};
	int table = steer_backend_has_table(backend, tables[0]) ? 0 : 1;
	int err = steer_backend_render(backend, plan, tables[table], out);

	if (err) {
		snprintf(reason, STEER_REASON_LEN, "out of memory");
		return err;
	}
	err = steer_backend_apply(backend, out, changed, reason);
	if (!err) {
		(void)steer_backend_kernel(backend, &out->kernel, reason);
		return table;
	}
	steer_rules_fini(out);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_IPTABLES_H
#define NACLD_STEER_KERNEL_IPTABLES_H

#include "steer/plan.h"

/*
 * iptables rulesets as text, for one family. Our own part of one has a normal form: what
 * iptables-save prints of it, tables and chains in order, a jump that is first in its chain written
 * "-I CHAIN 1 ...". Two equal parts are equal texts; the empty text is no part at all. All return
 * heap strings, or NULL: no memory.
 */

/*
 * The plan in normal form.
 *
 * @output_table  where outbound packets are queued: "security", the only table whose OUTPUT comes
 *                after filter's; or "mangle" where the kernel has no such table
 */
char *iptables_render(const struct steer_plan *plan, enum family family, const char *output_table);

/* Our own part of what iptables-save printed, in normal form. Foreign rules are not looked at. */
char *iptables_own(const char *saved);

/*
 * Input for `iptables-restore --noflush` that turns our part from `current` into `target` (both in
 * normal form). Names no foreign rule and deletes no chain of the kernel's. Empty when equal.
 */
char *iptables_transition(const char *current, const char *target);

/*
 * Takes the rules that name a pinned program out of a text in normal form, in place. False: there
 * were none.
 */
bool iptables_drop_filter(char *text);

/* Does a text in normal form have a chain of ours of that name in that table? */
bool iptables_has_chain(const char *text, const char *table, const char *chain);

#endif

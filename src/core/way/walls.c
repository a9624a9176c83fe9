/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's whole way through the host, for those who ask about packets rather than filter them:
 * the daemon meets a packet once at each wall, a person asks about all of them at once.
 *
 * The walls stand in the kernel's order: PREROUTING, then INPUT or FORWARD; OUTPUT or FORWARD, then
 * POSTROUTING. All must allow.
 */
#include "core/way/walls.h"

_Static_assert(WAY_INTERFACE_LEN == POLICY_INTERFACE_LEN, "both are IFNAMSIZ");

/* At most three: an edge, the middle, another edge. */
struct walls {
	struct {
		enum hook hook;
		const char *interface;
	} items[3];
	unsigned int count;
};

static void add(struct walls *walls, enum hook hook, const char *interface)
{
	walls->items[walls->count].hook = hook;
	walls->items[walls->count++].interface = interface;
}

/* The host's wall takes NULL for "by whichever interface"; an edge takes "". */
static const char *or_any(const char *interface)
{
	return *interface ? interface : NULL;
}

/* What the host tells itself crosses no edge, even where nobody says by which interface it goes. */
static bool may_cross_edges(const struct policy *policy, const struct way *way,
			    const struct packet *packet)
{
	const char *interface = way->hook == HOOK_OUTPUT ? way->out : way->in;

	if (policy->edges.only == POLICY_NO_ACL)
		return false;
	return *interface || policy_exempts(policy, way->hook, NULL, packet) != EXEMPT_LOOPBACK;
}

static struct walls walls_of(const struct policy *policy, const struct way *way,
			     const struct packet *packet)
{
	bool forward = way->hook == HOOK_FORWARD;
	bool edges = may_cross_edges(policy, way, packet);
	struct walls walls = {.count = 0};

	if (edges && (forward ? way->in[0] != '\0' : way->hook == HOOK_INPUT))
		add(&walls, HOOK_PREROUTING, way->in);
	add(&walls, way->hook, or_any(way->hook == HOOK_OUTPUT ? way->out : way->in));
	if (edges && (forward ? way->out[0] != '\0' : way->hook == HOOK_OUTPUT))
		add(&walls, HOOK_POSTROUTING, way->out);
	return walls;
}

static void append(struct policy_verdict *sum, const struct policy_verdict *part)
{
	for (unsigned int i = 0; i < part->step_count && sum->step_count < POLICY_STEPS_MAX; i++)
		sum->steps[sum->step_count++] = part->steps[i];
	sum->action = part->action;
	if (part->outcome == POLICY_JUDGED || sum->outcome == POLICY_UNPROTECTED)
		sum->outcome = part->outcome;
}

void walls_eval(const struct policy *policy, const struct way *way, const struct packet *packet,
		struct policy_verdict *out)
{
	struct walls walls = walls_of(policy, way, packet);

	*out = (struct policy_verdict){.action = ACTION_ALLOW, .outcome = POLICY_UNPROTECTED};
	for (unsigned int i = 0; i < walls.count && out->action == ACTION_ALLOW; i++) {
		struct policy_verdict part;

		policy_eval(policy, walls.items[i].hook, walls.items[i].interface, packet, &part);
		append(out, &part);
	}
}

bool walls_are_ambiguous(const struct policy *policy, const struct way *way)
{
	if (policy->edges.only != POLICY_SEVERAL_ACLS)
		return false;
	if (way->hook == HOOK_INPUT)
		return way->in[0] == '\0';
	return way->hook == HOOK_OUTPUT && way->out[0] == '\0';
}

unsigned int walls_exempt(const struct policy *policy, const struct way *way,
			  const struct packet *packet)
{
	struct walls walls = walls_of(policy, way, packet);
	unsigned int exempt = 0;

	for (unsigned int i = 0; i < walls.count && !exempt; i++)
		exempt = policy_exempts(policy, walls.items[i].hook, walls.items[i].interface,
					packet);
	return exempt;
}

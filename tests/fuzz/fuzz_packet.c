/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_parse, and the lists behind it. The first byte says how the packet was met: bit 0 the
 * family, bits 1 to 3 how much more of it there was on the wire; the rest is the copy.
 *
 * Claims: what is said of an accepted packet follows from its bytes (a later fragment has no ports,
 * above all); a shorter copy of the same packet gives the same answer or says that it is the copy
 * that is short; the compiled lists answer as the linear reference does, rule by rule, and so does
 * the whole policy at each hook.
 */
#include "core/classify/classify.h"
#include "fuzz.h"
#include "policy.h"
#include "proof/transport.h"

static struct policy *compiled, *reference;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	compiled = fuzz_policy(FUZZ_POLICY);
	reference = fuzz_policy(FUZZ_POLICY);
	CLAIM(policy_compile(compiled) == 0);
	return 0;
}

static bool same_packet(const struct packet *a, const struct packet *b)
{
	return addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst) && a->len == b->len &&
	       a->protocol == b->protocol && a->l4 == b->l4 && a->fragment == b->fragment &&
	       a->hop_limit == b->hop_limit && a->sport == b->sport && a->dport == b->dport &&
	       a->icmp_type == b->icmp_type && a->icmp_code == b->icmp_code &&
	       a->tcp_flags == b->tcp_flags;
}

static enum packet_reason parse(enum family family, const uint8_t *data, size_t copy_len,
				size_t wire_len, struct packet *out)
{
	uint8_t *exact = fuzz_exact(data, copy_len);
	enum packet_reason reason;

	memset(out, 0xa5, sizeof(*out)); /* nothing may be left of an earlier packet */
	reason = packet_parse(family, exact, copy_len, wire_len, out);
	CLAIM(reason >= PACKET_OK && reason < PACKET_REASONS);
	if (reason == PACKET_OK) {
		CLAIM(out->src.family == family && out->dst.family == family);
		CLAIM(exact[0] >> 4 == (int)family && out->len <= wire_len);
		CLAIM(transport_agrees(family, exact, out));
	} else {
		CLAIM(out->l4 == PACKET_L4_NONE && out->dport == 0 && out->icmp_type == 0);
	}
	free(exact);
	return reason;
}

static void claim_lists(const struct packet *packet)
{
	for (size_t a = 0; a < compiled->acl_count; a++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			const struct rule *fast = classify_lookup(compiled->compiled[a][d], packet);
			const struct rule *slow =
				acl_eval(&reference->acls[a].lists[d], (enum direction)d, packet);

			CLAIM((fast ? fast->number : 0) == (slow ? slow->number : 0));
		}
	}
}

static void claim_hooks(const struct packet *packet)
{
	for (int hook = HOOK_INPUT; hook <= HOOK_OUTPUT; hook++) {
		struct policy_verdict fast, slow;

		policy_eval(compiled, (enum hook)hook, NULL, packet, &fast);
		policy_eval(reference, (enum hook)hook, NULL, packet, &slow);
		CLAIM(fast.action == slow.action && fast.outcome == slow.outcome);
		CLAIM(fast.step_count == slow.step_count && fast.step_count <= 2);
		for (unsigned int i = 0; i < fast.step_count; i++)
			CLAIM(fast.steps[i].counter == slow.steps[i].counter);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t more[] = {0, 1, 8, 40, 1460, 65495, 70000, 1 << 18};
	enum family family;
	enum packet_reason whole, cut;
	struct packet packet, shorter;
	size_t wire_len;

	if (size < 1)
		return 0;
	family = data[0] & 1 ? FAMILY_IPV6 : FAMILY_IPV4;
	wire_len = size - 1 + more[data[0] >> 1 & 7];
	whole = parse(family, data + 1, size - 1, wire_len, &packet);
	if (size > 1) {
		cut = parse(family, data + 1, (data[0] >> 4) * (size - 1) / 16, wire_len, &shorter);
		CLAIM(cut == whole || cut == PACKET_BEYOND_COPY);
		CLAIM(cut != PACKET_OK || same_packet(&packet, &shorter));
	}
	if (whole == PACKET_OK) {
		claim_lists(&packet);
		claim_hooks(&packet);
	}
	return 0;
}

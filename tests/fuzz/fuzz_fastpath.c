/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accept filter in front of the queue, as source: the first byte's bit 0 is the family, the
 * rest the packet, met at each hook.
 *
 * Claim: what the filter accepts, packet_parse reads and policy_eval accepts, and the rules that
 * decide there are those that were counted, once and with the packet's length.
 */
#include "core/fastpath/build.h"
#include "fuzz.h"
#include "policy.h"
#include "unit/fastpath_claim.h"

#define WORDS    ((size_t)1 << 16)
#define COUNTERS 256

static struct policy *policy;
static uint64_t *words;
static struct fastpath_counter *counters;
static size_t used;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	policy = fuzz_policy(FUZZ_POLICY);
	CLAIM(policy_compile(policy) == 0);
	policy->edges.only = 0;
	words = calloc(WORDS, sizeof(*words));
	counters = calloc((size_t)2 * COUNTERS, sizeof(*counters));
	CLAIM(words && counters);
	CLAIM(fastpath_build(policy, 1, words + 1, WORDS - 1, COUNTERS, &used) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fastpath_packet_source source = {.words = words,
						.word_count = used + 1,
						.counters = counters,
						.counter_count = COUNTERS};
	uint8_t *exact;

	if (size < 1)
		return 0;
	exact = fuzz_exact(data + 1, size - 1);
	source.data = exact;
	source.len = size - 1;
	for (int hook = 0; hook < HOOKS; hook++) {
		bool accepted;
		const char *wrong = fastpath_claim(policy, &source, 1, 1, (enum hook)hook,
						   data[0] & 1, &accepted);

		if (wrong)
			fprintf(stderr, "hook %d: %s\n", hook, wrong);
		CLAIM(!wrong);
	}
	free(exact);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch of messages as the kernel's queue might send them, and the verdicts on them. The input is
 * a row of messages: a byte (bit 0: the message was cut), two bytes of length, and the message.
 * Behind a message's end its slot is poisoned: a read there is reported.
 *
 * Claims: what a message says is what a second, plain reading of it says; each packet message gets
 * exactly one verdict, to its queue, for its id, and no other message gets any; verdicts are what
 * the linear reference gives, in order, one message for a run of equal ones; the counters add up.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>

#include "daemon/path/filter.h"
#include "fuzz.h"
#include "policy.h"

#define INPUT_SLOTS 32

static struct policy *reference;
static struct snapshot *snapshot;
static struct batch batch;
static struct event_ring ring;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	reference = fuzz_policy(FUZZ_POLICY);
	CLAIM(snapshot_new(fuzz_policy(FUZZ_POLICY), 1, 1, &snapshot) == 0);
	CLAIM(batch_init(&batch, -1) == 0);
	event_ring_init(&ring);
	return 0;
}

/* What one message asks, read byte by byte; false when it is no packet. */
struct asked {
	uint32_t id;
	uint16_t queue;
	uint8_t family, hook;
	const uint8_t *data;
	size_t copy_len, wire_len;
};

static uint32_t big_endian(const uint8_t *p, size_t n)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

static uint32_t native(const uint8_t *p, size_t n)
{
	uint32_t value = 0;

	memcpy(&value, p, n); /* every machine this runs on is little-endian */
	return value;
}

static bool read_attributes(const uint8_t *m, size_t len, struct asked *out)
{
	bool identified = false;
	size_t cap_len = 0;

	for (size_t at = 20; at + 4 <= len;) {
		size_t attribute = native(m + at, 2), n;
		unsigned int type = native(m + at + 2, 2) & NLA_TYPE_MASK;
		const uint8_t *value = m + at + 4;

		if (attribute < 4 || attribute > len - at)
			break;
		n = attribute - 4;
		if (type == NFQA_PACKET_HDR && n >= 7) {
			identified = true;
			out->id = big_endian(value, 4);
			out->hook = value[6];
		} else if (type == NFQA_PAYLOAD) {
			out->data = value;
			out->copy_len = n;
		} else if (type == NFQA_CAP_LEN && n >= 4) {
			cap_len = big_endian(value, 4);
		}
		at += (attribute + 3) / 4 * 4;
	}
	out->wire_len = cap_len > out->copy_len ? cap_len : out->copy_len;
	return identified;
}

static bool read_message(const struct batch_slot *slot, struct asked *out)
{
	const uint8_t *m = slot->bytes;
	size_t len = slot->len;

	if (len < 20)
		return false;
	if (!slot->truncated) {
		if (native(m, 4) < 20 || native(m, 4) > len)
			return false;
		len = native(m, 4);
	}
	if (native(m + 4, 2) != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return false;
	*out = (struct asked){.family = m[16], .queue = (uint16_t)big_endian(m + 18, 2)};
	return read_attributes(m, len, out);
}

static enum action failed(void)
{
	return reference->on_failure == POLICY_FAIL_ACCEPT ? ACTION_ALLOW : ACTION_DENY;
}

static enum action expected(const struct asked *asked)
{
	enum family family = asked->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	struct policy_verdict verdict;
	struct packet packet;
	enum hook hook;

	if (!asked->data || (asked->family != AF_INET && asked->family != AF_INET6))
		return failed();
	if (asked->hook == NF_INET_LOCAL_IN)
		hook = HOOK_INPUT;
	else if (asked->hook == NF_INET_FORWARD)
		hook = HOOK_FORWARD;
	else if (asked->hook == NF_INET_LOCAL_OUT)
		hook = HOOK_OUTPUT;
	else if (asked->hook == NF_INET_PRE_ROUTING)
		hook = HOOK_PREROUTING;
	else if (asked->hook == NF_INET_POST_ROUTING)
		hook = HOOK_POSTROUTING;
	else
		return failed();
	if (packet_parse(family, asked->data, asked->copy_len, asked->wire_len, &packet) !=
	    PACKET_OK)
		return ACTION_DENY;
	if (hook >= HOOK_PREROUTING && reference->edges.only == POLICY_NO_ACL)
		return failed();
	if (hook >= HOOK_PREROUTING)
		policy_eval_edge(reference, hook, reference->edges.only, &packet, &verdict);
	else
		policy_eval(reference, hook, NULL, &packet, &verdict);
	return verdict.action;
}

static unsigned int fill(const uint8_t *data, size_t size)
{
	unsigned int n = 0;

	ASAN_UNPOISON_MEMORY_REGION(batch.region, sizeof(*batch.region));
	while (size >= 3 && n < INPUT_SLOTS) {
		struct batch_slot *slot = &batch.region->slots[n++];
		size_t len = (size_t)(data[1] | data[2] << 8) % (BATCH_SLOT_SIZE + 1);

		len = len > size - 3 ? size - 3 : len;
		slot->truncated = data[0] & 1;
		slot->len = (uint32_t)len;
		memcpy(slot->bytes, data + 3, len);
		ASAN_POISON_MEMORY_REGION(slot->bytes + len, sizeof(slot->bytes) - len);
		data += 3 + len;
		size -= 3 + len;
	}
	return n;
}

/* Walks the messages and the verdicts side by side. */
static void claim_verdicts(unsigned int slots, const struct filter_counters *counters)
{
	unsigned int packets = 0, accepted = 0, runs = 0;
	struct asked asked;

	for (unsigned int i = 0; i < slots; i++) {
		const struct batch_verdict *verdict = &batch.verdicts[runs];
		enum action action;
		uint32_t word;

		if (!read_message(&batch.region->slots[i], &asked))
			continue;
		packets++;
		action = expected(&asked);
		if (snapshot->policy->mode == POLICY_MONITOR)
			action = ACTION_ALLOW;
		accepted += action == ACTION_ALLOW;
		word = htonl(action == ACTION_ALLOW ? NF_ACCEPT : NF_DROP);
		/* Either this packet goes on with the run before it, or it begins the next one. */
		if (packets == 1 || verdict[-1].verdict.verdict != word ||
		    verdict[-1].nfnetlink.res_id != htons(asked.queue))
			verdict = &batch.verdicts[runs++];
		else
			verdict--;
		CLAIM(runs <= batch.verdict_count);
		CLAIM(verdict->verdict.verdict == word);
		CLAIM(verdict->nfnetlink.res_id == htons(asked.queue));
		CLAIM(verdict->netlink.nlmsg_len == sizeof(*verdict));
	}
	CLAIM(runs == batch.verdict_count);
	CLAIM(counters->packets == packets && counters->accepted == accepted);
	CLAIM(counters->dropped == packets - accepted);
}

/* A run's verdict carries the id of its last packet: from the back, each new run shows its id. */
static void claim_ids(unsigned int slots)
{
	unsigned int run = batch.verdict_count;
	struct asked asked;

	for (unsigned int i = slots; i-- > 0;) {
		enum action action;
		uint32_t word;

		if (!read_message(&batch.region->slots[i], &asked))
			continue;
		action = snapshot->policy->mode == POLICY_MONITOR ? ACTION_ALLOW : expected(&asked);
		word = htonl(action == ACTION_ALLOW ? NF_ACCEPT : NF_DROP);
		if (run < batch.verdict_count && batch.verdicts[run].verdict.verdict == word &&
		    batch.verdicts[run].nfnetlink.res_id == htons(asked.queue))
			continue;
		CLAIM(run > 0);
		run--;
		CLAIM(ntohl(batch.verdicts[run].verdict.id) == asked.id);
	}
	CLAIM(run == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct filter_counters counters = {0};
	struct filter filter = {.index = 0, .wake = -1, .events = &ring, .counters = &counters};
	struct event event;
	unsigned int slots;

	if (size < 1)
		return 0;
	reference->on_failure = data[0] & 1 ? POLICY_FAIL_ACCEPT : POLICY_FAIL_DROP;
	snapshot->policy->on_failure = reference->on_failure;
	snapshot->policy->mode = data[0] & 2 ? POLICY_MONITOR : POLICY_ENFORCE;
	slots = fill(data + 1, size - 1);
	ring.wakeup.armed = 0; /* nobody to wake */
	filter_batch(&filter, snapshot, &batch, slots);
	claim_verdicts(slots, &counters);
	claim_ids(slots);
	while (event_ring_take(&ring, &event))
		;
	ASAN_UNPOISON_MEMORY_REGION(batch.region,
				    sizeof(*batch.region)); /* its own to write again */
	batch_clear(&batch);
	return 0;
}

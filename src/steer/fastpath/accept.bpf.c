// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The accept filter as the kernel runs it: core/fastpath/filter.h over a socket buffer and three
 * maps, once for each hook and family, since a program that xt_bpf runs is not told where it is.
 *
 * In OUTPUT it runs in a process, and may be entered again on the same processor by an interrupt:
 * so counters are added to atomically, and nothing is kept between two calls. A packet's length is
 * skb->len; offset 0 is the network header at every hook.
 *
 * The maps' sizes here are the smallest; whoever loads this sets them (load.c).
 */
#include <stddef.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "core/fastpath/filter.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fastpath_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} words SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fastpath_counter);
} counters SEC(".maps");

struct fastpath_packet_source {
	struct __sk_buff *skb;
	const struct fastpath_control *control;
};

FASTPATH_INLINE int fastpath_bytes(struct fastpath_packet_source *from, uint32_t offset, void *to,
				   uint32_t len)
{
	return bpf_skb_load_bytes(from->skb, offset, to, len) == 0;
}

FASTPATH_INLINE const uint64_t *fastpath_word(struct fastpath_packet_source *from, uint64_t at)
{
	__u32 key = (__u32)at;

	(void)from;
	return bpf_map_lookup_elem(&words, &key);
}

FASTPATH_INLINE struct fastpath_counter *fastpath_counter_at(struct fastpath_packet_source *from,
							     uint64_t generation, uint64_t number)
{
	__u32 stripes = from->control->stripes;
	__u32 stripe = bpf_get_smp_processor_id() & (stripes - 1);
	__u32 key =
		((__u32)generation * stripes + stripe) * from->control->counters + (__u32)number;

	return bpf_map_lookup_elem(&counters, &key);
}

FASTPATH_INLINE int accepts(struct __sk_buff *skb, enum hook hook, int ipv6)
{
	struct fastpath_packet_source from = {.skb = skb};
	__u32 key = 0;

	from.control = bpf_map_lookup_elem(&control, &key);
	if (!from.control)
		return 0;
	return fastpath_accepts(&from, from.control, bpf_ktime_get_coarse_ns(), skb->len, hook,
				ipv6);
}

/* What xt_bpf makes of the result: other than 0 is a match. */
#define PROGRAM(name, hook, ipv6)                \
	SEC("socket")                            \
	int name(struct __sk_buff *skb)          \
	{                                        \
		return accepts(skb, hook, ipv6); \
	}

PROGRAM(in4, HOOK_INPUT, 0)
PROGRAM(in6, HOOK_INPUT, 1)
PROGRAM(fwd4, HOOK_FORWARD, 0)
PROGRAM(fwd6, HOOK_FORWARD, 1)
PROGRAM(out4, HOOK_OUTPUT, 0)
PROGRAM(out6, HOOK_OUTPUT, 1)
PROGRAM(pre4, HOOK_PREROUTING, 0)
PROGRAM(pre6, HOOK_PREROUTING, 1)
PROGRAM(post4, HOOK_POSTROUTING, 0)
PROGRAM(post6, HOOK_POSTROUTING, 1)

char LICENSE[] SEC("license") = "GPL";

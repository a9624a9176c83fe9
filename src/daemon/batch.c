/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel's queue as packets, verdicts as messages (linux/netfilter/nfnetlink_queue.h).
 *
 * NFQNL_MSG_VERDICT_BATCH settles every waiting packet up to its id, so a run of equal verdicts costs
 * one message. That is right only because ids are answered in the order the kernel gave them and every
 * packet read is answered.
 *
 * Netlink errors come back as messages of their own (no acknowledgement is asked for): a verdict for
 * a packet that is gone is ENOENT, and so on. They are counted; the traffic goes on.
 */
#include "daemon/batch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>

#include "daemon/counter.h"

_Static_assert(sizeof(struct batch_verdict) == 32, "a verdict message has no padding");

const char *batch_error_name(enum batch_error error)
{
	static const char *const names[BATCH_ERRORS] = {"enoent",
							"eperm",
							"enodev",
							"netlink",
							"overrun",
							"malformed-message",
							"truncated-message",
							"receive",
							"send"};

	return names[error];
}

int batch_init(struct batch *batch)
{
	struct batch_region *region = mmap(NULL, sizeof(*region), PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED)
		return -errno;
	region->magic = BATCH_REGION_MAGIC;
	region->layout = BATCH_REGION_LAYOUT;
	region->slot_count = BATCH_LEN;
	region->slot_size = BATCH_SLOT_SIZE;
	batch->region = region;
	batch->verdict_count = 0;
	return 0;
}

void batch_fini(struct batch *batch)
{
	if (batch->region)
		munmap(batch->region, sizeof(*batch->region));
	batch->region = NULL;
}

static void count_error_message(const struct nlmsghdr *nlh, uint64_t errors[static BATCH_ERRORS])
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*err))) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return;
	}
	switch (err->error) {
	case 0: /* an acknowledgement nobody asked for */
		break;
	case -ENOENT:
		counter_add(&errors[BATCH_ERROR_ENOENT], 1);
		break;
	case -EPERM:
		counter_add(&errors[BATCH_ERROR_EPERM], 1);
		break;
	case -ENODEV:
		counter_add(&errors[BATCH_ERROR_ENODEV], 1);
		break;
	default:
		counter_add(&errors[BATCH_ERROR_NETLINK], 1);
	}
}

static uint32_t load_be32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

/* Takes one attribute in; true when it is the packet header, which must be there. */
static bool read_attribute(const struct nlattr *attr, size_t len, size_t *cap_len,
			   struct batch_packet *out)
{
	const uint8_t *value = (const uint8_t *)(attr + 1);

	switch (attr->nla_type & NLA_TYPE_MASK) {
	case NFQA_PACKET_HDR:
		if (len < sizeof(struct nfqnl_msg_packet_hdr))
			return false;
		out->id = load_be32(value + offsetof(struct nfqnl_msg_packet_hdr, packet_id));
		out->hook = value[offsetof(struct nfqnl_msg_packet_hdr, hook)];
		return true;
	case NFQA_PAYLOAD:
		out->data = value;
		out->copy_len = len;
		break;
	case NFQA_CAP_LEN:
		if (len >= sizeof(uint32_t))
			*cap_len = load_be32(value);
		break;
	default:
		break;
	}
	return false;
}

/*
 * Fills in what the attributes say; false when there is no packet header, hence no id. A dozen
 * attributes a packet: they are walked here, without a library call for each.
 */
static bool read_attributes(const struct nlmsghdr *nlh, struct batch_packet *out)
{
	const uint8_t *at = (const uint8_t *)nlh + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const uint8_t *end = (const uint8_t *)nlh + nlh->nlmsg_len;
	bool identified = false;
	size_t cap_len = 0;

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)at;

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > end - at)
			break;
		identified |= read_attribute(attr, attr->nla_len - sizeof(*attr), &cap_len, out);
		at += NLA_ALIGN(attr->nla_len);
	}
	out->wire_len = cap_len > out->copy_len ? cap_len : out->copy_len;
	return identified;
}

bool batch_packet_at(struct batch *batch, unsigned int i, uint64_t errors[static BATCH_ERRORS],
		     struct batch_packet *out)
{
	struct batch_slot *slot = &batch->region->slots[i];
	struct nlmsghdr *nlh = (void *)slot->bytes;
	const struct nfgenmsg *gen;

	if (slot->truncated) {
		/* The packet header comes first: its id can still be answered. */
		counter_add(&errors[BATCH_ERROR_TRUNCATED], 1);
		if (slot->len >= NLMSG_HDRLEN)
			nlh->nlmsg_len = slot->len;
	}
	if (slot->len < NLMSG_HDRLEN || nlh->nlmsg_len < NLMSG_HDRLEN ||
	    nlh->nlmsg_len > slot->len) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return false;
	}
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		count_error_message(nlh, errors);
		return false;
	}
	if (nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*gen)) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return false;
	}
	gen = (const void *)(slot->bytes + NLMSG_HDRLEN);
	*out = (struct batch_packet){.pf = gen->nfgen_family, .queue = ntohs(gen->res_id)};
	if (!read_attributes(nlh, out)) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return false;
	}
	return true;
}

void batch_answer(struct batch *batch, const struct batch_packet *packet, enum action action)
{
	struct nfqnl_msg_verdict_hdr verdict = {
		.verdict = htonl(action == ACTION_ALLOW ? NF_ACCEPT : NF_DROP),
		.id = htonl(packet->id),
	};
	uint16_t number_be = htons(packet->queue);
	struct batch_verdict *last = &batch->verdicts[batch->verdict_count];

	if (batch->verdict_count > 0 && last[-1].verdict.verdict == verdict.verdict &&
	    last[-1].nfnetlink.res_id == number_be) {
		last[-1].verdict.id = verdict.id;
		return;
	}
	*last = (struct batch_verdict){
		.netlink = {.nlmsg_len = sizeof(*last),
			    .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH,
			    .nlmsg_flags = NLM_F_REQUEST},
		.nfnetlink = {.version = NFNETLINK_V0, .res_id = number_be},
		.attribute = {.nla_len = sizeof(last->attribute) + sizeof(last->verdict),
			      .nla_type = NFQA_VERDICT_HDR},
		.verdict = verdict,
	};
	batch->verdict_count++;
}

void batch_clear(struct batch *batch)
{
	batch->verdict_count = 0;
	batch->region->head = batch->region->filled = 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel's queue as packets, verdicts as messages
 * (linux/netfilter/nfnetlink_queue.h).
 *
 * NFQNL_MSG_VERDICT_BATCH settles every waiting packet up to its id, so a run of equal verdicts
 * costs one message. That is right only because ids are answered in the order the kernel gave them
 * and every packet read is answered.
 *
 * Netlink errors come back as messages of their own (no acknowledgement is asked for): a verdict
 * for a packet that is gone is ENOENT, and so on. They are counted; traffic is not affected.
 */
#include "daemon/path/batch.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>

#include "daemon/path/counter.h"

#define CACHE_LINE   64
#define PREFETCH_LEN 256 /* netlink's attributes and the packet's headers */

#define PACKET_MESSAGE (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)

_Static_assert(sizeof(struct batch_verdict) == 32, "a verdict message has no padding");

static const struct batch_geometry own_geometry = {
	.magic = BATCH_REGION_MAGIC,
	.layout = BATCH_REGION_LAYOUT,
	.slot_count = BATCH_LEN,
	.slot_stride = sizeof(struct batch_slot),
	.first_message = offsetof(struct batch_region, slots) + offsetof(struct batch_slot, bytes),
};

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

static int map_region(struct batch *batch, int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
	struct batch_region *region =
		mmap(NULL, sizeof(*region), PROT_READ | PROT_WRITE, flags, fd, 0);

	if (region == MAP_FAILED)
		return -errno;
	/*
	 * A page that is not there when a dying process receives would cost the packet; best
	 * effort.
	 */
	if (fd >= 0)
		mlock(region, sizeof(*region));
	batch->region = region;
	batch->filled = 0;
	batch->verdict_count = 0;
	return 0;
}

int batch_init(struct batch *batch, int fd)
{
	int err;

	if (fd >= 0 && ftruncate(fd, sizeof(*batch->region)) < 0)
		return -errno;
	err = map_region(batch, fd);
	if (!err)
		batch->region->geometry = own_geometry;
	return err;
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
static bool read_attributes(const struct nlmsghdr *nlh, const uint8_t *end,
			    struct batch_packet *out)
{
	const uint8_t *at = (const uint8_t *)nlh + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
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

	/*
	 * The kernel wrote more than the nearest cache holds: fetch what is read of the message
	 * after next.
	 */
	for (size_t at = 0; at < PREFETCH_LEN; at += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)(slot + 2) + at);
	if (slot->len == 0)
		return false;
	__atomic_store_n(&batch->region->judging, i + 1, __ATOMIC_RELAXED);
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
	if (nlh->nlmsg_type != PACKET_MESSAGE || nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*gen)) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return false;
	}
	gen = (const void *)(slot->bytes + NLMSG_HDRLEN);
	*out = (struct batch_packet){.pf = gen->nfgen_family, .queue = ntohs(gen->res_id)};
	if (!read_attributes(nlh, (const uint8_t *)nlh + nlh->nlmsg_len, out)) {
		counter_add(&errors[BATCH_ERROR_MALFORMED], 1);
		return false;
	}
	out->message = nlh;
	return true;
}

static uint16_t device_attribute(uint8_t hook)
{
	if (hook == NF_INET_PRE_ROUTING)
		return NFQA_IFINDEX_INDEV;
	return hook == NF_INET_POST_ROUTING ? NFQA_IFINDEX_OUTDEV : NFQA_UNSPEC;
}

uint32_t batch_device(const struct batch_packet *packet)
{
	const struct nlmsghdr *nlh = packet->message;
	const uint8_t *at, *end;
	uint16_t wanted = device_attribute(packet->hook);

	if (!nlh)
		return packet->device;
	at = (const uint8_t *)nlh + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	end = (const uint8_t *)nlh + nlh->nlmsg_len;
	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)at;

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > end - at)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == wanted && wanted != NFQA_UNSPEC &&
		    attr->nla_len >= sizeof(*attr) + sizeof(uint32_t))
			return load_be32(attr + 1);
		at += NLA_ALIGN(attr->nla_len);
	}
	return 0;
}

/* Messages of a packet, in a region whose geometry is all that is known. */
static bool find_last_id(const uint8_t *region, size_t size, uint32_t *id)
{
	const struct batch_geometry *geometry = (const void *)region;
	bool found = false;

	for (uint32_t i = 0; i < geometry->slot_count; i++) {
		size_t at = geometry->first_message + (size_t)i * geometry->slot_stride;
		const struct nlmsghdr *nlh = (const void *)(region + at);
		struct batch_packet packet = {0};
		size_t room = size - at < geometry->slot_stride ? size - at : geometry->slot_stride;

		if (at % NLMSG_ALIGNTO || at > size ||
		    room < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
			break;
		if (nlh->nlmsg_len < room)
			room = nlh->nlmsg_len;
		if (nlh->nlmsg_type != PACKET_MESSAGE ||
		    room < NLMSG_HDRLEN + sizeof(struct nfgenmsg) ||
		    !read_attributes(nlh, (const uint8_t *)nlh + room, &packet))
			continue;
		if (!found || (int32_t)(packet.id - *id) > 0)
			*id = packet.id;
		found = true;
	}
	return found;
}

bool batch_foreign_last_id(int fd, uint32_t *id, bool *known)
{
	struct stat st;
	uint8_t *region;
	bool found = false;

	*known = false;
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct batch_geometry))
		return false;
	region = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (region == MAP_FAILED)
		return false;
	*known = ((const struct batch_geometry *)region)->magic == BATCH_REGION_MAGIC;
	if (*known)
		found = find_last_id(region, (size_t)st.st_size, id);
	munmap(region, (size_t)st.st_size);
	return found;
}

static void clear_slot(struct batch_slot *slot)
{
	slot->len = 0;
	((struct nlmsghdr *)slot->bytes)->nlmsg_len = 0;
}

static bool is_answered(const struct batch_region *region, uint32_t id)
{
	return region->has_answered && (int32_t)(id - region->answered) <= 0;
}

/*
 * The kernel wrote the messages; how many there are, and how long, was in the memory of the process
 * that died. Older ones are still there behind them.
 */
static void find_unanswered(struct batch *batch)
{
	for (unsigned int i = 0; i < BATCH_LEN; i++) {
		struct batch_slot *slot = &batch->region->slots[i];
		const struct nlmsghdr *nlh = (const void *)slot->bytes;
		struct batch_packet packet = {0};

		slot->truncated = nlh->nlmsg_len > BATCH_SLOT_SIZE;
		slot->len = slot->truncated ? BATCH_SLOT_SIZE : nlh->nlmsg_len;
		if (slot->len < NLMSG_HDRLEN + sizeof(struct nfgenmsg) ||
		    nlh->nlmsg_type != PACKET_MESSAGE ||
		    !read_attributes(nlh, slot->bytes + slot->len, &packet) ||
		    is_answered(batch->region, packet.id))
			clear_slot(slot);
		else
			batch->filled = i + 1;
	}
}

int batch_adopt(struct batch *batch, int fd)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size != sizeof(*batch->region))
		return -EPROTO;
	err = map_region(batch, fd);
	if (err)
		return err;
	if (memcmp(&batch->region->geometry, &own_geometry, sizeof(own_geometry)) != 0) {
		batch_fini(batch);
		return -EPROTO;
	}
	find_unanswered(batch);
	return 0;
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

void batch_judged(struct batch *batch)
{
	__atomic_store_n(&batch->region->judging, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&batch->region->poisonous, 0, __ATOMIC_RELAXED);
}

void batch_blame(struct batch_region *region)
{
	__atomic_store_n(&region->poisonous, __atomic_load_n(&region->judging, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
}

/* A message of half a circle of ids ago would look like one to come: none gets that old. */
static void note_answered(struct batch_region *region, uint32_t id)
{
	bool quarter_passed = (region->answered ^ id) >> 30;

	region->answered = id;
	region->has_answered = 1;
	for (unsigned int i = 0; quarter_passed && i < BATCH_LEN; i++)
		clear_slot(&region->slots[i]);
}

void batch_clear(struct batch *batch)
{
	if (batch->verdict_count > 0)
		note_answered(batch->region,
			      ntohl(batch->verdicts[batch->verdict_count - 1].verdict.id));
	batch->verdict_count = 0;
	batch->filled = 0;
}

bool batch_poison(struct batch *batch, unsigned int *i, struct batch_packet *out)
{
	struct batch_region *region = batch->region;
	uint64_t errors[BATCH_ERRORS] = {0};
	uint32_t judging = region->judging;

	if (judging == 0 || judging > BATCH_LEN || region->poisonous != judging)
		return false;
	*i = judging - 1;
	if (batch_packet_at(batch, *i, errors, out))
		return true;
	clear_slot(&region->slots[*i]); /* no packet, so nothing waits for an answer */
	return false;
}

void batch_forget(struct batch *batch, unsigned int i)
{
	clear_slot(&batch->region->slots[i]);
}

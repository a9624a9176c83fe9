/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file, read through libpcap: pcap and pcapng, compressed with gzip or not.
 *
 * The file goes through zlib (gz.h), as a stdio stream that libpcap reads. Of each frame the IP
 * packet is found (interop/pcap/link.h) and parsed by the daemon's own parser; what the snap length
 * cut off is never guessed at.
 *
 * Which way a packet went: by --host, else by what the capture says (cooked captures, NFLOG), else
 * routed, where subnets are protected.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "ctl/progress.h"
#include "ctl/traffic/gz.h"
#include "ctl/traffic/replay.h"
#include "interop/pcap/link.h"

#define STEP 4096 /* frames between looks at the clock */

struct source {
	struct gz gz;
	pcap_t *pcap;
};

static ssize_t cookie_read(void *cookie, char *buf, size_t size)
{
	return gzread(cookie, buf, (unsigned int)(size < 1u << 30 ? size : 1u << 30));
}

static int cookie_close(void *cookie)
{
	return gzclose(cookie) == Z_OK ? 0 : -1;
}

static int fail(const char *file, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "naclctl replay: %s: %s\n", file, why);
	return -EINVAL;
}

static int open_stream(const char *file, struct source *source, FILE **stream)
{
	const cookie_io_functions_t functions = {.read = cookie_read, .close = cookie_close};
	int status = gz_open(file, &source->gz);

	if (status < 0)
		return fail(file, strerror(-status));
	*stream = fopencookie(source->gz.file, "r", functions);
	if (*stream)
		return 0;
	gzclose(source->gz.file);
	return fail(file, strerror(errno));
}

/* pcap_close closes the stream, and that the file. */
static int open_source(const char *file, struct source *source)
{
	char error[PCAP_ERRBUF_SIZE], why[128];
	FILE *stream;

	if (open_stream(file, source, &stream) < 0)
		return -EINVAL;
	source->pcap = pcap_fopen_offline(stream, error);
	if (!source->pcap) {
		fclose(stream);
		return fail(file, error);
	}
	if (link_is_known(pcap_datalink(source->pcap)))
		return 0;
	snprintf(why, sizeof(why), "link type %s is not one that is read here",
		 pcap_datalink_val_to_name(pcap_datalink(source->pcap))
			 ? pcap_datalink_val_to_name(pcap_datalink(source->pcap))
			 : "without a name");
	pcap_close(source->pcap);
	return fail(file, why);
}

/* False: it is neither from here nor for here. */
static bool find_hook(const struct replay *replay, const struct hosts *hosts,
		      const struct link_frame *frame, const struct packet *packet, enum hook *hook)
{
	if (hosts_hook(hosts, packet, hook))
		return true;
	if (hosts->count == 0 && frame->has_hook)
		*hook = frame->hook;
	else if (replay->policy->subnet_count > 0)
		*hook = HOOK_FORWARD;
	else
		return false;
	return true;
}

/* What the snap length cut off is no fault of the packet's. */
static bool is_cut(enum packet_reason reason, const struct link_frame *frame)
{
	return frame->copy_len < frame->wire_len &&
	       (reason == PACKET_BEYOND_COPY || reason == PACKET_TOO_SHORT ||
		reason == PACKET_TRUNCATED);
}

static void note_flow(struct replay *replay, enum hook hook, struct packet *packet)
{
	struct flow *flow;

	if (replay->policy->fragments == POLICY_REASSEMBLE)
		packet->fragment = 0; /* a first one: the rules see the whole packet */
	flow = flows_note(&replay->flows, hook, packet);
	if (!flow) {
		replay->too_many++;
		return;
	}
	flow->packets++;
	flow->bytes += packet->len;
	replay->packets++;
}

static void note_packet(struct replay *replay, const struct hosts *hosts,
			const struct link_frame *frame)
{
	struct packet packet;
	enum packet_reason reason =
		packet_parse(frame->family, frame->data, frame->copy_len, frame->wire_len, &packet);
	bool reassembled = replay->policy->fragments == POLICY_REASSEMBLE;
	enum hook hook;

	if (is_cut(reason, frame))
		replay->cut++;
	else if (reason != PACKET_OK)
		replay->malformed[reason]++;
	else if (reassembled && packet.fragment && packet.l4 == PACKET_L4_NONE)
		replay->fragments++; /* or a first one of a protocol without ports */
	else if (!find_hook(replay, hosts, frame, &packet, &hook))
		replay->elsewhere++;
	else
		note_flow(replay, hook, &packet);
}

int capture_read(const char *file, const struct hosts *hosts, struct replay *replay)
{
	struct source source = {0};
	struct pcap_pkthdr *header;
	struct progress progress;
	const u_char *data;
	int status, type, next;

	status = open_source(file, &source);
	if (status < 0)
		return status;
	type = pcap_datalink(source.pcap);
	progress_begin(&progress, "packets");
	while ((next = pcap_next_ex(source.pcap, &header, &data)) == 1) {
		struct link_frame frame;

		switch (link_parse(type, data, header->caplen, header->len, &frame)) {
		case LINK_OK:
			note_packet(replay, hosts, &frame);
			break;
		case LINK_CUT:
			replay->cut++;
			break;
		default:
			replay->not_ip++;
		}
		if (++replay->frames % STEP == 0 &&
		    !progress_step(&progress, replay->frames, gz_share(&source.gz)))
			break;
	}
	replay->partial = progress_end(&progress);
	if (next == PCAP_ERROR) {
		replay->partial = true;
		status = fail(file, pcap_geterr(source.pcap));
	}
	pcap_close(source.pcap);
	return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file, read through libpcap: pcap and pcapng, compressed with gzip or not.
 *
 * zlib's gzread hands over what is not compressed as it is, so every file goes through it, as a
 * stdio stream that libpcap reads. Of each frame the IP packet is found (interop/pcap/link.h) and
 * parsed by the daemon's own parser; what the snap length cut off is never guessed at.
 *
 * Which way a packet went: by --host, else by what the capture says (cooked captures, NFLOG), else
 * routed, where subnets are protected.
 */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ctl/progress.h"
#include "ctl/replay/replay.h"
#include "interop/pcap/link.h"

#define STEP 4096 /* frames between looks at the clock */

struct source {
	gzFile gz;
	int fd; /* of gz, which closes it */
	off_t size;
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
	struct stat st;

	source->fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &st) < 0)
		return fail(file, strerror(errno));
	source->size = S_ISREG(st.st_mode) ? st.st_size : 0;
	source->gz = gzdopen(source->fd, "rb");
	if (!source->gz) {
		close(source->fd);
		return fail(file, strerror(ENOMEM));
	}
	gzbuffer(source->gz, 256 * 1024);
	*stream = fopencookie(source->gz, "r", functions);
	if (*stream)
		return 0;
	gzclose(source->gz);
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

static bool is_host(const struct replay_hosts *hosts, const struct addr *addr)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->at[i].family == addr->family && hosts->at[i].hi == addr->hi &&
		    hosts->at[i].lo == addr->lo)
			return true;
	return false;
}

/* False: it is neither from here nor for here. */
static bool find_hook(const struct replay *replay, const struct replay_hosts *hosts,
		      const struct link_frame *frame, const struct packet *packet, enum hook *hook)
{
	if (is_host(hosts, &packet->src))
		*hook = HOOK_OUTPUT;
	else if (is_host(hosts, &packet->dst))
		*hook = HOOK_INPUT;
	else if (hosts->count == 0 && frame->has_hook)
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
	if (replay->policy->fragments == POLICY_REASSEMBLE)
		packet->fragment = 0; /* a first one: the rules see the whole packet */
	if (flows_note(&replay->flows, hook, packet) == FLOW_NONE)
		replay->too_many++;
	else
		replay->packets++;
}

static void note_packet(struct replay *replay, const struct replay_hosts *hosts,
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

static double share_of(const struct source *source)
{
	return source->size ? (double)lseek(source->fd, 0, SEEK_CUR) / (double)source->size : -1;
}

int capture_read(const char *file, const struct replay_hosts *hosts, struct replay *replay)
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
		    !progress_step(&progress, replay->frames, share_of(&source)))
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

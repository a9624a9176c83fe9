/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow logs, read line by line into flows.
 *
 * A header line sets the format for what follows it, so that files of different formats may follow
 * each other; without one it is AWS's default. A line that is no record is counted and named, and
 * the next one read: a log may be cut, or hold what another program wrote into it.
 */
#include "ctl/traffic/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/progress.h"
#include "ctl/traffic/gz.h"
#include "text/flow_read.h"

#define BUFFER    (1024 * 1024)
#define NAMED_MAX 5 /* wrong lines, in a file */

struct reading {
	const char *file;
	struct flow_logs *logs;
	struct flow_layout layout;
	uint64_t line;
	unsigned int named;
};

static void complain(struct reading *r, const char *why)
{
	r->logs->wrong++;
	if (r->named < NAMED_MAX)
		fprintf(stderr, "%s:%lu: no flow record: %s\n", r->file, (unsigned long)r->line,
			why);
	else if (r->named == NAMED_MAX)
		fprintf(stderr, "%s: more such lines are counted only\n", r->file);
	r->named++;
}

static struct packet packet_of(const struct flow_record *record)
{
	struct packet packet = {.src = record->src,
				.dst = record->dst,
				.protocol = record->protocol,
				.hop_limit = 64};

	if (record->protocol == PROTOCOL_TCP || record->protocol == PROTOCOL_UDP) {
		packet.l4 = PACKET_L4_PORTS;
		packet.sport = record->sport;
		packet.dport = record->dport;
	}
	return packet;
}

static void count(struct reading *r, struct flow *flow, const struct flow_record *record)
{
	if (!flow) {
		r->logs->too_many++;
		return;
	}
	flow->packets += record->packets;
	flow->bytes += record->bytes;
	if (record->action == ACTION_DENY)
		flow->rejected += record->packets;
}

static void note(struct reading *r, const struct flow_line *line)
{
	struct packet packet = packet_of(&line->record);
	struct flow *flow = flows_note(&r->logs->flows, HOOK_FORWARD, &packet);
	enum hook hook;

	count(r, flow, &line->record);
	if (flow && line->has_direction) {
		flow->known = true;
		flow->way = line->record.direction == INBOUND ? HOOK_INPUT : HOOK_OUTPUT;
	} else if (flow && hosts_hook(&r->logs->hosts, &packet, &hook)) {
		flow->known = true;
		flow->way = (uint8_t)hook;
	}
	if (line->record.action != ACTION_DENY)
		return;
	packet.sport = 0;
	count(r, flows_note(&r->logs->pairs, HOOK_FORWARD, &packet), &line->record);
}

static void take_line(struct reading *r, const char *text, size_t len)
{
	struct flow_line line;
	const char *wrong;

	r->line++;
	if (len == 0 || *text == '#' || (*text == '\r' && len == 1))
		return;
	if ((*text < '0' || *text > '9') && flow_layout_parse(text, len, &r->layout))
		return;
	wrong = flow_read(&r->layout, text, len, &line);
	if (wrong) {
		complain(r, wrong);
		return;
	}
	r->logs->records++;
	if (line.record.status == FLOW_RECORD_NODATA)
		r->logs->nodata++;
	else if (line.record.status == FLOW_RECORD_SKIPDATA)
		r->logs->skipdata++;
	else if (!line.has_action || !line.has_ports)
		r->logs->unclear++;
	else
		note(r, &line);
}

/* The whole lines at the buffer's start; how many bytes they are. */
static size_t take_lines(struct reading *r, const char *buf, size_t len, bool last)
{
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(buf + at, '\n', len - at);

		if (!end && !last)
			break;
		take_line(r, buf + at, end ? (size_t)(end - buf) - at : len - at);
		at = end ? (size_t)(end - buf) + 1 : len;
	}
	return at;
}

static int fail(const char *file, const char *why)
{
	fprintf(stderr, "naclctl flows: %s: %s\n", file, why);
	return -EINVAL;
}

static int read_all(struct reading *r, struct gz *gz, char *buf)
{
	struct progress progress;
	size_t left = 0;
	int got, status;

	progress_begin(&progress, "records");
	while ((got = gzread(gz->file, buf + left, (unsigned int)(BUFFER - left))) > 0) {
		size_t len = left + (size_t)got, taken = take_lines(r, buf, len, false);

		if (taken == 0 && len == BUFFER) {
			complain(r, "a line of more than a megabyte");
			taken = len;
		}
		left = len - taken;
		memmove(buf, buf + taken, left);
		if (!progress_step(&progress, r->logs->records, gz_share(gz)))
			break;
	}
	if (got == 0)
		take_lines(r, buf, left, true);
	r->logs->partial |= progress_end(&progress);
	if (got >= 0)
		return 0;
	r->logs->partial = true;
	return fail(r->file, gzerror(gz->file, &status));
}

int flow_log_read(const char *file, struct flow_logs *logs)
{
	struct reading r = {.file = strcmp(file, "-") ? file : "stdin", .logs = logs};
	char *buf = malloc(BUFFER);
	struct gz gz = {0};
	int status = buf ? gz_open(file, &gz) : -ENOMEM;

	flow_layout_default(&r.layout);
	if (status == 0) {
		status = read_all(&r, &gz, buf);
		gzclose(gz.file);
	} else {
		status = fail(r.file, strerror(-status));
	}
	free(buf);
	return status;
}

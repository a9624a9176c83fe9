/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file means for this host, now. Asked for with --live only, since the file may be for
 * another host.
 *
 * The session: live/session.c. Connections: live/sockets.c. Listeners: /proc/net/tcp and its kin,
 * which need no privilege; 0A is a listening TCP socket, 07 an unconnected UDP one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/way/walls.h"
#include "ctl/check/check.h"
#include "ctl/live/session.h"
#include "ctl/live/sockets.h"
#include "text/packet_print.h"

#define BREAKS_SHOWN 20

static bool passes(const struct policy *policy, const struct way *way, const struct packet *packet)
{
	struct policy_verdict verdict;

	walls_eval(policy, way, packet, &verdict);
	return verdict.action == ACTION_ALLOW;
}

/*
 * Does one of the two directions of a connection not pass? Then *cut is that packet, at *hook. It
 * comes and goes by the interface that leads to the peer.
 */
static bool breaks(const struct policy *policy, const struct packet *in, struct packet *cut,
		   enum hook *hook)
{
	struct way entering = {.hook = HOOK_INPUT}, leaving = {.hook = HOOK_OUTPUT};
	bool in_passes;

	live_interface_to(&in->src, entering.in);
	memcpy(leaving.out, entering.in, sizeof(leaving.out));
	in_passes = passes(policy, &entering, in);
	*hook = in_passes ? HOOK_OUTPUT : HOOK_INPUT;
	*cut = in_passes ? packet_turned(in) : *in;
	return !in_passes || !passes(policy, &leaving, cut);
}

bool live_cuts_session(const struct policy *policy, struct packet *cut, enum hook *hook)
{
	struct packet in;

	return session_find(&in) && breaks(policy, &in, cut, hook);
}

static bool is_session(const struct packet *in)
{
	struct packet session;

	return session_find(&session) && addr_equal(&session.src, &in->src) &&
	       addr_equal(&session.dst, &in->dst) && session.sport == in->sport &&
	       session.dport == in->dport;
}

static void print_break(const struct live_connection *connection, const struct packet *cut,
			enum hook hook, FILE *to)
{
	char name[LIVE_NAME_LEN], peer[ADDR_STRLEN], text[PACKETTEXT_LEN];

	fprintf(to, "    %s from %s%s: %s\n", live_process(connection->inode, name),
		addr_print(&connection->in.src, peer),
		is_session(&connection->in) ? " (your session)" : "",
		packet_print(&(struct way){.hook = hook}, cut, text));
}

bool live_connections_print(const struct policy *policy, bool always, FILE *to)
{
	struct live_connection *connections = NULL;
	size_t count = 0, broken = 0;
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	int err = memory ? live_connections(&connections, &count) : -ENOMEM;

	for (size_t i = 0; i < count; i++) {
		struct packet cut;
		enum hook hook;

		if (!breaks(policy, &connections[i].in, &cut, &hook))
			continue;
		if (broken++ < BREAKS_SHOWN)
			print_break(&connections[i], &cut, hook, memory);
	}
	if (memory)
		fclose(memory);
	if (err)
		fprintf(to, "the connections of this host cannot be read: %s\n", strerror(-err));
	else if (always || broken > 0)
		fprintf(to, "of %zu established TCP connections %zu survive%s, %zu break%s\n%s",
			count, count - broken, count - broken == 1 ? "s" : "", broken,
			broken == 1  ? "s:"
			: broken > 0 ? ":"
				     : "",
			text);
	if (broken > BREAKS_SHOWN)
		fprintf(to, "    and %zu more\n", broken - BREAKS_SHOWN);
	free(text);
	free(connections);
	return broken > 0;
}

static void look_at_session(const struct checked *checked, FILE *to)
{
	char text[PACKETTEXT_LEN];
	struct packet cut;
	enum hook hook;

	if (!live_cuts_session(checked->policy, &cut, &hook))
		return;
	fprintf(to,
		"%s: warning: this policy cuts the ssh session that you are in [session-cut]\n"
		"    packet: %s\n"
		"    why: you could not take it back from here\n",
		checked->file, packet_print(&(struct way){.hook = hook}, &cut, text));
}

/* Ports below 65536 on which something listens; loopback's are left out. */
static void read_listeners(const char *path, unsigned int state, bool *ports)
{
	FILE *file = fopen(path, "re");
	char line[256], address[40];
	unsigned int port, is;

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*u: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x", address, &port, &is) !=
			    3 ||
		    is != state || port > UINT16_MAX)
			continue;
		if (strlen(address) == 8 ? strcmp(address + 6, "7F") != 0
					 : strcmp(address, "00000000000000000000000001000000") != 0)
			ports[port] = true;
	}
	fclose(file);
}

static void look_at_range(const struct checked *checked, const struct lint_finding *finding,
			  FILE *to)
{
	bool tcp = finding->rule->protocol == PROTOCOL_TCP;
	bool *ports = calloc(UINT16_MAX + 1, sizeof(*ports));
	unsigned int told = 0;

	if (!ports)
		return;
	read_listeners(tcp ? "/proc/net/tcp" : "/proc/net/udp", tcp ? 0x0a : 0x07, ports);
	read_listeners(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", tcp ? 0x0a : 0x07, ports);
	for (unsigned int p = finding->rule->port_first; p <= finding->rule->port_last; p++) {
		if (!ports[p])
			continue;
		if (told == 0)
			fprintf(to, "%s: in the range of inbound rule %u listen now: %s",
				checked->file, finding->rule->number, tcp ? "tcp" : "udp");
		fprintf(to, " %u", p);
		told++;
	}
	if (told > 0)
		fputc('\n', to);
	free(ports);
}

char *live_findings(const struct checked *checked)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		return NULL;
	look_at_session(checked, memory);
	live_connections_print(checked->policy, false, memory);
	for (size_t i = 0; i < checked->lint.count; i++)
		if (checked->lint.findings[i].id == LINT_WIDE_REPLY_RANGE)
			look_at_range(checked, &checked->lint.findings[i], memory);
	if (fclose(memory) != 0 || len == 0) {
		free(text);
		return NULL;
	}
	return text;
}

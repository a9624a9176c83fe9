/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file means for this host, now. Asked for with --live only, since the file may be for
 * another host.
 *
 * The session: live/session.c. Listeners: /proc/net/tcp and its kin, which need no privilege; 0A is
 * a listening TCP socket, 07 an unconnected UDP one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/way/walls.h"
#include "ctl/check/check.h"
#include "ctl/live/session.h"
#include "text/packet_print.h"

static bool passes(const struct policy *policy, enum hook hook, const struct packet *packet)
{
	const struct way way = {.hook = hook};
	struct policy_verdict verdict;

	walls_eval(policy, &way, packet, &verdict);
	return verdict.action == ACTION_ALLOW;
}

bool live_cuts_session(const struct policy *policy, struct packet *cut, enum hook *hook)
{
	struct packet in, out;
	bool in_passes;

	if (!session_find(&in))
		return false;
	out = session_reply(&in);
	in_passes = passes(policy, HOOK_INPUT, &in);
	*hook = in_passes ? HOOK_OUTPUT : HOOK_INPUT;
	*cut = in_passes ? out : in;
	return !in_passes || !passes(policy, HOOK_OUTPUT, &out);
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
	for (size_t i = 0; i < checked->lint.count; i++)
		if (checked->lint.findings[i].id == LINT_WIDE_REPLY_RANGE)
			look_at_range(checked, &checked->lint.findings[i], memory);
	if (fclose(memory) != 0 || len == 0) {
		free(text);
		return NULL;
	}
	return text;
}

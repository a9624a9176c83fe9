/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ssh session are we in? sshd tells its shells both ends in SSH_CONNECTION: "CLIENT PORT
 * SERVER PORT" (ssh(1), ENVIRONMENT). sudo takes that out of the environment, so the processes that
 * led to this one are asked too (/proc/PID/environ, which root may read): the nearest that knows.
 */
#include "ctl/live/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/decimal.h"

#define VARIABLE      "SSH_CONNECTION="
#define ANCESTORS_MAX 64
#define ENVIRON_MAX   (256 * 1024)

static bool parse(const char *text, struct packet *packet)
{
	char client[ADDR_STRLEN], server[ADDR_STRLEN], from[8], to[8];
	unsigned int sport, dport;

	*packet = (struct packet){
		.protocol = PROTOCOL_TCP, .l4 = PACKET_L4_PORTS, .len = 60, .hop_limit = 64};
	if (sscanf(text, "%45s %7s %45s %7s", client, from, server, to) != 4 ||
	    !addr_parse(client, &packet->src) || !addr_parse(server, &packet->dst) ||
	    !decimal_parse(from, UINT16_MAX, &sport) || !decimal_parse(to, UINT16_MAX, &dport))
		return false;
	packet->sport = (uint16_t)sport;
	packet->dport = (uint16_t)dport;
	return true;
}

/* The parent of a process, or 0. The name in stat may hold brackets: the last one ends it. */
static pid_t parent_of(pid_t pid)
{
	char path[64], line[512];
	const char *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	line[fread(line, 1, sizeof(line) - 1, file)] = '\0';
	fclose(file);
	end = strrchr(line, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static bool ask_process(pid_t pid, struct packet *out)
{
	char path[64], *text = malloc(ENVIRON_MAX);
	bool found = false;
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	file = text ? fopen(path, "re") : NULL;
	if (file) {
		len = fread(text, 1, ENVIRON_MAX - 1, file);
		text[len] = '\0';
		fclose(file);
	}
	for (size_t at = 0; !found && at < len; at += strlen(text + at) + 1)
		if (strncmp(text + at, VARIABLE, strlen(VARIABLE)) == 0)
			found = parse(text + at + strlen(VARIABLE), out);
	free(text);
	return found;
}

bool session_find(struct packet *out)
{
	const char *own = getenv("SSH_CONNECTION");
	pid_t pid = getppid();

	if (own)
		return parse(own, out);
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++, pid = parent_of(pid))
		if (ask_process(pid, out))
			return true;
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_line_parse, on the words of a line. Claims: a refusal is a sentence, and leaves the packet
 * alone; what is accepted is a packet the rules can look at, its text reads back as the same
 * packet, and the answer to it is on the other side, with the ends swapped.
 */
#include <errno.h>

#include "text/packet_line.h"
#include "text/packet_print.h"
#include "fuzz.h"

#define WORDS_MAX 16

static size_t split(char *text, char *words[WORDS_MAX])
{
	size_t count = 0;
	char *save = NULL;

	for (char *word = strtok_r(text, " \t\n", &save); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t\n", &save))
		words[count++] = word;
	return count;
}

static bool same(const struct packet_line *a, const struct packet_line *b)
{
	const struct packet *p = &a->packet, *q = &b->packet;

	return a->way.hook == b->way.hook && strcmp(a->way.in, b->way.in) == 0 &&
	       strcmp(a->way.out, b->way.out) == 0 && addr_equal(&p->src, &q->src) &&
	       addr_equal(&p->dst, &q->dst) && p->protocol == q->protocol && p->l4 == q->l4 &&
	       p->hop_limit == q->hop_limit && p->sport == q->sport && p->dport == q->dport &&
	       p->icmp_type == q->icmp_type && p->icmp_code == q->icmp_code && p->fragment == 0 &&
	       q->fragment == 0;
}

static void claim_packet(const struct packet_line *line)
{
	const struct packet *p = &line->packet;
	bool ports = p->protocol == PROTOCOL_TCP || p->protocol == PROTOCOL_UDP;

	CLAIM(line->way.hook <= HOOK_OUTPUT);
	CLAIM(p->src.family == p->dst.family);
	CLAIM((p->l4 == PACKET_L4_PORTS) == ports);
	CLAIM(p->l4 == PACKET_L4_PORTS || (p->sport == 0 && p->dport == 0));
	CLAIM(p->l4 == PACKET_L4_ICMP || (p->icmp_type == 0 && p->icmp_code == 0));
}

static void claim_text(const struct packet_line *line)
{
	char text[PACKETTEXT_LEN], error[PACKETLINE_ERROR_LEN], *words[WORDS_MAX], *arrow;
	struct packet_line again;

	packet_print(&line->way, &line->packet, text);
	arrow = strstr(text, "->");
	CLAIM(arrow);
	memset(arrow, ' ', 2);
	CLAIM(packet_line_parse(words, split(text, words), &again, error) == 0);
	CLAIM(same(line, &again));
}

static void claim_reply(const struct packet_line *line)
{
	struct packet_line reply;

	if (!packet_line_reply(line, &reply)) {
		CLAIM(line->packet.l4 != PACKET_L4_PORTS);
		return;
	}
	claim_packet(&reply);
	CLAIM((reply.way.hook == line->way.hook) == (line->way.hook == HOOK_FORWARD));
	CLAIM(strcmp(reply.way.in, line->way.out) == 0 && strcmp(reply.way.out, line->way.in) == 0);
	CLAIM(addr_equal(&reply.packet.src, &line->packet.dst));
	CLAIM(addr_equal(&reply.packet.dst, &line->packet.src));
	CLAIM(reply.packet.sport == line->packet.dport && reply.packet.dport == line->packet.sport);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *words[WORDS_MAX], error[PACKETLINE_ERROR_LEN];
	size_t count = split(text, words);
	struct packet_line line, untouched;
	int status;

	memset(&line, 0xa5, sizeof(line));
	memset(&untouched, 0xa5, sizeof(untouched));
	memset(error, 0, sizeof(error));
	status = packet_line_parse(words, count, &line, error);
	if (status == 0) {
		claim_packet(&line);
		claim_text(&line);
		claim_reply(&line);
	} else {
		CLAIM(status == -EINVAL && memchr(error, '\0', sizeof(error)) && error[0]);
		CLAIM(memcmp(&line, &untouched, sizeof(line)) == 0);
	}
	free(text);
	return 0;
}

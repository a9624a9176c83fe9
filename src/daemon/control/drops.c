/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop tables as JSON. A full table is thousands of lines, so they are written straight into
 * the answer: as objects in memory they would be a hundred megabytes, on the main thread.
 *
 * Should there be more than DROPS_ANSWER_MAX, what looks like a reply comes first, as in the tables
 * themselves.
 */
#include "daemon/control/drops.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

struct listing {
	const struct daemon *daemon;
	FILE *to;
	uint64_t lines;
	uint64_t omitted;
};

/* "name", or null. Names of interfaces may hold almost anything. */
static void print_text(FILE *to, const char *key, const char *text)
{
	json_t *string = text ? json_string(text) : NULL;
	char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	fprintf(to, ",\"%s\":%s", key, quoted ? quoted : "null");
	free(quoted);
	json_decref(string);
}

static void print_end(FILE *to, const char *key, const struct addr *addr)
{
	char text[ADDR_STRLEN];

	if (addr->family != 0)
		fprintf(to, ",\"%s\":\"%s\"", key, addr_print(addr, text));
}

static void print_packet(FILE *to, const struct packet *packet)
{
	char protocol[PROTOCOL_STRLEN];

	fprintf(to, ",\"protocol\":\"%s\",\"length\":%" PRIu32,
		protocol_print(packet->protocol, protocol), packet->len);
	print_end(to, "src", &packet->src);
	print_end(to, "dst", &packet->dst);
	if (packet->l4 == PACKET_L4_PORTS)
		fprintf(to, ",\"sport\":%u,\"dport\":%u", packet->sport, packet->dport);
	if (packet->l4 == PACKET_L4_ICMP)
		fprintf(to, ",\"type\":%u,\"code\":%u", packet->icmp_type, packet->icmp_code);
	if (packet->protocol == PROTOCOL_TCP && packet->l4 == PACKET_L4_PORTS)
		fprintf(to, ",\"tcp_flags\":%u", packet->tcp_flags);
	if (packet->fragment)
		fputs(",\"fragment\":true", to);
}

/* The rule or the reason that decided, and where. */
static void print_decider(FILE *to, const struct daemon *daemon, const struct drop *drop)
{
	if (drop->fold == DROP_RULES) {
		fputs(",\"rule\":null", to);
	} else if (drop->reason != PACKET_OK) {
		fprintf(to, ",\"rule\":null,\"reason\":\"%s\"",
			packet_reason_name((enum packet_reason)drop->reason));
	} else {
		print_text(to, "acl", drop_acls_name(&daemon->drop_acls, drop->acl));
		if (drop->rule == 0)
			fputs(",\"rule\":\"*\"", to);
		else
			fprintf(to, ",\"rule\":%u", drop->rule);
	}
	fprintf(to, ",\"direction\":\"%s\",\"hook\":\"%s\"",
		direction_name((enum direction)drop->direction),
		hook_nft_name((enum hook)drop->hook));
	if (drop->device)
		print_text(to, "interface", links_name(&daemon->links, drop->device));
}

static void print_drop(struct listing *listing, const struct drop *drop)
{
	FILE *to = listing->to;

	fprintf(to, "%s{\"fold\":\"%s\",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64,
		listing->lines ? "," : "", drop_fold_name((enum drop_fold)drop->fold),
		drop->packets, drop->bytes);
	fprintf(to, ",\"flows\":%" PRIu64 ",\"earlier\":%u,\"first\":%" PRIu32 ",\"last\":%" PRIu32,
		drop->flows, drop->earlier, drop->first_s, drop->last_s);
	fprintf(to, ",\"monitor\":%s", drop->monitor ? "true" : "false");
	print_decider(to, listing->daemon, drop);
	print_packet(to, &drop->packet);
	fputc('}', to);
}

/* Those that answer, or the others. */
static void print_table(struct listing *listing, const struct drop_table *table, bool answers)
{
	struct drop drop;
	uint32_t at = 0;

	while (drop_table_next(table, &at, &drop)) {
		if (drop.answers != answers)
			continue;
		if (listing->lines < DROPS_ANSWER_MAX) {
			print_drop(listing, &drop);
			listing->lines++;
		} else {
			listing->omitted++;
		}
	}
}

char *drops_answer(struct daemon *daemon, const json_t *request)
{
	unsigned int queues = daemon->worker_count;
	char *text = NULL;
	size_t len = 0;
	struct listing listing = {.daemon = daemon, .to = open_memstream(&text, &len)};

	(void)request;
	if (!listing.to)
		return NULL;
	fprintf(listing.to,
		"{\"ok\":true,\"drops\":{\"now\":%" PRId64 ",\"since\":%" PRId64
		",\"places\":%u,\"memory_bytes\":%u,\"flows\":[",
		(int64_t)time(NULL), daemon->counting_s, DROP_TABLE_FLOWS * queues,
		DROP_TABLE_BYTES * queues);
	for (int answers = 1; answers >= 0; answers--)
		for (unsigned int i = 0; i < queues; i++)
			print_table(&listing, daemon->filters[i].drops, answers);
	fprintf(listing.to, "],\"omitted\":%" PRIu64 "}}\n", listing.omitted);
	if (fclose(listing.to) == 0)
		return text;
	free(text);
	return NULL;
}

/* Whoever takes events out of the rings sleeps until the end of a period: somebody follows now. */
static void wake_droplog(struct daemon *daemon)
{
	bool was = recent_is_followed(daemon->recent, clock_monotonic_ms());
	uint64_t one = 1;

	daemon->recent->followed_ms = clock_monotonic_ms();
	if (!was && write(daemon->wake, &one, sizeof(one)) < 0)
		return; /* its counter is at the limit: it is awake */
}

static uint64_t ring_losses(const struct daemon *daemon)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < daemon->worker_count; i++)
		lost += counter_read(&daemon->filters[i].events->lost);
	return lost;
}

char *events_answer(struct daemon *daemon, const json_t *request)
{
	const json_t *wanted = json_object_get(request, "after");
	const struct recent *recent = daemon->recent;
	uint64_t after = (uint64_t)json_integer_value(wanted), missed = 0;
	char *text = NULL;
	size_t len = 0;
	struct listing listing = {.daemon = daemon, .to = open_memstream(&text, &len)};

	if (!listing.to)
		return NULL;
	wake_droplog(daemon);
	if (!json_is_integer(wanted) ||
	    after > recent->next) /* from now on; or of another daemon */
		after = recent->next;
	if (recent->next - after > RECENT_LEN) {
		missed = recent->next - after - RECENT_LEN;
		after += missed;
	}
	fprintf(listing.to,
		"{\"ok\":true,\"events\":{\"next\":%" PRIu64 ",\"missed\":%" PRIu64
		",\"lost\":%" PRIu64 ",\"list\":[",
		recent->next, missed, ring_losses(daemon));
	for (; after < recent->next; after++, listing.lines++)
		print_drop(&listing, &recent->drops[after % RECENT_LEN]);
	fputs("]}}\n", listing.to);
	if (fclose(listing.to) == 0)
		return text;
	free(text);
	return NULL;
}

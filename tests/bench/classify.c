/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the compiled classifier answers, how long it takes to build, and what memory it takes.
 *
 *	bench/classify [ROUNDS]
 *
 * All sets are built first; then rounds go through all sets and both kinds of traffic, so that what
 * else the machine does meets them all alike. Printed are medians over the rounds. "ns" lets the
 * processor overlap lookups, as it may in a batch; "alone" makes each lookup wait for the answer of
 * the one before. Every set's answers are compared with acl_eval's on some packets first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/classify.h"
#include "rulegen.h"

#define PACKETS      (1u << 17)
#define PASSES       2
#define BUILDS       5
#define CHECKED      200
#define ROUNDS_USUAL 7
#define ROUNDS_MAX   101

struct bench_set {
	enum rulegen_kind kind;
	size_t entries;
	unsigned int reach_ns; /* on the worse of the two kinds of traffic */
};

static const struct bench_set bench_sets[] = {
	{RULEGEN_AWS, 40, 25},
	{RULEGEN_MIXED, 40, 25},
	{RULEGEN_MIXED, 1000, 40},
	{RULEGEN_IPV6, 1000, 40},
	{RULEGEN_MIXED, 10000, 90},
	{RULEGEN_IPV6, 10000, 90},
	{RULEGEN_BLOCKLIST, 100000, 60},
	{RULEGEN_NESTED, 100000, 150},
	{RULEGEN_GEOGRAPHIC, 100000, 150},
	{RULEGEN_CROSSED, 100000, 150},
	{RULEGEN_MIXED, 100000, 250},
	{RULEGEN_IPV6, 100000, 400},
	{RULEGEN_IPV6_DEEP, 100000, 400},
};

#define SETS (sizeof(bench_sets) / sizeof(bench_sets[0]))

struct result {
	struct rulegen gen;
	struct classify *classify;
	double build_ms[BUILDS];
	double ns[RULEGEN_TRAFFICS][2][ROUNDS_MAX]; /* overlapping, alone */
};

static double thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_number(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_number);
	return values[count / 2];
}

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static void build(struct result *r, const struct bench_set *set)
{
	if (rulegen_make(set->kind, set->entries, 1, &r->gen) != 0)
		die("no memory");
	for (size_t i = 0; i < BUILDS; i++) {
		double start = thread_ns();

		classify_free(r->classify);
		r->classify = NULL;
		if (classify_build(&r->gen.list, INBOUND, CLASSIFY_MAX_BYTES, &r->classify) != 0)
			die("the classifier could not be built");
		r->build_ms[i] = (thread_ns() - start) / 1e6;
	}
}

static void check(const struct result *r, const struct packet *packets)
{
	for (size_t i = 0; i < CHECKED; i++)
		if (classify_lookup(r->classify, &packets[i]) !=
		    acl_eval(&r->gen.list, INBOUND, &packets[i]))
			die("a lookup differs from acl_eval");
}

static uintptr_t ask_overlapping(const struct classify *classify, const struct packet *packets)
{
	uintptr_t sum = 0;

	for (size_t i = 0; i < PACKETS; i++)
		sum += (uintptr_t)classify_lookup(classify, &packets[i]);
	return sum;
}

/* No rule lies at an odd address; but that is nothing the compiler or the processor could know. */
static volatile uintptr_t odd = 1;

static uintptr_t ask_alone(const struct classify *classify, const struct packet *packets)
{
	uintptr_t last = 0, mask = odd;

	for (size_t i = 0; i < PACKETS; i++) {
		const char *packet = (const char *)&packets[i] + (last & mask);

		last = (uintptr_t)classify_lookup(classify, (const void *)packet);
	}
	return last;
}

static double run(const struct classify *classify, const struct packet *packets, bool alone)
{
	static volatile uintptr_t sink;
	double start = thread_ns();

	for (size_t pass = 0; pass < PASSES; pass++)
		sink = alone ? ask_alone(classify, packets) : ask_overlapping(classify, packets);
	(void)sink;
	return (thread_ns() - start) / (PASSES * (double)PACKETS);
}

static void run_round(struct result *results, struct packet *packets, size_t round)
{
	for (size_t s = 0; s < SETS; s++) {
		for (int traffic = 0; traffic < RULEGEN_TRAFFICS; traffic++) {
			struct result *r = &results[s];

			rulegen_traffic(&r->gen, traffic, round, packets, PACKETS);
			if (round == 0)
				check(r, packets);
			run(r->classify, packets, false); /* what is cold is not the classifier */
			for (int alone = 0; alone < 2; alone++)
				r->ns[traffic][alone][round] = run(r->classify, packets, alone);
		}
	}
}

static void print(struct result *r, const struct bench_set *set, size_t rounds)
{
	struct classify_stats stats;
	double ns[RULEGEN_TRAFFICS][2], worse;

	for (int traffic = 0; traffic < RULEGEN_TRAFFICS; traffic++)
		for (int alone = 0; alone < 2; alone++)
			ns[traffic][alone] = median(r->ns[traffic][alone], rounds);
	worse = ns[RULEGEN_RANDOM][0] > ns[RULEGEN_HOSTILE][0] ? ns[RULEGEN_RANDOM][0]
							       : ns[RULEGEN_HOSTILE][0];
	classify_stats(r->classify, &stats);
	printf("%-10s %7zu %6zu | %6.1f %6.1f %4u%s | %6.1f %6.1f | %7.2f | %8.1f | %7zu %8zu %6zu %3zu\n",
	       rulegen_name(set->kind), set->entries, r->gen.list.count, ns[RULEGEN_RANDOM][0],
	       ns[RULEGEN_HOSTILE][0], set->reach_ns, worse <= set->reach_ns ? " " : "!",
	       ns[RULEGEN_RANDOM][1], ns[RULEGEN_HOSTILE][1], median(r->build_ms, BUILDS),
	       (double)classify_bytes(r->classify) / 1024, stats.tables, stats.segments,
	       stats.linked, stats.depth);
}

int main(int argc, char **argv)
{
	static struct result results[SETS];
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_USUAL;
	struct packet *packets = malloc(PACKETS * sizeof(*packets));

	if (!packets)
		die("no memory");
	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("rounds are 1 to 101");
	for (size_t s = 0; s < SETS; s++)
		build(&results[s], &bench_sets[s]);
	for (size_t round = 0; round < rounds; round++)
		run_round(results, packets, round);
	printf("%-10s %7s %6s | %6s %6s %5s | %6s %6s | %7s | %8s | %7s %8s %6s %3s\n", "set",
	       "entries", "rules", "random", "hostil", "reach", "alone", "alone", "build", "memory",
	       "tables", "segments", "linked", "deep");
	printf("%-10s %7s %6s | %6s %6s %5s | %6s %6s | %7s | %8s |\n", "", "", "", "ns", "ns",
	       "ns", "ns", "ns", "ms", "KiB");
	for (size_t s = 0; s < SETS; s++) {
		print(&results[s], &bench_sets[s], rounds);
		classify_free(results[s].classify);
		rulegen_free(&results[s].gen);
	}
	free(packets);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast the compiled classifier answers, how long it takes to build, and what memory it takes.
 *
 *	bench/classify [ROUNDS [ENTRIES]]
 *
 * All sets are built first; then rounds go through all sets and both kinds of traffic, so that what
 * else the machine does meets them all alike. Printed are medians over the rounds. "ns" lets the
 * processor overlap lookups, as it may in a batch; "alone" makes each lookup wait for the answer of
 * the one before. Beside it, overlapping too: "linear", a scan of all entries with vector
 * instructions, and "dpdk", librte_acl where it is installed, which takes long to build and so gets
 * only sets of at most ENTRIES (10,000). Every answer of the first round's first packets is
 * compared with acl_eval's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/classify/classify.h"
#include "dpdk.h"
#include "linear.h"
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
	{RULEGEN_AWS, 10, 25},          {RULEGEN_AWS, 40, 25},
	{RULEGEN_MIXED, 40, 25},        {RULEGEN_MIXED, 1000, 40},
	{RULEGEN_IPV6, 1000, 40},       {RULEGEN_MIXED, 10000, 90},
	{RULEGEN_IPV6, 10000, 90},      {RULEGEN_BLOCKLIST, 100000, 60},
	{RULEGEN_NESTED, 100000, 150},  {RULEGEN_GEOGRAPHIC, 100000, 150},
	{RULEGEN_CROSSED, 100000, 150}, {RULEGEN_MIXED, 100000, 250},
	{RULEGEN_IPV6, 100000, 400},    {RULEGEN_IPV6_DEEP, 100000, 400},
};

#define SETS (sizeof(bench_sets) / sizeof(bench_sets[0]))

struct result {
	struct rulegen gen;
	struct classify *classify;
	double build_ms[BUILDS];
	double ns[RULEGEN_TRAFFICS][2][ROUNDS_MAX]; /* overlapping, alone */
	struct linear *linear;                      /* NULL: the list is not for it */
	double linear_ns[RULEGEN_TRAFFICS][ROUNDS_MAX];
	struct dpdk *dpdk; /* NULL: not installed, or too large for it */
	double dpdk_ns[RULEGEN_TRAFFICS][ROUNDS_MAX];
	double dpdk_build_ms;
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

/* Single ports crossed with single hosts multiply in its tries: not built in 200 s. */
static void build_dpdk(struct result *r, const struct bench_set *set, size_t most)
{
	double start = thread_ns();

	if (set->entries > most || set->kind == RULEGEN_CROSSED)
		return;
	r->dpdk = dpdk_new(&r->gen.list, r->gen.prefixes[0].addr.family);
	r->dpdk_build_ms = (thread_ns() - start) / 1e6;
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
	r->linear = linear_new(&r->gen.list);
}

static void check(const struct result *r, const struct packet *packets)
{
	for (size_t i = 0; i < CHECKED; i++) {
		const struct rule *right = acl_eval(&r->gen.list, INBOUND, &packets[i]);

		if (classify_lookup(r->classify, &packets[i]) != right)
			die("a lookup differs from acl_eval");
		if (r->linear && linear_lookup(r->linear, &packets[i]) != right)
			die("the linear scan differs from acl_eval");
		if (r->dpdk && dpdk_lookup(r->dpdk, &packets[i]) != right)
			die("librte_acl differs from acl_eval");
	}
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

/* Slow where there are many entries: as many packets as there is patience for. */
static double run_linear(const struct linear *linear, const struct packet *packets, size_t entries)
{
	static volatile uintptr_t sink;
	size_t count = 20000000 / (entries + 160);
	uintptr_t sum = 0;
	double start;

	count = count > PACKETS ? PACKETS : count;
	start = thread_ns();
	for (size_t i = 0; i < count; i++)
		sum += (uintptr_t)linear_lookup(linear, &packets[i]);
	sink = sum;
	(void)sink;
	return (thread_ns() - start) / (double)count;
}

static double run_dpdk(const struct dpdk *dpdk, const struct packet *packets)
{
	static volatile uintptr_t sink;
	uintptr_t sum = 0;
	double start = thread_ns();

	for (size_t i = 0; i < PACKETS; i++)
		sum += (uintptr_t)dpdk_lookup(dpdk, &packets[i]);
	sink = sum;
	(void)sink;
	return (thread_ns() - start) / (double)PACKETS;
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
			if (r->linear)
				r->linear_ns[traffic][round] =
					run_linear(r->linear, packets, bench_sets[s].entries);
			if (r->dpdk)
				r->dpdk_ns[traffic][round] = run_dpdk(r->dpdk, packets);
		}
	}
}

static void print_heads(void)
{
	printf("%-10s %7s %6s | %14s %5s | %14s | %6s | %7s | %6s %7s %6s %4s | %15s | %22s\n",
	       "set", "entries", "rules", "ns: random hst", "reach", "alone: rnd hst", "build",
	       "memory", "tables", "segm.", "linked", "deep", "linear: rnd hst",
	       "dpdk: rnd  hst   build");
	printf("%-10s %7s %6s | %14s %5s | %14s | %6s | %7s | %26s | %15s | %22s\n", "", "", "", "",
	       "ns", "ns", "ms", "KiB", "", "ns", "ns      ms");
}

static void print_others(struct result *r, size_t rounds)
{
	if (r->linear)
		printf(" %8.0f %6.0f |", median(r->linear_ns[RULEGEN_RANDOM], rounds),
		       median(r->linear_ns[RULEGEN_HOSTILE], rounds));
	else
		printf(" %8s %6s |", "-", "-");
	if (r->dpdk)
		printf(" %8.0f %4.0f %8.1f\n", median(r->dpdk_ns[RULEGEN_RANDOM], rounds),
		       median(r->dpdk_ns[RULEGEN_HOSTILE], rounds), r->dpdk_build_ms);
	else
		printf(" %8s %4s %8s\n", "-", "-", "-");
}

static void print(struct result *r, const struct bench_set *set, size_t rounds)
{
	double ns[RULEGEN_TRAFFICS][2];
	struct classify_stats stats;
	bool reached = true;

	for (int traffic = 0; traffic < RULEGEN_TRAFFICS; traffic++) {
		for (int alone = 0; alone < 2; alone++)
			ns[traffic][alone] = median(r->ns[traffic][alone], rounds);
		reached = reached && ns[traffic][0] <= set->reach_ns;
	}
	classify_stats(r->classify, &stats);
	printf("%-10s %7zu %6zu | %7.1f %6.1f %4u%s | %7.1f %6.1f |", rulegen_name(set->kind),
	       set->entries, r->gen.list.count, ns[RULEGEN_RANDOM][0], ns[RULEGEN_HOSTILE][0],
	       set->reach_ns, reached ? " " : "!", ns[RULEGEN_RANDOM][1], ns[RULEGEN_HOSTILE][1]);
	printf(" %6.2f | %7.1f | %6zu %7zu %6zu %4zu |", median(r->build_ms, BUILDS),
	       (double)classify_bytes(r->classify) / 1024, stats.tables, stats.segments,
	       stats.linked, stats.depth);
	print_others(r, rounds);
}

int main(int argc, char **argv)
{
	static struct result results[SETS];
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_USUAL;
	size_t dpdk_entries = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
	struct packet *packets = malloc(PACKETS * sizeof(*packets));

	if (!packets)
		die("no memory");
	if (rounds < 1 || rounds > ROUNDS_MAX)
		die("rounds are 1 to 101");
	if (!dpdk_start())
		dpdk_entries = 0;
	for (size_t s = 0; s < SETS; s++) {
		build(&results[s], &bench_sets[s]);
		build_dpdk(&results[s], &bench_sets[s], dpdk_entries);
	}
	for (size_t round = 0; round < rounds; round++)
		run_round(results, packets, round);
	print_heads();
	for (size_t s = 0; s < SETS; s++) {
		print(&results[s], &bench_sets[s], rounds);
		classify_free(results[s].classify);
		linear_free(results[s].linear);
		dpdk_free(results[s].dpdk);
		rulegen_free(&results[s].gen);
	}
	free(packets);
	return 0;
}

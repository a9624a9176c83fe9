/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What datagrams meet on their way through a queue.
 *
 *   gaps send ADDRESS PORT COUNT INTERVAL-NS   one small datagram every INTERVAL-NS
 *   gaps receive PORT COUNT                    "ready"; then how many datagrams came, and two lines
 *                                              of p50, p99, p99.9 and max in ns: the gaps between
 *                                              arrivals, and the ways from the sender to here
 *
 * Arrivals are stamped by the kernel when the device hands the packet over: within the send that
 * carried its verdict, where the queue stands on the sender's side. When the receiver itself gets
 * to run does not matter then. A sender that does not get to run makes a gap and no long way. The
 * receiver ends at COUNT datagrams, or two seconds after the last one.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t as_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static void send_paced(int fd, const struct sockaddr_in *to, long count, long interval_ns)
{
	struct timespec now;
	int64_t next;

	prctl(PR_SET_TIMERSLACK, 1UL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	next = as_ns(&now);
	for (long i = 0; i < count; i++) {
		struct timespec until;

		next += interval_ns;
		until = (struct timespec){.tv_sec = next / 1000000000,
					  .tv_nsec = next % 1000000000};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		clock_gettime(CLOCK_REALTIME, &now);
		sendto(fd, &now, sizeof(now), 0, (const void *)to, sizeof(*to));
	}
}

struct arrival {
	int64_t at;
	int64_t way;
};

/* False after two seconds without a datagram. */
static bool next_arrival(int fd, struct arrival *out)
{
	char control[128];
	struct timespec sent, stamp;
	struct iovec vector = {&sent, sizeof(sent)};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	if (recvmsg(fd, &message, 0) != sizeof(sent))
		return false;
	cmsg = CMSG_FIRSTHDR(&message);
	if (!cmsg || cmsg->cmsg_type != SCM_TIMESTAMPNS)
		fail("no time stamp");
	memcpy(&stamp, CMSG_DATA(cmsg), sizeof(stamp));
	*out = (struct arrival){.at = as_ns(&stamp), .way = as_ns(&stamp) - as_ns(&sent)};
	return true;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print_distribution(int64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), ascending);
	printf("%lld %lld %lld %lld\n", (long long)values[n / 2], (long long)values[n * 99 / 100],
	       (long long)values[n * 999 / 1000], (long long)values[n - 1]);
}

static void listen_at(int fd, const struct sockaddr_in *address)
{
	struct timeval limit = {.tv_sec = 2};
	int one = 1;

	if (bind(fd, (const void *)address, sizeof(*address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		fail("bind");
	puts("ready");
	fflush(stdout);
}

static void receive(int fd, size_t count)
{
	int64_t *gaps = calloc(count, sizeof(*gaps));
	int64_t *ways = calloc(count, sizeof(*ways));
	struct arrival last, now;
	size_t n = 0;

	if (!gaps || !ways)
		fail("memory");
	if (!next_arrival(fd, &last))
		fail("nothing came");
	while (n < count - 1 && next_arrival(fd, &now)) {
		gaps[n] = now.at - last.at;
		ways[n++] = now.way;
		last = now;
	}
	if (n == 0)
		fail("a single datagram came");
	printf("%zu\n", n + 1);
	print_distribution(gaps, n);
	print_distribution(ways, n);
	free(gaps);
	free(ways);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 16 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (argc == 4 && strcmp(argv[1], "receive") == 0) {
		address.sin_port = htons((uint16_t)atoi(argv[2]));
		listen_at(fd, &address);
		receive(fd, (size_t)atol(argv[3]));
	} else if (argc == 6 && strcmp(argv[1], "send") == 0) {
		address.sin_port = htons((uint16_t)atoi(argv[3]));
		if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
			fail("address");
		send_paced(fd, &address, atol(argv[4]), atol(argv[5]));
	} else {
		fprintf(stderr, "usage: gaps send ADDRESS PORT COUNT INTERVAL-NS | receive PORT "
				"COUNT\n");
		return 2;
	}
	return 0;
}

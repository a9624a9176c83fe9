/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pingpong server PORT: answers each UDP datagram with itself. pingpong client ADDRESS PORT COUNT:
 * sends one, waits for it, COUNT times; prints the median and the 99th percentile of the round
 * trips in ns. A datagram that does not come back in a second ends it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void serve(int fd, struct sockaddr_in *address)
{
	char buf[64];

	if (bind(fd, (void *)address, sizeof(*address)) < 0)
		fail("bind");
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);

		if (n > 0)
			sendto(fd, buf, (size_t)n, 0, (void *)&from, len);
	}
}

static void ask(int fd, const struct sockaddr_in *address, size_t count)
{
	struct timeval limit = {.tv_sec = 1};
	int64_t *times = calloc(count, sizeof(*times));
	char buf[64] = "ping";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!times || connect(fd, (const void *)address, sizeof(*address)) < 0)
		fail("connect");
	for (size_t i = 0; i < count; i++) {
		int64_t start = now_ns();

		if (send(fd, buf, 32, 0) < 0 || recv(fd, buf, sizeof(buf), 0) < 0)
			fail("round trip");
		times[i] = now_ns() - start;
	}
	qsort(times, count, sizeof(*times), ascending);
	printf("%lld %lld\n", (long long)times[count / 2], (long long)times[count * 99 / 100]);
	free(times);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc == 3 && strcmp(argv[1], "server") == 0) {
		address.sin_port = htons((uint16_t)atoi(argv[2]));
		serve(fd, &address);
	} else if (argc == 5 && strcmp(argv[1], "client") == 0) {
		address.sin_port = htons((uint16_t)atoi(argv[3]));
		if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
			fail("address");
		ask(fd, &address, (size_t)atol(argv[4]));
	} else {
		fprintf(stderr, "usage: pingpong server PORT | client ADDRESS PORT COUNT\n");
		return 2;
	}
	return 0;
}

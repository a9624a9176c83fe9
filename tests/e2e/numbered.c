/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numbered send ADDRESS PORT COUNT RATE: sends COUNT UDP datagrams with their number in them, RATE
 * a second. TERM ends it earlier: a last datagram then tells how many there are. numbered receive
 * PORT COUNT SECONDS: takes them until the last has come, or until none has come for SECONDS;
 * prints one line, "received R lost L duplicated D reordered O".
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#define BUFFER (64 << 20)

struct datagram {
	uint32_t number;
	uint32_t count; /* of all datagrams where `number` is it too: the end; else 0 */
};

/* A signal handler gets no argument of ours. */
static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int send_one(int fd, const struct sockaddr_in *to, struct datagram datagram)
{
	ssize_t len = sendto(fd, &datagram, sizeof(datagram), 0, (const void *)to, sizeof(*to));

	return len < 0 && errno != EPERM ? fail("sendto") : 0;
}

/* A sender that changes processors may overtake itself in their backlogs. */
static void stay_on_this_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int send_all(const char *address, int port, uint32_t count, uint32_t rate)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER, status = 0;
	int64_t begin = now_ns();
	uint32_t i;

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	signal(SIGTERM, end);
	stay_on_this_processor();
	for (i = 0; i < count && !ended && status == 0; i++) {
		int64_t wait = begin + (int64_t)i * 1000000000 / rate - now_ns();
		struct timespec pause = {.tv_nsec = wait};

		/*
		 * A short while behind is made up for; one sleep for several datagrams is enough.
		 */
		if (wait > 200000)
			nanosleep(&pause, NULL);
		status = send_one(fd, &to, (struct datagram){.number = i});
	}
	if (i < count && status == 0)
		status = send_one(fd, &to, (struct datagram){.number = i, .count = i});
	return status;
}

static int receive_all(int port, uint32_t count, int seconds)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval patience = {.tv_sec = seconds}, last = {.tv_usec = 300000};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER;
	uint32_t received = 0, duplicated = 0, reordered = 0, next = 0;
	struct datagram datagram;
	uint8_t *seen = calloc(count, 1);

	if (!seen || fd < 0 || bind(fd, (const void *)&at, sizeof(at)) < 0)
		return fail("bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	puts("ready");
	fflush(stdout);
	while (recv(fd, &datagram, sizeof(datagram), 0) == sizeof(datagram)) {
		uint32_t number = datagram.number;

		if (datagram.count > 0 && datagram.count < count) {
			count = datagram.count;
		} else if (number >= count) {
			continue;
		} else if (seen[number]) {
			duplicated++;
			continue;
		} else {
			seen[number] = 1;
			received++;
			reordered += number < next;
			next = number < next ? next : number + 1;
		}
		if (received == count) /* a late second one is waited for, but not so long */
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &last, sizeof(last));
	}
	printf("received %u lost %u duplicated %u reordered %u\n", received, count - received,
	       duplicated, reordered);
	free(seen);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_all(argv[2], atoi(argv[3]), (uint32_t)atol(argv[4]),
				(uint32_t)atol(argv[5]));
	if (argc == 5 && strcmp(argv[1], "receive") == 0)
		return receive_all(atoi(argv[2]), (uint32_t)atol(argv[3]), atoi(argv[4]));
	fprintf(stderr, "usage: numbered send ADDRESS PORT COUNT RATE | receive PORT COUNT "
			"SECONDS\n");
	return 2;
}

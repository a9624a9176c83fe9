/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood DESTINATION COUNT FIRST-PORT EVERY OTHER-PORT [SIZE]: sends COUNT UDP datagrams of SIZE
 * (18) bytes; every EVERY-th (0: none) goes to OTHER-PORT, the rest to FIRST-PORT. As fast as the
 * socket takes them, in batches.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64

int main(int argc, char **argv)
{
	struct sockaddr_in to[2] = {{.sin_family = AF_INET}, {.sin_family = AF_INET}};
	struct mmsghdr messages[BATCH];
	char payload[1400] = "nacld bench";
	struct iovec vector = {payload, 18};
	long count, every, sent = 0;
	int fd, size = 64 << 20;

	if (argc < 6 || argc > 7 || inet_pton(AF_INET, argv[1], &to[0].sin_addr) != 1) {
		fprintf(stderr,
			"usage: flood DESTINATION COUNT FIRST-PORT EVERY OTHER-PORT [SIZE]\n");
		return 2;
	}
	if (argc == 7)
		vector.iov_len = (size_t)atoi(argv[6]);
	if (vector.iov_len > sizeof(payload))
		return 2;
	count = atol(argv[2]);
	every = atol(argv[4]);
	to[1].sin_addr = to[0].sin_addr;
	to[0].sin_port = htons((uint16_t)atoi(argv[3]));
	to[1].sin_port = htons((uint16_t)atoi(argv[5]));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
		perror("socket");
		return 1;
	}
	while (sent < count) {
		unsigned int n = count - sent < BATCH ? (unsigned int)(count - sent) : BATCH;
		int done;

		for (unsigned int i = 0; i < n; i++) {
			int other = every && (sent + i + 1) % every == 0;

			messages[i].msg_hdr = (struct msghdr){.msg_name = &to[other],
							      .msg_namelen = sizeof(to[0]),
							      .msg_iov = &vector,
							      .msg_iovlen = 1};
		}
		done = sendmmsg(fd, messages, n, 0);
		if (done < 0 && errno != EPERM && errno != ENOBUFS) {
			perror("sendmmsg");
			return 1;
		}
		sent += done > 0 ? done : 1;
	}
	return 0;
}

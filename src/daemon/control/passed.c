/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text that is too long for a request line comes as a descriptor with it (SCM_RIGHTS in unix(7)).
 *
 * It must be a memfd whose size and content are sealed (memfd_create(2)): a file, a pipe or a
 * device could keep the main thread waiting, and memory that its owner may still change could be
 * another text after it was looked at.
 */
#include "daemon/control/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/*
 * Room is counted in whole words, so what is asked for one descriptor takes two where an int is
 * half a word: the last one stays, the rest is closed.
 */
static void take(const struct cmsghdr *header, int *fd)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(*fd);

	for (size_t i = 0; i < count; i++) {
		if (*fd >= 0)
			close(*fd);
		memcpy(fd, CMSG_DATA(header) + i * sizeof(*fd), sizeof(*fd));
	}
}

ssize_t passed_receive(int socket, char *buf, size_t len, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = buf, .iov_len = len};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		take(header, fd);
	return n;
}

/* False: it is shorter than it was, which its seals forbid, or cannot be read. */
static bool read_all(int fd, char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, text + at, len - at, (off_t)at);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

char *passed_text(int fd, const char **why)
{
	int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	struct stat st;
	char *text;

	*why = "the policy did not come with the request, in a sealed memfd";
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0)
		return NULL;
	*why = "the policy is too large";
	if (st.st_size > PASSED_TEXT_MAX)
		return NULL;
	*why = "no memory for the policy";
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	*why = "the policy is no text";
	text[st.st_size] = '\0';
	if (read_all(fd, text, (size_t)st.st_size) && !memchr(text, '\0', (size_t)st.st_size))
		return text;
	free(text);
	return NULL;
}

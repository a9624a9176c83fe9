/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults that a kernel cannot be asked for: loaded before the C library (LD_PRELOAD) into a daemon
 * that is otherwise as built. What goes wrong is said through a shared file, $NACLD_FAULTS, which
 * the test maps too (tests/e2e/faults.py); all zero is no fault.
 *
 * Allocations are counted and may fail: one, or all from some point on. Where libconfig reads a
 * file none fails: it does not survive that (it uses what it got unseen, or ends the process),
 * which is why the reader asks for the memory before it calls; that is tested with a limit of the
 * kernel's instead.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <libconfig.h>

struct faults {
	uint64_t allocations; /* calls that ask for memory */
	uint64_t live;        /* blocks held */
	uint64_t fail_at;     /* the so-manieth call from now on fails; 0: none */
	uint64_t fail_all;    /* and every later one */
	uint64_t failed;
	int64_t clock_s;       /* how far the wall clock is put forward */
	int64_t slept_s;       /* how long the host has slept, for the clock that counts it */
	uint64_t small_buffer; /* no socket gets a larger receive buffer */
	uint64_t slow_ms;      /* the worker sleeps before it takes packets */
};

static struct faults none;
static struct faults *faults = &none;
static __thread unsigned int spared; /* within libconfig's reading */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

void *memalign(size_t alignment, size_t size);

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv("NACLD_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED
			   : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		faults = map;
}

static bool refused(void)
{
	uint64_t at;

	__atomic_add_fetch(&faults->allocations, 1, __ATOMIC_SEQ_CST);
	if (spared)
		return false;
	at = __atomic_load_n(&faults->fail_at, __ATOMIC_SEQ_CST);
	if (at == 0)
		return false;
	if (at > 1) {
		__atomic_store_n(&faults->fail_at, at - 1, __ATOMIC_SEQ_CST);
		return false;
	}
	if (!faults->fail_all)
		__atomic_store_n(&faults->fail_at, 0, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&faults->failed, 1, __ATOMIC_SEQ_CST);
	errno = ENOMEM;
	return true;
}

static void *held(void *block)
{
	if (block)
		__atomic_add_fetch(&faults->live, 1, __ATOMIC_SEQ_CST);
	return block;
}

void *malloc(size_t size)
{
	return refused() ? NULL : held(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return refused() ? NULL : held(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
	if (refused())
		return NULL;
	return old ? __libc_realloc(old, size) : held(__libc_realloc(old, size));
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	return refused() ? NULL : held(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

void free(void *block)
{
	if (block)
		__atomic_sub_fetch(&faults->live, 1, __ATOMIC_SEQ_CST);
	__libc_free(block);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	int done = (int)syscall(SYS_clock_gettime, clock, out);

	if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		out->tv_sec += __atomic_load_n(&faults->clock_s, __ATOMIC_SEQ_CST);
	if (done == 0 && clock == CLOCK_BOOTTIME)
		out->tv_sec += __atomic_load_n(&faults->slept_s, __ATOMIC_SEQ_CST);
	return done;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (faults->small_buffer && level == SOL_SOCKET &&
	    (name == SO_RCVBUF || name == SO_RCVBUFFORCE)) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
	     struct timespec *patience)
{
	uint64_t ms = __atomic_load_n(&faults->slow_ms, __ATOMIC_SEQ_CST);

	usleep((useconds_t)ms * 1000);
	return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, patience);
}

/* The rest of this file: libconfig's calls that allocate, passed on with no allocation failing. */
static void *next_of(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

void config_init(config_t *config)
{
	void (*next)(config_t *) = next_of("config_init");

	spared++;
	next(config);
	spared--;
}

void config_set_include_dir(config_t *config, const char *folder)
{
	void (*next)(config_t *, const char *) = next_of("config_set_include_dir");

	spared++;
	next(config, folder);
	spared--;
}

int config_read_string(config_t *config, const char *text)
{
	int (*next)(config_t *, const char *) = next_of("config_read_string");
	int done;

	spared++;
	done = next(config, text);
	spared--;
	return done;
}

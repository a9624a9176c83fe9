/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the accept filter through libbpf: the maps in the sizes that are needed, the programs,
 * and what the daemon has to know about both in the map `control`.
 *
 * A load is all or nothing: libbpf takes back what it has made when a program is refused, and what
 * was pinned is unpinned. So a folder of pins that is there is whole.
 */
#include "steer/fastpath/fastpath.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/fastpath/format.h"
#include "steer/fastpath/object.h"
#include "steer/fastpath/pins.h"

/* What libbpf has to say goes with the reason, not to the terminal. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static int explain(int err, char reason[static FASTPATH_REASON_LEN])
{
	const char *what = strerror(-err);

	if (err == -EPERM || err == -EACCES)
		what = "the kernel refuses it; it takes CAP_BPF and CAP_PERFMON";
	if (err == -E2BIG)
		what = "the kernel's verifier gave up on it";
	snprintf(reason, FASTPATH_REASON_LEN, "the accept filter cannot be loaded: %s", what);
	return err;
}

/* An object with its maps sized, not loaded; or NULL with the reason and errno. */
static struct bpf_object *open_object(const struct fastpath_control *sizes,
				      char reason[static FASTPATH_REASON_LEN])
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "nacld");
	struct bpf_object *object;
	size_t size;
	const void *elf = fastpath_object(&size);
	struct bpf_map *map;

	if (!elf) {
		snprintf(reason, FASTPATH_REASON_LEN,
			 "this naclctl was built without the accept filter (no clang for BPF)");
		errno = ENOTSUP;
		return NULL;
	}
	libbpf_set_print(say_nothing);
	object = bpf_object__open_mem(elf, size, &options);
	if (!object) {
		explain(-errno, reason);
		return NULL;
	}
	map = bpf_object__find_map_by_name(object, "words");
	if (map)
		bpf_map__set_max_entries(map, sizes->words);
	map = bpf_object__find_map_by_name(object, "counters");
	if (map)
		bpf_map__set_max_entries(map, 2 * sizes->stripes * sizes->counters);
	return object;
}

/* Where what was pinned has to go again, the folder goes with it. */
static int pin_all(struct bpf_object *object, const char *folder)
{
	char path[STEER_FASTPATH_LEN + 32];
	struct bpf_program *program;
	struct bpf_map *map;
	int err = pins_make_folder(folder);

	if (err)
		return err;
	bpf_object__for_each_map(map, object)
	{
		snprintf(path, sizeof(path), "%s/%s", folder, bpf_map__name(map));
		if (!err)
			err = bpf_map__pin(map, path);
	}
	bpf_object__for_each_program(program, object)
	{
		snprintf(path, sizeof(path), "%s/%s", folder, bpf_program__name(program));
		if (!err)
			err = bpf_program__pin(program, path);
	}
	if (err)
		pins_remove_folder(folder);
	return err;
}

static int tell_control(struct bpf_object *object, const struct fastpath_control *sizes)
{
	int fd = bpf_object__find_map_fd_by_name(object, "control");
	uint32_t key = 0;

	if (fd < 0)
		return fd;
	return bpf_map_update_elem(fd, &key, sizes, BPF_ANY) ? -errno : 0;
}

int fastpath_load(const struct fastpath_need *need, char folder[static STEER_FASTPATH_LEN],
		  char reason[static FASTPATH_REASON_LEN])
{
	struct fastpath_control sizes;
	struct bpf_object *object;
	int err;

	if (fastpath_find(need, folder))
		return 0;
	fastpath_sizes(need, &sizes);
	err = pins_name(&sizes, folder);
	if (err) {
		snprintf(reason, FASTPATH_REASON_LEN, "no bpf filesystem at %s", PINS_ROOT);
		return err;
	}
	object = open_object(&sizes, reason);
	if (!object)
		return -errno;
	err = bpf_object__load(object);
	if (!err)
		err = tell_control(object, &sizes);
	if (err)
		explain(err, reason);
	if (!err) {
		err = pin_all(object, folder);
		if (err)
			snprintf(reason, FASTPATH_REASON_LEN,
				 "cannot pin the accept filter at %s: %s", folder, strerror(-err));
	}
	bpf_object__close(object);
	return err;
}

int fastpath_open(const char *folder, int fds[static FASTPATH_MAPS_COUNT])
{
	static const char *const names[FASTPATH_MAPS_COUNT] = {"control", "words", "counters"};
	char path[STEER_FASTPATH_LEN + 32];

	for (int i = 0; i < FASTPATH_MAPS_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		fds[i] = bpf_obj_get(path);
		if (fds[i] < 0) {
			int err = -errno;

			while (i-- > 0)
				close(fds[i]);
			return err;
		}
	}
	return 0;
}

int fastpath_probe(void (*each)(const struct fastpath_program *program, void *context),
		   void *context, char reason[static FASTPATH_REASON_LEN])
{
	const struct fastpath_need need = {.words = 1024, .counters = 1};
	struct fastpath_control sizes;
	struct bpf_program *program;
	struct bpf_object *object;
	int err;

	fastpath_sizes(&need, &sizes);
	object = open_object(&sizes, reason);
	if (!object)
		return -errno;
	err = bpf_object__load(object);
	if (err)
		explain(err, reason);
	bpf_object__for_each_program(program, object)
	{
		struct fastpath_program told = {.name = bpf_program__name(program)};
		struct bpf_prog_info info = {0};
		__u32 len = sizeof(info);

		if (err)
			break;
		if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len) == 0)
			told.verified = info.verified_insns;
		each(&told, context);
	}
	bpf_object__close(object);
	return err;
}

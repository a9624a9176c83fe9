/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a successor finds in the buffers: the packets whose verdict was not sent, and none else,
 * however many have passed since a slot was written last.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include "messages.h"

static struct batch batch, next;
static int fd;

static int set_up(void **state)
{
	(void)state;
	fd = memfd_create("test", MFD_CLOEXEC);
	return fd < 0 || batch_init(&batch, fd) != 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_fini(&batch);
	batch_fini(&next);
	return close(fd);
}

/* As the kernel writes it; how long it is stays in this process. */
static void receive(unsigned int slot, uint32_t id)
{
	struct nlmsghdr *nlh = message_begin(&batch.region->slots[slot],
					     NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);

	message_put_header(nlh, id, NF_INET_LOCAL_IN);
	message_put_syn(nlh, 443);
	message_end(&batch.region->slots[slot], nlh);
	batch.filled = slot + 1;
}

static void answer(uint32_t id)
{
	struct batch_packet packet = {.id = id, .queue = 3};

	batch_answer(&batch, &packet, ACTION_ALLOW);
	batch_clear(&batch);
}

static uint32_t id_at(unsigned int slot)
{
	uint64_t errors[BATCH_ERRORS] = {0};
	struct batch_packet packet;

	assert_true(batch_packet_at(&next, slot, errors, &packet));
	return packet.id;
}

static void what_was_not_answered_is_found(void **state)
{
	(void)state;
	receive(0, 1);
	receive(1, 2);
	answer(2);
	receive(0, 3);
	receive(1, 4);
	assert_int_equal(batch_adopt(&next, fd), 0);
	assert_int_equal(next.filled, 2);
	assert_int_equal(id_at(0), 3);
	assert_int_equal(id_at(1), 4);
}

static void what_was_answered_is_not(void **state)
{
	(void)state;
	receive(0, 1);
	receive(7, 2);
	answer(2);
	assert_int_equal(batch_adopt(&next, fd), 0);
	assert_int_equal(next.filled, 0);
}

/* A burst used a high slot; then half the circle of ids has passed through the first one. */
static void an_old_message_never_looks_new(void **state)
{
	(void)state;
	receive(200, 1000);
	answer(1000);
	for (uint32_t id = 0x10000000; id <= 0x90000000; id += 0x10000000) {
		receive(0, id);
		answer(id);
	}
	receive(0, 0x90000001);
	assert_int_equal(batch_adopt(&next, fd), 0);
	assert_int_equal(next.filled, 1);
	assert_int_equal(id_at(0), 0x90000001);
}

static void ids_begin_anew(void **state)
{
	(void)state;
	receive(0, UINT32_MAX);
	answer(UINT32_MAX);
	receive(0, 1);
	assert_int_equal(batch_adopt(&next, fd), 0);
	assert_int_equal(next.filled, 1);
	assert_int_equal(id_at(0), 1);
}

static void another_layout_is_refused_and_its_last_id_told(void **state)
{
	bool known;
	uint32_t id;

	(void)state;
	receive(0, 41);
	receive(1, 42);
	batch.region->geometry.layout++;
	assert_int_equal(batch_adopt(&next, fd), -EPROTO);
	assert_true(batch_foreign_last_id(fd, &id, &known));
	assert_true(known);
	assert_int_equal(id, 42);
	batch.region->geometry.slot_stride = 3;
	assert_false(batch_foreign_last_id(fd, &id, &known) && id != 41);
	batch.region->geometry.magic = 0;
	batch_foreign_last_id(fd, &id, &known);
	assert_false(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_not_answered_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_answered_is_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_old_message_never_looks_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ids_begin_anew, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_layout_is_refused_and_its_last_id_told,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

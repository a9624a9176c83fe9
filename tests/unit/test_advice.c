/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The missing rule: that it works (added to the list, the packet passes), that it opens nothing an
 * explicit deny closes for others, and where its number comes from. By table, and on random lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/advice.h"

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), PREFIX_OK);
	return p;
}

static struct rule rule(unsigned int number, enum action action, int protocol, unsigned int first,
			unsigned int last, const char *cidr)
{
	return (struct rule){
		.number = (uint16_t)number,
		.action = (uint8_t)action,
		.protocol = (int16_t)protocol,
		.port_first = (uint16_t)first,
		.port_last = (uint16_t)last,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
		.prefix = prefix(cidr),
	};
}

static struct packet tcp(const char *src, unsigned int sport, const char *dst, unsigned int dport)
{
	return (struct packet){
		.src = prefix(src).addr,
		.dst = prefix(dst).addr,
		.protocol = PROTOCOL_TCP,
		.l4 = PACKET_L4_PORTS,
		.sport = (uint16_t)sport,
		.dport = (uint16_t)dport,
	};
}

static void add(struct acl *acl, struct rule r)
{
	assert_int_equal(acl_add_rule(acl, OUTBOUND, &r), 0);
	assert_true(acl_sort(acl));
}

/* Asks for advice on the outbound list, and checks that following it lets the packet pass. */
static struct rule advised(struct acl *acl, const struct packet *packet, const struct rule *request)
{
	const struct acl_list *list = &acl->lists[OUTBOUND];
	const struct rule *blocker = acl_eval(list, OUTBOUND, packet), *now;
	struct rule out;

	assert_true(!blocker || blocker->action == ACTION_DENY);
	assert_true(advice_missing_rule(list, OUTBOUND, packet, blocker, request, &out));
	assert_null(rule_invalid(&out));
	add(acl, out);
	now = acl_eval(list, OUTBOUND, packet);
	assert_non_null(now);
	assert_int_equal(now->number, out.number);
	assert_int_equal(now->action, ACTION_ALLOW);
	return out;
}

static void assert_remote(const struct rule *r, const char *cidr)
{
	char buf[PREFIX_STRLEN];

	assert_null(r->set);
	assert_string_equal(prefix_print(&r->prefix, buf), cidr);
}

/* The classic: inbound 443 from anywhere, and the reply to port 38091 has no rule. */
static void reply_to_an_ephemeral_port(void **state)
{
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_TCP, 443, 443, "0.0.0.0/0"), out;
	struct packet reply = tcp("35.158.99.37", 443, "132.118.160.182", 38091);
	struct acl acl = {0};

	(void)state;
	add(&acl, rule(100, ACTION_ALLOW, PROTOCOL_TCP, 443, 443, "0.0.0.0/0"));
	out = advised(&acl, &reply, &request);
	assert_int_equal(out.number, 110);
	assert_int_equal(out.port_first, 1024);
	assert_int_equal(out.port_last, 65535);
	assert_remote(&out, "0.0.0.0/0");
	acl_fini(&acl);
}

static void reply_mirrors_the_request(void **state)
{
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_ALL, 0, 0, "203.0.113.0/24"), out;
	struct prefix members[] = {prefix("192.0.2.0/24"), prefix("203.0.113.0/24")};
	char name[] = "partners";
	struct prefix_set set = {.name = name, .prefixes = members, .count = 2};
	struct packet reply = tcp("192.0.2.1", 443, "203.0.113.9", 1023);
	struct acl acl = {0};

	(void)state;
	out = advised(&acl, &reply, &request);
	assert_int_equal(out.number, 100);
	assert_remote(&out, "203.0.113.0/24");
	assert_int_equal(out.port_first, 1023); /* no ephemeral port */
	assert_int_equal(out.port_last, 1023);
	acl_fini(&acl);

	memset(&acl, 0, sizeof(acl));
	request.set = &set;
	out = advised(&acl, &reply, &request);
	assert_ptr_equal(out.set, &set);
	acl_fini(&acl);
}

static void request_opens_one_door(void **state)
{
	struct packet packet = tcp("192.0.2.1", 40000, "203.0.113.9", 8080);
	struct acl acl = {0};
	struct rule out = advised(&acl, &packet, NULL);

	(void)state;
	assert_int_equal(out.port_first, 8080);
	assert_int_equal(out.port_last, 8080);
	assert_remote(&out, "203.0.113.9/32");
	acl_fini(&acl);
}

static void other_protocols(void **state)
{
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_ICMP, 0, 0, "0.0.0.0/0"), out;
	struct packet echo = tcp("192.0.2.1", 0, "203.0.113.9", 0), gre, fragment, icmp_over_6;
	struct acl acl = {0};

	(void)state;
	echo.protocol = PROTOCOL_ICMP;
	echo.l4 = PACKET_L4_ICMP;
	out = advised(&acl, &echo, &request);
	assert_int_equal(out.icmp_type, 0);
	assert_int_equal(out.icmp_code, 0);
	gre = echo;
	gre.protocol = 47;
	gre.l4 = PACKET_L4_NONE;
	out = advised(&acl, &gre, &request);
	assert_int_equal(out.protocol, 47);
	fragment = gre;
	fragment.protocol = PROTOCOL_UDP;
	out = advised(&acl, &fragment, &request);
	assert_int_equal(out.port_first, 0);
	assert_int_equal(out.port_last, 65535);
	echo.icmp_type = 3; /* unreachable: from whichever router */
	echo.icmp_code = 4;
	out = advised(&acl, &echo, NULL);
	assert_int_equal(out.icmp_code, 4);
	assert_remote(&out, "0.0.0.0/0");
	icmp_over_6 = gre;
	icmp_over_6.protocol = PROTOCOL_ICMP;
	icmp_over_6.src = prefix("2001:db8::1").addr;
	icmp_over_6.dst = prefix("2001:db8::2").addr;
	out = advised(&acl, &icmp_over_6, NULL);
	assert_remote(&out, "2001:db8::2/128");
	acl_fini(&acl);
}

/* A deny in the way bounds what the new rule opens. */
static void goes_around_a_deny(void **state)
{
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_TCP, 443, 443, "0.0.0.0/0"), out;
	struct packet reply = tcp("192.0.2.1", 443, "203.0.113.9", 40000);
	struct acl acl = {0};

	(void)state;
	add(&acl, rule(100, ACTION_ALLOW, PROTOCOL_TCP, 443, 443, "0.0.0.0/0"));
	add(&acl, rule(120, ACTION_DENY, PROTOCOL_ALL, 0, 0, "0.0.0.0/0"));
	out = advised(&acl, &reply, &request);
	assert_int_equal(out.number, 110);
	assert_int_equal(out.port_first, 1024);
	assert_remote(&out, "0.0.0.0/0");
	acl_fini(&acl);

	memset(&acl, 0, sizeof(acl));
	add(&acl, rule(90, ACTION_DENY, PROTOCOL_TCP, 32768, 50000, "203.0.113.0/24"));
	add(&acl, rule(100, ACTION_ALLOW, PROTOCOL_TCP, 1024, 65535, "0.0.0.0/0"));
	out = advised(&acl, &reply, &request);
	assert_int_equal(out.number, 80);
	assert_int_equal(out.port_first, 32768);
	assert_int_equal(out.port_last, 50000);
	assert_remote(&out, "203.0.113.0/24");
	acl_fini(&acl);
}

/* A set is mirrored where the deny covers all of it; else only what the deny and the set share. */
static void goes_around_a_deny_with_a_set(void **state)
{
	struct prefix members[] = {prefix("192.0.2.0/24"), prefix("203.0.113.0/28")};
	char name[] = "partners";
	struct prefix_set set = {.name = name, .prefixes = members, .count = 2};
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_ALL, 0, 0, "0.0.0.0/0"), out;
	struct packet reply = tcp("192.0.2.1", 443, "203.0.113.9", 40000);
	struct acl acl = {0};

	(void)state;
	request.set = &set;
	add(&acl, rule(120, ACTION_DENY, PROTOCOL_ALL, 0, 0, "0.0.0.0/0"));
	out = advised(&acl, &reply, &request);
	assert_ptr_equal(out.set, &set);
	acl_fini(&acl);

	memset(&acl, 0, sizeof(acl));
	add(&acl, rule(120, ACTION_DENY, PROTOCOL_ALL, 0, 0, "203.0.0.0/16"));
	out = advised(&acl, &reply, &request);
	assert_remote(&out, "203.0.113.0/28");
	acl_fini(&acl);
}

static void numbers(void **state)
{
	struct rule request = rule(100, ACTION_ALLOW, PROTOCOL_TCP, 443, 443, "0.0.0.0/0");
	struct packet reply = tcp("192.0.2.1", 443, "203.0.113.9", 40000);
	static const struct {
		unsigned int taken, blocker, number;
	} cases[] = {
		{32766, 0, 32765}, {32755, 0, 32760}, {32761, 0, 32764},
		{105, 0, 110},     {1, 0, 10},        {100, 102, 101},
		{100, 105, 102},   {100, 101, 99},    {31000, 32766, 32760},
		{0, 2, 1},         {1, 3, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct acl acl = {0};

		if (cases[i].taken)
			add(&acl, rule(cases[i].taken, ACTION_DENY, 47, 0, 0, "0.0.0.0/0"));
		if (cases[i].blocker)
			add(&acl,
			    rule(cases[i].blocker, ACTION_DENY, PROTOCOL_ALL, 0, 0, "0.0.0.0/0"));
		assert_int_equal(advised(&acl, &reply, &request).number, cases[i].number);
		acl_fini(&acl);
	}
}

static void no_number_is_free(void **state)
{
	struct packet reply = tcp("192.0.2.1", 443, "203.0.113.9", 40000);
	struct acl acl = {0};
	struct rule out = {.number = 4711};

	(void)state;
	add(&acl, rule(1, ACTION_DENY, PROTOCOL_ALL, 0, 0, "0.0.0.0/0"));
	assert_false(advice_missing_rule(&acl.lists[OUTBOUND], OUTBOUND, &reply,
					 &acl.lists[OUTBOUND].rules[0], NULL, &out));
	assert_int_equal(out.number, 4711);
	acl_fini(&acl);

	memset(&acl, 0, sizeof(acl));
	for (unsigned int n = RULE_NUMBER_MIN; n <= RULE_NUMBER_MAX; n++) {
		struct rule r = rule(n, ACTION_ALLOW, 47, 0, 0, "0.0.0.0/0");

		assert_int_equal(acl_add_rule(&acl, OUTBOUND, &r), 0);
	}
	assert_false(advice_missing_rule(&acl.lists[OUTBOUND], OUTBOUND, &reply, NULL, NULL, &out));
	memmove(&acl.lists[OUTBOUND].rules[19999], &acl.lists[OUTBOUND].rules[20000],
		(acl.lists[OUTBOUND].count - 20000) * sizeof(struct rule));
	acl.lists[OUTBOUND].count--;
	assert_true(advice_missing_rule(&acl.lists[OUTBOUND], OUTBOUND, &reply, NULL, NULL, &out));
	assert_int_equal(out.number, 20000);
	acl_fini(&acl);
}

/* A small world, so that rules and packets meet often. */
static struct rule random_rule(unsigned int number)
{
	static const char *const cidrs[] = {"0.0.0.0/0",    "192.0.2.0/24",  "192.0.2.4/30",
					    "192.0.2.5/32", "2001:db8::/32", "2001:db8::5/128"};
	static const int protocols[] = {PROTOCOL_ALL, PROTOCOL_TCP, PROTOCOL_UDP, 47};
	unsigned int first = (unsigned int)rand() % 2000;
	struct rule r = rule(number, rand() % 2 ? ACTION_ALLOW : ACTION_DENY, protocols[rand() % 4],
			     0, 0, cidrs[rand() % 6]);

	if (rule_has_ports(&r)) {
		r.port_first = (uint16_t)first;
		r.port_last = (uint16_t)(first + (unsigned int)rand() % 3000);
	}
	return r;
}

static struct packet random_packet(void)
{
	static const char *const addrs[] = {"192.0.2.5", "192.0.2.9", "203.0.113.1", "2001:db8::5",
					    "2001:db8::6"};
	static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, 47};
	const char *addr = addrs[rand() % 5];
	struct packet packet = tcp(strchr(addr, ':') ? "2001:db8::1" : "198.51.100.1", 443, addr,
				   (unsigned int)rand() % 6000);

	packet.protocol = (uint8_t)protocols[rand() % 3];
	if (packet.protocol == 47)
		packet.l4 = PACKET_L4_NONE;
	return packet;
}

/*
 * What the new rule changes, it changes only for packets that the blocker decided (the implicit
 * deny likewise), as long as its number lies right in front of the blocker.
 */
static void assert_no_other_deny_undone(const struct acl *acl, const struct rule *added,
					unsigned int blocker)
{
	const struct acl_list *list = &acl->lists[OUTBOUND];
	struct acl_list before = {.rules = calloc(list->count, sizeof(struct rule))};

	assert_non_null(before.rules);
	for (size_t i = 0; i < list->count; i++)
		if (list->rules[i].number != added->number)
			before.rules[before.count++] = list->rules[i];
	for (int i = 0; i < 50; i++) {
		struct packet probe = random_packet();
		const struct rule *was = acl_eval(&before, OUTBOUND, &probe);
		const struct rule *is = acl_eval(list, OUTBOUND, &probe);

		if (is && is->number == added->number && (!was || was->action == ACTION_DENY))
			assert_int_equal(was ? was->number : 0, blocker);
	}
	free(before.rules);
}

static void random_lists(void **state)
{
	struct rule request = rule(1, ACTION_ALLOW, PROTOCOL_ALL, 0, 0, "0.0.0.0/0");
	int tried = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		struct acl acl = {0};
		struct packet packet = random_packet();
		unsigned int number = 0, blocker_number;
		const struct rule *blocker;

		for (int i = rand() % 12; i > 0; i--) {
			number += 3 + (unsigned int)rand() % 40;
			add(&acl, random_rule(number));
		}
		blocker = acl_eval(&acl.lists[OUTBOUND], OUTBOUND, &packet);
		if (!blocker || blocker->action == ACTION_DENY) {
			bool v4 = packet.dst.family == FAMILY_IPV4;
			struct rule out;

			blocker_number = blocker ? blocker->number : 0;
			out = advised(&acl, &packet, v4 && rand() % 2 ? &request : NULL);
			assert_no_other_deny_undone(&acl, &out, blocker_number);
			tried++;
		}
		acl_fini(&acl);
	}
	assert_true(tried > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_to_an_ephemeral_port),
		cmocka_unit_test(reply_mirrors_the_request),
		cmocka_unit_test(request_opens_one_door),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(goes_around_a_deny),
		cmocka_unit_test(goes_around_a_deny_with_a_set),
		cmocka_unit_test(numbers),
		cmocka_unit_test(no_number_is_free),
		cmocka_unit_test(random_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

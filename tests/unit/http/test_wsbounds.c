/* SPDX-License-Identifier: MIT */
/* What a WebSocket costs, how long it lives, and who has to wait. */
#include "tests/unit/check.h"

#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "tests/unit/http/wsrig.h"

#define M "\0\0\0\0" /* a mask that changes nothing */

static void
abuse_D03_announced_length_costs_nothing(void **state)
{
	int fds[50];
	struct wsrig a;
	size_t memory;

	(void)state;
	wsrig_start(&a);
	for (int i = 0; i < 50; i++)
		fds[i] = wsrig_open(&a);
	memory = rig_memory();
	for (int i = 0; i < 50; i++)
		rig_send(&a.g, fds[i], "\x82\xfe\xff\xff" M "abc", 11);
	rig_turns(&a.g, 5);
	assert_true((rig_memory() - memory) / 50 < 16384);
	assert_int_equal(a.closed, 0);
	for (int i = 0; i < 50; i++)
		(void)close(fds[i]);
	rig_stop(&a.g);
}

static void
abuse_D03_ping_flood(void **state)
{
	char data[126];
	struct wsrig a;
	int fd;

	(void)state;
	memset(data, 'p', sizeof data);
	wsrig_start(&a);
	fd = wsrig_open(&a);
	/* 8 MB of pings from a peer that reads no answer. */
	for (int i = 0; i < 64000; i++)
		wsrig_put(&a, fd, 0x89, data, 125);
	rig_turns(&a.g, 5);
	assert_non_null(a.ws);
	assert_true(ws_queued(a.ws) < 2 * SERVER_INPUT + 65536);
	/* It is still heard: that is what the answers are dropped for. */
	wsrig_text(&a, fd, 0x81, "interrupt");
	rig_turns(&a.g, 5);
	assert_string_equal(a.last, "interrupt");
	(void)close(fd);
	rig_stop(&a.g);
}

static void
pings_and_dead_peers(void **state)
{
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	for (int i = 0; i < 5; i++) {
		rig_pass(&a.g, 20000);
		assert_true(wsrig_get(&a, fd, &f));
		assert_int_equal(f.first, 0x89);
		wsrig_put(&a, fd, 0x8a, NULL, 0);
		rig_turns(&a.g, 2);
	}
	assert_int_equal(a.closed, 0);
	for (int i = 0; i < 3; i++)
		rig_pass(&a.g, 20000);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 1006);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
paused_input_waits(void **state)
{
	static const char data[1000];
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	a.pause = true;
	a.echo = false;
	fd = wsrig_open(&a);
	wsrig_text(&a, fd, 0x81, "first");
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	wsrig_text(&a, fd, 0x81, "second");
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	/* While paused, silence does not make the peer dead. */
	for (int i = 0; i < 5; i++)
		rig_pass(&a.g, 20000);
	assert_int_equal(a.closed, 0);
	a.pause = false;
	ws_pause(a.ws, false);
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 2);
	assert_string_equal(a.last, "second");
	/* What has come in one piece stops as well, a buffer later. */
	a.pause = true;
	for (int i = 0; i < 20; i++)
		wsrig_put(&a, fd, 0x82, data, sizeof data);
	rig_turns(&a.g, 5);
	assert_in_range(a.messages, 3, 8);
	a.pause = false;
	ws_pause(a.ws, false);
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 22);
	(void)close(fd);
	rig_stop(&a.g);
}

/* A peer that leaves while its input waits is not there for ever. */
static void
abuse_H09_paused_and_left(void **state)
{
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	a.pause = true;
	fd = wsrig_open(&a);
	wsrig_text(&a, fd, 0x81, "first");
	rig_turns(&a.g, 5);
	wsrig_text(&a, fd, 0x81, "second");
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	(void)close(fd);
	rig_pass(&a.g, 1000);
	rig_pass(&a.g, 29000);
	assert_int_equal(a.closed, 0);
	rig_pass(&a.g, 1000);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 1006);
	assert_int_equal(a.messages, 1);
	/* Read again in time, what it said before it left still counts. */
	fd = wsrig_open(&a);
	wsrig_text(&a, fd, 0x81, "first");
	rig_turns(&a.g, 5);
	wsrig_text(&a, fd, 0x81, "second");
	(void)close(fd);
	rig_pass(&a.g, 1000);
	rig_pass(&a.g, 28000);
	a.pause = false;
	ws_pause(a.ws, false);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_string_equal(a.last, "second");
	rig_stop(&a.g);
}

static unsigned
fill(struct wsrig *a, const char *data, size_t len)
{
	unsigned n = 0;

	while (ws_queued(a->ws) < WSRIG_LOW) {
		ws_binary(a->ws, "12345678", 8, data, len);
		rig_turns(&a->g, 2);
		n++;
	}
	return n;
}

static void
abuse_D05_slow_viewer(void **state)
{
	static char data[65000];
	struct wsrig_frame f;
	struct wsrig a;
	unsigned n;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	assert_int_equal(ws_queued(a.ws), 0);
	assert_int_equal(ws_stalled_ms(a.ws), 0);
	n = fill(&a, data, sizeof data);
	assert_int_equal(a.drained, 0);
	rig_pass(&a.g, 9000);
	assert_in_range(ws_stalled_ms(a.ws), 9000, 20000);
	/* It reads again: told once, when half of the mark is reached. */
	while (n-- > 0) {
		assert_true(wsrig_get(&a, fd, &f));
		assert_int_equal(f.len, sizeof data + 8);
		assert_memory_equal(f.data, "12345678", 8);
	}
	rig_turns(&a.g, 2);
	assert_int_equal(a.drained, 1);
	assert_int_equal(ws_queued(a.ws), 0);
	assert_int_equal(ws_stalled_ms(a.ws), 0);
	/* It stops for good. */
	(void)fill(&a, data, sizeof data);
	rig_pass(&a.g, 29000);
	assert_int_equal(a.closed, 0);
	rig_pass(&a.g, 1000);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 1006);
	assert_int_equal(a.g.server->stats.stalled, 1);
	(void)close(fd);
	rig_stop(&a.g);
}

static size_t
length_of(unsigned n)
{
	return 1 + n * 7919 % 65000;
}

/* The kernel takes a part of some message each time, cut anywhere. */
static void
every_byte_once(void **state)
{
	static uint8_t data[65000];
	struct wsrig_frame f;
	struct wsrig a;
	uint32_t sent = 0, got = 0;
	int fd;

	(void)state;
	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	wsrig_start(&a);
	fd = wsrig_open(&a);
	for (unsigned round = 0; round < 20; round++) {
		for (; ws_queued(a.ws) < WSRIG_LOW; sent++) {
			ws_binary(a.ws, &sent, sizeof sent, data,
			    length_of(sent));
			rig_turns(&a.g, sent % 3);
		}
		for (; got < sent; got++) {
			assert_true(wsrig_get(&a, fd, &f));
			assert_int_equal(f.first, 0x82);
			assert_int_equal(f.len, sizeof got + length_of(got));
			assert_memory_equal(f.data, &got, sizeof got);
			assert_memory_equal(f.data + sizeof got, data,
			    length_of(got));
		}
	}
	(void)close(fd);
	rig_stop(&a.g);
}

static void
abuse_D05_deaf_sender(void **state)
{
	static char data[65000];
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	for (int i = 0; i < 1000 && a.ws != NULL; i++) {
		ws_binary(a.ws, "", 0, data, sizeof data);
		assert_true(ws_queued(a.ws) < (1u << 20) + 66000);
		rig_turns(&a.g, 1);
	}
	assert_null(a.ws);
	assert_int_equal(a.g.server->stats.stalled, 1);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
drained_cb(void *arg)
{
	bool *done = arg;

	*done = true;
}

static bool
is_set(void *arg)
{
	bool *done = arg;

	return *done;
}

static void
drain_says_1001(void **state)
{
	bool done = false;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	http_server_drain(a.g.server, 60000, drained_cb, &done);
	rig_turns(&a.g, 3);
	assert_false(done);
	wsrig_put(&a, fd, 0x88, "\x03\xe9", 2);
	wsrig_expect_close(&a, fd, 1001);
	rig_until(&a.g, is_set, &done);
	rig_stop(&a.g);
}

static void
abuse_D06_drop_in_mid_frame(void **state)
{
	static const char *const texts[] = { "", "\x81", "\x81\xfe\x10",
		"\x01\x81\x01\x01\x01\x01x", "\x82\x85\x01\x01\x01\x01xy" };
	struct wsrig a;
	unsigned fds = 0;
	size_t memory = 0;

	(void)state;
	wsrig_start(&a);
	for (unsigned i = 0; i < 2500; i++) {
		int fd = wsrig_open(&a);

		rig_text(&a.g, fd, texts[i % 5]);
		rig_turns(&a.g, i % 2);
		(void)close(fd);
		rig_until(&a.g, wsrig_all_closed, &a);
		if (i == 500) {
			fds = rig_fds();
			memory = rig_memory();
		}
	}
	rig_turns(&a.g, 2);
	assert_int_equal(rig_fds(), fds);
	assert_true(rig_memory() <= memory + 65536);
	assert_int_equal(a.closed, 2500);
	rig_stop(&a.g);
}

static void
idle_sockets_are_small(void **state)
{
	static int fds[500];
	struct wsrig a;
	size_t memory;

	(void)state;
	wsrig_start(&a);
	for (int i = 0; i < 20; i++)
		(void)close(wsrig_open(&a));
	rig_until(&a.g, wsrig_all_closed, &a);
	memory = rig_memory();
	for (int i = 0; i < 500; i++) {
		fds[i] = wsrig_open(&a);
		/* They have all talked once. */
		wsrig_text(&a, fds[i], 0x81, "hello");
		wsrig_expect(&a, fds[i], "hello");
	}
	/* Then been silent for two ticks. */
	rig_pass(&a.g, 1000);
	rig_pass(&a.g, 1000);
	memory = (rig_memory() - memory) / 500;
	print_message("idle websocket: %zu bytes\n", memory);
	assert_true(memory < 4096);
	for (int i = 0; i < 500; i++)
		(void)close(fds[i]);
	rig_stop(&a.g);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_D03_announced_length_costs_nothing),
		cmocka_unit_test(abuse_D03_ping_flood),
		cmocka_unit_test(pings_and_dead_peers),
		cmocka_unit_test(paused_input_waits),
		cmocka_unit_test(abuse_H09_paused_and_left),
		cmocka_unit_test(abuse_D05_slow_viewer),
		cmocka_unit_test(every_byte_once),
		cmocka_unit_test(abuse_D05_deaf_sender),
		cmocka_unit_test(drain_says_1001),
		cmocka_unit_test(abuse_D06_drop_in_mid_frame),
		cmocka_unit_test(idle_sockets_are_small),
	};

	return CHECK_RUN("wsbounds", tests);
}

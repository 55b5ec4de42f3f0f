/* SPDX-License-Identifier: MIT */
/* WebSockets against a client that may do anything a client must not. */
#include "tests/unit/check.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/http/wsrig.h"

static void
messages(void **state)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536 };
	char data[WSRIG_MAX];
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	wsrig_text(&a, fd, 0x81, "gr\xc3\xbc\xc3\x9f");
	wsrig_expect(&a, fd, "gr\xc3\xbc\xc3\x9f");
	for (size_t i = 0; i < WSRIG_MAX; i++)
		data[i] = (char)(i * 31);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		wsrig_put(&a, fd, 0x82, data, sizes[i]);
		assert_true(wsrig_get(&a, fd, &f));
		assert_int_equal(f.first, 0x82);
		assert_int_equal(f.len, sizes[i] + 4);
		assert_memory_equal(f.data, "head", 4);
		assert_memory_equal(f.data + 4, data, sizes[i]);
	}
	wsrig_put(&a, fd, 0x88,
	    "\x03\xe8"
	    "bye",
	    5);
	wsrig_expect_close(&a, fd, 1000);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
}

static void
fragments_and_pings_between(void **state)
{
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	wsrig_text(&a, fd, 0x01, "one ");
	wsrig_text(&a, fd, 0x89, "ping");
	assert_true(wsrig_get(&a, fd, &f));
	assert_int_equal(f.first, 0x8a);
	assert_string_equal(f.data, "ping");
	assert_int_equal(a.messages, 0);
	wsrig_text(&a, fd, 0x00, "two ");
	wsrig_text(&a, fd, 0x8a, "a pong nobody asked for");
	wsrig_text(&a, fd, 0x80, "three");
	wsrig_expect(&a, fd, "one two three");
	assert_int_equal(a.messages, 1);
	/* A character cut between two frames is whole in the message. */
	wsrig_text(&a, fd, 0x01, "\xc3");
	wsrig_text(&a, fd, 0x80, "\xbc");
	wsrig_expect(&a, fd, "\xc3\xbc");
	(void)close(fd);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 1006);
	rig_stop(&a.g);
}

static void
bytes_one_at_a_time(void **state)
{
	static const uint8_t raw[] = { 0x81, 0x83, 0, 0, 0, 0, 'a', 'b', 'c',
		0x82, 0x80, 0, 0, 0, 0 };
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	for (size_t i = 0; i < sizeof raw; i++) {
		assert_int_equal(a.messages, i < 9 ? 0 : 1);
		rig_send(&a.g, fd, raw + i, 1);
		rig_turns(&a.g, 1);
	}
	wsrig_expect(&a, fd, "abc");
	assert_true(wsrig_get(&a, fd, &f));
	assert_int_equal(f.len, 4);
	(void)close(fd);
	rig_stop(&a.g);
}

/* The first frames may come in one packet with the handshake. */
static void
early_frames(void **state)
{
	static const char frame[] = "\x81\x81\0\0\0\0x";
	char both[400];
	size_t n = strlen(wsrig_handshake);
	struct rig_answer r;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = rig_connect(&a.g);
	memcpy(both, wsrig_handshake, n);
	memcpy(both + n, frame, sizeof frame - 1);
	rig_send(&a.g, fd, both, n + sizeof frame - 1);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 101);
	wsrig_expect(&a, fd, "x");
	(void)close(fd);
	rig_stop(&a.g);
}

struct wrong {
	const char *raw;
	size_t len;
	unsigned code;
};

#define WRONG(raw, code)                  \
	{                                 \
		raw, sizeof raw - 1, code \
	}
#define M "\0\0\0\0" /* a mask that changes nothing */

static void
abuse_D03_wrong_frames(void **state)
{
	static const struct wrong wrongs[] = {
		WRONG("\x81\x01"
		      "a",
		    1002),		       /* not masked */
		WRONG("\x89\x00", 1002),       /* not masked either */
		WRONG("\x80\x81" M "a", 1002), /* continues nothing */
		WRONG("\x00\x81" M "a", 1002),
		WRONG("\x01\x81" M "a\x81\x81" M "b", 1002), /* not finished */
		WRONG("\x09\x80" M, 1002), /* fragmented control frames */
		WRONG("\x08\x80" M, 1002),
		WRONG("\x89\xfe\x00\x7e" M, 1002), /* of 126 bytes */
		WRONG("\xc1\x81" M "a", 1002),	   /* reserved bits */
		WRONG("\xa1\x81" M "a", 1002),
		WRONG("\x91\x81" M "a", 1002),
		WRONG("\x83\x80" M, 1002), /* reserved opcodes */
		WRONG("\x8b\x80" M, 1002),
		WRONG("\x81\xff\x80\0\0\0\0\0\0\0" M, 1002), /* 2^63 */
		WRONG("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff" M "a", 1009),
		WRONG("\x82\xff\0\0\0\0\0\1\0\1" M "a", 1009), /* 65537 */
		WRONG("\x81\x82" M "\xc3\x28", 1007),	       /* not UTF-8 */
		WRONG("\x81\x83" M "\xed\xa0\x80", 1007),
		WRONG("\x81\x81" M "\xc3", 1007),
		WRONG("\x88\x84" M "\x03\xe8\xc3\x28", 1007), /* its reason */
		WRONG("\x88\x81" M "\x03", 1002),	      /* half a code */
		WRONG("\x88\x82" M "\x03\xed", 1002), /* 1005 is not sent */
		WRONG("\x88\x82" M "\x00\x00", 1002),
	};
	struct wsrig a;
	int other;

	(void)state;
	wsrig_start(&a);
	other = wsrig_open(&a);
	a.keep = 1;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		int fd = wsrig_open(&a);

		a.messages = 0;
		rig_send(&a.g, fd, wrongs[i].raw, wrongs[i].len);
		/* The only message that arrives is the good one. */
		wsrig_text(&a, other, 0x81, "control");
		wsrig_expect(&a, other, "control");
		wsrig_expect_close(&a, fd, wrongs[i].code);
		assert_int_equal(a.messages, 1);
	}
	(void)close(other);
	rig_stop(&a.g);
}

static void
abuse_D03_too_big_in_pieces(void **state)
{
	char data[40000];
	struct wsrig a;
	int fd;

	(void)state;
	memset(data, 'x', sizeof data);
	wsrig_start(&a);
	fd = wsrig_open(&a);
	wsrig_put(&a, fd, 0x01, data, 40000);
	wsrig_put(&a, fd, 0x00, data, 25536);
	wsrig_put(&a, fd, 0x80, data, 0);
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	assert_int_equal(a.len, WSRIG_MAX);
	(void)close(fd);
	rig_until(&a.g, wsrig_all_closed, &a);
	fd = wsrig_open(&a);
	wsrig_put(&a, fd, 0x01, data, 40000);
	wsrig_put(&a, fd, 0x00, data, 25537);
	wsrig_expect_close(&a, fd, 1009);
	assert_int_equal(a.messages, 1);
	rig_stop(&a.g);
}

/* No memory for what a header announces, only for what has come. */
static void
we_close_first(void **state)
{
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	wsrig_start(&a);
	fd = wsrig_open(&a);
	ws_close(a.ws, 4004, "session closed");
	ws_close(a.ws, 4008, "a second one counts for nothing");
	ws_text(a.ws, "neither", 7);
	assert_true(wsrig_get(&a, fd, &f));
	assert_int_equal(f.first, 0x88);
	assert_string_equal(f.data + 2, "session closed");
	wsrig_text(&a, fd, 0x81, "too late");
	wsrig_put(&a, fd, 0x88, "\x0f\xa4", 2);
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 4004);
	assert_int_equal(a.messages, 0);
	/* A peer that does not answer has five seconds. */
	fd = wsrig_open(&a);
	ws_close(a.ws, 1013, "");
	assert_true(wsrig_get(&a, fd, &f));
	rig_pass(&a.g, 4000);
	assert_int_equal(a.closed, 1);
	rig_pass(&a.g, 1000);
	rig_until(&a.g, wsrig_all_closed, &a);
	assert_int_equal(a.code, 1013);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
close_reason_is_cut_between_characters(void **state)
{
	char reason[200] = "";
	struct wsrig_frame f;
	struct wsrig a;
	int fd;

	(void)state;
	memset(reason, 'a', 122);
	memcpy(reason + 122, "\xc3\xbc...", 6);
	wsrig_start(&a);
	fd = wsrig_open(&a);
	ws_close(a.ws, 1011, reason);
	assert_true(wsrig_get(&a, fd, &f));
	assert_int_equal(f.len, 2 + 122);
	(void)close(fd);
	rig_stop(&a.g);
}

/* Fills the queue until it stays full; returns the frames sent. */
/* A sender that never looks at ws_queued() cannot eat the memory either. */
int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(fragments_and_pings_between),
		cmocka_unit_test(bytes_one_at_a_time),
		cmocka_unit_test(early_frames),
		cmocka_unit_test(abuse_D03_wrong_frames),
		cmocka_unit_test(abuse_D03_too_big_in_pieces),
		cmocka_unit_test(we_close_first),
		cmocka_unit_test(close_reason_is_cut_between_characters),
	};

	return CHECK_RUN("ws", tests);
}

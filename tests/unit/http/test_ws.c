/* SPDX-License-Identifier: MIT */
/* WebSockets against a client that may do anything a client must not. */
#include "tests/unit/check.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "daemon/http/ws.h"
#include "tests/unit/http/rig.h"

#define MAX 65536u
#define LOW 262144u

#define OPEN                                                             \
	"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"            \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                \
	"Sec-WebSocket-Protocol: other, rdv.v1\r\n\r\n"

struct app {
	struct rig g;
	struct ws *ws; /* the newest */
	bool echo, pause;
	unsigned messages, drained, closed, code;
	unsigned keep; /* sockets that stay open */
	bool text;
	char last[MAX + 1];
	size_t len;
};

static void
on_message(struct ws *ws, bool text, const uint8_t *p, size_t len, void *arg)
{
	struct app *a = arg;

	a->messages++;
	a->text = text;
	a->len = len;
	memcpy(a->last, p, len);
	a->last[len] = '\0';
	if (a->pause)
		ws_pause(ws, true);
	if (a->echo && text)
		ws_text(ws, (const char *)p, len);
	else if (a->echo)
		ws_binary(ws, "head", 4, p, len);
}

static void
on_drained(struct ws *ws, void *arg)
{
	struct app *a = arg;

	a->drained++;
	assert_true(ws_queued(ws) < LOW / 2);
}

static void
on_closed(struct ws *ws, unsigned code, void *arg)
{
	struct app *a = arg;

	a->closed++;
	a->code = code;
	if (a->ws == ws)
		a->ws = NULL;
}

static const struct ws_ops ops = { on_message, on_drained, on_closed };

static void
dispatch(struct http_req *r, void *arg)
{
	struct app *a = arg;
	const struct ws_conf conf = {
		.subprotocol = ws_offers(r, "rdv.v1") ? "rdv.v1" : NULL,
		.max = MAX,
		.low = LOW,
	};

	assert_true(r->websocket);
	assert_true(ws_offers(r, "other"));
	assert_false(ws_offers(r, "RDV.v1") || ws_offers(r, "rdv"));
	a->ws = ws_accept(r, &conf, &ops, a);
	assert_non_null(a->ws);
}

static void
start(struct app *a)
{
	memset(a, 0, sizeof *a);
	a->echo = true;
	rig_start(&a->g, NULL, dispatch, a);
}

static int
ws_open(struct app *a)
{
	struct rig_answer r;
	int fd = rig_connect(&a->g);

	rig_text(&a->g, fd, OPEN);
	rig_get(&a->g, fd, &r);
	assert_int_equal(r.status, 101);
	assert_string_equal(rig_field(&r, "Sec-WebSocket-Accept"),
	    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_string_equal(rig_field(&r, "Upgrade"), "websocket");
	assert_string_equal(rig_field(&r, "Connection"), "Upgrade");
	assert_string_equal(rig_field(&r, "Sec-WebSocket-Protocol"), "rdv.v1");
	assert_null(rig_field(&r, "Content-Length"));
	return fd;
}

/* One frame as a client sends it; `first` is FIN, RSV and the opcode. */
static void
put_frame(struct app *a, int fd, uint8_t first, const void *p, size_t len)
{
	static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	uint8_t out[MAX + 100], *q = out;
	const uint8_t *in = p;

	*q++ = first;
	if (len < 126) {
		*q++ = (uint8_t)(0x80 | len);
	} else if (len < 65536) {
		*q++ = 0x80 | 126;
		*q++ = (uint8_t)(len >> 8);
		*q++ = (uint8_t)len;
	} else {
		memcpy(q, "\xff\0\0\0\0\0", 6);
		q += 6;
		*q++ = (uint8_t)(len >> 16);
		*q++ = (uint8_t)(len >> 8);
		*q++ = (uint8_t)len;
	}
	memcpy(q, mask, 4);
	q += 4;
	for (size_t i = 0; i < len; i++)
		*q++ = in[i] ^ mask[i % 4];
	rig_send(&a->g, fd, out, (size_t)(q - out));
}

static void
put_text(struct app *a, int fd, uint8_t first, const char *text)
{
	put_frame(a, fd, first, text, strlen(text));
}

struct frame {
	uint8_t first;
	size_t len;
	char data[MAX + 16];
};

static bool
get_frame(struct app *a, int fd, struct frame *f)
{
	uint8_t h[2], l[8] = { 0 };
	unsigned n;

	if (!rig_read(&a->g, fd, h, 2))
		return false;
	f->first = h[0];
	assert_int_equal(h[1] & 0x80, 0); /* servers do not mask */
	n = h[1] == 126 ? 2 : h[1] == 127 ? 8 : 0;
	f->len = h[1];
	assert_true(rig_read(&a->g, fd, l, n));
	for (unsigned i = 0; i < n; i++)
		f->len = (i == 0 ? 0 : f->len << 8) | l[i];
	assert_true(f->len < sizeof f->data);
	assert_true(rig_read(&a->g, fd, f->data, f->len));
	f->data[f->len] = '\0';
	return true;
}

static void
expect_text(struct app *a, int fd, const char *text)
{
	struct frame f;

	assert_true(get_frame(a, fd, &f));
	assert_int_equal(f.first, 0x81);
	assert_string_equal(f.data, text);
}

static bool
all_closed(void *arg)
{
	struct app *a = arg;

	return a->g.server->stats.websockets == a->keep;
}

/* The server says `code`, ends, and tells its user the same. */
static void
expect_close(struct app *a, int fd, unsigned code)
{
	struct frame f;

	assert_true(get_frame(a, fd, &f));
	assert_int_equal(f.first, 0x88);
	assert_true(f.len >= 2);
	assert_int_equal((uint8_t)f.data[0] << 8 | (uint8_t)f.data[1], code);
	rig_expect_end(&a->g, fd);
	rig_until(&a->g, all_closed, a);
	assert_int_equal(a->code, code);
}

static void
messages(void **state)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536 };
	char data[MAX];
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	put_text(&a, fd, 0x81, "gr\xc3\xbc\xc3\x9f");
	expect_text(&a, fd, "gr\xc3\xbc\xc3\x9f");
	for (size_t i = 0; i < MAX; i++)
		data[i] = (char)(i * 31);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		put_frame(&a, fd, 0x82, data, sizes[i]);
		assert_true(get_frame(&a, fd, &f));
		assert_int_equal(f.first, 0x82);
		assert_int_equal(f.len, sizes[i] + 4);
		assert_memory_equal(f.data, "head", 4);
		assert_memory_equal(f.data + 4, data, sizes[i]);
	}
	put_frame(&a, fd, 0x88,
	    "\x03\xe8"
	    "bye",
	    5);
	expect_close(&a, fd, 1000);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
}

static void
fragments_and_pings_between(void **state)
{
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	put_text(&a, fd, 0x01, "one ");
	put_text(&a, fd, 0x89, "ping");
	assert_true(get_frame(&a, fd, &f));
	assert_int_equal(f.first, 0x8a);
	assert_string_equal(f.data, "ping");
	assert_int_equal(a.messages, 0);
	put_text(&a, fd, 0x00, "two ");
	put_text(&a, fd, 0x8a, "a pong nobody asked for");
	put_text(&a, fd, 0x80, "three");
	expect_text(&a, fd, "one two three");
	assert_int_equal(a.messages, 1);
	/* A character cut between two frames is whole in the message. */
	put_text(&a, fd, 0x01, "\xc3");
	put_text(&a, fd, 0x80, "\xbc");
	expect_text(&a, fd, "\xc3\xbc");
	(void)close(fd);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.code, 1006);
	rig_stop(&a.g);
}

static void
bytes_one_at_a_time(void **state)
{
	static const uint8_t raw[] = { 0x81, 0x83, 0, 0, 0, 0, 'a', 'b', 'c',
		0x82, 0x80, 0, 0, 0, 0 };
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	for (size_t i = 0; i < sizeof raw; i++) {
		assert_int_equal(a.messages, i < 9 ? 0 : 1);
		rig_send(&a.g, fd, raw + i, 1);
		rig_turns(&a.g, 1);
	}
	expect_text(&a, fd, "abc");
	assert_true(get_frame(&a, fd, &f));
	assert_int_equal(f.len, 4);
	(void)close(fd);
	rig_stop(&a.g);
}

/* The first frames may come in one packet with the handshake. */
static void
early_frames(void **state)
{
	static const char both[] = OPEN "\x81\x81\0\0\0\0x";
	struct rig_answer r;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = rig_connect(&a.g);
	rig_send(&a.g, fd, both, sizeof both - 1);
	rig_get(&a.g, fd, &r);
	assert_int_equal(r.status, 101);
	expect_text(&a, fd, "x");
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
	struct app a;
	int other;

	(void)state;
	start(&a);
	other = ws_open(&a);
	a.keep = 1;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		int fd = ws_open(&a);

		a.messages = 0;
		rig_send(&a.g, fd, wrongs[i].raw, wrongs[i].len);
		/* The only message that arrives is the good one. */
		put_text(&a, other, 0x81, "control");
		expect_text(&a, other, "control");
		expect_close(&a, fd, wrongs[i].code);
		assert_int_equal(a.messages, 1);
	}
	(void)close(other);
	rig_stop(&a.g);
}

static void
abuse_D03_too_big_in_pieces(void **state)
{
	char data[40000];
	struct app a;
	int fd;

	(void)state;
	memset(data, 'x', sizeof data);
	start(&a);
	fd = ws_open(&a);
	put_frame(&a, fd, 0x01, data, 40000);
	put_frame(&a, fd, 0x00, data, 25536);
	put_frame(&a, fd, 0x80, data, 0);
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	assert_int_equal(a.len, MAX);
	(void)close(fd);
	rig_until(&a.g, all_closed, &a);
	fd = ws_open(&a);
	put_frame(&a, fd, 0x01, data, 40000);
	put_frame(&a, fd, 0x00, data, 25537);
	expect_close(&a, fd, 1009);
	assert_int_equal(a.messages, 1);
	rig_stop(&a.g);
}

/* No memory for what a header announces, only for what has come. */
static void
abuse_D03_announced_length_costs_nothing(void **state)
{
	int fds[50];
	struct app a;
	size_t memory;

	(void)state;
	start(&a);
	for (int i = 0; i < 50; i++)
		fds[i] = ws_open(&a);
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
	struct app a;
	int fd;

	(void)state;
	memset(data, 'p', sizeof data);
	start(&a);
	fd = ws_open(&a);
	/* 8 MB of pings from a peer that reads no answer. */
	for (int i = 0; i < 64000; i++)
		put_frame(&a, fd, 0x89, data, 125);
	rig_turns(&a.g, 5);
	assert_non_null(a.ws);
	assert_true(ws_queued(a.ws) < 2 * SERVER_INPUT + 65536);
	/* It is still heard: that is what the answers are dropped for. */
	put_text(&a, fd, 0x81, "interrupt");
	rig_turns(&a.g, 5);
	assert_string_equal(a.last, "interrupt");
	(void)close(fd);
	rig_stop(&a.g);
}

static void
pings_and_dead_peers(void **state)
{
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	for (int i = 0; i < 5; i++) {
		rig_pass(&a.g, 20000);
		assert_true(get_frame(&a, fd, &f));
		assert_int_equal(f.first, 0x89);
		put_frame(&a, fd, 0x8a, NULL, 0);
		rig_turns(&a.g, 2);
	}
	assert_int_equal(a.closed, 0);
	for (int i = 0; i < 3; i++)
		rig_pass(&a.g, 20000);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.code, 1006);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
we_close_first(void **state)
{
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	ws_close(a.ws, 4004, "session closed");
	ws_close(a.ws, 4008, "a second one counts for nothing");
	ws_text(a.ws, "neither", 7);
	assert_true(get_frame(&a, fd, &f));
	assert_int_equal(f.first, 0x88);
	assert_string_equal(f.data + 2, "session closed");
	put_text(&a, fd, 0x81, "too late");
	put_frame(&a, fd, 0x88, "\x0f\xa4", 2);
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.code, 4004);
	assert_int_equal(a.messages, 0);
	/* A peer that does not answer has five seconds. */
	fd = ws_open(&a);
	ws_close(a.ws, 1013, "");
	assert_true(get_frame(&a, fd, &f));
	rig_pass(&a.g, 4000);
	assert_int_equal(a.closed, 1);
	rig_pass(&a.g, 1000);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.code, 1013);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
close_reason_is_cut_between_characters(void **state)
{
	char reason[200] = "";
	struct frame f;
	struct app a;
	int fd;

	(void)state;
	memset(reason, 'a', 122);
	memcpy(reason + 122, "\xc3\xbc...", 6);
	start(&a);
	fd = ws_open(&a);
	ws_close(a.ws, 1011, reason);
	assert_true(get_frame(&a, fd, &f));
	assert_int_equal(f.len, 2 + 122);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
paused_input_waits(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a);
	a.pause = true;
	a.echo = false;
	fd = ws_open(&a);
	put_text(&a, fd, 0x81, "first");
	rig_turns(&a.g, 5);
	assert_int_equal(a.messages, 1);
	put_text(&a, fd, 0x81, "second");
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
	(void)close(fd);
	rig_stop(&a.g);
}

/* Fills the queue until it stays full; returns the frames sent. */
static unsigned
fill(struct app *a, const char *data, size_t len)
{
	unsigned n = 0;

	while (ws_queued(a->ws) < LOW) {
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
	struct frame f;
	struct app a;
	unsigned n;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	assert_int_equal(ws_queued(a.ws), 0);
	assert_int_equal(ws_stalled_ms(a.ws), 0);
	n = fill(&a, data, sizeof data);
	assert_int_equal(a.drained, 0);
	rig_pass(&a.g, 9000);
	assert_in_range(ws_stalled_ms(a.ws), 9000, 20000);
	/* It reads again: told once, when half of the mark is reached. */
	while (n-- > 0) {
		assert_true(get_frame(&a, fd, &f));
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
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.code, 1006);
	assert_int_equal(a.g.server->stats.stalled, 1);
	(void)close(fd);
	rig_stop(&a.g);
}

/* A sender that never looks at ws_queued() cannot eat the memory either. */
static void
abuse_D05_deaf_sender(void **state)
{
	static char data[65000];
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	for (int i = 0; i < 1000 && a.ws != NULL; i++) {
		ws_binary(a.ws, "", 0, data, sizeof data);
		assert_true(ws_queued(a.ws) < (17u << 20));
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
	struct app a;
	int fd;

	(void)state;
	start(&a);
	fd = ws_open(&a);
	http_server_drain(a.g.server, 60000, drained_cb, &done);
	rig_turns(&a.g, 3);
	assert_false(done);
	put_frame(&a, fd, 0x88, "\x03\xe9", 2);
	expect_close(&a, fd, 1001);
	rig_until(&a.g, is_set, &done);
	rig_stop(&a.g);
}

static void
abuse_D06_drop_in_mid_frame(void **state)
{
	static const char *const texts[] = { "", "\x81", "\x81\xfe\x10",
		"\x01\x81\x01\x01\x01\x01x", "\x82\x85\x01\x01\x01\x01xy" };
	struct app a;
	unsigned fds = 0;
	size_t memory = 0;

	(void)state;
	start(&a);
	for (unsigned i = 0; i < 2500; i++) {
		int fd = ws_open(&a);

		rig_text(&a.g, fd, texts[i % 5]);
		rig_turns(&a.g, i % 2);
		(void)close(fd);
		rig_until(&a.g, all_closed, &a);
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
	struct app a;
	size_t memory;

	(void)state;
	start(&a);
	for (int i = 0; i < 20; i++)
		(void)close(ws_open(&a));
	rig_until(&a.g, all_closed, &a);
	memory = rig_memory();
	for (int i = 0; i < 500; i++) {
		fds[i] = ws_open(&a);
		/* They have all talked once. */
		put_text(&a, fds[i], 0x81, "hello");
		expect_text(&a, fds[i], "hello");
	}
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
		cmocka_unit_test(messages),
		cmocka_unit_test(fragments_and_pings_between),
		cmocka_unit_test(bytes_one_at_a_time),
		cmocka_unit_test(early_frames),
		cmocka_unit_test(abuse_D03_wrong_frames),
		cmocka_unit_test(abuse_D03_too_big_in_pieces),
		cmocka_unit_test(abuse_D03_announced_length_costs_nothing),
		cmocka_unit_test(abuse_D03_ping_flood),
		cmocka_unit_test(pings_and_dead_peers),
		cmocka_unit_test(we_close_first),
		cmocka_unit_test(close_reason_is_cut_between_characters),
		cmocka_unit_test(paused_input_waits),
		cmocka_unit_test(abuse_D05_slow_viewer),
		cmocka_unit_test(abuse_D05_deaf_sender),
		cmocka_unit_test(drain_says_1001),
		cmocka_unit_test(abuse_D06_drop_in_mid_frame),
		cmocka_unit_test(idle_sockets_are_small),
	};

	return CHECK_RUN("ws", tests);
}

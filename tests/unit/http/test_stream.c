/* SPDX-License-Identifier: MIT */
/* Answers without end: their bytes, their heartbeat, their bounds. */
#include "tests/unit/check.h"

#include <sys/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "daemon/http/stream.h"
#include "tests/unit/http/rig.h"

#define GET "GET /s HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define SSE "text/event-stream"

struct app {
	struct rig g;
	const char *type;
	struct stream *s; /* the newest */
	unsigned drained, closed;
	bool refill; /* from drained(), as a cursor does */
	unsigned refills;
	struct http_req *held;
	bool hold;
};

static char block[50000];

static void
on_drained(struct stream *s, void *arg)
{
	struct app *a = arg;

	a->drained++;
	assert_int_equal(stream_queued(s), 0);
	if (a->refill && a->refills > 0) {
		a->refills--;
		stream_write(s, block, sizeof block);
	}
}

static void
on_closed(struct stream *s, void *arg)
{
	struct app *a = arg;

	a->closed++;
	if (a->s == s)
		a->s = NULL;
}

static const struct stream_ops ops = { on_drained, on_closed };

static void
dispatch(struct http_req *r, void *arg)
{
	struct app *a = arg;

	if (a->hold) {
		a->held = r;
		return;
	}
	a->s = stream_open(r, a->type, &ops, a);
	assert_non_null(a->s);
}

static bool
is_held(void *arg)
{
	struct app *a = arg;

	return a->held != NULL;
}

static bool
all_closed(void *arg)
{
	struct app *a = arg;

	return a->g.server->stats.streams == 0;
}

static void
start(struct app *a, const char *type)
{
	memset(a, 0, sizeof *a);
	a->type = type;
	rig_start(&a->g, NULL, dispatch, a);
}

static int
get_stream(struct app *a)
{
	struct rig_answer r;
	int fd = rig_connect(&a->g);

	rig_text(&a->g, fd, GET);
	rig_get(&a->g, fd, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(rig_field(&r, "Content-Type"), a->type);
	assert_string_equal(rig_field(&r, "Transfer-Encoding"), "chunked");
	assert_string_equal(rig_field(&r, "X-Accel-Buffering"), "no");
	assert_null(rig_field(&r, "Content-Length"));
	return fd;
}

static void
expect(struct app *a, int fd, const char *text)
{
	char got[256] = "";

	assert_true(rig_read(&a->g, fd, got, strlen(text)));
	assert_string_equal(got, text);
}

static void
chunks_and_the_end(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	fd = get_stream(&a);
	stream_write(a.s, "id: 1\ndata: x\n\n", 15);
	stream_write(a.s, "", 0); /* must not end it */
	/* What comes behind the first of a turn is gathered. */
	assert_int_equal(stream_queued(a.s), 0);
	stream_write(a.s, "0123456789abcdef", 16);
	assert_int_equal(stream_queued(a.s), 22);
	expect(&a, fd, "f\r\nid: 1\ndata: x\n\n\r\n10\r\n0123456789abcdef\r\n");
	assert_int_equal(stream_queued(a.s), 0);
	assert_true(a.drained > 0);
	stream_close(a.s);
	stream_close(a.s);
	stream_write(a.s, "late", 4);
	assert_int_equal(a.closed, 0); /* never from within the call */
	expect(&a, fd, "0\r\n\r\n");
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
}

static void
heartbeats(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	fd = get_stream(&a);
	rig_pass(&a.g, 14000);
	assert_int_equal(stream_queued(a.s), 0);
	stream_write(a.s, "x", 1);
	expect(&a, fd, "1\r\nx\r\n");
	/* Counted from the last byte, not from the last heartbeat. */
	rig_pass(&a.g, 14000);
	rig_pass(&a.g, 1000);
	expect(&a, fd, "4\r\n: \n\n\r\n");
	rig_pass(&a.g, 15000);
	expect(&a, fd, "4\r\n: \n\n\r\n");
	(void)close(fd);
	rig_until(&a.g, all_closed, &a);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
	start(&a, "application/x-ndjson");
	fd = get_stream(&a);
	rig_pass(&a.g, 15000);
	expect(&a, fd, "1\r\n\n\r\n");
	(void)close(fd);
	rig_stop(&a.g);
	/* The bytes of a log are the bytes of the log. */
	start(&a, "application/octet-stream");
	fd = get_stream(&a);
	rig_pass(&a.g, 15000);
	assert_int_equal(stream_queued(a.s), 0);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
abuse_D05_reader_that_stops(void **state)
{
	struct app a;
	int slow, good;

	(void)state;
	start(&a, SSE);
	good = get_stream(&a);
	slow = get_stream(&a);
	while (stream_queued(a.s) < 200000) {
		stream_write(a.s, block, sizeof block);
		rig_turns(&a.g, 2);
	}
	rig_pass(&a.g, 20000);
	expect(&a, good, "4\r\n: \n\n\r\n");
	assert_int_equal(a.closed, 0);
	rig_pass(&a.g, 10000);
	rig_turns(&a.g, 2);
	assert_int_equal(a.closed, 1);
	assert_int_equal(a.g.server->stats.stalled, 1);
	assert_int_equal(a.g.server->stats.streams, 1);
	(void)close(slow);
	(void)close(good);
	rig_stop(&a.g);
}

/* A writer that fills up whenever there is room: all of it, in order. */
static void
cursor_style_writer(void **state)
{
	static char in[50000];
	struct app a;
	char head[6];
	int fd;

	(void)state;
	start(&a, SSE);
	a.refill = true;
	a.refills = 99;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)('a' + i % 23);
	fd = get_stream(&a);
	stream_write(a.s, block, sizeof block);
	for (int i = 0; i < 100; i++) {
		assert_true(rig_read(&a.g, fd, head, 6));
		assert_memory_equal(head, "c350\r\n", 6);
		assert_true(rig_read(&a.g, fd, in, sizeof in));
		assert_memory_equal(in, block, sizeof in);
		assert_true(rig_read(&a.g, fd, head, 2));
	}
	assert_int_equal(a.refills, 0);
	(void)close(fd);
	rig_stop(&a.g);
}

static void
abuse_D05_deaf_writer(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	fd = get_stream(&a);
	for (int i = 0; i < 1000 && a.s != NULL; i++) {
		assert_true(stream_queued(a.s) < (17u << 20));
		stream_write(a.s, block, sizeof block);
		rig_turns(&a.g, 1);
	}
	assert_null(a.s);
	(void)close(fd);
	rig_stop(&a.g);
}

/* What the client says meanwhile is no request any more. */
static void
input_counts_for_nothing(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	fd = get_stream(&a);
	for (int i = 0; i < 10; i++)
		rig_text(&a.g, fd, GET);
	rig_turns(&a.g, 3);
	assert_int_equal(a.g.server->stats.requests, 1);
	stream_write(a.s, "x", 1);
	expect(&a, fd, "1\r\nx\r\n");
	(void)close(fd);
	rig_stop(&a.g);
}

static void
client_gone_before_it_opens(void **state)
{
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	a.hold = true;
	fd = rig_connect(&a.g);
	rig_text(&a.g, fd, GET);
	rig_until(&a.g, is_held, &a);
	(void)close(fd);
	rig_turns(&a.g, 3);
	assert_null(a.held->conn);
	assert_null(stream_open(a.held, SSE, &ops, &a));
	assert_int_equal(a.closed, 0);
	assert_int_equal(a.g.server->stats.requests_pending, 0);
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
drain_ends_streams_cleanly(void **state)
{
	bool done = false;
	struct app a;
	int fd;

	(void)state;
	start(&a, SSE);
	fd = get_stream(&a);
	http_server_drain(a.g.server, 60000, drained_cb, &done);
	expect(&a, fd, "0\r\n\r\n");
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, is_set, &done);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
}

/* Half of a log must not look like the whole of it. */
static void
drain_breaks_bytes_off(void **state)
{
	bool done = false;
	struct app a;
	int fd;

	(void)state;
	start(&a, "application/octet-stream");
	fd = get_stream(&a);
	stream_write(a.s, "hello", 5);
	expect(&a, fd, "5\r\nhello\r\n");
	http_server_drain(a.g.server, 60000, drained_cb, &done);
	rig_expect_end(&a.g, fd);
	rig_until(&a.g, is_set, &done);
	assert_int_equal(a.closed, 1);
	rig_stop(&a.g);
}

static void
idle_streams_are_small(void **state)
{
	static int fds[400];
	struct app a;
	size_t memory;

	(void)state;
	start(&a, SSE);
	(void)close(get_stream(&a));
	rig_until(&a.g, all_closed, &a);
	memory = rig_memory();
	for (int i = 0; i < 400; i++) {
		fds[i] = get_stream(&a);
		stream_write(a.s, "hello", 5);
		expect(&a, fds[i], "5\r\nhello\r\n");
	}
	memory = (rig_memory() - memory) / 400;
	print_message("idle stream: %zu bytes\n", memory);
	assert_true(memory < 4096);
	for (int i = 0; i < 400; i++)
		(void)close(fds[i]);
	rig_stop(&a.g);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_and_the_end),
		cmocka_unit_test(heartbeats),
		cmocka_unit_test(abuse_D05_reader_that_stops),
		cmocka_unit_test(cursor_style_writer),
		cmocka_unit_test(abuse_D05_deaf_writer),
		cmocka_unit_test(input_counts_for_nothing),
		cmocka_unit_test(client_gone_before_it_opens),
		cmocka_unit_test(drain_ends_streams_cleanly),
		cmocka_unit_test(drain_breaks_bytes_off),
		cmocka_unit_test(idle_streams_are_small),
	};

	return CHECK_RUN("stream", tests);
}

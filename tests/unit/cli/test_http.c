/* SPDX-License-Identifier: MIT */
/*
 * Responses in pieces: the same answer whatever the cuts, nothing taken that
 * belongs to the next protocol, and lies found.
 */
#include <stdio.h>
#include <string.h>

#include "cli/http.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "tests/unit/check.h"

static bool
keep_cb(const char *p, size_t len, void *arg)
{
	buf_put(arg, p, len);
	return true;
}

/* Feeds `text` in pieces of `step` bytes, then end of file. */
static int
feed(struct http *h, const char *text, size_t len, size_t step)
{
	size_t used, n;
	int rc = 0;

	while (len > 0 && rc == 0) {
		n = len < step ? len : step;
		rc = http_feed(h, text, n, &used);
		text += n;
		len -= n;
	}
	return rc == 0 ? http_feed(h, text, 0, &used) : rc;
}

static void
expect(const char *text, int status, const char *body)
{
	struct http *h;
	struct buf b;
	size_t step;

	for (step = 1; step <= strlen(text); step++) {
		buf_init(&b, 65536);
		h = http_new(keep_cb, &b);
		assert_int_equal(feed(h, text, strlen(text), step),
		    RDV_E_EXISTS);
		assert_int_equal(http_status(h), status);
		assert_string_equal(buf_cstr(&b), body);
		http_free(h);
		buf_done(&b);
	}
}

static void
bodies_of_every_kind(void **state)
{
	(void)state;
	expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200,
	    "hello");
	expect("HTTP/1.1 204 No\r\n\r\n", 204, "");
	expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	    200, "abcde");
	/* Without a length the end of the connection is the end. */
	expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nrest", 200, "rest");
	expect("HTTP/1.1 100 Continue\r\n\r\n"
	       "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx",
	    201, "x");
}

static void
headers_are_kept(void **state)
{
	const char *text = "HTTP/1.1 429 Slow\r\nRETRY-after: 7\r\n"
			   "X-Other: y\r\nContent-Type: application/json\r\n"
			   "Content-Length: 0\r\n\r\n";
	struct http *h;
	size_t step;

	(void)state;
	for (step = 1; step < 40; step++) {
		h = http_new(NULL, NULL);
		assert_int_equal(feed(h, text, strlen(text), step),
		    RDV_E_EXISTS);
		assert_string_equal(http_header(h, "retry-after"), "7");
		assert_string_equal(http_header(h, "content-type"),
		    "application/json");
		assert_string_equal(http_header(h, "x-other"), "");
		http_free(h);
	}
}

static void
a_switch_leaves_the_rest(void **state)
{
	const char text[] = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n"
			    "Connection: Upgrade\r\n\r\n\x82\x01z";
	struct http *h = http_new(NULL, NULL);
	size_t used = 0;

	(void)state;
	assert_int_equal(http_feed(h, text, sizeof(text) - 1, &used),
	    RDV_E_EXISTS);
	assert_int_equal(http_status(h), 101);
	assert_int_equal(used, sizeof(text) - 1 - 3);
	http_free(h);
}

static void
lies_are_found(void **state)
{
	static const char *const bad[] = { "", "220 smtp.example ready\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		 "Content-Length: 2\r\n\r\nab"),
		"HTTP/1.1 200 OK\r\nContent-" };
	struct http *h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		h = http_new(NULL, NULL);
		if (feed(h, bad[i], strlen(bad[i]), 1000) != RDV_E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
		http_free(h);
	}
}

static bool
stop_cb(const char *p, size_t len, void *arg)
{
	(void)p;
	(void)len;
	(void)arg;
	return false;
}

static void
the_sink_may_stop(void **state)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
	struct http *h = http_new(stop_cb, NULL);

	(void)state;
	assert_int_equal(feed(h, text, strlen(text), 1000), RDV_E_STATE);
	http_free(h);
}

static void
a_header_has_a_bound(void **state)
{
	char text[2048];
	struct http *h = http_new(NULL, NULL);
	int n;

	(void)state;
	n = snprintf(text, sizeof(text),
	    "HTTP/1.1 200 OK\r\nContent-Type: %0600d\r\n\r\n", 7);
	assert_int_equal(feed(h, text, (size_t)n, 100), RDV_E_MALFORMED);
	http_free(h);
}

static void
escapes_in_targets(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	http_put_escaped(&b, "a b/\xc3\xa4?&=%~-._");
	assert_string_equal(buf_cstr(&b), "a%20b%2F%C3%A4%3F%26%3D%25~-._");
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_of_every_kind),
		cmocka_unit_test(headers_are_kept),
		cmocka_unit_test(a_switch_leaves_the_rest),
		cmocka_unit_test(lies_are_found),
		cmocka_unit_test(the_sink_may_stop),
		cmocka_unit_test(a_header_has_a_bound),
		cmocka_unit_test(escapes_in_targets),
	};

	return CHECK_RUN("http", tests);
}

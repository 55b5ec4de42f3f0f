/* SPDX-License-Identifier: MIT */
/*
 * The one request of a connection: what is understood, what is made of it for
 * the other side, and what could be taken for something else and is refused
 * (abuse I11).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egress/body.h"
#include "egress/head.h"
#include "tests/unit/check.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define E      "\r\n"

static struct head head;

static int
parse(const char *text)
{
	const char *why = NULL;
	int n = head_parse(text, strlen(text), &head, &why);

	if (n < 0)
		assert_non_null(why);
	return n;
}

static void
test_connect(void **state)
{
	static const char text[] = "CONNECT a.example:443 HTTP/1.1" E
				   "Host: a.example:443" E E "\x16\x03";

	(void)state;
	assert_int_equal(parse(text), (int)sizeof(text) - 3);
	assert_true(head.connect);
	assert_string_equal(head.shown, "a.example:443");
	assert_string_equal(head.target.name, "a.example");
	assert_int_equal(head.target.port, 443);
	assert_int_equal(head.body, BODY_NONE);
	/* HTTP/1.0, no Host, one that lies: the target is what counts. */
	assert_true(parse("CONNECT a.example:443 HTTP/1.0" E E) > 0);
	assert_true(parse("CONNECT [::1]:443 HTTP/1.1" E "Host: b" E E) > 0);
	assert_string_equal(head.target.name, "::1");
	assert_true(parse("CONNECT a.example:443 HTTP/1.1" E
			  "Content-Length: 0" E E) > 0);
}

/* A request and what goes on of it, both behind "HTTP/1.1\r\n". */
static const struct {
	const char *target, *headers, *out_target, *out;
} forwards[] = {
	{ "http://a.example/x?y#", "", NULL, NULL },
	{ "http://a.example/x?y", "", "/x?y", "Host: a.example" E },
	{ "http://a.example", "", "/", "Host: a.example" E },
	{ "http://a.example?y", "", "/?y", "Host: a.example" E },
	{ "HTTP://A.Example:8080/", "", "/", "Host: A.Example:8080" E },
	{ "http://[::1]/", "", "/", "Host: [::1]" E },
	{ "http://[::1]:8080/", "", "/", "Host: [::1]:8080" E },
	/* Another host in Host, once or more: what was judged stands. */
	{ "http://a.example/", "Host: evil.example" E "hOsT: b" E, "/",
	    "Host: a.example" E },
	/* What is about this connection alone, and what is named to be. */
	{ "http://a.example/",
	    "Proxy-Connection: keep-alive" E "Proxy-Authorization: Basic x" E
	    "Connection: keep-alive, X-Own ,\tX-Too" E "X-Own: 1" E "x-too: 2" E
	    "X-Else: 3" E "Keep-Alive: 1" E "TE: trailers" E
	    "Upgrade: websocket" E,
	    "/", "Host: a.example" E "X-Else: 3" E },
	/* The length of a body cannot be named away. */
	{ "http://a.example/",
	    "Connection: content-length, authorization" E "Content-Length: 5" E
	    "Authorization: x" E,
	    "/", "Host: a.example" E "Content-Length: 5" E },
	/* Blanks around a value are none of it; an empty one is one. */
	{ "http://a.example/", "A:  b\t " E "C:" E, "/",
	    "Host: a.example" E "A: b" E "C: " E },
};

static void
abuse_I11_forwarded(void **state)
{
	char in[1024], out[1024];

	(void)state;
	for (size_t i = 0; i < LEN(forwards); i++) {
		(void)snprintf(in, sizeof(in), "GET %s HTTP/1.1" E "%s" E,
		    forwards[i].target, forwards[i].headers);
		if (forwards[i].out == NULL) {
			assert_int_equal(parse(in), -400);
			continue;
		}
		assert_int_equal(parse(in), (int)strlen(in));
		assert_false(head.connect);
		(void)snprintf(out, sizeof(out),
		    "GET %s HTTP/1.1" E "%sConnection: close" E E,
		    forwards[i].out_target, forwards[i].out);
		head.out[head.outlen] = '\0';
		assert_string_equal(head.out, out);
	}
	assert_true(parse("GET http://a.example/ HTTP/1.0" E E) > 0);
	assert_int_equal(head.target.port, 80);
	head.out[head.outlen] = '\0';
	assert_non_null(strstr(head.out, "GET / HTTP/1.0" E));
}

#define C "CONNECT a.example:443 HTTP/1.1" E
#define G "GET http://a.example/ HTTP/1.1" E

static const struct {
	const char *text;
	int status;
} refusals[] = {
	/* First lines. */
	{ "CONNECT a.example HTTP/1.1" E E, 400 },
	{ "CONNECT a.example: HTTP/1.1" E E, 400 },
	{ "CONNECT http://a.example:443 HTTP/1.1" E E, 400 },
	{ "CONNECT a.example:443/ HTTP/1.1" E E, 400 },
	{ "CONNECT u@a.example:443 HTTP/1.1" E E, 400 },
	{ "CONNECT  a.example:443 HTTP/1.1" E E, 400 },
	{ "CONNECT\ta.example:443 HTTP/1.1" E E, 400 },
	{ "CONNECT a.example:443  HTTP/1.1" E E, 400 },
	{ "CONNECT a.example:443 HTTP/1.1 " E E, 400 },
	{ "CONNECT a.example:443 HTTP/1.2" E E, 400 },
	{ "CONNECT a.example:443 HTTP/2.0" E E, 400 },
	{ "CONNECT a.example:443 http/1.1" E E, 400 },
	{ "CONNECT a.example:443" E E, 400 },
	{ " CONNECT a.example:443 HTTP/1.1" E E, 400 },
	{ E "CONNECT a.example:443 HTTP/1.1" E E, 400 },
	{ "connect a.example:443 HTTP/1.1" E E, 400 }, /* no method of ours */
	{ "CONNECT a.example:443\rX HTTP/1.1" E E, 400 },
	{ "CONNECT a.example:443\nX HTTP/1.1" E E, 400 },
	{ "PRI * HTTP/2.0" E E "SM" E E, 400 },
	{ "GET / HTTP/1.1" E "Host: a.example" E E, 400 },
	{ "GET * HTTP/1.1" E E, 400 },
	{ "GET https://a.example/ HTTP/1.1" E E, 400 },
	{ "GET ftp://a.example/ HTTP/1.1" E E, 400 },
	{ "GET http:a.example HTTP/1.1" E E, 400 },
	{ "GET http:// HTTP/1.1" E E, 400 },
	{ "GET http:///x HTTP/1.1" E E, 400 },
	{ "GET http://u:p@a.example/ HTTP/1.1" E E, 400 },
	{ "GET http://a.example:80@b.example/ HTTP/1.1" E E, 400 },
	{ "GET http://a.example\\@b.example/ HTTP/1.1" E E, 400 },
	{ "GET http://a.example:080/ HTTP/1.1" E E, 400 },
	{ "GET http://a.example:/ HTTP/1.1" E E, 400 },
	{ "GET http://a.example%2eb/ HTTP/1.1" E E, 400 },
	{ "GET http://[::1/ HTTP/1.1" E E, 400 },
	{ "G(T http://a.example/ HTTP/1.1" E E, 400 },
	{ "ABCDEFGHIJABCDEFGHIJABCDEFGHIJABC http://a/ HTTP/1.1" E E, 400 },
	/* Headers. */
	{ C "A: b" E " c" E E, 400 },
	{ C "A: b" E "\tc" E E, 400 },
	{ C "A : b" E E, 400 },
	{ C "A" E E, 400 },
	{ C ": b" E E, 400 },
	{ C "A: b\rc" E E, 400 },
	{ C "A: b\nC: d" E E, 400 },
	{ C "A: b\x01" E E, 400 },
	{ C "A: b\x7f" E E, 400 },
	{ C "A B: c" E E, 400 },
	/* Bodies. */
	{ C "Content-Length: 1" E E, 400 },
	{ C "Transfer-Encoding: chunked" E E, 400 },
	{ G "Content-Length: 1" E "Content-Length: 1" E E, 400 },
	{ G "Content-Length: 1" E "Transfer-Encoding: chunked" E E, 400 },
	{ G "Transfer-Encoding: chunked" E "content-length: 0" E E, 400 },
	{ G "Transfer-Encoding: chunked" E "Transfer-Encoding: chunked" E E,
	    400 },
	{ "POST http://a.example/ HTTP/1.0" E "Transfer-Encoding: chunked" E E,
	    400 },
	{ G "Transfer-Encoding: gzip, chunked" E E, 501 },
	{ G "Transfer-Encoding: identity" E E, 501 },
	{ G "Transfer-Encoding: xchunked" E E, 501 },
	{ G "Transfer-Encoding:" E E, 501 },
	{ G "Content-Length: 1, 1" E E, 400 },
	{ G "Content-Length: -1" E E, 400 },
	{ G "Content-Length: +1" E E, 400 },
	{ G "Content-Length: 0x1" E E, 400 },
	{ G "Content-Length: 9223372036854775808" E E, 400 },
	{ G "Content-Length: 99999999999999999999999" E E, 400 },
	{ G "Content-Length:" E E, 400 },
};

static void
abuse_I11_refused(void **state)
{
	(void)state;
	assert_true(parse(C E) > 0);
	assert_true(parse(G E) > 0);
	for (size_t i = 0; i < LEN(refusals); i++)
		if (parse(refusals[i].text) != -refusals[i].status)
			fail_msg("%zu: %d: %s", i, parse(refusals[i].text),
			    refusals[i].text);
	assert_int_equal(head_parse(C "A: b\0c" E E,
			     sizeof(C "A: b\0c" E E) - 1, &head,
			     &(const char *){ NULL }),
	    -400);
}

static void
test_lengths(void **state)
{
	char text[HEAD_MAX + 64];
	size_t n;

	(void)state;
	/* More is to come, up to where it is too long. */
	assert_int_equal(parse(""), 0);
	assert_int_equal(parse(C), 0);
	assert_int_equal(parse(C "\r"), 0);
	n = (size_t)snprintf(text, sizeof(text), C "A: ");
	memset(text + n, 'a', sizeof(text) - n);
	memcpy(text + HEAD_MAX - 4, E E, 5);
	assert_int_equal(parse(text), HEAD_MAX);
	memcpy(text + HEAD_MAX - 4, "aaaa", 4);
	memcpy(text + HEAD_MAX - 3, E E, 5);
	assert_int_equal(parse(text), -431);
	text[HEAD_MAX - 3] = 'a';
	text[HEAD_MAX - 1] = '\0';
	assert_int_equal(parse(text), 0);
	/* As many headers as there may be, and one more. */
	n = (size_t)snprintf(text, sizeof(text), C);
	for (int i = 0; i < 100; i++, n += 6)
		memcpy(text + n, "A: b" E, 6);
	memcpy(text + n, E, 3);
	assert_int_equal(parse(text), (int)n + 2);
	memcpy(text + n, "A: b" E E, 9);
	assert_int_equal(parse(text), -400);
}

static void
test_body_kinds(void **state)
{
	(void)state;
	assert_true(parse(G E) > 0);
	assert_int_equal(head.body, BODY_NONE);
	assert_true(parse(G "content-length: 0" E E) > 0);
	assert_int_equal(head.body, BODY_NONE);
	assert_true(parse(G "Content-Length: 9223372036854775807" E E) > 0);
	assert_int_equal(head.body, BODY_LENGTH);
	assert_int_equal(head.length, INT64_MAX);
	assert_true(parse(G "Transfer-Encoding: Chunked" E E) > 0);
	assert_int_equal(head.body, BODY_CHUNKED);
}

/* How much of the bytes is the body, and where that leaves it. */
static const struct {
	enum body_kind kind;
	uint64_t length;
	const char *text;
	size_t used;
	enum body_at at;
} bodies[] = {
	{ BODY_NONE, 0, "GET /", 0, BODY_END },
	{ BODY_LENGTH, 5, "12345GET /", 5, BODY_END },
	{ BODY_LENGTH, 5, "1234", 4, BODY_DATA },
	{ BODY_CHUNKED, 0, "0\r\n\r\nGET /", 5, BODY_END },
	{ BODY_CHUNKED, 0, "3\r\nabc\r\n0\r\n\r\nGET /", 13, BODY_END },
	{ BODY_CHUNKED, 0, "a\r\n0123456789\r\n00\r\n\r\nX", 21, BODY_END },
	{ BODY_CHUNKED, 0, "3\r\nabc\r\n", 8, BODY_SIZE },
	{ BODY_CHUNKED, 0, "3\r\nab", 5, BODY_DATA },
	{ BODY_CHUNKED, 0, "3\nabc", 1, BODY_BAD },
	{ BODY_CHUNKED, 0, "3\rabc", 2, BODY_BAD },
	{ BODY_CHUNKED, 0, "3;x\r\nabc", 1, BODY_BAD },
	{ BODY_CHUNKED, 0, "3 \r\nabc", 1, BODY_BAD },
	{ BODY_CHUNKED, 0, "\r\nabc", 0, BODY_BAD },
	{ BODY_CHUNKED, 0, "-3\r\nabc", 0, BODY_BAD },
	{ BODY_CHUNKED, 0, "0x3\r\nabc", 1, BODY_BAD },
	{ BODY_CHUNKED, 0, "3\r\nabcd\r\n", 6, BODY_BAD },
	{ BODY_CHUNKED, 0, "3\r\nabc\n", 6, BODY_BAD },
	{ BODY_CHUNKED, 0, "0\r\nHost: b\r\n\r\n", 3, BODY_BAD },
	{ BODY_CHUNKED, 0, "fffffffffffffff\r\n", 17, BODY_DATA },
	{ BODY_CHUNKED, 0, "0000000000000003\r\n", 15, BODY_BAD },
};

/* In one piece, and byte by byte. */
static void
abuse_I11_nothing_behind_the_body(void **state)
{
	struct body b;

	(void)state;
	for (size_t i = 0; i < LEN(bodies); i++) {
		const char *text = bodies[i].text;
		size_t used = 0, n = 1;

		body_begin(&b, bodies[i].kind, bodies[i].length);
		assert_int_equal(body_take(&b, text, strlen(text)),
		    bodies[i].used);
		assert_int_equal(b.at, bodies[i].at);
		body_begin(&b, bodies[i].kind, bodies[i].length);
		for (; text[used] != '\0' && n == 1; used += n)
			n = body_take(&b, text + used, 1);
		assert_int_equal(used, bodies[i].used);
		assert_int_equal(b.at, bodies[i].at);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(abuse_I11_forwarded),
		cmocka_unit_test(abuse_I11_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_body_kinds),
		cmocka_unit_test(abuse_I11_nothing_behind_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

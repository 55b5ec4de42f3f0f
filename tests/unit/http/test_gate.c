/* SPDX-License-Identifier: MIT */
/*
 * The strict gate. Every refusal stands beside the head it was made from,
 * which passes: a gate that refuses everything fails here as well.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/http/gate.h"

static const struct http_limits limits = {
	.line = 200,
	.header = 2000,
	.nheaders = 20,
	.body = 1000,
};

/* Scan and judge as a connection does. */
static enum gate_why
judge_len(const char *p, size_t len, struct gate_head *g)
{
	size_t seen = 0, end = 0;
	enum gate_why why = gate_scan(p, len, &seen, &end, &limits);

	if (why != GATE_OK)
		return why;
	if (end == 0)
		return GATE_MAX; /* more is needed */
	return gate_head(p, end, &limits, g);
}

static enum gate_why
judge(const char *text)
{
	struct gate_head g;

	return judge_len(text, strlen(text), &g);
}

#define LINE "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define END  "\r\n"
#define GOOD LINE HOST END

struct row {
	const char *text;
	enum gate_why why;
};

static void
walk(const struct row *rows, size_t n)
{
	assert_int_equal(judge(GOOD), GATE_OK);
	for (size_t i = 0; i < n; i++)
		if (judge(rows[i].text) != rows[i].why)
			fail_msg("row %zu: got %d, want %d", i,
			    judge(rows[i].text), rows[i].why);
}

#define WALK(rows) walk(rows, sizeof(rows) / sizeof(rows[0]))

static void
abuse_B06_length_and_coding(void **state)
{
	static const struct row rows[] = {
		{ POST HOST "Content-Length: 3\r\n" END, GATE_OK },
		{ POST HOST "Transfer-Encoding: chunked\r\n" END, GATE_OK },
		{ POST HOST "transfer-encoding:\tCHUNKED \r\n" END, GATE_OK },
		{ POST HOST "Content-Length: 3\r\n"
			    "Transfer-Encoding: chunked\r\n" END,
		    GATE_BOTH },
		{ POST HOST "Transfer-Encoding: chunked\r\n"
			    "Content-Length: 3\r\n" END,
		    GATE_BOTH },
		{ POST HOST "Content-Length: 3\r\nContent-Length: 3\r\n" END,
		    GATE_LENGTH },
		{ POST HOST "Content-Length: 3\r\ncontent-length: 4\r\n" END,
		    GATE_LENGTH },
		{ POST HOST "Content-Length: 3, 3\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length: +3\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length: -1\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length: 0x3\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length: 3 4\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length:\r\n" END, GATE_LENGTH },
		{ POST HOST "Content-Length: 18446744073709551619\r\n" END,
		    GATE_LENGTH },
		{ POST HOST "Transfer-Encoding: xchunked\r\n" END,
		    GATE_CODING },
		{ POST HOST "Transfer-Encoding: chunked, gzip\r\n" END,
		    GATE_CODING },
		{ POST HOST "Transfer-Encoding: gzip, chunked\r\n" END,
		    GATE_CODING },
		{ POST HOST "Transfer-Encoding: identity\r\n" END,
		    GATE_CODING },
		{ POST HOST "Transfer-Encoding: chunked\r\n"
			    "Transfer-Encoding: chunked\r\n" END,
		    GATE_CODING },
		{ POST HOST "Transfer-Encoding:\r\n" END, GATE_CODING },
	};

	(void)state;
	WALK(rows);
}

static void
abuse_B06_line_endings(void **state)
{
	static const struct row rows[] = {
		{ "GET / HTTP/1.1\n" HOST END, GATE_BYTE },
		{ LINE "Host: localhost\n" END, GATE_BYTE },
		{ LINE HOST "\n", GATE_BYTE },
		{ LINE HOST "A: b\rC: d\r\n" END, GATE_BYTE },
		{ LINE HOST "A: b\r\r\n" END, GATE_BYTE },
		{ "\r\n" GOOD, GATE_LINE },
		{ "\n" GOOD, GATE_BYTE },
		{ LINE HOST "A: b\r\n c\r\n" END, GATE_FOLD },
		{ LINE HOST "A: b\r\n\tc\r\n" END, GATE_FOLD },
		{ LINE " " HOST END, GATE_FOLD },
	};

	(void)state;
	WALK(rows);
}

static void
abuse_B06_header_names(void **state)
{
	static const struct row rows[] = {
		{ LINE HOST "X-a_b.c~1: \r\n" END, GATE_OK },
		{ LINE "Host : localhost\r\n" END, GATE_NAME },
		{ LINE "Host\t: localhost\r\n" END, GATE_NAME },
		{ LINE HOST "Content-Length : 3\r\n" END, GATE_NAME },
		{ LINE HOST ": v\r\n" END, GATE_NAME },
		{ LINE HOST "novalue\r\n" END, GATE_NAME },
		{ LINE HOST "a b: c\r\n" END, GATE_NAME },
		{ LINE HOST "a(b): c\r\n" END, GATE_NAME },
		{ LINE HOST "\xc3\xa4: c\r\n" END, GATE_NAME },
	};

	(void)state;
	WALK(rows);
}

static void
control_bytes(void **state)
{
	char text[] = LINE HOST "A: bXc\r\n" END;
	char *x = strchr(text, 'X');
	struct gate_head g;

	(void)state;
	for (int c = 0; c < 256; c++) {
		bool ok = c == '\t' || (c >= 0x20 && c != 0x7f);

		*x = (char)c;
		assert_int_equal(judge_len(text, sizeof text - 1, &g),
		    ok ? GATE_OK : GATE_BYTE);
	}
}

static void
abuse_A06_host(void **state)
{
	static const struct row rows[] = {
		{ LINE "Host: LocalHost:8080\r\n" END, GATE_OK },
		{ LINE "hOsT:localhost\r\n" END, GATE_OK },
		/* Valid names nobody serves: the allow-list's business. */
		{ LINE "Host: localhost.\r\n" END, GATE_OK },
		{ LINE "Host: [::1]:80\r\n" END, GATE_OK },
		{ LINE "Host: [::ffff:127.0.0.1]\r\n" END, GATE_OK },
		{ LINE "Host: 2130706433\r\n" END, GATE_OK },
		{ LINE END, GATE_HOST_NONE },
		{ LINE HOST HOST END, GATE_HOST_TWO },
		{ LINE HOST "host: evil\r\n" END, GATE_HOST_TWO },
		{ LINE "Host:\r\n" END, GATE_HOST },
		{ LINE "Host: user@localhost\r\n" END, GATE_HOST },
		{ LINE "Host: localhost, evil\r\n" END, GATE_HOST },
		{ LINE "Host: localhost evil\r\n" END, GATE_HOST },
		{ LINE "Host: localhost/x\r\n" END, GATE_HOST },
		{ LINE "Host: localhost:\r\n" END, GATE_HOST },
		{ LINE "Host: localhost:0\r\n" END, GATE_HOST },
		{ LINE "Host: localhost:65536\r\n" END, GATE_HOST },
		{ LINE "Host: localhost:80:80\r\n" END, GATE_HOST },
		{ LINE "Host: [::1\r\n" END, GATE_HOST },
		{ LINE "Host: []\r\n" END, GATE_HOST },
		{ LINE "Host: [::1]x\r\n" END, GATE_HOST },
		{ LINE "Host: ::1\r\n" END, GATE_HOST },
		{ LINE "Host: loc%61lhost\r\n" END, GATE_HOST },
	};

	(void)state;
	WALK(rows);
}

static void
abuse_A06_absolute_form(void **state)
{
	static const struct row rows[] = {
		{ "GET http://localhost/x HTTP/1.1\r\n" HOST END, GATE_OK },
		{ "GET HTTP://LOCALHOST HTTP/1.1\r\n" HOST END, GATE_OK },
		{ "GET http://localhost?a HTTP/1.1\r\n" HOST END, GATE_OK },
		{ "GET http://evil/x HTTP/1.1\r\n" HOST END, GATE_HOST },
		{ "GET http://localhost:80/x HTTP/1.1\r\n" HOST END,
		    GATE_HOST },
		{ "GET http://me@localhost/x HTTP/1.1\r\n" HOST END,
		    GATE_HOST },
		{ "GET http:///x HTTP/1.1\r\n" HOST END, GATE_HOST },
		{ "GET ftp://localhost/x HTTP/1.1\r\n" HOST END, GATE_TARGET },
		{ "GET localhost:80 HTTP/1.1\r\n" HOST END, GATE_TARGET },
		{ "OPTIONS * HTTP/1.1\r\n" HOST END, GATE_TARGET },
	};

	(void)state;
	WALK(rows);
}

static void
request_line(void **state)
{
	static const struct row rows[] = {
		{ "DELETE /a?b=c HTTP/1.1\r\n" HOST END, GATE_OK },
		{ "GET / HTTP/1.0\r\n" HOST END, GATE_VERSION },
		{ "GET / HTTP/0.9\r\n" HOST END, GATE_VERSION },
		{ "GET / HTTP/2.0\r\n" HOST END, GATE_VERSION },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", GATE_VERSION },
		{ "GET / HTTP/1.2\r\n" HOST END, GATE_VERSION },
		{ "GET /\r\n" HOST END, GATE_LINE },
		{ "GET / http/1.1\r\n" HOST END, GATE_LINE },
		{ "GET / HTTP/1.10\r\n" HOST END, GATE_LINE },
		{ "GET  / HTTP/1.1\r\n" HOST END, GATE_LINE },
		{ "GET /  HTTP/1.1\r\n" HOST END, GATE_LINE },
		{ "GET\t/ HTTP/1.1\r\n" HOST END, GATE_LINE },
		{ " GET / HTTP/1.1\r\n" HOST END, GATE_LINE },
		{ "GET / HTTP/1.1 \r\n" HOST END, GATE_LINE },
		{ "GET /a b HTTP/1.1\r\n" HOST END, GATE_LINE },
		{ "GET\r\n" HOST END, GATE_LINE },
		{ "get / HTTP/1.1\r\n" HOST END, GATE_METHOD },
		{ "GETX / HTTP/1.1\r\n" HOST END, GATE_METHOD },
		{ "CONNECT / HTTP/1.1\r\n" HOST END, GATE_METHOD },
		{ "TRACE / HTTP/1.1\r\n" HOST END, GATE_METHOD },
	};

	(void)state;
	WALK(rows);
	for (int m = 0; m < HTTP_M_MAX; m++) {
		char text[100];

		(void)snprintf(text, sizeof text, "%s / HTTP/1.1\r\n" HOST END,
		    http_method_name(m));
		assert_int_equal(judge(text), GATE_OK);
	}
}

/* LINE, HOST, `n` short header lines and one of `len` bytes, and the end. */
static const char *
big(unsigned n, size_t len)
{
	static char text[200000];
	FILE *f = fmemopen(text, sizeof text, "w");

	assert_non_null(f);
	(void)fputs(LINE HOST, f);
	while (n-- > 0)
		(void)fputs("a: b\r\n", f);
	if (len > 0)
		(void)fprintf(f, "L: %0*d\r\n", (int)len, 0);
	(void)fputs("\r\n", f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
abuse_D02_sizes(void **state)
{
	char line[400];

	(void)state;
	assert_int_equal(judge(big(19, 0)), GATE_OK);
	assert_int_equal(judge(big(20, 0)), GATE_MANY);
	assert_int_equal(judge(big(0, 1900)), GATE_OK);
	assert_int_equal(judge(big(0, 2000)), GATE_HEAD_LONG);
	/* Refused by what has come, not by what may still come. */
	assert_int_equal(judge_len(big(0, 100000), 3000, NULL), GATE_HEAD_LONG);
	assert_int_equal(judge_len(big(0, 100000), 1000, NULL), GATE_MAX);
	(void)snprintf(line, sizeof line, "GET /%0170d HTTP/1.1\r\n" HOST END,
	    0);
	assert_int_equal(judge(line), GATE_OK);
	(void)snprintf(line, sizeof line, "GET /%0200d", 0);
	assert_int_equal(judge(line), GATE_LINE_LONG);
}

/* However the bytes are cut, the verdict is the same and comes once. */
static void
scan_in_pieces(void **state)
{
	static const char text[] = POST HOST "Content-Length: 3\r\n" END "abc";
	static const char bad[] = POST "Host: localhost\n" END;
	size_t whole = strstr(text, "abc") - text, seen = 0, end = 0;

	(void)state;
	for (size_t n = 1; n <= sizeof text - 1 && end == 0; n++) {
		assert_int_equal(gate_scan(text, n, &seen, &end, &limits),
		    GATE_OK);
		assert_true(end == (n == whole ? whole : 0));
	}
	assert_int_equal(end, whole);
	seen = end = 0;
	for (size_t n = 1; n < sizeof bad; n++) {
		enum gate_why why = gate_scan(bad, n, &seen, &end, &limits);

		if (why != GATE_OK) {
			assert_int_equal(why, GATE_BYTE);
			assert_int_equal(bad[n - 1], '\n');
			return;
		}
	}
	fail_msg("a bare line feed passed");
}

static void
what_the_gate_saw(void **state)
{
	static const char text[] = "PATCH /a?b HTTP/1.1\r\nA: b\r\n"
				   "Host:  H:1 \r\nContent-Length: 042\r\n\r\n";
	struct gate_head g;

	(void)state;
	assert_int_equal(judge_len(text, sizeof text - 1, &g), GATE_OK);
	assert_int_equal(g.method, HTTP_M_PATCH);
	assert_int_equal(g.target_len, 4);
	assert_memory_equal(g.target, "/a?b", 4);
	assert_int_equal(g.host_len, 3);
	assert_memory_equal(g.host, "H:1", 3);
	assert_int_equal(g.nheaders, 3);
	assert_true(g.has_length && g.length == 42 && !g.chunked);
}

/* Rows are complete, and nothing in them needs escaping in JSON. */
static void
rows_are_whole(void **state)
{
	(void)state;
	for (int i = GATE_OK + 1; i < GATE_MAX; i++) {
		const struct gate_row *row = gate_row(i);

		assert_in_range(row->status, 400, 599);
		assert_non_null(row->code);
		assert_true(strlen(row->sentence) > 10);
		assert_null(strpbrk(row->sentence, "\"\\\r\n"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_B06_length_and_coding),
		cmocka_unit_test(abuse_B06_line_endings),
		cmocka_unit_test(abuse_B06_header_names),
		cmocka_unit_test(control_bytes),
		cmocka_unit_test(abuse_A06_host),
		cmocka_unit_test(abuse_A06_absolute_form),
		cmocka_unit_test(request_line),
		cmocka_unit_test(abuse_D02_sizes),
		cmocka_unit_test(scan_in_pieces),
		cmocka_unit_test(what_the_gate_saw),
		cmocka_unit_test(rows_are_whole),
	};

	return CHECK_RUN("gate", tests);
}

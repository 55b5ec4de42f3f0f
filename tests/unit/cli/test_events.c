/* SPDX-License-Identifier: MIT */
/*
 * rdv events: pages until there is no more, and a follower that goes on behind
 * what it printed when its stream breaks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

static struct fake fake;
static struct ran ran;

static int
teardown(void **state)
{
	(void)state;
	fake_stop(&fake);
	return 0;
}

static void
put_event(char *out, size_t size, int seq)
{
	(void)snprintf(out, size,
	    "{\"seq\":%d,\"time\":1000,\"kind\":\"session.created\","
	    "\"subject\":\"s%d\",\"body\":{\"name\":\"\\u001b[2J\"}}",
	    seq, seq);
}

/* Three events, two a page. */
static void
pages_fn(int fd, const char *request, unsigned n)
{
	char a[256], b[256], page[1024];

	(void)n;
	put_event(a, sizeof(a), 1);
	put_event(b, sizeof(b), 2);
	(void)snprintf(page, sizeof(page), "{\"items\":[%s,%s]}", a, b);
	if (str_starts(request, "GET /api/events?since=2&")) {
		put_event(a, sizeof(a), 3);
		(void)snprintf(page, sizeof(page), "{\"items\":[%s]}", a);
	} else if (!str_starts(request, "GET /api/events?since=0&")) {
		(void)snprintf(page, sizeof(page), "{\"items\":[]}");
	}
	fake_json(fd, 200, page);
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void
pages_are_put_together(void **state)
{
	(void)state;
	fake_start(&fake, pages_fn);
	RUN(&ran, "events");
	assert_int_equal(ran.rc, CMD_OK);
	assert_int_equal(count(ran.out, "\n"), 3);
	assert_non_null(strstr(ran.out, "session.created  s3"));
	assert_null(strchr(ran.out, '\033'));
	RUN(&ran, "events", "--json", "--since", "2");
	assert_int_equal(count(ran.out, "\n"), 1);
	assert_non_null(strstr(ran.out, "{\"seq\":3,"));
	RUN(&ran, "events", "--since", "3");
	assert_int_equal(ran.rc, CMD_OK);
	assert_string_equal(ran.out, "");
	RUN(&ran, "events", "--since", "-1");
	assert_int_equal(ran.rc, CMD_USAGE);
}

static void
begin_stream(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n"
				   "Content-Type: application/x-ndjson\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";

	fake_write(fd, head, sizeof(head) - 1);
}

static void
chunk(int fd, const char *text)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%zx\r\n", strlen(text));

	fake_write(fd, head, (size_t)n);
	fake_write(fd, text, strlen(text));
	fake_write(fd, "\r\n", 2);
}

/* Two events and a break, then one more, then what no event is. */
static void
stream_fn(int fd, const char *request, unsigned n)
{
	char ev[256], line[300];

	begin_stream(fd);
	chunk(fd, "\n");
	if (n == 0) {
		put_event(ev, sizeof(ev), 5);
		(void)snprintf(line, sizeof(line), "%s\n", ev);
		chunk(fd, line);
		put_event(ev, sizeof(ev), 6);
		/* Cut anywhere: lines are not chunks. */
		(void)snprintf(line, sizeof(line), "%.9s", ev);
		chunk(fd, line);
		(void)snprintf(line, sizeof(line), "%s\n{\"seq\":7,", ev + 9);
		chunk(fd, line);
		return;
	}
	if (!str_starts(request, "GET /api/events?since=6 "))
		chunk(fd, "wrong place\n");
	if (n == 1)
		chunk(fd, "{\"kind\":\"reset\",\"oldest\":9}\n");
	else
		chunk(fd, "over\n");
}

static void
a_follower_goes_on(void **state)
{
	char *rq;

	(void)state;
	fake_start(&fake, stream_fn);
	RUN(&ran, "events", "--follow", "--since", "4", "--json");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_int_equal(count(ran.out, "\n"), 2);
	assert_non_null(strstr(ran.out, "{\"seq\":5,"));
	assert_non_null(strstr(ran.out, "{\"seq\":6,"));
	assert_non_null(strstr(ran.err, "no longer kept"));
	assert_non_null(strstr(ran.err, "rdvd sent no event"));
	rq = fake_request(&fake);
	assert_true(str_starts(rq, "GET /api/events?since=4 "));
	assert_non_null(strstr(rq, "Accept: application/x-ndjson\r\n"));
	free(rq);
	free(fake_request(&fake));
	rq = fake_request(&fake);
	assert_true(str_starts(rq, "GET /api/events?since=6 "));
	free(rq);
}

static void
refuse_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fake_json(fd, 400, "{\"error\":\"since is newer\",\"code\":\"X\"}");
}

static void
a_refusal_is_final(void **state)
{
	(void)state;
	fake_start(&fake, refuse_fn);
	RUN(&ran, "events", "--follow", "--since", "99");
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "since is newer"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(pages_are_put_together),
		T(a_follower_goes_on),
		T(a_refusal_is_final),
	};

	return CHECK_RUN("events", tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * What nginx as shipped lets through to rdvd: names, origins, paths, headers
 * and upgrades (abuse A03-A07, A10, B01, B02, B06, B07, B11). Every refusal has
 * a request beside it that passes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/web.h"

#define PATHS "tests/unit/http/paths.txt"

/* The first '%' of a pattern is replaced by `value`. */
static void
fill(char *out, size_t size, const char *pattern, const char *value)
{
	size_t n = strcspn(pattern, "%");

	(void)snprintf(out, size, "%.*s%s%s", (int)n, pattern,
	    pattern[n] != '\0' ? value : "",
	    pattern[n] != '\0' ? pattern + n + 1 : "");
}

static void
only_our_names(void **state)
{
	static const char *const bad[] = { "evil.example", "evil.example:%",
		"127.0.0.1", "localhost", "127.0.0.1:1", "0.0.0.0:%", "[::1]:%",
		"[::ffff:127.0.0.1]:%", "2130706433:%", "127.1:%",
		"localhost.:%", "LOCALHOST:%", "127.0.0.1.:%",
		"user@127.0.0.1:%", "127.0.0.1:%@evil", "",
		"evil.example,127.0.0.1:%", "127.0.0.1:0%",
		"127.0.0.1:%.evil.example" };
	char name[128];
	size_t i;
	int status;

	(void)state;
	assert_int_equal(web_get("/api/x", web.host, ""), 200);
	assert_true(web_reached());
	(void)snprintf(name, sizeof(name), "localhost:%u", web.port);
	assert_int_equal(web_get("/api/x", name, ""), 200);
	assert_true(web_reached());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(name, sizeof(name), bad[i],
		    web.host + strlen("127.0.0.1:"));
		status = web_get("/api/x", name, "");
		if ((status != 421 && status != 400) || web_reached())
			fail_msg("Host %s: %d", name, status);
		status = web_get("/", name, "");
		if (status != 421 && status != 400)
			fail_msg("Host %s got the page", name);
	}
}

static void
two_names_are_none(void **state)
{
	char line[128], target[128];

	(void)state;
	(void)snprintf(line, sizeof(line), "Host: %s\r\n", web.host);
	assert_int_equal(web_get("/api/x", web.host, line), 400);
	assert_int_equal(web_get("/api/x", "evil.example", line), 400);
	assert_int_equal(web_get("http://evil.example/api/x", web.host, ""),
	    421);
	(void)snprintf(target, sizeof(target), "http://%s/api/x", web.host);
	assert_int_equal(web_get(target, "evil.example", ""), 421);
	assert_false(web_reached());
	assert_int_equal(web_get(target, web.host, ""), 200);
	assert_true(web_reached());
}

static void
only_our_origin(void **state)
{
	static const char *const bad[] = { "null", "http://evil.example",
		"http://%.evil.example", "https://%", "http://%/",
		"http://evil%", "http://127.0.0.1", "http://127.0.0.1:1", "%",
		"http://% http://evil.example", "HTTP://%", "file://" };
	char value[128], line[160];
	size_t i;
	int status;

	(void)state;
	(void)snprintf(line, sizeof(line), "Origin: http://%s\r\n", web.host);
	assert_int_equal(web_get("/api/x", web.host, line), 200);
	assert_true(web_reached());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(value, sizeof(value), bad[i], web.host);
		(void)snprintf(line, sizeof(line), "Origin: %s\r\n", value);
		status = web_get("/api/x", web.host, line);
		if (status != 403 || web_reached())
			fail_msg("Origin %s: %d", value, status);
		assert_null(strcasestr(web.answer, "access-control-allow"));
	}
}

/*
 * Host and Origin `value`, or NULL for none, in a request that must not pass.
 */
static void
refused(const char *host, const char *origin, int wanted)
{
	char line[160] = "";
	int status;

	if (origin != NULL)
		(void)snprintf(line, sizeof(line), "Origin: %s\r\n", origin);
	status = web_get("/api/x", host, line);
	if ((status != wanted && status != 400) || web_reached())
		fail_msg("Host %s %s: %d", host, line, status);
}

/* auth.allowed_hosts: each as it stands, and no other name that is like it. */
static void
abuse_A04_allowed_hosts(void **state)
{
	static const char *const good[] = { "dev.example", "dev.example:81",
		"tls.example:8443", WEB_IP6 };
	static const char *const bad[] = { "devxexample", "xdev.example",
		"dev.example.evil.test", "dev.example.", "dev.example:80",
		"dev.example:%", "tls.example", "tls.example:84430",
		"[2001:db8::7]", "[2001:db8::8]:9000", "2001:db8::7:9000",
		"evil.example" };
	char name[64], line[160];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		for (int tls = 0; tls < 2; tls++) {
			(void)snprintf(line, sizeof(line),
			    "Origin: http%s://%s\r\n", tls ? "s" : "", good[i]);
			if (web_get("/api/x", good[i], line) != 200)
				fail_msg("%s %s", good[i], line);
			assert_true(web_reached());
		}
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(name, sizeof(name), bad[i],
		    web.host + strlen("127.0.0.1:"));
		refused(name, NULL, 421);
		(void)snprintf(line, sizeof(line), "http://%s", name);
		refused(web.host, line, 403);
		(void)snprintf(line, sizeof(line), "https://%s", name);
		refused("dev.example", line, 403);
	}
	refused("dev.example", "dev.example", 403);
	refused("dev.example", "HTTPS://dev.example", 403);
	refused("dev.example", "https://dev.example/", 403);
	refused("dev.example", "https://DEV.example", 403);
}

static void
headers_are_chosen(void **state)
{
	static const char *const gone[] = { "X-RDV-User-ID: admin",
		"x-rdv-user-id: admin", "X_RDV_User_ID: admin",
		"X-RDV-Service-Token: forged", "X-Forwarded-For: 1.2.3.4",
		"X-Forwarded-User: admin", "X-Forwarded-Proto: https",
		"X-Forwarded-Host: evil", "Forwarded: for=evil",
		"Remote-User: admin", "X-Auth-Request-User: admin",
		"X-Real-IP: 1.2.3.4", "TE: trailers", "X-Other: x" };
	static const char *const kept[] = { "Cookie: rdv_session=abc",
		"Authorization: Bearer t", "Accept: text/event-stream",
		"Last-Event-ID: 7", "Idempotency-Key: k1",
		"Sec-Fetch-Site: same-origin", "X-RDV-Page-Key: k2",
		"Content-Type: application/json" };
	char lines[4096] = "", *rq;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		(void)snprintf(lines + strlen(lines),
		    sizeof(lines) - strlen(lines), "%s\r\n", gone[i]);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		(void)snprintf(lines + strlen(lines),
		    sizeof(lines) - strlen(lines), "%s\r\n", kept[i]);
	assert_int_equal(web_get("/api/x?a=%2F..%2F&b", web.host, lines), 200);
	rq = fake_request(&web.fake);
	assert_true(str_starts(rq, "GET /api/x?a=%2F..%2F&b HTTP/1.1\r\n"));
	assert_non_null(strstr(rq, "X-RDV-Service-Token: " WEB_TOKEN "\r\n"));
	assert_null(strstr(rq, "forged"));
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		(void)snprintf(lines, sizeof(lines),
		    "\n%.*s:", (int)strcspn(gone[i], ":"), gone[i]);
		if (strcasecmp(lines, "\nX-RDV-Service-Token:") != 0 &&
		    strcasestr(rq, lines) != NULL)
			fail_msg("%s passed", gone[i]);
	}
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strstr(rq, kept[i]) == NULL)
			fail_msg("%s lost", kept[i]);
	}
	free(rq);
}

/*
 * Proxy and daemon agree: whatever nginx lets through is written in the one
 * way that rdvd reads as it stands. paths.txt says how rdvd reads each.
 */
static void
paths_mean_one_thing(void **state)
{
	char line[512], target[600], *tab, *rq;
	unsigned passed = 0, refused = 0;
	FILE *f = fopen(PATHS, "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		tab = strchr(line, '\t');
		if (line[0] == '#' || tab == NULL)
			continue;
		*tab++ = '\0';
		(void)snprintf(target, sizeof(target), "/api%s", line);
		if (web_get(target, web.host, "") != 200) {
			assert_false(web_reached());
			refused++;
			continue;
		}
		rq = fake_request(&web.fake);
		assert_int_equal(strncmp(rq + 4, target, strlen(target)), 0);
		free(rq);
		target[strcspn(target, "?")] = '\0';
		if (strcmp(target + 4, tab) != 0)
			fail_msg("nginx passes %s, rdvd reads %s", line, tab);
		passed++;
	}
	(void)fclose(f);
	assert_true(passed >= 3 && refused >= 20);
}

static void
one_request_is_one(void **state)
{
	static const char *const bad[] = {
		"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
		("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "0\r\n\r\n"),
		"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"Content-Length: +2\r\n\r\nab",
		"X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n",
	};
	char rq[1024], *seen;
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = snprintf(rq, sizeof(rq),
		    "POST /api/x HTTP/1.1\r\nHost: %s\r\n%sGET /api/smuggled "
		    "HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		    web.host, bad[i], web.host);
		(void)web_raw(rq, (size_t)n);
		while (!fake_silent(&web.fake)) {
			seen = fake_request(&web.fake);
			if (strstr(seen, "smuggled") != NULL)
				fail_msg("smuggled by: %s", bad[i]);
			free(seen);
		}
	}
	n = snprintf(rq, sizeof(rq),
	    "POST /api/x HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n0\r\n\r\n",
	    web.host);
	assert_int_equal(web_raw(rq, (size_t)n), 200);
	seen = fake_request(&web.fake);
	assert_string_equal(strstr(seen, "\r\n\r\n"), "\r\n\r\nab");
	free(seen);
}

#define WS                                                                \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                 \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: rdv.v1\r\n" \
	"Sec-WebSocket-Extensions: permessage-deflate\r\n"

static char *
upgrade(const char *target, const char *protocol)
{
	char rq[1024], *seen;
	int n, fd;

	n = snprintf(rq, sizeof(rq),
	    "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: Upgrade\r\nUpgrade: %s\r\n" WS "\r\n",
	    target, web.host, protocol);
	fd = web_dial(rq, (size_t)n);
	seen = fake_request(&web.fake);
	(void)close(fd);
	return seen;
}

static void
only_websocket_where_it_belongs(void **state)
{
	char *rq;

	(void)state;
	rq = upgrade("/ws/terminal/x?offset=1", "websocket");
	assert_true(str_starts(rq, "GET /ws/terminal/x?offset=1 "));
	assert_non_null(strstr(rq, "\r\nUpgrade: websocket\r\n"));
	assert_non_null(strstr(rq, "\r\nConnection: upgrade\r\n"));
	assert_non_null(strstr(rq, "\r\nSec-WebSocket-Protocol: rdv.v1\r\n"));
	assert_null(strstr(rq, "Extensions"));
	free(rq);
	rq = upgrade("/ws/terminal/x", "h2c");
	assert_null(strcasestr(rq, "\nUpgrade:"));
	free(rq);
	rq = upgrade("/api/x", "websocket");
	assert_null(strcasestr(rq, "\nUpgrade:"));
	free(rq);
}

/* What anybody can cause costs no disk: nothing rotates that log. */
static void
abuse_D02_clients_fill_no_log(void **state)
{
	static const char *const bad[] = {
		("POST /api/x HTTP/1.1\r\nHost: %\r\nConnection: close\r\n"
		 "Content-Length: 99999999\r\n\r\n"),
		"GET /api/x HTTP/1.1\r\nHost: %\r\nHost: b\r\n\r\n",
		"GET /none HTTP/1.1\r\nHost: %\r\nConnection: close\r\n\r\n",
		"GET /../x HTTP/1.1\r\nHost: %\r\nConnection: close\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n",
	};
	char rq[256];
	off_t before;

	(void)state;
	assert_int_equal(web_get("/", web.host, ""), 200);
	before = web_logged();
	assert_true(before > 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(rq, sizeof(rq), bad[i], web.host);
		if (web_raw(rq, strlen(rq)) < 400)
			fail_msg("%zu: %.40s", i, web.answer);
	}
	assert_int_equal(web_logged(), before);
	assert_false(web_reached());
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, web_setup, web_teardown)
	const struct CMUnitTest tests[] = {
		T(only_our_names),
		T(two_names_are_none),
		T(only_our_origin),
		T(abuse_A04_allowed_hosts),
		T(headers_are_chosen),
		T(paths_mean_one_thing),
		T(one_request_is_one),
		T(only_websocket_where_it_belongs),
		T(abuse_D02_clients_fill_no_log),
	};

	return CHECK_RUN("proxy", tests);
}

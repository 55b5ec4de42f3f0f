/* SPDX-License-Identifier: MIT */
/*
 * The shipped nginx configuration in a real nginx, before a server that only
 * notes what reaches it: names, origins, paths, headers, upgrades, the page,
 * and what a browser is told (abuse A03-A07, A10, A11, B01, B02, B06, B07,
 * B11). Every refusal has a request beside it that passes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "cli/cli.h"
#include "cli/front.h"
#include "lib/path.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

#define PATHS	    "tests/unit/http/paths.txt"
#define DEADLINE_MS 20000
#define TOKEN	    "c2VydmljZS10b2tlbg=="

static struct fake fake;
static struct cli cli;
static char share[96], host[32], answer[1 << 17];
static int listener = -1, server_dir = -1;
static unsigned port;
static pid_t nginx;

static void
put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

/* An installation in small: the real configuration, a page of our own. */
static void
make_share(void)
{
	char here[512], path[600], web[128];

	(void)snprintf(share, sizeof(share), "%s/share", fake.dir);
	assert_int_equal(mkdir(share, 0700), 0);
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(path, sizeof(path), "%s/proxy-conf", here);
	(void)snprintf(web, sizeof(web), "%s/proxy-conf", share);
	assert_int_equal(symlink(path, web), 0);
	(void)snprintf(web, sizeof(web), "%s/web", share);
	assert_int_equal(mkdir(web, 0700), 0);
	put(web, "index.html", "<!doctype html>the page");
	put(web, "app-ABCD1234.js", "script");
	put(share, "outside.html", "not the page");
}

static void
answer_fn(int fd, const char *request, unsigned n)
{
	(void)n;
	(void)request;
	fake_json(fd, 200, "{\"reached\":true}");
}

static int
setup(void **state)
{
	char path[128], why[256];

	(void)state;
	fake_start(&fake, answer_fn);
	(void)snprintf(path, sizeof(path), "%s/terminal.sock", fake.dir);
	assert_int_equal(symlink("api.sock", path), 0);
	(void)snprintf(path, sizeof(path), "%s/server", fake.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "service-token", TOKEN "\n");
	make_share();
	cli.base = fake.dir;
	cli.share_dir = share;
	server_dir = path_private_dir(AT_FDCWD, path);
	assert_true(server_dir >= 0);
	assert_int_equal(front_listen(server_dir, 0, &listener, &port, why,
			     sizeof(why)),
	    0);
	(void)snprintf(host, sizeof(host), "127.0.0.1:%u", port);
	if (front_render(&cli, server_dir, port, why, sizeof(why)) != 0 ||
	    front_start(&cli, listener, &nginx, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return 0;
}

static void
end_nginx(int signo)
{
	if (nginx <= 0)
		return;
	(void)kill(signo == SIGKILL ? -nginx : nginx, signo);
	(void)waitpid(nginx, NULL, 0);
	nginx = 0;
}

static int
teardown(void **state)
{
	(void)state;
	end_nginx(SIGTERM);
	if (listener != -1)
		(void)close(listener);
	if (server_dir != -1)
		(void)close(server_dir);
	listener = server_dir = -1;
	fake_stop(&fake);
	return 0;
}

/* A connection on which these bytes were sent. */
static int
dial(const char *request, size_t len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), (int)len);
	return fd;
}

/* Reads until nginx closes; the status of the answer, 0 for none. */
static int
raw(const char *request, size_t len)
{
	struct pollfd p = { .fd = dial(request, len), .events = POLLIN };
	size_t got = 0;
	ssize_t n = 1;

	while (n > 0 && poll(&p, 1, DEADLINE_MS) == 1) {
		n = read(p.fd, answer + got, sizeof(answer) - 1 - got);
		got += n > 0 ? (size_t)n : 0;
	}
	answer[got] = '\0';
	(void)close(p.fd);
	return got > 12 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

/* GET with these further header lines. */
static int
get(const char *target, const char *host_value, const char *lines)
{
	char rq[8192];
	int n;

	n = snprintf(rq, sizeof(rq),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n",
	    target, host_value, lines);
	return raw(rq, (size_t)n);
}

static bool
reached(void)
{
	bool none = fake_silent(&fake);

	if (!none)
		free(fake_request(&fake));
	return !none;
}

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
	assert_int_equal(get("/api/x", host, ""), 200);
	assert_true(reached());
	(void)snprintf(name, sizeof(name), "localhost:%u", port);
	assert_int_equal(get("/api/x", name, ""), 200);
	assert_true(reached());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(name, sizeof(name), bad[i], host + strlen("127.0.0.1:"));
		status = get("/api/x", name, "");
		if ((status != 421 && status != 400) || reached())
			fail_msg("Host %s: %d", name, status);
		status = get("/", name, "");
		if (status != 421 && status != 400)
			fail_msg("Host %s got the page", name);
	}
}

static void
two_names_are_none(void **state)
{
	char line[128], target[128];

	(void)state;
	(void)snprintf(line, sizeof(line), "Host: %s\r\n", host);
	assert_int_equal(get("/api/x", host, line), 400);
	assert_int_equal(get("/api/x", "evil.example", line), 400);
	assert_int_equal(get("http://evil.example/api/x", host, ""), 421);
	(void)snprintf(target, sizeof(target), "http://%s/api/x", host);
	assert_int_equal(get(target, "evil.example", ""), 421);
	assert_false(reached());
	assert_int_equal(get(target, host, ""), 200);
	assert_true(reached());
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
	(void)snprintf(line, sizeof(line), "Origin: http://%s\r\n", host);
	assert_int_equal(get("/api/x", host, line), 200);
	assert_true(reached());
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(value, sizeof(value), bad[i], host);
		(void)snprintf(line, sizeof(line), "Origin: %s\r\n", value);
		status = get("/api/x", host, line);
		if (status != 403 || reached())
			fail_msg("Origin %s: %d", value, status);
		assert_null(strcasestr(answer, "access-control-allow"));
	}
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
		"Sec-Fetch-Site: same-origin", "X-RDV-Request: 1",
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
	assert_int_equal(get("/api/x?a=%2F..%2F&b", host, lines), 200);
	rq = fake_request(&fake);
	assert_true(str_starts(rq, "GET /api/x?a=%2F..%2F&b HTTP/1.1\r\n"));
	assert_non_null(strstr(rq, "X-RDV-Service-Token: " TOKEN "\r\n"));
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
		if (get(target, host, "") != 200) {
			assert_false(reached());
			refused++;
			continue;
		}
		rq = fake_request(&fake);
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
		"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\n",
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
		    host, bad[i], host);
		(void)raw(rq, (size_t)n);
		while (!fake_silent(&fake)) {
			seen = fake_request(&fake);
			if (strstr(seen, "smuggled") != NULL)
				fail_msg("smuggled by: %s", bad[i]);
			free(seen);
		}
	}
	n = snprintf(rq, sizeof(rq),
	    "POST /api/x HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n0\r\n\r\n",
	    host);
	assert_int_equal(raw(rq, (size_t)n), 200);
	seen = fake_request(&fake);
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
	    target, host, protocol);
	fd = dial(rq, (size_t)n);
	seen = fake_request(&fake);
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

static void
check_browser_headers(void)
{
	static const char *const wanted[] = {
		"Content-Security-Policy: "
		"default-src 'none'; script-src 'self'; style-src 'self';",
		"frame-ancestors 'none'", "X-Frame-Options: DENY",
		"X-Content-Type-Options: nosniff",
		"Referrer-Policy: no-referrer",
		"Cross-Origin-Opener-Policy: same-origin",
		"Cross-Origin-Resource-Policy: same-origin"
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strstr(answer, wanted[i]) == NULL)
			fail_msg("no %s in %s", wanted[i], answer);
	}
	assert_null(strstr(answer, "unsafe"));
	assert_null(strstr(answer, TOKEN));
	assert_null(strstr(answer, "nginx/"));
}

static void
the_page_and_its_rules(void **state)
{
	(void)state;
	assert_int_equal(get("/", host, ""), 200);
	assert_non_null(strstr(answer, "the page"));
	assert_non_null(strstr(answer, "Content-Type: text/html"));
	assert_non_null(strstr(answer, "Cache-Control: no-cache\r\n"));
	check_browser_headers();
	assert_int_equal(get("/app-ABCD1234.js", host, ""), 200);
	assert_non_null(strstr(answer, "Content-Type: text/javascript"));
	assert_non_null(strstr(answer, "immutable"));
	check_browser_headers();
	assert_int_equal(get("/app-NONE0000.js", host, ""), 404);
	check_browser_headers();
	assert_null(strstr(answer, "immutable"));
	assert_int_equal(get("/api/x", host, ""), 200);
	check_browser_headers();
	assert_true(reached());
	assert_int_equal(get("/", "evil.example", ""), 421);
	check_browser_headers();
}

static void
nothing_else_is_a_file(void **state)
{
	static const char *const bad[] = { "/../outside.html",
		"/%2e%2e/outside.html", "/..%2foutside.html",
		"/web/../../outside.html", "/snippets/proxy.conf",
		"/nginx.conf", "/service-token.conf", "/server/service-token",
		"/.rdv", "/index.html%00.js", "//index.html", "/metrics" };
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		status = get(bad[i], host, "");
		if (status != 400 && status != 404)
			fail_msg("%s: %d", bad[i], status);
		assert_null(strstr(answer, "not the page"));
		assert_null(strstr(answer, TOKEN));
	}
	assert_false(reached());
}

static void
a_missing_daemon_is_said(void **state)
{
	(void)state;
	assert_int_equal(get("/health", host, ""), 200);
	fake_end(&fake);
	assert_int_equal(get("/health", host, ""), 503);
	assert_non_null(strstr(answer, "\"code\":\"UNAVAILABLE\""));
	assert_non_null(strstr(answer, "Content-Type: application/json"));
	assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
	check_browser_headers();
}

/* The port stays open while nginx is started again: nobody is turned away. */
static void
the_port_outlives_nginx(void **state)
{
	struct front_probe *p;
	struct pollfd wait = { .events = POLLIN };
	char why[256];
	int status = 0;

	(void)state;
	assert_int_equal(get("/health", host, ""), 200);
	end_nginx(SIGKILL);
	p = front_probe_new(port);
	assert_non_null(p);
	assert_int_equal(front_start(&cli, listener, &nginx, why, sizeof(why)),
	    0);
	wait.fd = front_probe_fd(p);
	while (status == 0 && poll(&wait, 1, DEADLINE_MS) == 1)
		status = front_probe_read(p);
	assert_int_equal(status, 200);
	front_probe_free(p);
}

static void
files_are_private(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(server_dir, "nginx", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(server_dir, "nginx/service-token.conf", &st,
			     0),
	    0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
the_port_of_last_time(void **state)
{
	unsigned again = 0, other = 0;
	char why[256];
	int fd;

	(void)state;
	front_remember(server_dir, port);
	/* Ours still: another one is found, unless that one was asked for. */
	assert_int_equal(front_listen(server_dir, 0, &fd, &other, why,
			     sizeof(why)),
	    0);
	assert_int_not_equal(other, port);
	(void)close(fd);
	assert_int_not_equal(front_listen(server_dir, port, &fd, &other, why,
				 sizeof(why)),
	    0);
	assert_non_null(strstr(why, host));
	end_nginx(SIGTERM);
	(void)close(listener);
	listener = -1;
	assert_int_equal(front_listen(server_dir, 0, &listener, &again, why,
			     sizeof(why)),
	    0);
	assert_int_equal(again, port);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(only_our_names),
		T(two_names_are_none),
		T(only_our_origin),
		T(headers_are_chosen),
		T(paths_mean_one_thing),
		T(one_request_is_one),
		T(only_websocket_where_it_belongs),
		T(the_page_and_its_rules),
		T(nothing_else_is_a_file),
		T(a_missing_daemon_is_said),
		T(the_port_outlives_nginx),
		T(files_are_private),
		T(the_port_of_last_time),
	};

	return CHECK_RUN("front", tests);
}

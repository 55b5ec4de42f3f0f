/* SPDX-License-Identifier: MIT */
/*
 * What nginx as shipped tells a browser: the page and its rules (abuse A11),
 * what never gets into its configuration (A04), and how its port and its files
 * are kept.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/front.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/web.h"

#define DEADLINE_MS 60000

static void
check_browser_headers(void)
{
	static const char *const wanted[] = {
		("Content-Security-Policy: "
		 "default-src 'none'; script-src 'self'; style-src 'self';"),
		"frame-ancestors 'none'", "X-Frame-Options: DENY",
		"X-Content-Type-Options: nosniff",
		"Referrer-Policy: no-referrer",
		"Cross-Origin-Opener-Policy: same-origin",
		"Cross-Origin-Resource-Policy: same-origin"
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strstr(web.answer, wanted[i]) == NULL)
			fail_msg("no %s in %s", wanted[i], web.answer);
	}
	assert_null(strstr(web.answer, "unsafe"));
	assert_null(strstr(web.answer, WEB_TOKEN));
	assert_null(strstr(web.answer, "nginx/"));
}

static void
the_page_and_its_rules(void **state)
{
	(void)state;
	assert_int_equal(web_get("/", web.host, ""), 200);
	assert_non_null(strstr(web.answer, "the page"));
	assert_non_null(strstr(web.answer, "Content-Type: text/html"));
	assert_non_null(strstr(web.answer, "Cache-Control: no-cache\r\n"));
	check_browser_headers();
	assert_int_equal(web_get("/app-ABCD1234.js", web.host, ""), 200);
	assert_non_null(strstr(web.answer, "Content-Type: text/javascript"));
	assert_non_null(strstr(web.answer, "immutable"));
	check_browser_headers();
	assert_int_equal(web_get("/app-NONE0000.js", web.host, ""), 404);
	check_browser_headers();
	assert_null(strstr(web.answer, "immutable"));
	assert_int_equal(web_get("/api/x", web.host, ""), 200);
	check_browser_headers();
	assert_true(web_reached());
	assert_int_equal(web_get("/", "evil.example", ""), 421);
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
		status = web_get(bad[i], web.host, "");
		if (status != 400 && status != 404)
			fail_msg("%s: %d", bad[i], status);
		assert_null(strstr(web.answer, "not the page"));
		assert_null(strstr(web.answer, WEB_TOKEN));
	}
	assert_false(web_reached());
}

static void
a_missing_daemon_is_said(void **state)
{
	(void)state;
	assert_int_equal(web_get("/health", web.host, ""), 200);
	fake_end(&web.fake);
	assert_int_equal(web_get("/health", web.host, ""), 503);
	assert_non_null(strstr(web.answer, "\"code\":\"UNAVAILABLE\""));
	assert_non_null(strstr(web.answer, "Content-Type: application/json"));
	assert_non_null(strstr(web.answer, "Retry-After: 1\r\n"));
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
	assert_int_equal(web_get("/health", web.host, ""), 200);
	web_end_nginx(SIGKILL);
	p = front_probe_new(web.port);
	assert_non_null(p);
	assert_int_equal(front_start(&web.cli, web.listener, &web.nginx, why,
			     sizeof(why)),
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
	assert_int_equal(fstatat(web.server_dir, "nginx", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(web.server_dir, "nginx/service-token.conf",
			     &st, 0),
	    0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
written(char *out, size_t size)
{
	int fd = openat(web.server_dir, "nginx/nginx.conf", O_RDONLY);
	ssize_t n = read(fd, out, size - 1);

	assert_true(n > 0);
	out[n] = '\0';
	(void)close(fd);
}

static int
render(const char *hosts)
{
	struct js *s = web_settings(hosts);
	char why[256] = "";
	int rc = front_render(&web.cli, web.server_dir, web.port, s, why,
	    sizeof(why));

	assert_int_equal(rc == 0, *why == '\0');
	js_free(s);
	return rc;
}

/* Whatever could end a text, a line or a block of nginx's stays outside. */
static void
abuse_A04_injected_hosts(void **state)
{
	static const char *const bad[] = { "a\\\" 1; } server { listen 81; #",
		"a;", "a}", "a{", "a b", "a\\n", "a#", "a$host", "a\\\\", "a'",
		"~^", "(.*)", ".*", "*.example", "a|b", "@PORT@", "" };
	char before[16384], after[16384], list[128];

	(void)state;
	written(before, sizeof(before));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(list, sizeof(list), "[\"ok.example\",\"%s\"]",
		    bad[i]);
		if (render(list) == 0)
			fail_msg("%s", list);
	}
	assert_int_not_equal(render("[1]"), 0);
	written(after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(render("[\"ok.example\"]"), 0);
	written(after, sizeof(after));
	assert_non_null(strstr(after, "\"~^ok\\.example$\" 1;"));
	assert_non_null(strstr(after, "\"~^https?://ok\\.example$\" 1;"));
	assert_non_null(strstr(after, " localhost ok.example;"));
}

/* The path is a setting: no other file of ours becomes a header. */
static void
only_a_token_is_passed_on(void **state)
{
	static const char *const bad[] = { "", "\n", "hunter2\n",
		WEB_TOKEN "=\n", WEB_TOKEN "\nmore\n", "\"; return 200; #\n",
		"YQ== YQ== YQ== YQ== YQ== YQ== YQ== YQ== YQ==\n" };
	char path[128];
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/server/service-token",
	    web.fake.dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = fopen(path, "we");
		assert_non_null(f);
		assert_true(fputs(bad[i], f) >= 0);
		(void)fclose(f);
		assert_int_equal(render(NULL), RDV_E_MALFORMED);
	}
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(WEB_TOKEN, f) >= 0);
	(void)fclose(f);
	assert_int_equal(render(NULL), 0);
}

static void
the_port_of_last_time(void **state)
{
	unsigned again = 0, other = 0;
	char why[256];
	int fd;

	(void)state;
	/* nginx would block in accept(2) when a caller has gone again. */
	assert_true(fcntl(web.listener, F_GETFL) & O_NONBLOCK);
	front_remember(web.server_dir, web.port);
	/* Ours still: another one is found, unless that one was asked for. */
	assert_int_equal(front_listen(web.server_dir, 0, &fd, &other, why,
			     sizeof(why)),
	    0);
	assert_int_not_equal(other, web.port);
	(void)close(fd);
	assert_int_not_equal(front_listen(web.server_dir, web.port, &fd, &other,
				 why, sizeof(why)),
	    0);
	assert_non_null(strstr(why, web.host));
	web_end_nginx(SIGTERM);
	(void)close(web.listener);
	web.listener = -1;
	assert_int_equal(front_listen(web.server_dir, 0, &web.listener, &again,
			     why, sizeof(why)),
	    0);
	assert_int_equal(again, web.port);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, web_setup, web_teardown)
	const struct CMUnitTest tests[] = {
		T(the_page_and_its_rules),
		T(nothing_else_is_a_file),
		T(a_missing_daemon_is_said),
		T(the_port_outlives_nginx),
		T(files_are_private),
		T(abuse_A04_injected_hosts),
		T(only_a_token_is_passed_on),
		T(the_port_of_last_time),
	};

	return CHECK_RUN("front", tests);
}

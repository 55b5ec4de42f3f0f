/* SPDX-License-Identifier: MIT */
/*
 * An installation in small: the shipped configuration in a real nginx, a page
 * of two files, and a server in rdvd's place that notes what reaches it.
 */
#include "tests/unit/cli/web.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/front.h"
#include "lib/js.h"
#include "lib/path.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 60000

struct web web = { .listener = -1, .server_dir = -1, .log = -1 };

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
	char here[512], path[600], to[128];

	(void)snprintf(web.share, sizeof(web.share), "%s/share", web.fake.dir);
	assert_int_equal(mkdir(web.share, 0700), 0);
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(path, sizeof(path), "%s/proxy-conf", here);
	(void)snprintf(to, sizeof(to), "%s/proxy-conf", web.share);
	assert_int_equal(symlink(path, to), 0);
	(void)snprintf(to, sizeof(to), "%s/web", web.share);
	assert_int_equal(mkdir(to, 0700), 0);
	put(to, "index.html", "<!doctype html>the page");
	put(to, "app-ABCD1234.js", "script");
	put(web.share, "outside.html", "not the page");
}

static void
answer_fn(int fd, const char *request, unsigned n)
{
	(void)n;
	(void)request;
	fake_json(fd, 200, "{\"reached\":true}");
}

static int
start_logged(char *why, size_t whysize)
{
	int err = dup(STDERR_FILENO), rc;

	web.log = memfd_create("log", MFD_CLOEXEC);
	assert_int_not_equal(web.log, -1);
	assert_int_equal(dup2(web.log, STDERR_FILENO), STDERR_FILENO);
	rc = front_start(&web.cli, web.listener, &web.nginx, why, whysize);
	assert_int_equal(dup2(err, STDERR_FILENO), STDERR_FILENO);
	(void)close(err);
	return rc;
}

off_t
web_logged(void)
{
	struct stat st;

	assert_int_equal(fstat(web.log, &st), 0);
	return st.st_size;
}

struct js *
web_settings(const char *hosts)
{
	char text[2048], list[512], why[160], name[254];
	struct js *s;
	int n;

	memset(name, 'a', sizeof(name));
	for (size_t i = 63; i < 253; i += 64)
		name[i] = '.';
	name[253] = '\0';
	(void)snprintf(list, sizeof(list),
	    "[\"" WEB_NAME "\",\"" WEB_PORT "\",\"" WEB_IP6 "\","
	    "\"" WEB_NAME ":81\",\"%s\"]",
	    name);
	n = snprintf(text, sizeof(text),
	    "{\"auth.service_token_file\":"
	    "{\"value\":\"%s/server/service-token\"},"
	    "\"auth.allowed_hosts\":{\"value\":%s}}",
	    web.fake.dir, hosts != NULL ? hosts : list);
	s = js_parse(text, (size_t)n, why, sizeof(why));
	if (s == NULL)
		fail_msg("%s: %s", why, text);
	return s;
}

int
web_setup(void **state)
{
	char path[128], why[256];
	struct js *settings;

	(void)state;
	fake_start(&web.fake, answer_fn);
	(void)snprintf(path, sizeof(path), "%s/terminal.sock", web.fake.dir);
	assert_int_equal(symlink("api.sock", path), 0);
	(void)snprintf(path, sizeof(path), "%s/server", web.fake.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "service-token", WEB_TOKEN "\n");
	make_share();
	web.cli.base = web.fake.dir;
	web.cli.share_dir = web.share;
	web.server_dir = path_private_dir(AT_FDCWD, path);
	assert_true(web.server_dir >= 0);
	assert_int_equal(front_listen(web.server_dir, 0, &web.listener,
			     &web.port, why, sizeof(why)),
	    0);
	(void)snprintf(web.host, sizeof(web.host), "127.0.0.1:%u", web.port);
	settings = web_settings(NULL);
	if (front_render(&web.cli, web.server_dir, web.port, settings, why,
		sizeof(why)) != 0 ||
	    start_logged(why, sizeof(why)) != 0)
		fail_msg("%s", why);
	js_free(settings);
	return 0;
}

void
web_end_nginx(int signo)
{
	if (web.nginx <= 0)
		return;
	if (signo == SIGKILL)
		(void)kill(-web.nginx, signo);
	(void)kill(web.nginx, signo);
	(void)waitpid(web.nginx, NULL, 0);
	web.nginx = 0;
}

int
web_teardown(void **state)
{
	(void)state;
	web_end_nginx(SIGTERM);
	if (web.listener != -1)
		(void)close(web.listener);
	if (web.server_dir != -1)
		(void)close(web.server_dir);
	(void)close(web.log);
	web.listener = web.server_dir = web.log = -1;
	fake_stop(&web.fake);
	return 0;
}

/* A connection on which these bytes were sent. */
int
web_dial(const char *request, size_t len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)web.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), (int)len);
	return fd;
}

/* Reads until nginx closes; the status of the answer, 0 for none. */
int
web_raw(const char *request, size_t len)
{
	struct pollfd p = { .fd = web_dial(request, len), .events = POLLIN };
	size_t got = 0;
	ssize_t n = 1;

	while (n > 0 && poll(&p, 1, DEADLINE_MS) == 1) {
		n = read(p.fd, web.answer + got, sizeof(web.answer) - 1 - got);
		got += n > 0 ? (size_t)n : 0;
	}
	web.answer[got] = '\0';
	(void)close(p.fd);
	return got > 12 ? (int)strtol(web.answer + 9, NULL, 10) : 0;
}

/* GET with these further header lines. */
int
web_get(const char *target, const char *host_value, const char *lines)
{
	char rq[8192];
	int n;

	n = snprintf(rq, sizeof(rq),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n",
	    target, host_value, lines);
	return web_raw(rq, (size_t)n);
}

bool
web_reached(void)
{
	bool none = fake_silent(&web.fake);

	if (!none)
		free(fake_request(&web.fake));
	return !none;
}

/* SPDX-License-Identifier: MIT */
/*
 * A client for tests of whole requests: the dispatcher behind the real server,
 * both on the loop of the test.
 */
#include "tests/unit/api/rig.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "daemon/loop.h"
#include "lib/js.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 10000

static int listener;
static char token[TOKEN_TEXT];

static void
address(struct fx *fx, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	(void)snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/s", fx->base);
}

int
rig_setup(void **state)
{
	static const struct http_limits limits = { 64, 64, 8192, 32768, 65536,
		64, 5000, 5000, 5000 };
	struct sockaddr_un sun;
	char id[UUID_TEXT];
	struct fx *fx;

	if (fx_setup(state) != 0)
		return -1;
	fx = *state;
	fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, id, token);
	fx->app.api = api_new(&fx->app, api_tables);
	fx->app.server =
	    http_server_new(fx->app.loop, &limits, api_dispatch, fx->app.api);
	listener =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address(fx, &sun);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(http_server_listen(fx->app.server, listener), 0);
	return 0;
}

int
rig_teardown(void **state)
{
	struct fx *fx = *state;

	http_server_free(fx->app.server);
	api_free(fx->app.api);
	(void)close(listener);
	return fx_teardown(state);
}

struct client {
	struct loop *loop;
	int fd;
	char *text;
	size_t len;
	bool late;
};

static void
client_read_cb(int fd, short what, void *arg)
{
	struct client *c = arg;
	char part[4096];
	ssize_t n = read(fd, part, sizeof(part));

	(void)what;
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			loop_stop(c->loop);
		return;
	}
	c->text = realloc(c->text, c->len + (size_t)n + 1);
	assert_non_null(c->text);
	memcpy(c->text + c->len, part, (size_t)n);
	c->len += (size_t)n;
	c->text[c->len] = '\0';
}

static void
client_late_cb(void *arg)
{
	struct client *c = arg;

	c->late = true;
	loop_stop(c->loop);
}

/* Sends all, reads until the server closes. */
static char *
converse(struct fx *fx, const char *text, size_t len)
{
	struct client c = { .loop = fx->app.loop };
	struct loop_timer *t;
	struct loop_watch *w;
	struct sockaddr_un sun;

	c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address(fx, &sun);
	assert_int_equal(connect(c.fd, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(write(c.fd, text, len), (ssize_t)len);
	w = loop_watch_new(c.loop, c.fd, LOOP_READ, client_read_cb, &c);
	t = loop_timer_new(c.loop, client_late_cb, &c);
	loop_timer_set(t, DEADLINE_MS);
	loop_run(c.loop);
	loop_timer_free(t);
	loop_watch_free(w);
	(void)close(c.fd);
	assert_false(c.late);
	assert_non_null(c.text);
	return c.text;
}

void
rig_ask(struct fx *fx, struct answer *a, const char *method, const char *path,
    const char *headers, const char *body)
{
	size_t bodylen = body != NULL ? strlen(body) : 0;
	size_t size = strlen(headers) + strlen(path) + bodylen + 512;
	char *text = malloc(size), *raw, *end;
	const char *host =
	    strstr(headers, "Host:") != NULL ? "" : "Host: localhost\r\n";
	const char *type = body == NULL || strstr(headers, "Content-Type:")
			       ? ""
			       : "Content-Type: application/json\r\n";
	const char *conn = strstr(headers, "Connection:") != NULL
			       ? ""
			       : "Connection: close\r\n";
	char why[80];
	int n;

	assert_non_null(text);
	n = snprintf(text, size, "%s %s HTTP/1.1\r\n%s%s%s%s", method, path,
	    host, conn, headers, type);
	if (body != NULL)
		n += snprintf(text + n, size - (size_t)n,
		    "Content-Length: %zu\r\n", bodylen);
	n += snprintf(text + n, size - (size_t)n, "\r\n%s",
	    body != NULL ? body : "");
	raw = converse(fx, text, (size_t)n);
	free(text);
	memset(a, 0, sizeof(*a));
	end = strstr(raw, "\r\n\r\n");
	assert_non_null(end);
	assert_int_equal(sscanf(raw, "HTTP/1.1 %d", &a->status), 1);
	for (size_t i = 0; raw + i < end && i + 1 < sizeof(a->head); i++)
		a->head[i] = (char)tolower((unsigned char)(a->raw[i] = raw[i]));
	a->body = strdup(end + 4);
	a->json = js_parse(a->body, strlen(a->body), why, sizeof(why));
	free(raw);
}

void
rig_as(struct fx *fx, struct answer *a, const char *method, const char *path,
    const char *headers, const char *body)
{
	char head[512];

	(void)snprintf(head, sizeof(head), "Authorization: Bearer %s\r\n%s",
	    token, headers);
	rig_ask(fx, a, method, path, head, body);
}

void
rig_do(struct fx *fx, struct answer *a, const char *method, const char *path,
    const char *body, int status)
{
	rig_as(fx, a, method, path, "", body);
	if (a->status != status)
		fail_msg("%s %s: %d %s", method, path, a->status, a->body);
}

void
answer_done(struct answer *a)
{
	free(a->body);
	js_free(a->json);
	memset(a, 0, sizeof(*a));
}

const char *
answer_code(const struct answer *a)
{
	return a->json != NULL ? js_str(a->json, "code", "") : "";
}

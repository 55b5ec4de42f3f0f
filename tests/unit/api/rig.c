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

#define DEADLINE_MS 60000

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
	return rig_setup_with(state, api_tables);
}

void
rig_open(struct fx *fx, const struct api_route *const *tables)
{
	static const struct http_limits limits = { 64, 64, 8192, 32768, 65536,
		64, 5000, 5000, 5000 };
	struct sockaddr_un sun;
	char id[UUID_TEXT];

	fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, id, token);
	fx->app.api = api_new(&fx->app, tables);
	fx->app.server =
	    http_server_new(fx->app.loop, &limits, api_dispatch, fx->app.api);
	http_server_early(fx->app.server, api_early);
	listener =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address(fx, &sun);
	(void)unlink(sun.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(http_server_listen(fx->app.server, listener,
			     geteuid()),
	    0);
}

int
rig_setup_with(void **state, const struct api_route *const *tables)
{
	if (fx_setup(state) != 0)
		return -1;
	rig_open(*state, tables);
	return 0;
}

void
rig_close(struct fx *fx)
{
	http_server_free(fx->app.server);
	api_free(fx->app.api);
	(void)close(listener);
}

int
rig_teardown(void **state)
{
	rig_close(*state);
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

static struct client *
connect_and_send(struct fx *fx, const char *text, size_t len)
{
	struct client *c = calloc(1, sizeof(*c));
	struct sockaddr_un sun;

	assert_non_null(c);
	c->loop = fx->app.loop;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address(fx, &sun);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(write(c->fd, text, len), (ssize_t)len);
	return c;
}

/* Reads until the server closes. */
static void
read_all(struct client *c)
{
	struct loop_watch *w =
	    loop_watch_new(c->loop, c->fd, LOOP_READ, client_read_cb, c);
	struct loop_timer *t = loop_timer_new(c->loop, client_late_cb, c);

	loop_timer_set(t, DEADLINE_MS);
	loop_run(c->loop);
	loop_timer_free(t);
	loop_watch_free(w);
	(void)close(c->fd);
	assert_false(c->late);
	assert_non_null(c->text);
}

static const char *
unless(const char *headers, const char *name, const char *line)
{
	return strstr(headers, name) != NULL ? "" : line;
}

static struct client *
send_request(struct fx *fx, const char *method, const char *path,
    const char *headers, const char *body)
{
	size_t bodylen = body != NULL ? strlen(body) : 0;
	size_t size = strlen(headers) + strlen(path) + bodylen + 512;
	char *text = malloc(size);
	struct client *c;
	int n;

	assert_non_null(text);
	n = snprintf(text, size, "%s %s HTTP/1.1\r\n%s%s%s%s", method, path,
	    unless(headers, "Host:", "Host: localhost\r\n"),
	    unless(headers, "Connection:", "Connection: close\r\n"), headers,
	    body == NULL
		? ""
		: unless(headers,
		      "Content-Type:", "Content-Type: application/json\r\n"));
	if (body != NULL)
		n += snprintf(text + n, size - (size_t)n,
		    "Content-Length: %zu\r\n", bodylen);
	n += snprintf(text + n, size - (size_t)n, "\r\n%s",
	    body != NULL ? body : "");
	c = connect_and_send(fx, text, (size_t)n);
	free(text);
	return c;
}

void
rig_receive(struct client *c, struct answer *a)
{
	char why[80], *end;

	read_all(c);
	memset(a, 0, sizeof(*a));
	end = strstr(c->text, "\r\n\r\n");
	assert_non_null(end);
	assert_int_equal(sscanf(c->text, "HTTP/1.1 %d", &a->status), 1);
	for (size_t i = 0; c->text + i < end && i + 1 < sizeof(a->head); i++) {
		a->raw[i] = c->text[i];
		a->head[i] = (char)tolower((unsigned char)c->text[i]);
	}
	a->body = strdup(end + 4);
	a->json = js_parse(a->body, strlen(a->body), why, sizeof(why));
	free(c->text);
	free(c);
}

void
rig_leave(struct client *c)
{
	(void)close(c->fd);
	free(c->text);
	free(c);
}

void
rig_ask(struct fx *fx, struct answer *a, const char *method, const char *path,
    const char *headers, const char *body)
{
	rig_receive(send_request(fx, method, path, headers, body), a);
}

struct client *
rig_begin(struct fx *fx, const char *method, const char *path,
    const char *headers)
{
	return send_request(fx, method, path, headers, NULL);
}

static void
turned_cb(void *arg)
{
	loop_stop(arg);
}

void
rig_turn(struct fx *fx)
{
	struct loop_timer *t =
	    loop_timer_new(fx->app.loop, turned_cb, fx->app.loop);

	loop_timer_set(t, 10);
	loop_run(fx->app.loop);
	loop_timer_free(t);
}

struct client *
rig_send(struct fx *fx, const char *method, const char *path,
    const char *headers, const char *body)
{
	char head[512];

	(void)snprintf(head, sizeof(head), "Authorization: Bearer %s\r\n%s",
	    token, headers);
	return send_request(fx, method, path, head, body);
}

void
rig_as(struct fx *fx, struct answer *a, const char *method, const char *path,
    const char *headers, const char *body)
{
	rig_receive(rig_send(fx, method, path, headers, body), a);
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

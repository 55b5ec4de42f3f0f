/* SPDX-License-Identifier: MIT */
/*
 * The loop stops at the end of the turn in which the awaited condition has
 * become true, so a test sees the server between two turns and never within.
 */
#include "tests/unit/http/rig.h"

#include "tests/unit/check.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/server.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/str.h"

#define DEADLINE_MS 60000

const struct http_limits rig_limits = {
	.conns = 2000,
	.conns_per_peer = 2000,
	.line = 4096,
	.header = 16384,
	.body = 100000,
	.nheaders = 50,
	.header_ms = 10000,
	.body_ms = 20000,
	.idle_ms = 60000,
};

static void
deadline_cb(void *arg)
{
	struct rig *g = arg;

	g->late = true;
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
turn_end(void *arg)
{
	struct rig *g = arg;

	g->turns++;
	if (g->until == NULL || g->late || g->until(g->until_arg))
		loop_stop(g->loop);
}

void
rig_start(struct rig *g, const struct http_limits *limits, http_dispatch_fn *cb,
    void *arg)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	static int null = -1;

	if (null == -1) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		log_init("test", null, LOG_ERROR);
	}
	memset(g, 0, sizeof *g);
	assert_true(str_copy(g->dir, "/tmp/rdv-http-XXXXXX", sizeof g->dir));
	assert_non_null(mkdtemp(g->dir));
	(void)snprintf(g->path, sizeof g->path, "%s/sock", g->dir);
	assert_true(str_copy(sa.sun_path, g->path, sizeof sa.sun_path));
	g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(g->listener, -1);
	assert_int_equal(bind(g->listener, (void *)&sa, sizeof sa), 0);
	assert_int_equal(listen(g->listener, 512), 0);
	g->loop = loop_new();
	g->deadline = loop_timer_new(g->loop, deadline_cb, g);
	loop_at_turn_end(g->loop, turn_end, g);
	g->server = http_server_new(g->loop,
	    limits != NULL ? limits : &rig_limits, cb, arg);
	assert_int_equal(http_server_listen(g->server, g->listener, geteuid()),
	    0);
}

void
rig_stop(struct rig *g)
{
	http_server_free(g->server);
	rig_turns(g, 1);
	loop_timer_free(g->deadline);
	loop_free(g->loop);
	(void)close(g->listener);
	assert_int_equal(unlink(g->path), 0);
	assert_int_equal(rmdir(g->dir), 0);
}

void
rig_until(struct rig *g, bool (*cond)(void *arg), void *arg)
{
	if (cond(arg))
		return;
	g->until = cond;
	g->until_arg = arg;
	loop_timer_set(g->deadline, DEADLINE_MS);
	loop_run(g->loop);
	loop_timer_clear(g->deadline);
	g->until = NULL;
	if (g->late)
		fail_msg("waited in vain for %d ms", DEADLINE_MS);
}

void
rig_turns(struct rig *g, unsigned n)
{
	while (n-- > 0) {
		loop_defer(g->loop, nothing, NULL);
		loop_run(g->loop);
	}
}

void
rig_pass(struct rig *g, int64_t ms)
{
	static int64_t passed;

	passed += ms;
	clock_shift(passed, 0);
	server_sweep(g->server);
	rig_turns(g, 2);
}

int
rig_connect(struct rig *g)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_not_equal(fd, -1);
	assert_true(str_copy(sa.sun_path, g->path, sizeof sa.sun_path));
	assert_int_equal(connect(fd, (void *)&sa, sizeof sa), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

struct progress {
	int fd;
	const char *out;
	char *in;
	size_t left;
	bool ended;
};

static bool
sent_some(void *arg)
{
	struct progress *p = arg;
	ssize_t n = send(p->fd, p->out, p->left, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN)
		fail_msg("send: %s", strerror(errno));
	if (n > 0) {
		p->out += n;
		p->left -= (size_t)n;
	}
	return p->left == 0;
}

void
rig_send(struct rig *g, int fd, const void *data, size_t len)
{
	struct progress p = { .fd = fd, .out = data, .left = len };

	while (!sent_some(&p))
		rig_turns(g, 1);
}

void
rig_text(struct rig *g, int fd, const char *text)
{
	rig_send(g, fd, text, strlen(text));
}

static bool
read_some(void *arg)
{
	struct progress *p = arg;
	ssize_t n = recv(p->fd, p->in, p->left, 0);

	if (n == -1 && errno != EAGAIN)
		fail_msg("recv: %s", strerror(errno));
	if (n > 0) {
		p->in += n;
		p->left -= (size_t)n;
	}
	p->ended = n == 0;
	return n == 0 || p->left == 0;
}

bool
rig_read(struct rig *g, int fd, void *data, size_t len)
{
	struct progress p = { .fd = fd, .in = data, .left = len };

	if (len == 0)
		return true;
	/* The loop does not watch our end: bytes come in a turn or two. */
	rig_until(g, read_some, &p);
	return !p.ended;
}

void
rig_expect_end(struct rig *g, int fd)
{
	char byte;

	if (rig_read(g, fd, &byte, 1))
		fail_msg("a byte came instead of the end: %d", byte);
	(void)close(fd);
}

/* Byte by byte: what follows belongs to the next answer. */
static bool
get_head(struct rig *g, int fd, struct rig_answer *a)
{
	size_t n = 0;

	while (n < sizeof a->head - 1) {
		if (!rig_read(g, fd, a->head + n, 1))
			return false;
		a->head[++n] = '\0';
		if (n > 4 && strcmp(a->head + n - 4, "\r\n\r\n") == 0)
			return true;
	}
	fail_msg("endless head");
	return false;
}

const char *
rig_field(const struct rig_answer *a, const char *name)
{
	static char value[256];
	size_t len = strlen(name);

	for (const char *p = strstr(a->head, "\r\n"); p != NULL;
	     p = strstr(p + 2, "\r\n"))
		if (strncasecmp(p + 2, name, len) == 0 && p[2 + len] == ':') {
			p += 2 + len + 1;
			p += *p == ' ';
			(void)snprintf(value, sizeof value, "%.*s",
			    (int)strcspn(p, "\r"), p);
			return value;
		}
	return NULL;
}

void
rig_get(struct rig *g, int fd, struct rig_answer *a)
{
	const char *length;

	memset(a, 0, sizeof *a);
	if (!get_head(g, fd, a))
		return;
	a->status = (int)strtol(a->head + 9, NULL, 10);
	length = rig_field(a, "Content-Length");
	if (length == NULL)
		return;
	a->len = strtoul(length, NULL, 10);
	assert_true(a->len < sizeof a->body);
	assert_true(rig_read(g, fd, a->body, a->len));
}

int
rig_status(struct rig *g, int fd, const char *text)
{
	struct rig_answer a;

	rig_text(g, fd, text);
	rig_get(g, fd, &a);
	return a.status;
}

unsigned
rig_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

size_t
rig_memory(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

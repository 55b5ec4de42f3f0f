/* SPDX-License-Identifier: MIT */
/*
 * Bytes in, bytes out, and the end of a connection. Reads go to one buffer of
 * the server and only what the user leaves is kept, so an idle connection owns
 * no buffer at all; writes of one turn are gathered and leave as one writev(2).
 * (libevent's bufferevents would ask the kernel five more times per request.)
 *
 * Invariant: a connection is freed by conn_turn() or by the server's end and
 * never by a callback, so every user may write, end or drop at any time.
 */
#include "daemon/http/conn.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "daemon/http/server.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define STALL_MS  30000 /* output nobody takes, input of nobody: dropped */
#define LINGER_MS 2000
/* As much as nginx lets through: an answer must not be lost by its sender. */
#define LINGER_MAX ((size_t)16 << 20)

static void conn_turn(void *arg);

/*
 * What is not read stays in the kernel, and so does the peer's next send: that
 * is all the back-pressure there is, and all that is needed.
 */
static void
watch_reading(struct http_conn *c)
{
	bool want = !c->dead && !c->eof && (!c->held || c->ending) &&
		    c->in.len < SERVER_INPUT;

	if (want == c->reading)
		return;
	c->reading = want;
	if (want)
		loop_watch_enable(c->rd);
	else
		loop_watch_disable(c->rd);
}

static void
write_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_kick(arg);
}

static void
watch_writing(struct http_conn *c, bool want)
{
	if (want == c->writing)
		return;
	c->writing = want;
	if (want && c->wr == NULL)
		c->wr = loop_watch_new(c->server->loop, c->fd, LOOP_WRITE,
		    write_cb, c);
	else if (want)
		loop_watch_enable(c->wr);
	else
		loop_watch_disable(c->wr);
}

/* Hands input to the user; returns how much of it is used up. */
static size_t
offer(struct http_conn *c, const char *p, size_t len)
{
	/* Taken and thrown away: what is left unread makes close(2) reset. */
	if (c->dead || c->ending)
		return len;
	return c->ops->input(c->user, p, len);
}

static void
offer_kept(struct http_conn *c)
{
	size_t used = offer(c, (const char *)c->in.data, c->in.len);

	if (used == c->in.len) {
		/* An idle connection keeps no memory for input. */
		buf_done(&c->in);
		buf_init_secret(&c->in, SERVER_INPUT);
	} else if (used > 0) {
		c->in.len -= used;
		memmove(c->in.data, c->in.data + used, c->in.len);
	}
}

static void
on_input(struct http_conn *c, const char *p, size_t len)
{
	size_t used = 0;

	if (c->ending) {
		c->lingered += len;
		if (c->lingered > LINGER_MAX)
			conn_drop(c);
		return;
	}
	if (c->in.len == 0)
		used = offer(c, p, len);
	else
		buf_put(&c->in, p, len);
	if (c->in.len > 0)
		offer_kept(c);
	else if (used < len)
		buf_put(&c->in, p + used, len - used);
	watch_reading(c);
}

/*
 * A client may shut down its side and still wait for the answer; one that has
 * closed altogether looks the same to read(2) but not to poll(2).
 */
static bool
hung_up(const struct http_conn *c)
{
	struct pollfd p = { .fd = c->fd };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void
on_eof(struct http_conn *c)
{
	bool owed = c->ending && conn_queued(c) > 0;

	c->eof = true;
	if (!c->ending && c->ops->eof != NULL)
		owed = c->ops->eof(c->user);
	if (owed && !c->dead && !hung_up(c))
		watch_reading(c);
	else
		conn_drop(c);
}

static void
read_cb(int fd, short what, void *arg)
{
	struct http_conn *c = arg;
	char *input = c->server->input;
	ssize_t n = recv(fd, input, SERVER_INPUT - c->in.len, 0);

	(void)what;
	if (n > 0) {
		on_input(c, input, (size_t)n);
		/* Tokens and keystrokes pass through here. */
		secret_wipe(input, (size_t)n);
	} else if (n == 0)
		on_eof(c);
	else if (errno != EAGAIN && errno != EINTR)
		conn_drop(c);
}

struct http_conn *
conn_new(struct http_server *s, int fd, struct peer *peer, pid_t pid)
{
	struct http_conn *c = xcalloc(1, sizeof *c);

	c->server = s;
	c->fd = fd;
	c->peer = peer;
	c->pid = pid;
	c->id = ++s->last_conn;
	c->out = evbuffer_new();
	if (c->out == NULL)
		fatalx("conn", "no memory");
	buf_init_secret(&c->in, SERVER_INPUT);
	c->rd = loop_watch_new(s->loop, fd, LOOP_READ, read_cb, c);
	c->reading = true;
	TAILQ_INSERT_TAIL(&s->conns, c, entry);
	s->stats.conns++;
	return c;
}

static void
call_gone(struct http_conn *c)
{
	const struct conn_ops *ops = c->ops;

	c->ops = NULL;
	if (ops != NULL)
		ops->gone(c->user);
}

void
conn_free(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct peer *peer = c->peer;

	/* First, so that what gone() still writes or ends goes nowhere. */
	c->dead = true;
	call_gone(c);
	loop_undefer(s->loop, conn_turn, c);
	loop_watch_free(c->rd);
	loop_watch_free(c->wr);
	(void)close(c->fd);
	evbuffer_free(c->out);
	buf_done(&c->in);
	TAILQ_REMOVE(&s->conns, c, entry);
	s->stats.conns--;
	free(c);
	server_conn_closed(s, peer);
}

void
conn_take_over(struct http_conn *c, const struct conn_ops *ops, void *user)
{
	c->ops = ops;
	c->user = user;
	conn_kick(c);
}

void
conn_kick(struct http_conn *c)
{
	if (c->kicked)
		return;
	c->kicked = true;
	loop_defer(c->server->loop, conn_turn, c);
}

void
conn_write(struct http_conn *c, const void *p, size_t len)
{
	if (c->dead || c->linger_ms != 0)
		return;
	if (evbuffer_get_length(c->out) == 0)
		c->moved_ms = clock_mono_ms();
	if (evbuffer_add(c->out, p, len) != 0)
		fatalx("conn", "no memory");
	conn_kick(c);
}

/* What the kernel takes of it at once; 0 when it takes none. */
static size_t
send_now(struct http_conn *c, struct iovec *piece, unsigned n)
{
	ssize_t sent = writev(c->fd, piece, (int)n);

	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		conn_drop(c);
	return sent > 0 ? (size_t)sent : 0;
}

void
conn_write_pieces(struct http_conn *c, struct iovec *piece, unsigned n)
{
	size_t sent = 0, skip;

	if (c->dead || c->linger_ms != 0)
		return;
	if (evbuffer_get_length(c->out) == 0)
		sent = send_now(c, piece, n);
	for (unsigned i = 0; i < n; i++, sent -= skip) {
		skip = sent < piece[i].iov_len ? sent : piece[i].iov_len;
		if (skip < piece[i].iov_len)
			conn_write(c, (const char *)piece[i].iov_base + skip,
			    piece[i].iov_len - skip);
	}
}

void
conn_send(struct http_conn *c, const void *p, size_t len)
{
	struct iovec whole = { .iov_base = (void *)p, .iov_len = len };

	if (c->kicked)
		conn_write(c, p, len);
	else
		conn_write_pieces(c, &whole, 1);
	/* Input that waited for this answer, and the end of a drain. */
	conn_kick(c);
}

size_t
conn_queued(const struct http_conn *c)
{
	return evbuffer_get_length(c->out);
}

int64_t
conn_stalled_ms(const struct http_conn *c, int64_t now_ms)
{
	return conn_queued(c) == 0 ? 0 : now_ms - c->moved_ms;
}

void
conn_hold(struct http_conn *c, bool on)
{
	c->held = on;
	watch_reading(c);
	if (!on)
		conn_kick(c);
}

void
conn_end(struct http_conn *c)
{
	c->ending = true;
	conn_kick(c);
}

void
conn_drop(struct http_conn *c)
{
	c->dead = true;
	conn_kick(c);
}

/* Writes what the kernel takes; true when it took some. */
static bool
flush(struct http_conn *c)
{
	int n = evbuffer_write(c->out, c->fd);

	if (n > 0)
		c->moved_ms = clock_mono_ms();
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->dead = true;
	if (!c->dead)
		watch_writing(c, evbuffer_get_length(c->out) > 0);
	return n > 0;
}

/*
 * All output is with the kernel. Closing now could throw it away: a socket
 * closed with unread input resets the peer, who may lose the answer that says
 * why. So only our side is shut, and input is thrown away for a while.
 */
static void
finish(struct http_conn *c)
{
	c->linger_ms = clock_mono_ms() + LINGER_MS;
	call_gone(c);
	if (c->eof || shutdown(c->fd, SHUT_WR) != 0) {
		c->dead = true;
		return;
	}
	buf_done(&c->in);
	watch_reading(c);
}

static void
conn_turn(void *arg)
{
	struct http_conn *c = arg;

	c->kicked = false;
	if (!c->dead && c->linger_ms == 0) {
		/*
		 * Input before output: answers to it leave with what is queued
		 * already.
		 */
		if (c->in.len > 0 && !c->held)
			offer_kept(c);
		if (conn_queued(c) > 0 && !c->dead && flush(c) && !c->ending &&
		    !c->dead)
			c->ops->moved(c->user);
		watch_reading(c);
		if (c->ending && !c->dead && conn_queued(c) == 0)
			finish(c);
	}
	if (c->dead)
		conn_free(c);
	else
		server_check_drained(c->server);
}

/*
 * Nobody hears a peer leave from whom nothing is read. What it sent before is
 * kept for a while: the user may want it after all.
 */
static bool
left_long_ago(struct http_conn *c, int64_t now_ms)
{
	if (c->reading || !hung_up(c))
		c->left_ms = 0;
	else if (c->left_ms == 0)
		c->left_ms = now_ms;
	return c->left_ms != 0 && now_ms - c->left_ms >= STALL_MS;
}

void
conn_tick(struct http_conn *c, int64_t now_ms)
{
	if (c->linger_ms != 0) {
		if (now_ms >= c->linger_ms)
			conn_drop(c);
		return;
	}
	if (conn_stalled_ms(c, now_ms) >= STALL_MS) {
		c->server->stats.stalled++;
		conn_drop(c);
		return;
	}
	if (left_long_ago(c, now_ms))
		conn_drop(c);
	if (!c->ending && !c->dead)
		c->ops->tick(c->user, now_ms);
}

/* SPDX-License-Identifier: MIT */
/*
 * Requests with deadlines over a non-blocking socket. The token exists in the
 * request buffer only, which is wiped; no request is longer than its bound and
 * no kept answer either, so nothing here grows with what a server sends.
 */
#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/loopback.h"
#include "cli/sock.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"

/* rdvd takes less; this only bounds what we hold. */
#define REQUEST_MAX ((size_t)4 << 20)
#define REPLY_MAX   ((size_t)256 << 20)

struct exchange {
	const struct client_request *rq;
	struct client_reply *reply;
	struct http *http;
	int64_t deadline;
	char *why;
	size_t whysize;
	char key[UUID_TEXT];
};

static int
say(struct exchange *x, int err, const char *what)
{
	(void)snprintf(x->why, x->whysize, "%s", what);
	return err;
}

/*
 * The body of a success goes to the caller as it comes, that of a refusal is
 * kept: it is short, and the caller will want to show it.
 */
static bool
body_cb(const char *p, size_t len, void *arg)
{
	struct exchange *x = arg;

	if (x->rq->sink != NULL && http_status(x->http) == 200) {
		/*
		 * A stream has no end to wait for: what is bounded is its
		 * silence.
		 */
		x->deadline = clock_mono_ms() + x->rq->timeout_ms;
		/* What has begun is not asked for again, and may last days. */
		if (x->rq->token != NULL)
			secret_wipe(x->rq->token, strlen(x->rq->token));
		return x->rq->sink(p, len, x->rq->arg);
	}
	buf_put(&x->reply->body, p, len);
	return buf_ok(&x->reply->body);
}

/* In steps of a minute, because poll(2) counts in int. */
static int
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - clock_mono_ms();
		if (left <= 0)
			return RDV_E_TIMEOUT;
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
	} while (n == 0 || (n == -1 && errno == EINTR));
	return n == -1 ? -errno : 0;
}

static int
client_write(int fd, const void *p, size_t len, int64_t deadline)
{
	const char *s = p;
	ssize_t n;
	int rc;

	while (len > 0) {
		n = send(fd, s, len, MSG_NOSIGNAL);
		if (n > 0) {
			s += n;
			len -= (size_t)n;
			continue;
		}
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return RDV_E_MALFORMED;
		rc = wait_for(fd, POLLOUT, deadline);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/*
 * One request a connection: a kept one might have been closed by rdvd in the
 * meantime, which looks the same as a request that was lost.
 */
static void
put_request(struct buf *b, const struct exchange *x)
{
	const struct client_request *rq = x->rq;

	buf_printf(b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n",
	    rq->method, rq->target, rq->page != NULL ? rq->page->host : "rdv");
	if (rq->page != NULL)
		buf_printf(b, "Origin: http://%s\r\n", rq->page->host);
	if (rq->token != NULL)
		buf_printf(b, "Authorization: Bearer %s\r\n", rq->token);
	buf_printf(b, "Accept: %s\r\n",
	    rq->accept != NULL ? rq->accept : "application/json");
	if (strcmp(rq->method, "POST") == 0)
		buf_printf(b, "Idempotency-Key: %s\r\n", x->key);
	if (rq->body != NULL) {
		buf_printf(b,
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n",
		    strlen(rq->body));
	} else if (strcmp(rq->method, "GET") != 0) {
		buf_put_text(b, "Content-Length: 0\r\n");
	}
	buf_put_text(b, "\r\n");
	if (rq->body != NULL)
		buf_put_text(b, rq->body);
}

static int
send_request(struct exchange *x, int fd)
{
	struct buf b;
	int rc = RDV_E_TOO_BIG;

	buf_init_secret(&b, REQUEST_MAX);
	put_request(&b, x);
	if (buf_ok(&b))
		rc = client_write(fd, b.data, b.len, x->deadline);
	buf_done(&b);
	return rc;
}

/* RDV_E_EXISTS when the answer is whole, like http_feed(). */
static int
read_reply(struct exchange *x, int fd)
{
	char piece[16384];
	size_t used;
	ssize_t n;
	int rc;

	for (;;) {
		rc = wait_for(fd, POLLIN, x->deadline);
		if (rc != 0)
			return rc;
		n = recv(fd, piece, sizeof(piece), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		/* A reset is an end like any other: the parser judges it. */
		rc = http_feed(x->http, piece, n > 0 ? (size_t)n : 0, &used);
		if (rc != 0)
			return rc;
	}
}

static int
once(struct exchange *x)
{
	int fd, rc;

	if (x->rq->page != NULL)
		rc = loopback_dial(x->rq->page, &fd, x->rq->timeout_ms, x->why,
		    x->whysize);
	else
		rc = sock_open(&fd, x->rq->socket, x->rq->timeout_ms, NULL,
		    x->why, x->whysize);
	if (rc != 0)
		return rc;
	x->http = http_new(body_cb, x);
	rc = send_request(x, fd);
	/* An answer may come before the request was taken whole: 413. */
	if (rc == 0 || rc == RDV_E_MALFORMED)
		rc = read_reply(x, fd);
	(void)close(fd);
	x->reply->status = http_status(x->http);
	(void)str_to_i64(http_header(x->http, "retry-after"), 0, 86400,
	    &x->reply->retry_after);
	http_free(x->http);
	x->http = NULL;
	if (rc == RDV_E_EXISTS)
		return 0;
	if (rc == RDV_E_STATE && buf_ok(&x->reply->body)) {
		x->reply->stopped = true;
		return 0;
	}
	if (rc == RDV_E_STATE || rc == RDV_E_TOO_BIG)
		return say(x, RDV_E_TOO_BIG, "request or answer too long");
	if (rc == RDV_E_TIMEOUT)
		return say(x, rc, "rdvd did not answer in time");
	return say(x, rc, "the connection to rdvd broke");
}

/*
 * Not once an answer has begun: the request was understood. PUT, PATCH and
 * DELETE might meet what somebody else did in between.
 */
static bool
may_repeat(const struct exchange *x)
{
	if (x->reply->status != 0)
		return false;
	return strcmp(x->rq->method, "GET") == 0 ||
	       strcmp(x->rq->method, "POST") == 0;
}

int
client_do(const struct client_request *rq, struct client_reply *reply,
    char *why, size_t whysize)
{
	struct exchange x = {
		.rq = rq, .reply = reply, .why = why, .whysize = whysize
	};
	int rc;

	memset(reply, 0, sizeof(*reply));
	buf_init(&reply->body, REPLY_MAX);
	uuid_v7(x.key);
	x.deadline = clock_mono_ms() + rq->timeout_ms;
	rc = once(&x);
	/* The listening socket outlives rdvd: the next one answers. */
	if (rc == RDV_E_MALFORMED && may_repeat(&x))
		rc = once(&x);
	return rc;
}

void
client_reply_done(struct client_reply *reply)
{
	buf_done(&reply->body);
}

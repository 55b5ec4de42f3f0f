/* SPDX-License-Identifier: MIT */
/*
 * What git reads: a message, or names. It may be more than a pipe takes at
 * once, and the loop waits for nobody, so the rest goes when there is room.
 * Invariant: the end is closed as soon as all is written or nobody reads.
 */
#include "daemon/core/gitfeed.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

struct gitfeed {
	struct buf bytes;
	size_t sent;
	int fd; /* -1: closed, or not begun */
	struct loop_watch *watch;
};

struct gitfeed *
gitfeed_new(const void *bytes, size_t len)
{
	struct gitfeed *f = xcalloc(1, sizeof(*f));

	buf_init(&f->bytes, len + 1);
	buf_put(&f->bytes, bytes, len);
	f->fd = -1;
	return f;
}

static void
end(struct gitfeed *f)
{
	if (f->fd < 0)
		return;
	if (f->watch != NULL)
		loop_watch_disable(f->watch);
	(void)close(f->fd);
	f->fd = -1;
}

/* Until the pipe is full. */
static void
send_some(struct gitfeed *f)
{
	const char *bytes = buf_cstr(&f->bytes);
	ssize_t n = 0;

	while (n >= 0 && f->sent < f->bytes.len) {
		n = write(f->fd, bytes + f->sent, f->bytes.len - f->sent);
		f->sent += n > 0 ? (size_t)n : 0;
	}
	/* Anything else than a full pipe: its exit tells. */
	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		end(f);
}

static void
gitfeed_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_some(arg);
}

void
gitfeed_start(struct gitfeed *f, struct loop *loop, int fd)
{
	f->fd = fd;
	send_some(f);
	if (f->fd >= 0)
		f->watch = loop_watch_new(loop, fd, LOOP_WRITE, gitfeed_cb, f);
}

void
gitfeed_free(struct gitfeed *f)
{
	if (f == NULL)
		return;
	end(f);
	loop_watch_free(f->watch);
	buf_done(&f->bytes);
	free(f);
}

/* SPDX-License-Identifier: MIT */
/*
 * Input on its way to a program. What the kernel takes is written at once, as
 * the echo of a key has to wait for it; the rest is queued up to a bound,
 * since a program may never read (abuse H09). Invariant: bytes reach the
 * program unchanged and in order, or the caller is told they did not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/state.h"
#include "lib/err.h"
#include "lib/xalloc.h"

void
input_init(struct input *in)
{
	memset(in, 0, sizeof(*in));
	in->fd = -1;
	STAILQ_INIT(&in->chunks);
}

static void
clear(struct input *in)
{
	struct input_chunk *c;

	while ((c = STAILQ_FIRST(&in->chunks)) != NULL) {
		STAILQ_REMOVE_HEAD(&in->chunks, link);
		free(c);
	}
	in->queued = 0;
	if (in->writable != NULL)
		loop_watch_disable(in->writable);
}

void
input_done(struct input *in)
{
	clear(in);
	loop_watch_free(in->writable);
	in->writable = NULL;
	in->fd = -1;
}

/* Bytes the kernel took, 0 when it takes none now, or -1: nobody reads. */
static ssize_t
push(int fd, const void *p, size_t len)
{
	ssize_t n;

	do {
		n = write(fd, p, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/*
 * Nothing is written any more: the program closed its input, or its input is
 * at its end. A terminal's descriptor is the pump's and stays open.
 */
static void
finish(struct term *t)
{
	struct input *in = &t->input;

	clear(in);
	/* The helper has it as well, and its end has to be said. */
	if (t->io == PRIV_IO_TALK && in->fd >= 0)
		(void)shutdown(in->fd, SHUT_WR);
	/* The watch may be on the call stack; it goes with the term. */
	if (t->io != PRIV_IO_PTY && in->fd >= 0)
		(void)close(in->fd);
	in->fd = -1;
}

static void
flow(struct term *t)
{
	struct viewer *v;

	if (t->input.queued > t->ts->conf.input_max / 2)
		return;
	TAILQ_FOREACH (v, &t->viewers, link) {
		if (v->dead || !v->paused)
			continue;
		v->paused = false;
		if (v->ops->flow != NULL)
			v->ops->flow(false, v->arg);
	}
}

static void
input_writable_cb(int fd, short what, void *arg)
{
	struct term *t = arg;
	struct input *in = &t->input;
	struct input_chunk *c = STAILQ_FIRST(&in->chunks);
	ssize_t n = push(fd, c->data + c->off, c->len - c->off);

	(void)what;
	if (n < 0) {
		finish(t);
		flow(t);
		return;
	}
	c->off += (size_t)n;
	in->queued -= (size_t)n;
	if (c->off == c->len) {
		STAILQ_REMOVE_HEAD(&in->chunks, link);
		free(c);
	}
	if (STAILQ_EMPTY(&in->chunks)) {
		loop_watch_disable(in->writable);
		if (in->end)
			finish(t);
		/* What it asked meanwhile. */
		answer_grown(t);
	}
	flow(t);
}

static void
queue(struct term *t, const uint8_t *p, size_t len)
{
	struct input *in = &t->input;
	struct input_chunk *c = xmalloc(sizeof(*c) + len);

	c->len = len;
	c->off = 0;
	memcpy(c->data, p, len);
	STAILQ_INSERT_TAIL(&in->chunks, c, link);
	in->queued += len;
	if (in->writable == NULL)
		in->writable = loop_watch_new(t->ts->conf.loop, in->fd,
		    LOOP_WRITE, input_writable_cb, t);
	else
		loop_watch_enable(in->writable);
}

static int
input_put(struct term *t, const void *p, size_t len, size_t max)
{
	struct input *in = &t->input;
	ssize_t n = 0;

	if (in->fd < 0 || in->end)
		return RDV_E_STATE;
	if (in->queued + len > max) {
		t->ts->stats.input_refused++;
		return RDV_E_FULL;
	}
	if (in->queued == 0)
		n = push(in->fd, p, len);
	pump_expect(&t->pump);
	if (n < 0) {
		finish(t);
		return RDV_E_STATE;
	}
	if ((size_t)n < len)
		queue(t, (const uint8_t *)p + n, len - (size_t)n);
	return 0;
}

/* What rdv says to an agent comes at once, and a person may type less. */
int
term_input(struct term *t, const void *p, size_t len)
{
	size_t max = t->ts->conf.input_max;

	if (t->io == PRIV_IO_TALK && max < TERM_TALK_INPUT)
		max = TERM_TALK_INPUT;
	return input_put(t, p, len, max);
}

bool
term_input_has_end(const struct term *t)
{
	return t->input.fd >= 0 && t->io != PRIV_IO_PTY;
}

size_t
term_input_queued(const struct term *t)
{
	return t->input.queued;
}

int
term_input_end(struct term *t)
{
	if (!term_input_has_end(t))
		return RDV_E_STATE;
	t->input.end = true;
	if (t->input.queued == 0)
		finish(t);
	return 0;
}

/*
 * A viewer's bytes are taken even when the queue is full, as its connection
 * delivered them already; then it is read no more. Twice the bound is the end
 * of that courtesy.
 */
int
viewer_input(struct viewer *v, const void *p, size_t len)
{
	struct term *t = v->term;
	size_t max = t->ts->conf.input_max;
	int err;

	if (v->read_only)
		return RDV_E_DENIED;
	presence_typed(v);
	err = input_put(t, p, len, 2 * max);
	if (err == 0 && t->input.queued > max && !v->paused) {
		v->paused = true;
		if (v->ops->flow != NULL)
			v->ops->flow(true, v->arg);
	}
	return err;
}

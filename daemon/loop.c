/* SPDX-License-Identifier: MIT */
/*
 * libevent's base, timers and signals behind a dozen calls, so that the rest
 * of the daemon depends on turns and not on a library. The turn is our own:
 * ready events, what was asked for soon, what was deferred, the hooks. Group
 * commit needs such an end of turn and freeing from the loop needs the step
 * before it. What a turn has logged is written at its end, as one piece.
 *
 * Invariant: the loop never blocks while a call is waiting that is deferred or
 * asked for soon.
 */
#include "daemon/loop.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "lib/clock.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/xalloc.h"

_Static_assert(LOOP_READ == EV_READ && LOOP_WRITE == EV_WRITE,
    "loop.h repeats these values to keep libevent out of it");

/* Deferred calls that defer again are run in the same turn this often. */
#define DEFER_ROUNDS 16
#define SIGNALS_MAX  8

struct call {
	loop_fn *cb; /* NULL: cancelled while waiting */
	void *arg;
};

struct calls {
	struct call *list;
	size_t n, cap;
};

struct signal_watch {
	struct event ev;
	struct call call;
};

struct loop_soon {
	TAILQ_ENTRY(loop_soon) link;
	struct loop *loop;
	bool set;
	struct call call;
};

struct loop {
	struct event_base *base;
	bool stop, turning;
	int64_t busy_until; /* monotonic us; 0: turns may sleep */
	TAILQ_HEAD(, loop_soon) soon;
	unsigned nsoon;
	struct calls deferred;
	size_t next; /* of the deferred calls being run */
	struct calls hooks;
	struct signal_watch signals[SIGNALS_MAX];
	unsigned nsignals;
};

struct loop_timer {
	struct event ev;
	bool set; /* and not called since; to ask libevent takes longer */
	struct call call;
};

struct loop_watch {
	struct event ev;
	loop_fd_fn *cb;
	void *arg;
};

struct loop_alarm {
	int fd;
	bool pending;
	struct loop_watch *watch;
	struct call call;
};

struct loop_wake {
	int fd;
	struct loop_watch *watch;
	struct call call;
};

static void
calls_add(struct calls *c, loop_fn *cb, void *arg)
{
	if (c->n == c->cap) {
		c->cap = c->cap == 0 ? 64 : c->cap * 2;
		c->list = xreallocarray(c->list, c->cap, sizeof *c->list);
	}
	c->list[c->n++] = (struct call){ cb, arg };
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof *l);
	struct event_config *cfg = event_config_new();

	TAILQ_INIT(&l->soon);
	/*
	 * Precise timers cost a system call per turn (a timerfd) and are worth
	 * it: epoll alone rounds up to whole milliseconds, which is longer than
	 * most of what is timed in microseconds here takes.
	 */
	if (cfg == NULL ||
	    event_config_set_flag(cfg,
		EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
		fatalx("loop", "event_config failed");
	l->base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	if (l->base == NULL)
		fatalx("loop", "event_base_new failed");
	/* evbuffer_write() uses writev(2), which has no MSG_NOSIGNAL. */
	(void)signal(SIGPIPE, SIG_IGN);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->nsignals; i++)
		event_del(&l->signals[i].ev);
	event_base_free(l->base);
	free(l->deferred.list);
	free(l->hooks.list);
	free(l);
}

/*
 * One pass over what is deferred now, including what is added meanwhile. What
 * is still left after the last round waits for the next turn, so that calls
 * that defer each other cannot shut out descriptors.
 */
static void
run_deferred(struct loop *l)
{
	size_t round_end = l->deferred.n;

	for (int round = 0; round < DEFER_ROUNDS && l->next < round_end;
	     round++) {
		while (l->next < round_end) {
			/* A copy: the call may make the array move. */
			struct call c = l->deferred.list[l->next++];

			if (c.cb != NULL)
				c.cb(c.arg);
		}
		round_end = l->deferred.n;
	}
	l->deferred.n -= l->next;
	if (l->deferred.n > 0)
		memmove(l->deferred.list, l->deferred.list + l->next,
		    l->deferred.n * sizeof *l->deferred.list);
	l->next = 0;
}

/* No more than the `n` that were asked for when the turn began. */
static void
run_soon(struct loop *l, unsigned n)
{
	struct loop_soon *s;

	for (; n > 0; n--) {
		s = TAILQ_FIRST(&l->soon);
		if (s == NULL)
			return;
		loop_soon_clear(s);
		s->call.cb(s->call.arg);
	}
}

static bool
busy(struct loop *l)
{
	if (l->busy_until == 0)
		return false;
	if (clock_mono_us() >= l->busy_until) {
		l->busy_until = 0;
		return false;
	}
	/* What is waited for may need this very processor. */
	(void)sched_yield();
	return true;
}

static void
turn(struct loop *l)
{
	/* The flag keeps an idle daemon in the loop; libevent would return. */
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
	unsigned due = l->nsoon;

	if (l->deferred.n > 0 || busy(l) || due > 0)
		flags |= EVLOOP_NONBLOCK;
	l->turning = true;
	if (event_base_loop(l->base, flags) < 0)
		fatalx("loop", "event_base_loop failed");
	run_soon(l, due);
	run_deferred(l);
	l->turning = false;
	/* Last, when all changes of the turn have been made. */
	for (size_t i = 0; i < l->hooks.n; i++)
		l->hooks.list[i].cb(l->hooks.list[i].arg);
	log_flush();
}

void
loop_run(struct loop *l)
{
	log_gather(true);
	while (!l->stop)
		turn(l);
	log_gather(false);
	l->stop = false;
}

void
loop_busy_poll(struct loop *l, int64_t us)
{
	l->busy_until = us > 0 ? clock_mono_us() + us : 0;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

bool
loop_turning(const struct loop *l)
{
	return l->turning;
}

static void
timer_cb(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->set = false;
	t->call.cb(t->call.arg);
}

struct loop_timer *
loop_timer_new(struct loop *l, loop_fn *cb, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof *t);

	t->call = (struct call){ cb, arg };
	(void)event_assign(&t->ev, l->base, -1, 0, timer_cb, t);
	return t;
}

void
loop_timer_set_us(struct loop_timer *t, int64_t us)
{
	struct timeval tv;

	if (us < 0)
		us = 0;
	tv.tv_sec = us / 1000000;
	tv.tv_usec = us % 1000000;
	(void)event_add(&t->ev, &tv);
	t->set = true;
}

void
loop_timer_set(struct loop_timer *t, int64_t ms)
{
	loop_timer_set_us(t, ms * 1000);
}

void
loop_timer_clear(struct loop_timer *t)
{
	if (t->set)
		(void)event_del(&t->ev);
	t->set = false;
}

bool
loop_timer_pending(const struct loop_timer *t)
{
	return t->set;
}

void
loop_timer_free(struct loop_timer *t)
{
	if (t == NULL)
		return;
	loop_timer_clear(t);
	free(t);
}

struct loop_soon *
loop_soon_new(struct loop *l, loop_fn *cb, void *arg)
{
	struct loop_soon *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->call = (struct call){ cb, arg };
	return s;
}

void
loop_soon_set(struct loop_soon *s)
{
	if (s->set)
		return;
	s->set = true;
	s->loop->nsoon++;
	TAILQ_INSERT_TAIL(&s->loop->soon, s, link);
}

void
loop_soon_clear(struct loop_soon *s)
{
	if (!s->set)
		return;
	s->set = false;
	s->loop->nsoon--;
	TAILQ_REMOVE(&s->loop->soon, s, link);
}

void
loop_soon_free(struct loop_soon *s)
{
	if (s == NULL)
		return;
	loop_soon_clear(s);
	free(s);
}

static void
watch_cb(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	w->cb(fd, what, w->arg);
}

struct loop_watch *
loop_watch_new(struct loop *l, int fd, short what, loop_fd_fn *cb, void *arg)
{
	struct loop_watch *w = xcalloc(1, sizeof *w);

	w->cb = cb;
	w->arg = arg;
	/* EV_PERSIST: libevent would forget it after the first event. */
	(void)event_assign(&w->ev, l->base, fd, what | EV_PERSIST, watch_cb, w);
	loop_watch_enable(w);
	return w;
}

void
loop_watch_enable(struct loop_watch *w)
{
	/* Fails for a descriptor epoll cannot watch: a bug of the caller. */
	if (event_add(&w->ev, NULL) != 0)
		fatal("loop", "cannot watch fd %d", (int)event_get_fd(&w->ev));
}

void
loop_watch_disable(struct loop_watch *w)
{
	(void)event_del(&w->ev);
}

void
loop_watch_free(struct loop_watch *w)
{
	if (w == NULL)
		return;
	(void)event_del(&w->ev);
	free(w);
}

static void
alarm_cb(int fd, short what, void *arg)
{
	struct loop_alarm *a = arg;
	uint64_t n;

	(void)what;
	/* Set anew or cleared since it was seen: it is not due. */
	if (read(fd, &n, sizeof n) != sizeof n)
		return;
	a->pending = false;
	a->call.cb(a->call.arg);
}

struct loop_alarm *
loop_alarm_new(struct loop *l, loop_fn *cb, void *arg)
{
	struct loop_alarm *a = xcalloc(1, sizeof *a);

	a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (a->fd == -1)
		fatal("loop", "timerfd");
	a->watch = loop_watch_new(l, a->fd, LOOP_READ, alarm_cb, a);
	a->call = (struct call){ cb, arg };
	return a;
}

/* 0 ns clear it. */
static void
alarm_set_ns(struct loop_alarm *a, int64_t ns)
{
	struct itimerspec in = { .it_value = {
				     ns / 1000000000, ns % 1000000000 } };

	if (timerfd_settime(a->fd, 0, &in, NULL) != 0)
		fatal("loop", "timerfd_settime");
	a->pending = ns > 0;
}

void
loop_alarm_set(struct loop_alarm *a, int64_t us)
{
	alarm_set_ns(a, us > 0 ? us * 1000 : 1);
}

void
loop_alarm_clear(struct loop_alarm *a)
{
	if (a->pending)
		alarm_set_ns(a, 0);
}

bool
loop_alarm_pending(const struct loop_alarm *a)
{
	return a->pending;
}

void
loop_alarm_free(struct loop_alarm *a)
{
	if (a == NULL)
		return;
	loop_watch_free(a->watch);
	(void)close(a->fd);
	free(a);
}

static void
signal_cb(evutil_socket_t signo, short what, void *arg)
{
	struct signal_watch *s = arg;

	(void)signo;
	(void)what;
	s->call.cb(s->call.arg);
}

void
loop_signal(struct loop *l, int signo, loop_fn *cb, void *arg)
{
	struct signal_watch *s;

	if (l->nsignals == SIGNALS_MAX)
		fatalx("loop", "more than %d signals", SIGNALS_MAX);
	s = &l->signals[l->nsignals++];
	s->call = (struct call){ cb, arg };
	(void)event_assign(&s->ev, l->base, signo, EV_SIGNAL | EV_PERSIST,
	    signal_cb, s);
	if (event_add(&s->ev, NULL) != 0)
		fatal("loop", "cannot watch signal %d", signo);
}

void
loop_defer(struct loop *l, loop_fn *cb, void *arg)
{
	calls_add(&l->deferred, cb, arg);
}

void
loop_undefer(struct loop *l, loop_fn *cb, void *arg)
{
	for (size_t i = l->next; i < l->deferred.n; i++) {
		struct call *c = &l->deferred.list[i];

		/* Marked, not taken out: the list may be walked right now. */
		if (c->cb == cb && c->arg == arg)
			c->cb = NULL;
	}
}

void
loop_at_turn_end(struct loop *l, loop_fn *cb, void *arg)
{
	calls_add(&l->hooks, cb, arg);
}

static void
wake_cb(int fd, short what, void *arg)
{
	struct loop_wake *w = arg;
	uint64_t n;

	(void)what;
	/* Emptied first: a wake during the call must cause another one. */
	(void)!read(fd, &n, sizeof n);
	w->call.cb(w->call.arg);
}

struct loop_wake *
loop_wake_new(struct loop *l, loop_fn *cb, void *arg)
{
	struct loop_wake *w = xcalloc(1, sizeof *w);

	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd == -1)
		fatal("loop", "eventfd");
	w->call = (struct call){ cb, arg };
	w->watch = loop_watch_new(l, w->fd, LOOP_READ, wake_cb, w);
	return w;
}

void
loop_wake(struct loop_wake *w)
{
	uint64_t one = 1;

	/* EAGAIN means the counter is full: the loop is being woken anyway. */
	while (write(w->fd, &one, sizeof one) == -1 && errno == EINTR)
		continue;
}

void
loop_wake_free(struct loop_wake *w)
{
	if (w == NULL)
		return;
	loop_watch_free(w->watch);
	(void)close(w->fd);
	free(w);
}

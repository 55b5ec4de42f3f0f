/* SPDX-License-Identifier: MIT */
/*
 * The talk with a control-mode client that runs: questions and their replies.
 * Invariant: replies belong to the questions in their order; one that nobody
 * asked for ends the client.
 */
#include "daemon/core/tmuxlinkstate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A line may hold an environment: it is gone when it is no longer needed. */
void
link_ask_end(struct ask *a, int err, const char *text, const char *why)
{
	explicit_bzero(a->line, strlen(a->line));
	free(a->line);
	if (a->cb != NULL)
		a->cb(err, text, why, a->arg);
	free(a);
}

/* All that wait now; who asks again within the answer is the next. */
void
link_fail_all(struct tmux_link *l, int err, const char *why)
{
	struct asks asks = STAILQ_HEAD_INITIALIZER(asks);
	struct ask *a;

	STAILQ_CONCAT(&asks, &l->asks);
	l->nsent = 0;
	l->server_until = 0;
	l->restarts = 0;
	while ((a = STAILQ_FIRST(&asks)) != NULL) {
		STAILQ_REMOVE_HEAD(&asks, link);
		link_ask_end(a, err, NULL, why);
	}
}

void
link_close_end(struct tmux_link *l, int i)
{
	if (l->fd[i] < 0)
		return;
	loop_watch_disable(l->watch[i]);
	(void)close(l->fd[i]);
	l->fd[i] = -1;
}

/* The exit, which is certain to come, answers those who wait. */
void
link_stop(struct tmux_link *l, const char *failure)
{
	if (l->failure != NULL)
		return;
	l->failure = failure;
	loop_timer_clear(l->timer);
	log_warnx("tmux", "ending the control client uid=%u: %s",
	    (unsigned)l->uid, failure);
	/* KILL follows; who says goodbye leaves the server nothing half. */
	helper_signal(l->app->helper, l->handle, SIGTERM, true, NULL, NULL);
}

void
link_write(struct tmux_link *l)
{
	ssize_t n = 1;

	while (l->fd[0] >= 0 && buf_left(&l->out) > 0 && n > 0) {
		n = write(l->fd[0], l->out.data + l->out.off,
		    buf_left(&l->out));
		if (n > 0)
			l->out.off += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
		/* It is ending, and its exit comes. */
		else if (n < 0 && errno != EAGAIN)
			link_close_end(l, 0);
	}
	if (buf_left(&l->out) == 0)
		buf_reset(&l->out);
	if (l->fd[0] >= 0 && buf_left(&l->out) > 0)
		loop_watch_enable(l->watch[0]);
	else if (l->fd[0] >= 0)
		loop_watch_disable(l->watch[0]);
}

/* What has not been sent yet goes to tmux, as far as there is room for it. */
void
link_flush(struct tmux_link *l)
{
	struct ask *a;
	unsigned i = 0;

	STAILQ_FOREACH(a, &l->asks, link)
	{
		if (i++ < l->nsent)
			continue;
		if (strlen(a->line) + 1 > LINK_OUT_MAX - l->out.len)
			break;
		buf_put_text(&l->out, a->line);
		buf_put(&l->out, "\n", 1);
		if (l->nsent++ == 0)
			loop_timer_set(l->timer, LINK_ANSWER_MS);
	}
	link_write(l);
}

static const struct {
	const char *begins;
	int err;
} refusals[] = {
	{ "can't find session", RDV_E_NOT_FOUND },
	{ "no sessions", RDV_E_NOT_FOUND },
	{ "duplicate session", RDV_E_EXISTS },
};

static int
refusal(const char *text)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (str_starts(text, refusals[i].begins))
			return refusals[i].err;
	return RDV_E_INVALID;
}

const char *
link_one_line(const char *text, size_t len)
{
	static char safe[512];

	while (len > 0 && text[len - 1] == '\n')
		len--;
	(void)str_escape(safe, sizeof(safe), text, len);
	return safe;
}

static void
answer_first(struct tmux_link *l, bool ok, const char *text, size_t len)
{
	struct ask *a = STAILQ_FIRST(&l->asks);

	STAILQ_REMOVE_HEAD(&l->asks, link);
	if (--l->nsent > 0)
		loop_timer_set(l->timer, LINK_ANSWER_MS);
	else
		loop_timer_clear(l->timer);
	if (!a->own)
		l->restarts = 0;
	if (ok)
		link_ask_end(a, 0, text, NULL);
	else
		link_ask_end(a, refusal(text), NULL, link_one_line(text, len));
}

/*
 * Options of our own server, before the first window is made in it: a window's
 * history cannot grow later. Once for each server, so that what its owner has
 * changed since stays changed.
 */
static const char *const options[] = {
	"set-option -g history-limit 50000",
	"set-option -g default-terminal screen-256color",
	"set-option -g mouse on",
	"set-option -g status off",
	"set-option -s escape-time 20",
	"set-option -s focus-events on",
	"set-option -g @rdv 1",
};
#define NOPTIONS (sizeof(options) / sizeof(*options))

static void
push_first(struct tmux_link *l, const char *line, tmux_fn *cb)
{
	struct ask *a = xcalloc(1, sizeof(*a));

	a->line = xstrdup(line);
	a->own = true;
	a->cb = cb;
	a->arg = l;
	STAILQ_INSERT_HEAD(&l->asks, a, link);
}

static void
link_set_cb(int err, const char *text, const char *why, void *arg)
{
	struct tmux_link *l = arg;

	(void)why;
	/* Then it is not up, and who waits has been told why. */
	if (l->phase != SETUP)
		return;
	/* Its owner can give any command another meaning. */
	if (err != 0) {
		link_stop(l, "tmux refuses to say how it is set up");
		return;
	}
	l->phase = UP;
	if (*text == '\0')
		for (size_t i = NOPTIONS; i-- > 0;)
			push_first(l, options[i], NULL);
	link_flush(l);
}

/* The client has begun: whether its server has been set up comes first. */
static void
hello(struct tmux_link *l, bool ok, const char *text)
{
	struct asks later = STAILQ_HEAD_INITIALIZER(later);

	if (!ok) {
		link_stop(l, refusal(text) == RDV_E_INVALID
				 ? "tmux refuses its control client"
				 : "tmux has no session for its client");
		return;
	}
	l->phase = SETUP;
	l->server_until = 0;
	STAILQ_CONCAT(&later, &l->asks);
	push_first(l, "show-options -gqv @rdv", link_set_cb);
	link_flush(l);
	STAILQ_CONCAT(&l->asks, &later);
}

void
link_reply_cb(bool ok, bool asked, const char *text, size_t len, void *arg)
{
	struct tmux_link *l = arg;

	if (l->failure != NULL)
		return;
	if (!asked && l->phase == HELLO)
		hello(l, ok, text);
	else if (asked && l->nsent > 0)
		answer_first(l, ok, text, len);
	else if (asked)
		link_stop(l, "tmux answers what nobody asked");
}

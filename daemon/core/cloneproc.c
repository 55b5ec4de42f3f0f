/* SPDX-License-Identifier: MIT */
/*
 * The process of a clone, which runs for as long as its network takes and says
 * meanwhile how far it is. Invariants: its owner hears its end once, from the
 * loop, and not before the helper says that nothing of it is left; of what it
 * writes nothing is kept but a few lines.
 */
#include "daemon/core/cloneproc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/core/allowance.h"
#include "daemon/core/grant.h"
#include "daemon/core/netbound.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define CHUNK	 16384
#define AGAIN_MS 1000

enum { OUT, ERR, PIPES };

struct cloneproc {
	struct app *app;
	uid_t uid;
	struct priv_spawn spawn; /* its strings are ours */
	int fd[PIPES];		 /* -1: closed */
	struct loop_watch *watch[PIPES];
	struct loop_timer *timer; /* to ask once more for its end */
	uint64_t handle;	  /* 0: not started */
	bool pending;		  /* somebody has a callback of ours */
	bool unwanted;		  /* freed by its owner, not yet here */
	bool exited, stopping;
	struct clone_talk talk;
	struct netbound *bound; /* NULL: there is none */
	int status;		/* while the bound looks once more */
	cloneproc_heard_fn *heard;
	cloneproc_end_fn *end;
	void *arg;
};

static void
fd_close(struct cloneproc *p, int i)
{
	if (p->fd[i] < 0)
		return;
	loop_watch_disable(p->watch[i]);
	(void)close(p->fd[i]);
	p->fd[i] = -1;
}

static void
destroy(struct cloneproc *p)
{
	for (int i = 0; i < PIPES; i++) {
		fd_close(p, i);
		loop_watch_free(p->watch[i]);
	}
	loop_timer_free(p->timer);
	netbound_free(p->bound);
	priv_spawn_done(&p->spawn);
	free(p);
}

void
cloneproc_free(struct cloneproc *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < PIPES; i++)
		fd_close(p, i);
	loop_timer_clear(p->timer);
	netbound_free(p->bound);
	p->bound = NULL;
	p->unwanted = true;
	/* Else the helper or the grants free it with their answer. */
	if (!p->pending)
		destroy(p);
}

const struct clone_talk *
cloneproc_talk(const struct cloneproc *p)
{
	return &p->talk;
}

/* False at the end of the pipe, or when there is nothing more for now. */
static bool
fd_read(struct cloneproc *p, int i, bool *changed)
{
	/* One for all: only the loop's thread is ever here. */
	static char chunk[CHUNK];
	ssize_t n = read(p->fd[i], chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN && !p->exited)
		return false;
	if (n <= 0) {
		fd_close(p, i);
		return false;
	}
	/* On its standard output git clone has nothing to say. */
	if (i == ERR)
		*changed |= clone_hear(&p->talk, chunk, (size_t)n);
	return true;
}

/* One read for each turn: a flood keeps nobody else waiting. */
static void
cloneproc_read_cb(int fd, short what, void *arg)
{
	struct cloneproc *p = arg;
	bool changed = false;

	(void)what;
	(void)fd_read(p, fd == p->fd[OUT] ? OUT : ERR, &changed);
	if (changed && p->bound != NULL)
		netbound_heard(p->bound, p->talk.now.bytes);
	if (changed)
		p->heard(p->arg);
}

static void
cloneproc_over_cb(const char *why, void *arg)
{
	(void)why;
	cloneproc_stop(arg);
}

/* What git said of a failure is more than that nothing could be counted. */
static void
cloneproc_counted_cb(int err, const char *why, void *arg)
{
	struct cloneproc *p = arg;

	if (err != RDV_E_TOO_BIG && p->status != 0)
		err = 0;
	p->end(err, p->status, err != 0 ? why : NULL, p->arg);
}

static void
cloneproc_exit_cb(const struct priv_exit *ev, void *arg)
{
	struct cloneproc *p = arg;
	bool changed = false;

	p->pending = false;
	if (ev != NULL)
		helper_exit_ack(p->app->helper, p->handle);
	if (p->unwanted) {
		destroy(p);
		return;
	}
	if (ev == NULL) {
		p->end(RDV_E_UNAVAILABLE, 0, "the helper was restarted",
		    p->arg);
		return;
	}
	p->exited = true;
	loop_timer_clear(p->timer);
	for (int i = 0; i < PIPES; i++)
		while (p->fd[i] >= 0 && fd_read(p, i, &changed))
			continue;
	(void)clone_hear_end(&p->talk);
	p->status = WIFEXITED(ev->status) ? WEXITSTATUS(ev->status)
					  : 128 + WTERMSIG(ev->status);
	if (p->bound != NULL)
		netbound_end(p->bound, cloneproc_counted_cb);
	else
		p->end(0, p->status, NULL, p->arg);
}

/* Told again until it has ended: the helper may have been too busy. */
static void
ask_end(struct cloneproc *p)
{
	helper_signal(p->app->helper, p->handle, SIGTERM, true, NULL, NULL);
	loop_timer_set(p->timer, AGAIN_MS);
}

static void
cloneproc_again_cb(void *arg)
{
	ask_end(arg);
}

void
cloneproc_stop(struct cloneproc *p)
{
	if (p->stopping)
		return;
	p->stopping = true;
	if (p->handle != 0 && !p->exited)
		ask_end(p);
}

static void
run(struct cloneproc *p, uint64_t handle, struct seqpkt_fds *fds)
{
	struct app *app = p->app;

	p->handle = handle;
	p->pending = true;
	helper_on_exit(app->helper, handle, cloneproc_exit_cb, p);
	(void)close(fds->fd[0]);
	for (int i = 0; i < PIPES; i++) {
		p->fd[i] = fds->fd[i + 1];
		p->watch[i] = loop_watch_new(app->loop, p->fd[i], LOOP_READ,
		    cloneproc_read_cb, p);
	}
	/* What its network is held to is counted there, for nobody here. */
	for (unsigned i = 1 + PIPES; i < fds->n; i++)
		(void)close(fds->fd[i]);
	fds->n = 0;
	if (p->stopping)
		ask_end(p);
}

static int
spawn_error(uint8_t result)
{
	switch (result) {
	case PRIV_DENIED:
		return RDV_E_DENIED;
	case PRIV_BUSY:
		return RDV_E_BUSY;
	case PRIV_NO_SUCH:
		return RDV_E_UNAVAILABLE;
	}
	return RDV_E_SPAWN;
}

static void
cloneproc_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct cloneproc *p = arg;
	const bool started = err == 0 && a->result == PRIV_DONE;

	p->pending = false;
	if (started && !p->unwanted && fds->n >= 1 + PIPES) {
		run(p, a->handle, fds);
		return;
	}
	if (started)
		seqpkt_fds_close(fds);
	if (err == 0 && a->result == PRIV_DENIED)
		grant_forget(p->app->grants, p->uid);
	if (p->unwanted)
		destroy(p);
	else if (started)
		p->end(RDV_E_UNAVAILABLE, 0, "it came without its pipes",
		    p->arg);
	else if (err != 0)
		p->end(err, 0, helper_why(err), p->arg);
	else
		p->end(spawn_error(a->result), 0, a->why, p->arg);
}

static void
cloneproc_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct cloneproc *p = arg;

	p->pending = false;
	if (p->unwanted) {
		destroy(p);
		return;
	}
	if (err != 0) {
		p->end(err, 0, why, p->arg);
		return;
	}
	memcpy(p->spawn.grant, g->bytes, sizeof(p->spawn.grant));
	p->pending = true;
	helper_spawn(p->app->helper, &p->spawn, cloneproc_spawn_cb, p);
}

static char **
copies(const char *const *list, unsigned *n)
{
	char **out;

	for (*n = 0; list[*n] != NULL; (*n)++)
		continue;
	out = xcalloc(*n + 1, sizeof(*out));
	for (unsigned i = 0; i < *n; i++)
		out[i] = xstrdup(list[i]);
	return out;
}

struct cloneproc *
cloneproc_new(struct app *app, const struct cloneproc_start *start,
    cloneproc_heard_fn *heard, cloneproc_end_fn *end, void *arg)
{
	struct cloneproc *p = xcalloc(1, sizeof(*p));
	struct priv_spawn *s = &p->spawn;
	struct allowance max;

	p->app = app;
	p->uid = start->who->uid;
	p->heard = heard;
	p->end = end;
	p->arg = arg;
	p->fd[OUT] = p->fd[ERR] = -1;
	p->timer = loop_timer_new(app->loop, cloneproc_again_cb, p);
	clone_talk_init(&p->talk);
	allowance_of(app, p->uid, CTL_TRANSFER, &max);
	if (start->bound && max.mb > 0)
		p->bound = netbound_new(app->worktrees, start->who, start->dir,
		    &max, cloneproc_over_cb, p);
	(void)str_copy(s->profile, start->profile, sizeof(s->profile));
	/* No run has that label, so what outlives rdvd is ended by the next. */
	(void)str_copy(s->label, "git", sizeof(s->label));
	s->io = PRIV_IO_PIPES;
	s->cwd = xstrdup(start->dir);
	s->argv = copies(start->argv, &s->argc);
	s->paths = copies(start->paths, &s->pathc);
	p->pending = true;
	grant_get(app->grants, p->uid, cloneproc_grant_cb, p);
	return p;
}

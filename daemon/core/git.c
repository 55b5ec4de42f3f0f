/* SPDX-License-Identifier: MIT */
/*
 * One git command from request to result: a grant, a spawn with three pipes,
 * its output, its end. Invariants: the caller hears exactly once, from the
 * loop, and not before the process has ended or can never be heard of again;
 * whatever git writes, memory is bounded.
 */
#include "daemon/core/git.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/gitfeed.h"
#include "daemon/core/gitspawn.h"
#include "daemon/core/grant.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/*
 * [ops] has room for 32 starts that are not answered: git alone must not use
 * them up, as sessions need them too. What runs and waits is of one account
 * each: whoever stops a git of its own is in nobody else's way.
 */
#define STARTING_MAX 12
#define RUNNING_MAX  12
#define WAITING_MAX  500
#define ERR_MAX	     4096
#define CHUNK	     65536
#define AGAIN_MS     1000

struct pipe_end {
	int fd; /* -1: closed */
	struct loop_watch *watch;
	struct buf buf;
	bool over; /* more came than fits */
};

struct job {
	TAILQ_ENTRY(job) link;
	struct git *git;
	uid_t uid;
	bool optional;
	size_t max;
	struct gitfeed *in;	 /* for its stdin, or NULL */
	struct priv_spawn spawn; /* its strings are ours */
	struct pipe_end out, err;
	struct loop_timer *timer;
	uint64_t handle; /* 0: not started */
	bool starting;	 /* counted among them */
	bool pending;	 /* the helper has a callback of ours */
	bool exited, killed;
	int status;
	int failure; /* why it was ended early */
	git_fn *cb;  /* NULL: answered */
	void *arg;
};
TAILQ_HEAD(jobs, job);

struct git {
	struct app *app;
	struct jobs running, waiting, refused, ended;
	unsigned nrunning, nwaiting, nstarting;
	bool ending;
};

static void job_start(struct job *j);

struct git *
git_new(struct app *app)
{
	struct git *g = xcalloc(1, sizeof(*g));

	g->app = app;
	TAILQ_INIT(&g->running);
	TAILQ_INIT(&g->waiting);
	TAILQ_INIT(&g->refused);
	TAILQ_INIT(&g->ended);
	return g;
}

unsigned
git_pending(const struct git *g)
{
	return g->nrunning + g->nwaiting;
}

/* Possibly from the watch's own callback: it is freed with the job. */
static void
end_close(struct pipe_end *e)
{
	if (e->fd < 0)
		return;
	loop_watch_disable(e->watch);
	(void)close(e->fd);
	e->fd = -1;
}

static void
job_free(struct job *j)
{
	end_close(&j->out);
	end_close(&j->err);
	loop_watch_free(j->out.watch);
	loop_watch_free(j->err.watch);
	buf_done(&j->out.buf);
	buf_done(&j->err.buf);
	loop_timer_free(j->timer);
	priv_spawn_done(&j->spawn);
	gitfeed_free(j->in);
	free(j);
}

static void
git_sweep_cb(void *arg)
{
	struct git *g = arg;
	struct job *j;

	while ((j = TAILQ_FIRST(&g->ended)) != NULL) {
		TAILQ_REMOVE(&g->ended, j, link);
		job_free(j);
	}
}

static unsigned
count_of(const struct jobs *jobs, uid_t uid)
{
	const struct job *j;
	unsigned n = 0;

	TAILQ_FOREACH (j, jobs, link)
		n += j->uid == uid;
	return n;
}

/* Room for one more: of those who may, the longest waiting one starts. */
static void
next_job(struct git *g)
{
	struct job *j;

	if (g->ending || g->nstarting >= STARTING_MAX)
		return;
	TAILQ_FOREACH (j, &g->waiting, link)
		if (count_of(&g->running, j->uid) < RUNNING_MAX)
			break;
	if (j == NULL)
		return;
	TAILQ_REMOVE(&g->waiting, j, link);
	g->nwaiting--;
	job_start(j);
}

static void
start_over(struct job *j)
{
	j->git->nstarting -= j->starting;
	j->starting = false;
}

static void
answer(struct job *j, int err, const char *why)
{
	struct git_result r = {
		.status = j->status,
		.killed = j->killed,
		.out = buf_cstr(&j->out.buf),
		.outlen = j->out.buf.len,
		.err = buf_cstr(&j->err.buf),
	};
	git_fn *cb = j->cb;

	j->cb = NULL;
	if (cb != NULL)
		cb(err, j->handle != 0 ? &r : NULL, why, j->arg);
}

/* The job is over; it may be on the stack, and is freed later. */
static void
job_end(struct job *j, int err, const char *why)
{
	struct git *g = j->git;

	end_close(&j->out);
	end_close(&j->err);
	loop_timer_clear(j->timer);
	start_over(j);
	TAILQ_REMOVE(&g->running, j, link);
	g->nrunning--;
	if (TAILQ_EMPTY(&g->ended))
		loop_defer(g->app->loop, git_sweep_cb, g);
	TAILQ_INSERT_TAIL(&g->ended, j, link);
	answer(j, err, why);
	next_job(g);
}

static const char *const failures[RDV_E_MAX] = {
	[RDV_E_TIMEOUT] = "git took longer than worktrees.git_timeout_ms",
	[RDV_E_TOO_BIG] = "git had more to say than is read here",
};

/* Once it has ended, what is in the pipes is all there will be. */
static void
job_check(struct job *j)
{
	if (!j->exited || j->out.fd >= 0 || j->err.fd >= 0)
		return;
	/* Nothing of git's end is kept; the helper may forget at once. */
	helper_exit_ack(j->git->app->helper, j->handle);
	job_end(j, j->failure, j->failure != 0 ? failures[j->failure] : NULL);
}

/* The answer may come after the job it is about has gone. */
struct stop_call {
	struct git *git;
	uint64_t handle;
};

/* Who could not be told to end is told again, or nobody would ever end it. */
static void
git_stopped_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct stop_call *s = arg;
	struct job *j;

	if (err == RDV_E_BUSY || (err == 0 && a->result == PRIV_BUSY)) {
		TAILQ_FOREACH (j, &s->git->running, link)
			if (j->handle == s->handle && !j->exited)
				loop_timer_set(j->timer, AGAIN_MS);
	}
	free(s);
}

/* First SIGTERM, so that git removes its lock files. */
static void
ask_end(struct job *j)
{
	struct stop_call *s = xcalloc(1, sizeof(*s));

	s->git = j->git;
	s->handle = j->handle;
	helper_signal(j->git->app->helper, j->handle, SIGTERM, true,
	    git_stopped_cb, s);
}

static void
job_stop(struct job *j, int failure)
{
	/* The first reason is the one that is told. */
	if (j->failure != 0)
		return;
	j->failure = failure;
	loop_timer_clear(j->timer);
	if (!j->exited)
		ask_end(j);
}

/* False at the end of the pipe, or when there is nothing more for now. */
static bool
end_read(struct job *j, struct pipe_end *e)
{
	/* One for all: only the loop's thread is ever here. */
	static char chunk[CHUNK];
	ssize_t n = read(e->fd, chunk, sizeof(chunk));
	size_t room = e->buf.max - e->buf.len;

	if (n < 0 && errno == EINTR)
		return true;
	/*
	 * After the exit nobody is left who could write, so empty is the end,
	 * even if somebody kept the pipe open.
	 */
	if (n < 0 && errno == EAGAIN && !j->exited)
		return false;
	if (n <= 0) {
		end_close(e);
		return false;
	}
	e->over = e->over || (size_t)n > room;
	buf_put(&e->buf, chunk, (size_t)n > room ? room : (size_t)n);
	/* The first 4 KiB of complaints will do; half an answer is none. */
	if (e == &j->out && e->over)
		job_stop(j, RDV_E_TOO_BIG);
	return true;
}

static void
git_out_cb(int fd, short what, void *arg)
{
	struct job *j = arg;

	(void)fd;
	(void)what;
	(void)end_read(j, &j->out);
	job_check(j);
}

static void
git_err_cb(int fd, short what, void *arg)
{
	struct job *j = arg;

	(void)fd;
	(void)what;
	(void)end_read(j, &j->err);
	job_check(j);
}

static void
git_exit_cb(const struct priv_exit *ev, void *arg)
{
	struct job *j = arg;

	j->pending = false;
	/* git_free() has answered it and left the rest to us. */
	if (j->cb == NULL) {
		job_free(j);
		return;
	}
	if (ev == NULL) {
		job_end(j, RDV_E_UNAVAILABLE,
		    "the helper was restarted; how git ended is not known");
		return;
	}
	j->exited = true;
	j->killed = !WIFEXITED(ev->status);
	j->status = WIFEXITED(ev->status) ? WEXITSTATUS(ev->status)
					  : 128 + WTERMSIG(ev->status);
	while (j->out.fd >= 0 && end_read(j, &j->out))
		continue;
	while (j->err.fd >= 0 && end_read(j, &j->err))
		continue;
	job_check(j);
}

static void
git_timeout_cb(void *arg)
{
	struct job *j = arg;

	/*
	 * The timer comes twice: for the deadline, and for an end to be asked
	 * again.
	 */
	if (j->failure == 0)
		job_stop(j, RDV_E_TIMEOUT);
	else
		ask_end(j);
}

static void
job_run(struct job *j, uint64_t handle, struct seqpkt_fds *fds)
{
	struct app *app = j->git->app;

	j->handle = handle;
	j->pending = true;
	helper_on_exit(app->helper, handle, git_exit_cb, j);
	/* An end that stays open would make it wait for us. */
	if (j->in != NULL)
		gitfeed_start(j->in, app->loop, fds->fd[0]);
	else
		(void)close(fds->fd[0]);
	j->out.fd = fds->fd[1];
	j->err.fd = fds->fd[2];
	if (fds->n > 3)
		(void)close(fds->fd[3]);
	fds->n = 0;
	j->out.watch =
	    loop_watch_new(app->loop, j->out.fd, LOOP_READ, git_out_cb, j);
	j->err.watch =
	    loop_watch_new(app->loop, j->err.fd, LOOP_READ, git_err_cb, j);
	loop_timer_set(j->timer, app->conf->git_timeout_ms);
	start_over(j);
	next_job(j->git);
}

/* NO_SUCH is the grant, which a new [ops] does not know: it passes. */
static int
spawn_error(const struct priv_spawn_answer *a)
{
	switch (a->result) {
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
git_spawn_cb(int err, const struct priv_spawn_answer *a, struct seqpkt_fds *fds,
    void *arg)
{
	struct job *j = arg;

	j->pending = false;
	/*
	 * As of a run: the grant may have ended with its token. What comes
	 * next will tell, where there is a next.
	 */
	if (err == 0 && a->result == PRIV_DENIED && !j->optional)
		grant_forget(j->git->app->grants, j->uid);
	/* Not the three that the protocol has for pipes, and a page. */
	if (err == 0 && a->result == PRIV_DONE &&
	    fds->n != 3 + (j->spawn.hostc > 0)) {
		seqpkt_fds_close(fds);
		err = RDV_E_UNAVAILABLE;
	}
	if (j->cb == NULL) {
		/* Given up meanwhile; the process is ended by its EOFs. */
		if (err == 0 && a->result == PRIV_DONE)
			seqpkt_fds_close(fds);
		job_free(j);
	} else if (err != 0) {
		job_end(j, err, helper_why(err));
	} else if (a->result != PRIV_DONE) {
		job_end(j, spawn_error(a), a->why);
	} else {
		job_run(j, a->handle, fds);
	}
}

static void
git_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct job *j = arg;

	j->pending = false;
	if (j->cb == NULL) {
		job_free(j);
		return;
	}
	if (err != 0) {
		job_end(j, err, why);
		return;
	}
	memcpy(j->spawn.grant, g->bytes, sizeof(j->spawn.grant));
	j->pending = true;
	helper_spawn(j->git->app->helper, &j->spawn, git_spawn_cb, j);
}

static void
job_start(struct job *j)
{
	struct git *g = j->git;

	TAILQ_INSERT_TAIL(&g->running, j, link);
	g->nrunning++;
	g->nstarting++;
	j->pending = j->starting = true;
	grant_get(g->app->grants, j->uid, git_grant_cb, j);
}

static void
refuse_all(struct git *g, struct jobs *jobs, int err, const char *why)
{
	struct job *j;

	while ((j = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, j, link);
		g->nwaiting -= jobs == &g->waiting;
		answer(j, err, why);
		job_free(j);
	}
}

static void
git_refuse_cb(void *arg)
{
	struct git *g = arg;

	refuse_all(g, &g->refused, RDV_E_BUSY,
	    "too many git commands are waiting");
}

void
git_run(struct git *g, const struct git_call *call, git_fn *cb, void *arg)
{
	struct job *j;

	/* Then the loop turns no more, and there is no later. */
	if (g->ending) {
		cb(RDV_E_UNAVAILABLE, NULL, "rdv is ending", arg);
		return;
	}
	j = xcalloc(1, sizeof(*j));
	j->git = g;
	j->uid = call->uid;
	j->optional = call->optional;
	if (call->in != NULL)
		j->in = gitfeed_new(call->in, call->inlen);
	j->cb = cb;
	j->arg = arg;
	j->out.fd = j->err.fd = -1;
	buf_init(&j->out.buf, call->max);
	buf_init(&j->err.buf, ERR_MAX);
	j->timer = loop_timer_new(g->app->loop, git_timeout_cb, j);
	gitspawn_fill(&j->spawn, call);
	/* Told from the loop: no caller is answered within its own call. */
	if (count_of(&g->waiting, j->uid) >= WAITING_MAX) {
		if (TAILQ_EMPTY(&g->refused))
			loop_defer(g->app->loop, git_refuse_cb, g);
		TAILQ_INSERT_TAIL(&g->refused, j, link);
		return;
	}
	TAILQ_INSERT_TAIL(&g->waiting, j, link);
	g->nwaiting++;
	next_job(g);
}

void
git_end(struct git *g)
{
	g->ending = true;
	loop_undefer(g->app->loop, git_refuse_cb, g);
	refuse_all(g, &g->refused, RDV_E_UNAVAILABLE, "rdv is ending");
	refuse_all(g, &g->waiting, RDV_E_UNAVAILABLE, "rdv is ending");
}

void
git_free(struct git *g)
{
	struct job *j;

	if (g == NULL)
		return;
	git_end(g);
	while ((j = TAILQ_FIRST(&g->running)) != NULL) {
		TAILQ_REMOVE(&g->running, j, link);
		answer(j, RDV_E_UNAVAILABLE, "rdv is ending");
		/* Else the helper or the grants free it with their answer. */
		if (!j->pending)
			job_free(j);
	}
	loop_undefer(g->app->loop, git_sweep_cb, g);
	git_sweep_cb(g);
	free(g);
}

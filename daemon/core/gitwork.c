/* SPDX-License-Identifier: MIT */
/*
 * Which worker answers: started when it is first needed, ended when it is not
 * needed any more, and not started again and again. Invariants: each question
 * is answered once, from the loop; a worker that dies fails what it was asked
 * and nothing else.
 */
#include "daemon/core/gitworkstate.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/gitpins.h"
#include "daemon/core/grant.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Of one account: each is a process that its limits count. */
#define WORKERS_MAX 64
#define IDLE_MS	    60000
/* Ends in a row without an answer, and for how long there is none then. */
#define DEATHS_MAX 3
#define REST_MS	   60000

static void worker_timer_cb(void *arg);

struct gitwork *
gitwork_new(struct app *app)
{
	struct gitwork *g = xcalloc(1, sizeof(*g));

	g->app = app;
	TAILQ_INIT(&g->workers);
	TAILQ_INIT(&g->ended);
	TAILQ_INIT(&g->refused);
	return g;
}

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static struct worker *
worker_new(struct gitwork *g, const struct gitwork_tree *t)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	size_t n = count(t->configs);

	w->g = g;
	w->uid = t->uid;
	w->at = xstrdup(t->at);
	w->top = xstrdup(t->top);
	w->configs = xcalloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		w->configs[i] = xstrdup(t->configs[i]);
	TAILQ_INIT(&w->asks);
	buf_init(&w->in, WORKER_IN_MAX);
	buf_init(&w->out, WORKER_OUT_MAX);
	buf_init(&w->err, WORKER_ERR_MAX);
	for (int i = 0; i < 3; i++)
		w->fd[i] = -1;
	w->timer = loop_timer_new(g->app->loop, worker_timer_cb, w);
	TAILQ_INSERT_TAIL(&g->workers, w, link);
	return w;
}

static void
worker_free(struct worker *w)
{
	for (int i = 0; i < 3; i++) {
		worker_close(w, i);
		loop_watch_free(w->watch[i]);
	}
	loop_timer_free(w->timer);
	buf_done(&w->in);
	buf_done(&w->out);
	buf_done(&w->err);
	for (size_t i = 0; w->configs[i] != NULL; i++)
		free(w->configs[i]);
	free(w->configs);
	free(w->at);
	free(w->top);
	free(w);
}

static void
gitwork_sweep_cb(void *arg)
{
	struct gitwork *g = arg;
	struct worker *w;

	while ((w = TAILQ_FIRST(&g->ended)) != NULL) {
		TAILQ_REMOVE(&g->ended, w, link);
		worker_free(w);
	}
}

/* It may be on the stack, and is freed later. */
static void
worker_remove(struct worker *w)
{
	struct gitwork *g = w->g;

	TAILQ_REMOVE(&g->workers, w, link);
	loop_timer_clear(w->timer);
	if (TAILQ_EMPTY(&g->ended))
		loop_defer(g->app->loop, gitwork_sweep_cb, g);
	TAILQ_INSERT_TAIL(&g->ended, w, link);
}

/* No process, and perhaps another one later. */
static void
worker_down(struct worker *w, int err, const char *why)
{
	for (int i = 0; i < 3; i++)
		worker_close(w, i);
	w->phase = WORKER_DOWN;
	w->handle = 0;
	buf_reset(&w->in);
	buf_reset(&w->out);
	loop_timer_set(w->timer, IDLE_MS);
	worker_fail_all(w, err, why);
}

static void
worker_exit_cb(const struct priv_exit *ev, void *arg)
{
	struct worker *w = arg;
	const char *why = w->failure;
	struct gitwork *g = w->g;

	if (ev != NULL)
		helper_exit_ack(g->app->helper, ev->handle);
	if (g->ending)
		return;
	/* It is dead: what it had to say is there. */
	worker_drain(w);
	if (w->phase == WORKER_ENDING && TAILQ_EMPTY(&w->asks)) {
		worker_remove(w);
		return;
	}
	w->deaths++;
	w->rest_until = clock_mono_ms() + REST_MS;
	if (ev == NULL)
		why = "the helper was restarted";
	else if (why == NULL)
		why = w->err.len > 0 ? buf_cstr(&w->err) : "it has ended";
	if (w->phase != WORKER_ENDING)
		log_warnx("git", "rdv-git uid=%u has ended: %s",
		    (unsigned)w->uid, why);
	worker_down(w, RDV_E_UNAVAILABLE, why);
}

static void
worker_timer_cb(void *arg)
{
	struct worker *w = arg;

	if (w->phase == WORKER_DOWN) {
		worker_remove(w);
	} else if (!TAILQ_EMPTY(&w->asks)) {
		worker_stop(w, "it does not answer");
	} else if (w->phase == WORKER_UP) {
		worker_let_go(w);
	} else {
		worker_stop(w, "it does not end");
	}
}

static void
run_worker(struct worker *w, uint64_t handle, struct seqpkt_fds *fds)
{
	struct gitwork *g = w->g;

	w->handle = handle;
	w->failure = NULL;
	w->greeted = false;
	w->phase = WORKER_UP;
	buf_reset(&w->err);
	helper_on_exit(g->app->helper, handle, worker_exit_cb, w);
	for (int i = 0; i < 3; i++) {
		loop_watch_free(w->watch[i]);
		w->fd[i] = fds->fd[i];
		w->watch[i] = loop_watch_new(g->app->loop, w->fd[i],
		    i == 0 ? LOOP_WRITE : LOOP_READ, worker_watch_cbs[i], w);
	}
	fds->n = 0;
	worker_flush(w);
}

static void
worker_spawn_cb(int err, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct worker *w = arg;
	const bool started = err == 0 && a->result == PRIV_DONE;

	/* Not what was asked for without three pipes: their EOF ends it. */
	if (started && (w->g->ending || fds->n != 3)) {
		seqpkt_fds_close(fds);
		err = RDV_E_UNAVAILABLE;
	}
	if (w->g->ending)
		return;
	if (err == 0 && started) {
		run_worker(w, a->handle, fds);
		return;
	}
	if (err == 0 && a->result == PRIV_DENIED)
		grant_forget(w->g->app->grants, w->uid);
	worker_down(w, RDV_E_SPAWN, err == 0 ? a->why : "it was not started");
}

static void
fill_argv(const struct worker *w, struct priv_spawn *m)
{
	const size_t n =
	    4 + count(git_pins) + count((const char *const *)w->configs);

	m->argv = xcalloc(n, sizeof(char *));
	m->argv[m->argc++] = xstrdup(GITPROTO_PROGRAM);
	m->argv[m->argc++] = xstrdup("serve");
	m->argv[m->argc++] = xstrdup(w->at);
	for (size_t i = 0; git_pins[i] != NULL; i++)
		m->argv[m->argc++] = xstrdup(git_pins[i]);
	for (size_t i = 0; w->configs[i] != NULL; i++)
		m->argv[m->argc++] = xstrdup(w->configs[i]);
}

static void
worker_grant_cb(int err, const struct grant *grant, const char *why, void *arg)
{
	struct worker *w = arg;
	struct priv_spawn m = { .io = PRIV_IO_PIPES };

	if (w->g->ending)
		return;
	if (err != 0) {
		worker_down(w, err, why);
		return;
	}
	(void)str_copy(m.profile, "git", sizeof(m.profile));
	(void)str_copy(m.label, "git", sizeof(m.label));
	memcpy(m.grant, grant->bytes, sizeof(m.grant));
	/* Not in the tree: who takes that away looks who is in it. */
	m.cwd = xstrdup("/");
	fill_argv(w, &m);
	m.paths = xcalloc(3, sizeof(char *));
	m.paths[m.pathc++] = xstrdup(w->at);
	if (strcmp(w->at, w->top) != 0)
		m.paths[m.pathc++] = xstrdup(w->top);
	helper_spawn(w->g->app->helper, &m, worker_spawn_cb, w);
	priv_spawn_done(&m);
}

static struct worker *
find(const struct gitwork *g, uid_t uid, const char *at)
{
	struct worker *w;

	/* One that is ending answers nobody any more. */
	TAILQ_FOREACH (w, &g->workers, link)
		if (w->uid == uid && w->phase != WORKER_ENDING &&
		    strcmp(w->at, at) == 0)
			return w;
	return NULL;
}

const char *
gitwork_top(const struct gitwork *g, uid_t uid, const char *at)
{
	const struct worker *w = find(g, uid, at);

	return w != NULL && w->phase == WORKER_UP ? w->top : NULL;
}

/* The one that was asked longest ago makes room, if nobody waits for it. */
static bool
make_room(struct gitwork *g, uid_t uid)
{
	struct worker *w, *oldest = NULL;
	unsigned n = 0;

	TAILQ_FOREACH (w, &g->workers, link) {
		if (w->uid != uid)
			continue;
		n++;
		if (w->phase == WORKER_UP && TAILQ_EMPTY(&w->asks) &&
		    (oldest == NULL || w->asked < oldest->asked))
			oldest = w;
	}
	if (n < WORKERS_MAX)
		return true;
	if (oldest == NULL)
		return false;
	worker_let_go(oldest);
	return true;
}

void
gitwork_count(const struct gitwork *g, unsigned *running, unsigned *failing)
{
	const struct worker *w;

	*running = *failing = 0;
	TAILQ_FOREACH (w, &g->workers, link) {
		*running += w->phase == WORKER_UP || w->phase == WORKER_ENDING;
		*failing += w->deaths > 0;
	}
}

static bool
is_same_tree(const struct worker *w, const struct gitwork_tree *t)
{
	size_t n = count(t->configs);

	if (strcmp(w->top, t->top) != 0 ||
	    count((const char *const *)w->configs) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(w->configs[i], t->configs[i]) != 0)
			return false;
	return true;
}

/* NULL: there is none, and for now there shall be none. */
static struct worker *
worker_for(struct gitwork *g, const struct gitwork_tree *t)
{
	struct worker *w = find(g, t->uid, t->at);

	/* It would be started with what was known of the tree at some time. */
	if (w != NULL && t->configs == NULL && w->phase == WORKER_DOWN)
		return NULL;
	if (w != NULL && t->configs != NULL && !is_same_tree(w, t)) {
		if (w->phase == WORKER_ASKED || !TAILQ_EMPTY(&w->asks))
			return NULL;
		if (w->phase == WORKER_DOWN)
			worker_remove(w);
		else
			worker_let_go(w);
		w = NULL;
	}
	if (w != NULL && w->deaths >= DEATHS_MAX &&
	    clock_mono_ms() < w->rest_until)
		return NULL;
	if (w != NULL || t->configs == NULL)
		return w;
	return make_room(g, t->uid) ? worker_new(g, t) : NULL;
}

static void
refuse_all(struct gitwork *g, int err, const char *why)
{
	struct worker_ask *a;

	while ((a = TAILQ_FIRST(&g->refused)) != NULL) {
		TAILQ_REMOVE(&g->refused, a, link);
		a->cb(err, NULL, why, a->arg);
		worker_ask_free(a);
	}
}

static void
gitwork_refuse_cb(void *arg)
{
	refuse_all(arg, RDV_E_BUSY, "there is no worker for it");
}

void
gitwork_ask(struct gitwork *g, const struct gitwork_tree *tree,
    const struct gitwork_question *question, gitwork_fn *cb, void *arg)
{
	const int64_t ms = g->app->conf->git_timeout_ms;
	struct worker_ask *a;
	struct worker *w;

	if (g->ending) {
		js_free(question->o);
		cb(RDV_E_UNAVAILABLE, NULL, "rdv is ending", arg);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->question = question->o;
	a->ms = question->ms > 0 && question->ms < ms ? question->ms : ms;
	a->cb = cb;
	a->arg = arg;
	w = worker_for(g, tree);
	if (w == NULL || w->nasks >= GITPROTO_ASKS_MAX) {
		if (TAILQ_EMPTY(&g->refused))
			loop_defer(g->app->loop, gitwork_refuse_cb, g);
		TAILQ_INSERT_TAIL(&g->refused, a, link);
		return;
	}
	TAILQ_INSERT_TAIL(&w->asks, a, link);
	w->nasks++;
	w->asked = clock_mono_ms();
	if (w->phase == WORKER_DOWN) {
		w->phase = WORKER_ASKED;
		loop_timer_clear(w->timer);
		grant_get(g->app->grants, w->uid, worker_grant_cb, w);
	} else if (w->phase == WORKER_UP) {
		worker_flush(w);
	}
}

void
gitwork_cancel(struct gitwork *g, const void *arg)
{
	struct worker_ask *a;
	struct worker *w;

	TAILQ_FOREACH (w, &g->workers, link)
		TAILQ_FOREACH (a, &w->asks, link)
			if (a->arg == arg && a->question == NULL)
				worker_cancel(w, a);
}

/*
 * By the first question to be over: whoever asks one that hangs again and again
 * must not keep it from being ended.
 */
void
worker_arm(struct worker *w)
{
	const int64_t now = clock_mono_ms();
	const struct worker_ask *a;
	int64_t until = INT64_MAX;

	TAILQ_FOREACH (a, &w->asks, link)
		if (a->question == NULL && a->until < until)
			until = a->until;
	if (until == INT64_MAX)
		until = now + IDLE_MS;
	loop_timer_set(w->timer, until < now ? 0 : until - now);
}

void
gitwork_end(struct gitwork *g)
{
	struct worker *w;

	g->ending = true;
	loop_undefer(g->app->loop, gitwork_refuse_cb, g);
	refuse_all(g, RDV_E_UNAVAILABLE, "rdv is ending");
	TAILQ_FOREACH (w, &g->workers, link) {
		for (int i = 0; i < 3; i++)
			worker_close(w, i);
		loop_timer_clear(w->timer);
		worker_fail_all(w, RDV_E_UNAVAILABLE, "rdv is ending");
	}
}

void
gitwork_free(struct gitwork *g)
{
	struct worker *w;

	if (g == NULL)
		return;
	gitwork_end(g);
	while ((w = TAILQ_FIRST(&g->workers)) != NULL) {
		TAILQ_REMOVE(&g->workers, w, link);
		worker_free(w);
	}
	loop_undefer(g->app->loop, gitwork_sweep_cb, g);
	gitwork_sweep_cb(g);
	free(g);
}

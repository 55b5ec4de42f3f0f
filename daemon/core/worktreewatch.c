/* SPDX-License-Identifier: MIT */
/*
 * Worktrees that somebody wants to hear of in the outbox: one that follows for
 * each, shared by all who ask for the same, and gone when its time is over.
 * Invariant: an event says what differs now, and is written only after that was
 * something else before.
 */
#include "daemon/core/worktreewatch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/app.h"
#include "daemon/core/worktreefollow.h"
#include "daemon/core/worktreeop.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/xalloc.h"

/* Of one account, as many as it may have workers. */
#define WATCHES_MAX 64

struct asker {
	TAILQ_ENTRY(asker) link;
	worktree_watch_fn *cb;
	void *arg;
};

struct wt_watch {
	TAILQ_ENTRY(wt_watch) link;
	struct wt_watches *all;
	struct worktree_who who;
	char *path, *base, *from, *operation;
	struct wt_follow *follow;
	struct loop_timer *timer; /* its end */
	struct loop_timer *soon;  /* who asked for what is known */
	TAILQ_HEAD(, asker) askers;
	struct wt_stat now;
	int64_t until; /* monotonic */
	bool known;
};

struct wt_watches {
	struct worktrees *w;
	TAILQ_HEAD(, wt_watch) list;
};

struct wt_watches *
wt_watches_new(struct worktrees *w)
{
	struct wt_watches *ws = xcalloc(1, sizeof(*ws));

	ws->w = w;
	TAILQ_INIT(&ws->list);
	return ws;
}

/* `follow` is none any more. */
static void
watch_free(struct wt_watch *t)
{
	TAILQ_REMOVE(&t->all->list, t, link);
	loop_timer_free(t->timer);
	loop_timer_free(t->soon);
	free(t->path);
	free(t->base);
	free(t->from);
	free(t->operation);
	free(t);
}

static void
answer(struct wt_watch *t, int err, const char *why)
{
	struct asker *a;

	t->now.ms = t->until - clock_mono_ms();
	while ((a = TAILQ_FIRST(&t->askers)) != NULL) {
		TAILQ_REMOVE(&t->askers, a, link);
		a->cb(err, err == 0 ? &t->now : NULL, why, a->arg);
		free(a);
	}
}

void
wt_watches_free(struct wt_watches *ws)
{
	struct wt_watch *t;

	while ((t = TAILQ_FIRST(&ws->list)) != NULL) {
		worktree_follow_end(t->follow);
		watch_free(t);
	}
	free(ws);
}

static void
emit(const struct wt_watch *t)
{
	struct tx *tx = tx_begin(t->all->w->app->db);
	struct js *o = js_object();

	js_add_str(o, "path", t->path);
	js_add_str(o, "base", t->base);
	js_add_str(o, "from", t->now.from);
	js_add_int(o, "files", t->now.files);
	js_add_int(o, "added", t->now.added);
	js_add_int(o, "removed", t->now.removed);
	js_add_bool(o, "truncated", t->now.truncated);
	js_add_str(o, "operation", t->now.operation);
	event_emit(tx, EV_WORKTREE_CHANGED, t->who.user_id, NULL, o);
	/* It is only for showing: the next one says what this one did. */
	tx_commit(tx, NULL, NULL);
}

static void
replace(char **text, const char *with)
{
	free(*text);
	*text = with == NULL ? NULL : xstrdup(with);
}

static void
watch_told_cb(const struct js *r, void *arg)
{
	struct wt_watch *t = arg;

	replace(&t->from, js_str(r, "from", NULL));
	replace(&t->operation, js_str(r, "operation", NULL));
	t->now = (struct wt_stat){
		.from = t->from,
		.files = js_int(r, "total", 0),
		.added = js_int(r, "added", 0),
		.removed = js_int(r, "removed", 0),
		.truncated = js_bool(r, "truncated", false),
		.operation = t->operation,
	};
	if (t->known)
		emit(t);
	t->known = true;
	answer(t, 0, NULL);
	worktree_follow_next(t->follow);
}

static void
watch_ended_cb(int err, const char *why, void *arg)
{
	struct wt_watch *t = arg;

	answer(t, err, why);
	watch_free(t);
}

static void
watch_timer_cb(void *arg)
{
	struct wt_watch *t = arg;

	worktree_follow_end(t->follow);
	answer(t, RDV_E_TIMEOUT, "its time is over");
	watch_free(t);
}

static void
watch_soon_cb(void *arg)
{
	struct wt_watch *t = arg;

	/* Or else with what is being found out. */
	if (t->known)
		answer(t, 0, NULL);
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* NULL: there are as many as there may be. */
static struct wt_watch *
watch_for(struct wt_watches *ws, const struct wt_watch_conf *conf)
{
	struct loop *loop = ws->w->app->loop;
	struct wt_watch *t;
	unsigned n = 0;

	TAILQ_FOREACH (t, &ws->list, link) {
		if (t->who.uid != conf->who.uid)
			continue;
		n++;
		if (strcmp(t->who.user_id, conf->who.user_id) == 0 &&
		    strcmp(t->path, conf->path) == 0 &&
		    is_same(t->base, conf->base))
			return t;
	}
	if (n >= WATCHES_MAX)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->all = ws;
	t->who = conf->who;
	t->path = xstrdup(conf->path);
	t->base = conf->base == NULL ? NULL : xstrdup(conf->base);
	t->timer = loop_timer_new(loop, watch_timer_cb, t);
	t->soon = loop_timer_new(loop, watch_soon_cb, t);
	TAILQ_INIT(&t->askers);
	TAILQ_INSERT_TAIL(&ws->list, t, link);
	t->follow =
	    worktree_follow(ws->w, &(struct wt_follow_conf){ .who = conf->who,
				       .path = conf->path,
				       .base = conf->base,
				       .totals = true,
				       .told = watch_told_cb,
				       .ended = watch_ended_cb,
				       .arg = t });
	return t;
}

void
worktree_watch(struct worktrees *w, const struct wt_watch_conf *conf,
    worktree_watch_fn *cb, void *arg)
{
	struct wt_watch *t = watch_for(w->watches, conf);
	const int64_t now = clock_mono_ms();
	struct asker *a;

	if (t == NULL) {
		cb(RDV_E_BUSY, NULL, "too many worktrees are watched", arg);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->cb = cb;
	a->arg = arg;
	TAILQ_INSERT_TAIL(&t->askers, a, link);
	if (now + conf->ms > t->until)
		t->until = now + conf->ms;
	loop_timer_set(t->timer, t->until - now);
	loop_timer_set(t->soon, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Chains in memory: read from their rows, led on link by link, ended.
 * Invariant: what comes next is decided here alone, by what is durable, so it
 * makes no difference which daemon asks; of a chain one thing is under way at a
 * time, beside the links that were said to go on beside it; and nothing of it
 * is committed, and it is not over, while one of those runs.
 */
#include "daemon/core/chainstate.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/agentlive.h"
#include "daemon/core/grant.h"
#include "daemon/core/owner.h"
#include "daemon/core/reset.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define AGAIN_MS 1000

static void chain_again_cb(void *);
static void chains_later_cb(void *);

struct chains *
chains_new(struct app *app)
{
	struct chains *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->live);
	TAILQ_INIT(&s->later);
	s->timer = loop_timer_new(app->loop, chains_later_cb, s);
	runs_keep(app->runs, chain_keep_cb, s);
	return s;
}

static void
chain_free(struct chain *c)
{
	TAILQ_REMOVE(&c->s->live, c, link);
	agentlive_free(c->live);
	free(c->said);
	loop_timer_free(c->retry);
	loop_timer_free(c->grace);
	arena_free(c->arena);
	free(c);
}

void
chains_free(struct chains *s)
{
	struct chain_later *l;
	struct chain *c;

	if (s == NULL)
		return;
	while ((l = TAILQ_FIRST(&s->later)) != NULL) {
		TAILQ_REMOVE(&s->later, l, link);
		free(l);
	}
	loop_timer_free(s->timer);
	while ((c = TAILQ_FIRST(&s->live)) != NULL)
		chain_free(c);
	runs_keep(s->app->runs, NULL, NULL);
	free(s);
}

/* All rows of it, into its arena. */
static int
read_rows(struct chain *c, const char *id)
{
	struct db *db = c->s->app->db;
	int err = store_chain_find(db, c->arena, id, &c->row);

	if (err == 0)
		err = store_links_of(db, c->arena, id, &c->links, &c->n);
	if (err == 0)
		err = store_conversation_get(db, c->arena, c->row.user_id,
		    c->row.session_id, &c->conversation);
	if (err == 0)
		err = store_turn_get(db, c->arena, c->row.user_id,
		    c->row.turn_id, &c->turn);
	if (err == 0)
		err = workspace_load(db, c->arena, c->row.user_id,
		    c->row.workspace_id, &c->ws);
	if (err != 0)
		return err;
	return owner_find(db, c->row.user_id, &c->who);
}

/* Of a store that fails now it is asked again; what is not there never is. */
static void
look_later(struct chains *s, const char *id, bool run)
{
	struct chain_later *l = xcalloc(1, sizeof(*l));

	(void)str_copy(l->id, id, sizeof(l->id));
	l->run = run;
	TAILQ_INSERT_TAIL(&s->later, l, link);
	if (!loop_timer_pending(s->timer))
		loop_timer_set(s->timer, AGAIN_MS);
}

static void
chains_later_cb(void *arg)
{
	struct chains *s = arg;
	struct chain_later *l;
	struct run *run;
	TAILQ_HEAD(, chain_later) due = TAILQ_HEAD_INITIALIZER(due);

	TAILQ_CONCAT(&due, &s->later, link);
	while ((l = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, l, link);
		run = l->run ? run_find(s->app->runs, l->id) : NULL;
		if (!l->run)
			chain_halt(s, l->id);
		else if (run != NULL && !chain_keep_cb(run, s))
			run_conclude(run, NULL, NULL, NULL, NULL);
		free(l);
	}
}

struct chain *
chain_find(struct chains *s, const char *id)
{
	struct chain *c;
	int err;

	TAILQ_FOREACH (c, &s->live, link)
		if (strcmp(c->row.id, id) == 0)
			return c;
	c = xcalloc(1, sizeof(*c));
	c->s = s;
	c->arena = arena_new();
	TAILQ_INSERT_TAIL(&s->live, c, link);
	c->retry = loop_timer_new(s->app->loop, chain_again_cb, c);
	err = read_rows(c, id);
	if (err == 0)
		return c;
	log_errorx("chain", "%s cannot be read: %s", id,
	    err < 0 ? strerror(-err) : err_name(err));
	chain_free(c);
	if (err < 0)
		look_later(s, id, false);
	return NULL;
}

struct chain *
chain_of_run(struct chains *s, const char *run_id, size_t *link, bool *later)
{
	struct arena *a = arena_new();
	struct store_link l;
	struct chain *c = NULL;
	int err = store_link_of_run(s->app->db, a, run_id, &l);

	if (err == 0)
		c = chain_find(s, l.chain_id);
	*later = err < 0 || (err == 0 && c == NULL);
	if (*later) {
		log_errorx("chain", "run=%s cannot be read now", run_id);
		look_later(s, run_id, true);
	}
	*link = c != NULL ? (size_t)l.place : 0;
	arena_free(a);
	return c;
}

bool
chain_leaves(const struct chain *c)
{
	return c->s->app->draining || runs_stopping(c->s->app->runs);
}

static void
chain_again_cb(void *arg)
{
	chain_next(arg);
}

void
chain_again(struct chain *c)
{
	loop_timer_set(c->retry, AGAIN_MS);
}

static bool
is(const struct store_link *l, const char *state)
{
	return strcmp(l->state, state) == 0;
}

/* The first link of that state, or n; `beside` too, or not. */
static size_t
first_of(const struct chain *c, const char *state, bool beside)
{
	size_t i = 0;

	while (i < c->n &&
	       (!is(&c->links[i], state) || (!beside && c->links[i].beside)))
		i++;
	return i;
}

/* Without it nothing that follows has a meaning. */
static bool
is_needed(const struct store_link *l)
{
	return !l->beside && (strcmp(l->kind, LINK_SETUP) == 0 ||
				 strcmp(l->kind, LINK_AGENT) == 0);
}

static bool
has_failed(const struct store_link *l)
{
	return is(l, "failed") || is(l, "killed") || is(l, "lost");
}

/* The first that has failed, of those needed or of cleanup scripts; or n. */
static size_t
first_failed(const struct chain *c, bool needed)
{
	size_t i = 0;

	while (i < c->n &&
	       (!has_failed(&c->links[i]) ||
		   is_needed(&c->links[i]) != needed ||
		   (!needed && strcmp(c->links[i].kind, LINK_CLEANUP) != 0)))
		i++;
	return i;
}

/* In system mode what goes on by itself waits until its user is there. */
static bool
may_go_on(const struct chain *c)
{
	const struct app *app = c->s->app;

	return !c->recalled || !app->conf->system ||
	       grant_is_given(app->grants, c->who.uid);
}

static const char *
why_of(struct chain *c, const struct store_link *l)
{
	return arena_printf(c->arena, "%s: %s", l->kind,
	    l->cause != NULL ? l->cause : l->state);
}

/*
 * Somebody may have written that it is to end, and not have heard yet that this
 * is durable. Whatever is written from here on follows it, so it counts.
 */
void
chain_look_stop(struct chain *c)
{
	struct arena *a;
	struct store_chain row;

	if (c->row.stop != NULL)
		return;
	a = arena_new();
	if (store_chain_find(c->s->app->db, a, c->row.id, &row) == 0 &&
	    row.stop != NULL)
		c->row.stop = arena_strdup(c->arena, row.stop);
	arena_free(a);
}

/* What goes on beside changes the same files, and is stopped with the rest. */
static bool
waits_for_beside(struct chain *c, size_t next)
{
	bool any = false;

	if (c->row.stop == NULL && next < c->n &&
	    strcmp(c->links[next].kind, LINK_COMMIT) != 0)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (!is(&c->links[i], "running"))
			continue;
		any = true;
		if (c->row.stop != NULL)
			chain_halt_link(c, i);
	}
	return any;
}

static void
go_on(struct chain *c)
{
	size_t bad = first_failed(c, true), dirty = first_failed(c, false);
	size_t next = first_of(c, "waiting", true);

	chain_look_stop(c);
	if (waits_for_beside(c, bad < c->n ? c->n : next))
		return;
	if (c->row.stop != NULL)
		chain_end(c, LIFE_STOP, c->row.stop);
	else if (bad < c->n)
		chain_end(c, life_of_run(c->links[bad].state),
		    why_of(c, &c->links[bad]));
	else if (next < c->n) {
		c->at = next;
		if (strcmp(c->links[next].kind, LINK_COMMIT) == 0)
			chain_commit(c);
		else
			chain_start(c);
	} else if (dirty < c->n)
		chain_end(c, LIFE_FAIL, why_of(c, &c->links[dirty]));
	else
		chain_end(c, LIFE_DONE, NULL);
}

void
chain_next(struct chain *c)
{
	size_t running = first_of(c, "running", false);

	if (c->busy || chain_leaves(c))
		return;
	if (life_is_over(LIFE_CHAIN, c->row.state)) {
		resets_poke(c->s->app->resets);
		if (first_of(c, "running", true) == c->n)
			chain_free(c);
	} else if (!may_go_on(c)) {
		chain_again(c);
	} else if (running < c->n &&
		   strcmp(c->links[running].kind, LINK_COMMIT) == 0) {
		/* A crash cut it off: done twice it is done once. */
		c->at = running;
		chain_commit(c);
	} else if (running == c->n) {
		go_on(c);
	}
}

void
chain_go(struct chains *s, const char *id)
{
	struct chain *c = chain_find(s, id);

	if (c != NULL)
		chain_next(c);
}

void
chain_tell(struct tx *tx, enum event_kind kind, const struct store_chain *c,
    const struct store_link *l)
{
	struct js *o = js_object();

	js_add_str(o, "id", c->turn_id);
	js_add_str(o, "conversation_id", c->session_id);
	js_add_str(o, "workspace_id", c->workspace_id);
	js_add_str(o, "state", c->state);
	js_add_str(o, "cause", c->cause);
	if (l != NULL)
		js_add(o, "link", chain_link_json(l));
	event_emit(tx, kind, c->user_id, c->turn_id, o);
}

static void
chain_moved_cb(int err, void *arg)
{
	struct chain *c = arg;

	c->busy = false;
	if (err != 0) {
		chain_again(c);
		return;
	}
	c->links[c->next.place] = c->next;
	chain_next(c);
}

void
chain_move(struct chain *c, size_t i, enum life_event event, const char *cause)
{
	struct tx *tx = tx_begin(c->s->app->db);

	c->busy = true;
	c->next = c->links[i];
	c->next.state = life_next(LIFE_LINK, c->links[i].state, event);
	c->next.cause = arena_text(c->arena, cause);
	(void)store_link_move(tx, &c->next, c->links[i].state);
	chain_tell(tx, EV_TURN_UPDATED, &c->row, &c->next);
	tx_commit(tx, chain_moved_cb, c);
}

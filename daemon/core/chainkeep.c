/* SPDX-License-Identifier: MIT */
/*
 * Runs of chains that are over. Where the repositories stand then, how the link
 * went and how the turn did are written in the transaction of the run's end, so
 * nobody ever finds one of them without the others. What the agent has said of
 * its turn counts for more than how its program ended: one that does not end by
 * itself is stopped when it is done.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/app.h"
#include "daemon/core/agentlive.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runrepos.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* An agent that is done, or was asked to end, has so long. */
#define GRACE_MS    5000
#define SUMMARY_MAX (64 * 1024)
#define ID_MAX	    200 /* of a conversation or a message */

/* One end, from the last byte of output to the disk. */
struct ending {
	struct chain *chain;
	size_t i;
	char run_id[UUID_TEXT];
	const char *state, *cause; /* of the run, as it came */
	int code;
	bool began;
	bool said; /* the agent had said how, before it ended */
	const struct chain_look *looks; /* NULL: nobody could tell */
	enum life_event event;
	const char *why;
};

static void
chain_grace_cb(void *arg)
{
	struct chain *c = arg;
	struct run *run = c->turn.run_id != NULL
			      ? run_find(c->s->app->runs, c->turn.run_id)
			      : NULL;

	if (run != NULL)
		run_stop(run,
		    c->row.stop != NULL ? c->row.stop : "its turn was over");
}

static void
give_grace(struct chain *c)
{
	if (c->grace == NULL)
		c->grace = loop_timer_new(c->s->app->loop, chain_grace_cb, c);
	if (!loop_timer_pending(c->grace))
		loop_timer_set(c->grace, GRACE_MS);
}

/*
 * An id is the agent's word, and becomes a word of the next command line: it is
 * none that an option or a path could be taken for.
 */
static bool
id_ok(const char *id)
{
	const size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_.:-");

	return n > 0 && n <= ID_MAX && id[n] == '\0' &&
	       strchr("_.:-", id[0]) == NULL;
}

/* The id of a conversation is what the next turn needs: at once. */
static void
store_fact(struct chain *c, const char **now, const char *text)
{
	struct store_turn t = { .id = c->turn.id };
	struct tx *tx;

	if (!id_ok(text) || (*now != NULL && strcmp(*now, text) == 0))
		return;
	*now = arena_strdup(c->arena, text);
	t.agent_session = c->turn.agent_session;
	t.agent_message = c->turn.agent_message;
	tx = tx_begin(c->s->app->db);
	(void)store_turn_said(tx, &t);
	tx_commit(tx, NULL, NULL);
}

/* There may be many: only the last is kept. */
static void
keep_summary(struct chain *c, const char *text)
{
	size_t n = strlen(text);

	if (n > SUMMARY_MAX) {
		n = SUMMARY_MAX;
		n -= str_utf8_tail(text, n);
	}
	free(c->said);
	c->said = xstrndup(text, n);
	c->turn.summary = c->said;
}

/*
 * All that it may need is somebody who signs in, and signing in at home is of
 * no use to an agent that has a home of its own.
 */
static const char *
needs(const struct chain *c, const char *said)
{
	const struct store_conversation *own = &c->conversation;

	if (strcmp(own->profile, "login") == 0)
		return arena_strdup(c->arena, said);
	return arena_printf(c->arena,
	    "nobody has signed in for %s where it is confined: run rdv agents "
	    "login %s. It says: %s",
	    own->agent, own->agent, said);
}

static void
chain_fact_cb(enum agent_fact what, const char *text, void *arg)
{
	struct chain *c = arg;

	switch (what) {
	case AGENT_CONVERSATION:
		store_fact(c, &c->turn.agent_session, text);
		break;
	case AGENT_MESSAGE:
		store_fact(c, &c->turn.agent_message, text);
		break;
	case AGENT_SAID:
		keep_summary(c, text);
		break;
	case AGENT_NEEDS:
		c->needs = needs(c, text);
		break;
	case AGENT_MODEL:
		break;
	}
}

static void
chain_over_cb(enum agent_outcome how, const char *why, void *arg)
{
	static const enum life_event events[] = {
		[AGENT_SUCCEEDED] = LIFE_DONE,
		[AGENT_FAILED] = LIFE_FAIL,
		[AGENT_INTERRUPTED] = LIFE_STOP,
	};
	struct chain *c = arg;

	c->outcome = (struct chain_outcome){ true, events[how],
		arena_text(c->arena, why) };
	give_grace(c);
}

void
chain_attach(struct chain *c, size_t i, struct run *run, bool replayed)
{
	struct agentlive_conf conf = {
		.app = c->s->app,
		.term = run_term(run),
		.user_id = c->row.user_id,
		.session_id = c->row.session_id,
		.run_id = c->links[i].run_id,
		.workspace_id = c->row.workspace_id,
		.profile = c->conversation.profile,
		.replayed = replayed,
		.fact = chain_fact_cb,
		.over = chain_over_cb,
		.arg = c,
	};
	const struct agent_ops *ops = agent_find(c->conversation.agent);
	struct agent_wish wish;
	const char *why = "its output cannot be read";
	struct js *config;

	if (c->live != NULL)
		return;
	config = conf.term != NULL ? chain_wish_of(c, &wish, &why) : NULL;
	if (config != NULL) {
		conf.cwd = wish.cwd;
		c->live = agentlive_new(&conf, ops, &wish, &why);
		js_free(config);
	}
	/* One that nobody hears or speaks to would go on for ever. */
	if (why != NULL)
		run_stop(run, why);
	else if (c->row.stop != NULL)
		/* Stopped while it was started. */
		chain_halt_link(c, i);
}

void
chain_halt_link(struct chain *c, size_t i)
{
	const struct store_link *l = &c->links[i];
	struct run *run =
	    l->run_id != NULL ? run_find(c->s->app->runs, l->run_id) : NULL;

	if (run == NULL)
		return;
	if (strcmp(l->kind, LINK_AGENT) == 0 && c->live != NULL) {
		agentlive_interrupt(c->live);
		give_grace(c);
	} else {
		run_stop(run, c->row.stop);
	}
}

void
chain_halt(struct chains *s, const char *id)
{
	struct chain *c = chain_find(s, id);

	if (c == NULL)
		return;
	chain_look_stop(c);
	for (size_t i = 0; c->row.stop != NULL && i < c->n; i++)
		if (strcmp(c->links[i].state, "running") == 0)
			chain_halt_link(c, i);
	chain_next(c);
}

static void
write_cb(struct tx *tx, void *arg)
{
	const struct ending *e = arg;
	const struct chain *c = e->chain;
	struct store_link l = c->links[e->i];
	struct store_turn t = c->turn;

	for (size_t i = 0; e->looks != NULL && i < c->ws.n; i++) {
		const struct store_run_repo r = { .run_id = e->run_id,
			.place = (int64_t)i,
			.after_head = e->looks[i].head };

		(void)store_run_repo_after(tx, &r);
	}
	l.state = life_next(LIFE_LINK, l.state, e->event);
	l.cause = e->why;
	(void)store_link_move(tx, &l, c->links[e->i].state);
	if (strcmp(l.kind, LINK_AGENT) == 0) {
		t.state = life_next(LIFE_TURN, t.state, e->event);
		t.cause = e->why;
		t.ended_at = clock_wall_ms();
		(void)store_turn_move(tx, &t, c->turn.state);
		(void)store_turn_said(tx, &t);
	}
	chain_tell(tx, EV_TURN_UPDATED, &c->row, &l);
}

static void
concluded_cb(int err, void *arg)
{
	struct ending *e = arg;
	struct chain *c = e->chain;
	struct store_link *l = &c->links[e->i];

	/* rdvd ends: the next one ends the run, and sees to the rest. */
	if (err != 0)
		return;
	l->state = life_next(LIFE_LINK, l->state, e->event);
	l->cause = e->why;
	if (strcmp(l->kind, LINK_AGENT) == 0) {
		c->turn.state = life_next(LIFE_TURN, c->turn.state, e->event);
		c->turn.cause = e->why;
		agentlive_free(c->live);
		c->live = NULL;
		if (c->grace != NULL)
			loop_timer_clear(c->grace);
	}
	chain_next(c);
}

/* What it was to somebody who waits for more than its exit. */
static void
judge(struct ending *e)
{
	struct chain *c = e->chain;
	const bool agent = strcmp(c->links[e->i].kind, LINK_AGENT) == 0;

	chain_look_stop(c);
	e->event = life_of_run(e->state);
	e->why = e->cause;
	if (e->event == LIFE_FAIL && e->why == NULL)
		e->why = arena_printf(c->arena, "exit status %d", e->code);
	/* Ended from outside or not begun, what it says to that is no news. */
	if (agent && e->began && c->outcome.over &&
	    (e->said || c->outcome.event == LIFE_DONE ||
		e->event == LIFE_DONE || e->event == LIFE_FAIL)) {
		e->event = c->outcome.event;
		e->why = c->outcome.why;
	}
	if (agent && e->event != LIFE_DONE && c->needs != NULL)
		e->why = c->needs;
	if (c->row.stop != NULL && e->event != LIFE_DONE &&
	    e->event != LIFE_LOSE) {
		e->event = LIFE_STOP;
		e->why = c->row.stop;
	}
}

static void
conclude(struct ending *e)
{
	struct runs *runs = e->chain->s->app->runs;
	struct run *run = run_find(runs, e->run_id);
	const bool killed = strcmp(e->state, "killed") == 0;

	if (run == NULL)
		return;
	judge(e);
	run_on_end(run, concluded_cb, e);
	/* It was stopped as it was done, or the turn says what went wrong. */
	run_conclude(run, e->event == LIFE_DONE && killed ? "completed" : NULL,
	    e->event == LIFE_DONE ? NULL : e->why, write_cb, e);
}

static void
looked_cb(int err, const struct chain_look *looks, size_t n, const char *why,
    void *arg)
{
	struct ending *e = arg;

	(void)n;
	(void)why;
	e->looks = err == 0 ? looks : NULL;
	conclude(e);
}

static void
chain_drained_cb(void *arg)
{
	struct ending *e = arg;

	/* What never ran has changed nothing, and has no "after" of its own. */
	if (e->began)
		chain_look(e->chain, e->chain->arena, looked_cb, e);
	else
		conclude(e);
}

static bool
is_of_chain(const char *reason)
{
	return strcmp(reason, LINK_SETUP) == 0 ||
	       strcmp(reason, LINK_AGENT) == 0 ||
	       strcmp(reason, LINK_CLEANUP) == 0;
}

static struct ending *
ending_new(struct chain *c, size_t i, const struct run_news *news)
{
	struct arena *a = c->arena;
	struct ending *e = arena_alloc(a, sizeof(*e));

	e->chain = c;
	e->i = i;
	(void)str_copy(e->run_id, news->id, sizeof(e->run_id));
	e->state = arena_strdup(a, news->state);
	e->cause = arena_text(a, news->cause);
	e->code = news->exit_code;
	e->began = news->began;
	e->said = c->outcome.over;
	return e;
}

bool
chain_keep_cb(struct run *run, void *arg)
{
	struct chains *s = arg;
	struct run_news news;
	struct ending *e;
	struct chain *c;
	bool later;
	size_t i;

	run_news(run, &news);
	if (!is_of_chain(news.reason))
		return false;
	/* For the next rdvd, which finds it unended. */
	if (s->app->draining && !s->app->stopping)
		return true;
	c = chain_of_run(s, news.id, &i, &later);
	if (later)
		return true;
	if (c == NULL || strcmp(c->links[i].state, "running") != 0)
		return false;
	e = ending_new(c, i, &news);
	if (strcmp(c->links[i].kind, LINK_AGENT) == 0 && c->live == NULL)
		chain_attach(c, i, run, true);
	if (c->live != NULL && strcmp(c->links[i].kind, LINK_AGENT) == 0)
		agentlive_drain(c->live, news.exit_code, chain_drained_cb, e);
	else
		chain_drained_cb(e);
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * A reset from its row to the moment in which nothing runs in its workspace any
 * more. Invariant: the row is durable together with the wish that the turn at
 * work shall end, so no turn is stopped for a reset that nobody knows of; and
 * as long as it is open no turn begins there (chainplan.c).
 */
#include "daemon/core/resetstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chain.h"
#include "daemon/core/run.h"
#include "daemon/core/script.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static const char because[] = "its conversation was reset";

static struct js *
part_json(const struct reset_part *p)
{
	struct js *o = js_object();

	js_add_str(o, "repo_id", p->row.repo_id);
	js_add_str(o, "name", p->row.name);
	js_add_str(o, "path", p->row.path);
	js_add_str(o, "from_head", p->row.from_head);
	js_add_str(o, "to_head", p->row.to_head);
	js_add_bool(o, "moved", p->row.moved);
	js_add_str(o, "discard_id", p->row.discard_id);
	js_add_int(o, "files", p->files);
	js_add_str(o, "why", p->why);
	js_add_bool(o, "yields", p->yields);
	return o;
}

struct js *
reset_json(const struct store_reset *r, const struct reset_part *parts,
    size_t n)
{
	struct js *o = js_object(), *list = js_array();

	js_add_str(o, "id", r->id);
	js_add_str(o, "conversation_id", r->session_id);
	js_add_str(o, "workspace_id", r->workspace_id);
	js_add_str(o, "turn_id", r->turn_id);
	js_add_str(o, "state", r->state);
	js_add_str(o, "cause", r->cause);
	js_add_bool(o, "force", r->force);
	js_add_ms(o, "created_at", r->created_at);
	js_add_ms(o, "ended_at", r->ended_at);
	for (size_t i = 0; i < n; i++)
		js_push(list, part_json(&parts[i]));
	js_add(o, "repos", list);
	return o;
}

struct reset *
reset_new(struct resets *s, const struct worktree_who *who, reset_fn *cb,
    void *arg)
{
	struct reset *r = xcalloc(1, sizeof(*r));

	r->s = s;
	r->arena = arena_new();
	/* Its row comes before anything is waited for: it has begun. */
	r->who = *who;
	r->who.token_id[0] = '\0';
	r->cb = cb;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&s->all, r, link);
	return r;
}

static void
end(struct reset *r, int err, const char *why)
{
	const struct reset_told told = {
		.row = r->row.id != NULL ? &r->row : NULL,
		.parts = r->parts,
		.n = r->n,
		.code = r->code,
	};

	/* It would stay open, and no turn could begin there. */
	if (err != 0 && r->row.id != NULL && r->row.ended_at < 0 &&
	    !r->s->app->draining)
		reset_retry(r);
	TAILQ_REMOVE(&r->s->all, r, link);
	if (r->cb != NULL)
		r->cb(err, &told, why, r->arg);
	arena_free(r->arena);
	free(r);
}

static void
reset_workspace_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	(void)ws;
	end(arg, err, why);
}

void
reset_answer(struct reset *r, int err, const char *why)
{
	if (r->op != NULL)
		ws_answer(r->op, err, why);
	else
		end(r, err, why);
}

static void
reset_stored_cb(int err, void *arg)
{
	struct reset *r = arg;

	if (err != 0) {
		reset_answer(r, err, "the database cannot be written");
		return;
	}
	r->row = r->next;
	r->then(r);
}

struct tx *
reset_tx(struct reset *r, const char *state, const char *cause, bool over)
{
	struct tx *tx = tx_begin(r->s->app->db);

	r->next = r->row;
	r->next.state = state;
	r->next.cause = cause;
	r->next.ended_at = over ? clock_wall_ms() : -1;
	/* Errors stay in the transaction and are told by its end. */
	(void)store_reset_move(tx, &r->next, r->row.state);
	return tx;
}

void
reset_store(struct reset *r, struct tx *tx, reset_step_fn *then)
{
	r->then = then;
	event_emit(tx, EV_CONVERSATION_RESET, r->next.user_id,
	    r->next.session_id, reset_json(&r->next, r->parts, r->n));
	tx_commit(tx, reset_stored_cb, r);
}

static void
opened(struct ws_op *op)
{
	reset_held(op->own);
}

/* Whatever of it was missing is there again. */
static void
reset_ensured_cb(int err, const struct workspace *ws, const char *why,
    void *arg)
{
	struct reset *r = arg;

	(void)ws;
	/* Of what cannot be brought back its own look will tell. */
	if (err == RDV_E_UNAVAILABLE) {
		reset_answer(r, err, why);
		return;
	}
	r->op = ws_new(r->s->app->workspaces, &r->who, r->row.workspace_id,
	    reset_workspace_cb, r);
	r->op->own = r;
	ws_open(r->op, opened);
}

struct look {
	struct reset *reset;
	unsigned n;
};

/* Scripts that go on beside a chain that is over. */
static bool
reset_work_cb(const char *run_id, const char *session_id, void *arg)
{
	struct look *l = arg;
	struct run *run =
	    run_id != NULL ? run_find(l->reset->s->app->runs, run_id) : NULL;

	(void)session_id;
	l->n++;
	if (run != NULL)
		run_stop(run, because);
	return true;
}

static void
reset_script_over_cb(int err, void *arg)
{
	(void)err;
	resets_poke(arg);
}

/*
 * Scripts and dev servers of the workspace. One that nobody knows of is seen by
 * who looks at the tree; an archive script ends with its archiving.
 */
static bool
reset_script_cb(const struct store_script *s, const struct store_run *row,
    void *arg)
{
	struct look *l = arg;
	struct app *app = l->reset->s->app;

	if (strcmp(s->workspace_id, l->reset->row.workspace_id) != 0 ||
	    strcmp(row->reason, "archive") == 0 ||
	    run_find(app->runs, row->id) == NULL)
		return true;
	l->n++;
	script_stop(app, row->id, because, reset_script_over_cb, l->reset->s);
	return true;
}

void
reset_wait(struct reset *r)
{
	struct app *app = r->s->app;
	struct look look = { r, 0 };
	struct store_chain open;
	int err =
	    store_chain_open(app->db, r->arena, r->row.workspace_id, &open);

	r->waits = true;
	if (err == 0)
		return;
	if (err == RDV_E_NOT_FOUND)
		err = store_at_work(app->db, r->row.workspace_id, reset_work_cb,
		    &look);
	if (err == 0)
		err = store_scripts_in_flight(app->db, reset_script_cb, &look);
	if (err != 0) {
		reset_answer(r, err, "the database cannot be read");
	} else if (look.n == 0) {
		r->waits = false;
		workspace_ensure(app->workspaces, &r->who, r->row.workspace_id,
		    reset_ensured_cb, r);
	}
}

static void
resets_poke_cb(void *arg)
{
	struct resets *s = arg;
	struct reset *r, *next;

	s->poked = false;
	TAILQ_FOREACH_SAFE (r, &s->all, link, next)
		if (r->waits)
			reset_wait(r);
}

void
resets_poke(struct resets *s)
{
	if (s == NULL || s->poked || TAILQ_EMPTY(&s->all))
		return;
	s->poked = true;
	loop_defer(s->app->loop, resets_poke_cb, s);
}

/* The row is there; so is the wish that the chain shall end. */
static void
begun(struct reset *r)
{
	struct store_chain open;

	if (store_chain_open(r->s->app->db, r->arena, r->row.workspace_id,
		&open) == 0)
		chain_halt(r->s->app->chains, open.id);
	reset_wait(r);
}

/* By the index, -EEXIST: another one is open there. */
static void
refuse_open(struct reset *r, int err)
{
	if (err == -EEXIST)
		reset_answer(r, RDV_E_BUSY,
		    "a reset is under way in that workspace");
	else
		reset_answer(r, err, "the database cannot be written");
}

static void
begin(struct reset *r, const struct store_chain *open)
{
	struct tx *tx = tx_begin(r->s->app->db);
	char id[UUID_TEXT];
	int err;

	uuid_v7(id);
	r->next.id = arena_strdup(r->arena, id);
	r->next.state = "stopping";
	r->next.created_at = clock_wall_ms();
	r->next.ended_at = -1;
	err = store_reset_insert(tx, &r->next);
	if (err == 0 && open != NULL)
		err = chain_stop(tx, open, because);
	if (err == 0) {
		reset_store(r, tx, begun);
		return;
	}
	tx_abort(tx);
	refuse_open(r, err);
}

struct others {
	const char *session_id;
	bool any;
};

static bool
reset_others_cb(const char *run_id, const char *session_id, void *arg)
{
	struct others *o = arg;

	(void)run_id;
	o->any = o->any || strcmp(session_id, o->session_id) != 0;
	return true;
}

/* 0, or what it is refused with; `*open` is its own chain, or has no id. */
static int
judge_work(struct reset *r, struct store_chain *open)
{
	struct others others = { r->next.session_id, false };
	struct db *db = r->s->app->db;
	int err =
	    store_at_work(db, r->next.workspace_id, reset_others_cb, &others);

	open->id = NULL;
	if (err == 0)
		err =
		    store_chain_open(db, r->arena, r->next.workspace_id, open);
	if (err != 0 && err != RDV_E_NOT_FOUND)
		return err;
	r->why = "the agent of another conversation is at work in this "
		 "workspace; stop its turn first";
	if (others.any ||
	    (err == 0 && strcmp(open->session_id, r->next.session_id) != 0))
		return RDV_E_BUSY;
	if (err == RDV_E_NOT_FOUND)
		open->id = NULL;
	return 0;
}

static int
judge(struct reset *r, const struct reset_wish *wish)
{
	const struct store_conversation *c = wish->conversation;
	struct store_turn turn;
	int err = store_turn_get(r->s->app->db, r->arena, c->user_id,
	    wish->turn_id, &turn);

	r->why = "turn_id: this conversation has no such turn";
	if (err != 0)
		return err;
	if (strcmp(turn.session_id, c->id) != 0)
		return RDV_E_NOT_FOUND;
	r->why = "turn_id: an earlier reset has dropped that turn";
	if (turn.dropped)
		return RDV_E_STATE;
	r->why = "the conversation is closed";
	if (strcmp(c->status, "closed") == 0)
		return RDV_E_STATE;
	r->next.turn_id = turn.id;
	r->next.session_id = arena_strdup(r->arena, c->id);
	r->next.user_id = arena_strdup(r->arena, c->user_id);
	r->next.workspace_id = arena_strdup(r->arena, c->workspace_id);
	r->next.force = wish->force;
	return 0;
}

void
reset_begin(struct resets *s, const struct worktree_who *who,
    const struct reset_wish *wish, reset_fn *cb, void *arg)
{
	struct reset *r = reset_new(s, who, cb, arg);
	struct store_chain open = { .id = NULL };
	int err = judge(r, wish);

	if (err == 0)
		err = judge_work(r, &open);
	if (err != 0)
		reset_answer(r, err, r->why);
	else
		begin(r, open.id != NULL ? &open : NULL);
}

static void
undo(struct reset *r)
{
	struct tx *tx = reset_tx(r, "returning", NULL, false);
	int err = tx_error(tx);

	if (err == 0) {
		reset_store(r, tx, reset_wait);
		return;
	}
	tx_abort(tx);
	refuse_open(r, err);
}

static const char *
why_not(int err)
{
	return err == RDV_E_NOT_FOUND ? "that conversation was not reset"
				      : "the conversation has gone on since";
}

void
reset_undo(struct resets *s, const struct worktree_who *who,
    const struct store_conversation *c, reset_fn *cb, void *arg)
{
	struct reset *r = reset_new(s, who, cb, arg);
	struct store_chain open;
	struct store_reset row;
	int err = store_reset_last(s->app->db, r->arena, c->id, &row);

	r->next.session_id = c->id;
	r->next.workspace_id = c->workspace_id;
	if (err != 0) {
		reset_answer(r, err, why_not(err));
		return;
	}
	err = judge_work(r, &open);
	if (err == 0 && open.id != NULL)
		err = RDV_E_BUSY;
	if (err != 0) {
		reset_answer(r, err, r->why);
		return;
	}
	r->row = row;
	undo(r);
}

struct resets *
resets_new(struct app *app)
{
	struct resets *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->all);
	return s;
}

void
resets_let_go(struct resets *s)
{
	struct reset *r, *next;

	if (s == NULL)
		return;
	/* The others hear it from what they wait for. */
	TAILQ_FOREACH_SAFE (r, &s->all, link, next)
		if (r->waits)
			reset_answer(r, RDV_E_UNAVAILABLE, "rdv is ending");
}

void
resets_free(struct resets *s)
{
	struct reset *r;

	if (s == NULL)
		return;
	while ((r = TAILQ_FIRST(&s->all)) != NULL)
		end(r, RDV_E_UNAVAILABLE, "rdv is ending");
	loop_undefer(s->app->loop, resets_poke_cb, s);
	loop_timer_free(s->retry);
	free(s);
}

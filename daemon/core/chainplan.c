/* SPDX-License-Identifier: MIT */
/*
 * What a chain is going to consist of, decided once and written down: turn,
 * chain and links are rows before anything is done. Invariant: two chains never
 * are at work in one workspace, which the table refuses and nobody has to look
 * for; and a message that is taken is taken with them or not at all.
 */
#include <string.h>

#include "daemon/core/chainstate.h"
#include "daemon/core/conversation.h"
#include "daemon/core/lifecycle.h"
#include "daemon/core/queued.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "daemon/store/resets.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"

/* Of the repositories of a workspace, in their order. */
struct plan {
	struct tx *tx;
	struct arena *arena;
	const struct store_chain *chain;
	struct store_repo *repos; /* `id` NULL: it was forgotten */
	const struct store_workspace_repo *parts;
	size_t n;
	bool beside; /* setup scripts go on beside the agent */
	int64_t place;
};

struct js *
chain_turn_json(const struct store_turn *t)
{
	struct js *o = js_object();

	js_add_str(o, "id", t->id);
	js_add_str(o, "conversation_id", t->session_id);
	js_add_str(o, "workspace_id", t->workspace_id);
	js_add_str(o, "prompt", t->prompt);
	conversation_add_config(o, t->config_json);
	js_add_str(o, "state", t->state);
	js_add_str(o, "cause", t->cause);
	js_add_str(o, "run_id", t->run_id);
	js_add_str(o, "agent_session", t->agent_session);
	js_add_str(o, "agent_message", t->agent_message);
	js_add_str(o, "summary", t->summary);
	js_add_str(o, "unasked", t->unasked);
	js_add_str(o, "unasked_by", t->unasked_by);
	js_add_bool(o, "dropped", t->dropped);
	js_add_ms(o, "created_at", t->created_at);
	js_add_ms(o, "ended_at", t->ended_at);
	return o;
}

struct js *
chain_json(const struct store_chain *c)
{
	struct js *o = js_object();

	js_add_str(o, "id", c->id);
	js_add_str(o, "state", c->state);
	js_add_str(o, "cause", c->cause);
	js_add_str(o, "stopping", c->stop);
	js_add_ms(o, "created_at", c->created_at);
	js_add_ms(o, "ended_at", c->ended_at);
	return o;
}

struct js *
chain_link_json(const struct store_link *l)
{
	struct js *o = js_object();

	js_add_str(o, "kind", l->kind);
	js_add_str(o, "repo_id", l->repo_id);
	js_add_bool(o, "beside", l->beside);
	js_add_str(o, "state", l->state);
	js_add_str(o, "cause", l->cause);
	js_add_str(o, "run_id", l->run_id);
	return o;
}

/* Errors stay in the transaction and are told by its end. */
static void
add_link(struct plan *p, const char *kind, size_t i, const char *script)
{
	const struct store_link l = {
		.chain_id = p->chain->id,
		.place = p->place++,
		.workspace_id = p->chain->workspace_id,
		.kind = kind,
		.beside = p->beside && strcmp(kind, LINK_SETUP) == 0,
		.repo_id = i < p->n ? p->parts[i].repo_id : NULL,
		.script = script,
		.state = life_first(LIFE_LINK),
	};

	(void)store_link_insert(p->tx, &l);
}

/*
 * Those that have not succeeded here yet: a failure is no reason to go on
 * without what the repository needs.
 */
static int
add_setups(struct plan *p)
{
	bool done;
	int err;

	for (size_t i = 0; i < p->n; i++) {
		if (p->repos[i].setup_script == NULL)
			continue;
		err = store_setup_done(tx_db(p->tx), p->chain->workspace_id,
		    p->parts[i].repo_id, &done);
		if (err != 0)
			return err;
		if (!done)
			add_link(p, LINK_SETUP, i, p->repos[i].setup_script);
	}
	return 0;
}

static int
add_links(struct plan *p)
{
	int err;

	p->beside = true;
	for (size_t i = 0; i < p->n; i++)
		if (p->repos[i].setup_script != NULL)
			p->beside = p->beside && p->repos[i].parallel_setup;
	err = add_setups(p);
	if (err != 0)
		return err;
	add_link(p, LINK_AGENT, p->n, NULL);
	for (size_t i = 0; i < p->n; i++)
		if (p->repos[i].cleanup_script != NULL)
			add_link(p, LINK_CLEANUP, i,
			    p->repos[i].cleanup_script);
	for (size_t i = 0; i < p->n; i++)
		add_link(p, LINK_COMMIT, i, NULL);
	return tx_error(p->tx);
}

/* Of one that was forgotten nobody says what is to be run. */
static int
read_repos(struct plan *p)
{
	struct db *db = tx_db(p->tx);
	struct store_workspace_repo *parts;
	int err = store_workspace_repos(db, p->arena, p->chain->workspace_id,
	    &parts, &p->n);

	if (err != 0)
		return err;
	p->parts = parts;
	p->repos = arena_alloc(p->arena, (p->n + 1) * sizeof(*p->repos));
	for (size_t i = 0; i < p->n; i++) {
		err = store_repo_get(db, p->arena, p->chain->user_id,
		    parts[i].repo_id, &p->repos[i]);
		if (err == RDV_E_NOT_FOUND)
			p->repos[i] = (struct store_repo){ .id = NULL };
		else if (err != 0)
			return err;
	}
	return 0;
}

static int
judge(struct db *db, struct arena *a, const struct chain_wish *w,
    struct store_turn *t, const char **why)
{
	const struct store_conversation *c = w->conversation;
	struct store_workspace ws;
	struct store_chain open;
	struct store_reset reset;
	int err;

	if (!queued_prompt_ok(w->prompt, why))
		return RDV_E_INVALID;
	*why = "the conversation is closed";
	if (strcmp(c->status, "closed") == 0)
		return RDV_E_STATE;
	*why = "its workspace is archived, or not ready";
	err = store_workspace_get(db, a, c->user_id, c->workspace_id, &ws);
	if (err != 0)
		return err;
	if (strcmp(ws.state, "ready") != 0 || ws.archived_at >= 0)
		return RDV_E_STATE;
	*why = "a conversation of this workspace is being reset";
	err = store_reset_open(db, a, c->workspace_id, &reset);
	if (err != RDV_E_NOT_FOUND)
		return err == 0 ? RDV_E_STATE : err;
	*why = "an agent is at work in this workspace; a prompt that is "
	       "queued waits for it";
	err = store_chain_open(db, a, c->workspace_id, &open);
	if (err != RDV_E_NOT_FOUND)
		return err == 0 ? RDV_E_BUSY : err;
	return conversation_judge(db, a, c, w->config_json, t, why);
}

static void
fill(struct arena *a, const struct chain_wish *w, struct chain_begun *out)
{
	const struct store_conversation *c = w->conversation;
	char turn[UUID_TEXT], chain[UUID_TEXT];

	uuid_v7(turn);
	uuid_v7(chain);
	out->turn = (struct store_turn){
		.unasked = out->turn.unasked,
		.unasked_by = out->turn.unasked_by,
		.id = arena_strdup(a, turn),
		.session_id = c->id,
		.user_id = c->user_id,
		.workspace_id = c->workspace_id,
		.prompt = w->prompt,
		.config_json = w->config_json,
		.state = life_first(LIFE_TURN),
		.created_at = clock_wall_ms(),
		.ended_at = -1,
	};
	out->chain = (struct store_chain){
		.id = arena_strdup(a, chain),
		.session_id = c->id,
		.user_id = c->user_id,
		.workspace_id = c->workspace_id,
		.turn_id = out->turn.id,
		.state = life_first(LIFE_CHAIN),
		.created_at = out->turn.created_at,
		.ended_at = -1,
	};
}

static void
tell_unasked(struct tx *tx, const struct store_turn *t)
{
	struct js *o = js_object();

	js_add_str(o, "id", t->id);
	js_add_str(o, "conversation_id", t->session_id);
	js_add_str(o, "unasked", t->unasked);
	js_add_str(o, "unasked_by", t->unasked_by);
	event_emit(tx, EV_TURN_UNASKED, t->user_id, t->id, o);
}

int
chain_begin(struct tx *tx, struct arena *a, const struct chain_wish *w,
    struct chain_begun *out, const char **why)
{
	struct plan p = { .tx = tx, .arena = a, .chain = &out->chain };
	int err = judge(tx_db(tx), a, w, &out->turn, why);

	if (err != 0)
		return err;
	fill(a, w, out);
	(void)store_turn_insert(tx, &out->turn);
	err = store_chain_insert(tx, &out->chain);
	if (err != 0)
		return err;
	if (w->from != NULL)
		err = queued_take(tx, w->from, out->turn.id);
	/* What waits does so for this one now. */
	if (err == 0 && !w->judged)
		err = store_queued_unblock(tx, out->chain.workspace_id);
	if (err == 0)
		err = read_repos(&p);
	if (err == 0)
		err = add_links(&p);
	if (err == 0)
		chain_tell(tx, EV_TURN_STARTED, &out->chain, NULL);
	if (err == 0 && out->turn.unasked != NULL)
		tell_unasked(tx, &out->turn);
	return err;
}

int
chain_stop(struct tx *tx, const struct store_chain *c, const char *why)
{
	int err = store_chain_stop(tx, c->id, why);

	if (err == 0)
		chain_tell(tx, EV_TURN_UPDATED, c, NULL);
	return err == RDV_E_STATE ? 0 : err;
}

int
chain_stop_unasked(struct tx *tx, struct arena *a, const char *user_id,
    const char *session_id, const char **id)
{
	struct db *db = tx_db(tx);
	struct store_conversation row;
	struct store_chain open;
	struct store_turn t;
	int err = store_conversation_get(db, a, user_id, session_id, &row);

	*id = NULL;
	if (err == 0)
		err = store_chain_open(db, a, row.workspace_id, &open);
	if (err == 0 && strcmp(open.session_id, session_id) == 0)
		err = store_turn_get(db, a, user_id, open.turn_id, &t);
	else if (err == 0)
		err = RDV_E_NOT_FOUND; /* it is another one's */
	if (err != 0)
		return err == RDV_E_NOT_FOUND ? 0 : err;
	if (t.unasked == NULL)
		return 0;
	*id = open.id;
	return chain_stop(tx, &open,
	    "its owner took back that nobody is asked");
}

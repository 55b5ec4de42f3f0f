/* SPDX-License-Identifier: MIT */
/*
 * Turns of conversations: begun, seen, stopped. What is done for one, and in
 * which order, is core/chain's.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/conversation.h"
#include "daemon/app.h"
#include "daemon/core/queued.h"
#include "daemon/store/db.h"
#include "daemon/store/runrepos.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"

static const struct js_field begin_fields[] = {
	{ .name = "prompt",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct turn_in, prompt),
	    .required = true,
	    .min = 1,
	    .max = PROMPT_BYTES,
	    .help = "what is to be done" },
	{ .name = "config",
	    .kind = JS_JSON,
	    .min = 2,
	    .offset = offsetof(struct turn_in, config),
	    .max = CONFIG_BYTES,
	    .help = "over what the conversation says, for this turn" },
	{ .name = "queue",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct turn_in, queue),
	    .help = "behind what waits, and while an agent is at work in the "
		    "workspace" },
	CONVERSATION_PICKS(turn_in),
	{ .name = NULL },
};

struct list_in {
	struct page_in page;
	bool dropped;
};

static const struct js_field list_fields[] = {
	CURSOR_FIELDS(list_in, page.cursor, page.limit),
	{ .name = "dropped",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct list_in, dropped),
	    .help = "also those that a reset has dropped" },
	{ .name = NULL },
};

/* One answer for both: a turn, or the message that is to become one. */
static struct js *
begun_json(const struct store_turn *t, const struct store_queued *q)
{
	struct js *o = js_object();

	if (t != NULL)
		js_add(o, "turn", chain_turn_json(t));
	if (q != NULL)
		js_add(o, "queued", queued_json(q));
	return o;
}

/*
 * Behind all that waits already; if nothing is at work the first of those goes
 * on now, as somebody wants it to. That its owner does not allow that one any
 * more says nothing of the new one, which was judged for itself.
 */
static void
enqueue(struct api_call *c, const struct store_conversation *row,
    const char *config)
{
	const struct turn_in *in = c->in;
	struct arena *a = c->req->arena;
	struct tx *tx = tx_begin(c->app->db);
	struct store_queued q, first;
	struct chain_wish wish = { .conversation = row, .from = &first };
	struct chain_begun begun = { .chain = { .id = NULL } };
	const char *why = NULL;
	int err = queued_add(tx, a, row, in->prompt, config, &q, &why);

	if (err == 0)
		err = store_queued_first(c->app->db, a, row->id, &first);
	if (err == 0) {
		wish.prompt = first.prompt;
		wish.config_json = first.config_json;
		err = chain_begin(tx, a, &wish, &begun, &why);
		if (err == 0)
			err = conversation_audit(c, &begun.turn, &why);
		else if (err == RDV_E_BUSY || err == RDV_E_DENIED) {
			begun.chain.id = NULL;
			err = 0;
		}
	}
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		conversation_commit(c, tx, 202, begun_json(NULL, &q),
		    begun.chain.id, false);
}

static void
turns_begin(struct api_call *c)
{
	const struct turn_in *in = c->in;
	struct store_conversation row;
	struct chain_wish wish = { .conversation = &row, .prompt = in->prompt };
	struct chain_begun begun;
	const char *why = NULL;
	int64_t waiting = 0;
	struct tx *tx;
	int err;

	if (!conversation_load(c, &row) ||
	    !conversation_turn_config(c, &row, &wish.config_json))
		return;
	if (in->queue)
		(void)store_queued_count(c->app->db, row.id, &waiting);
	if (waiting > 0) {
		enqueue(c, &row, wish.config_json);
		return;
	}
	tx = tx_begin(c->app->db);
	err = chain_begin(tx, c->req->arena, &wish, &begun, &why);
	if (err == 0)
		err = conversation_audit(c, &begun.turn, &why);
	if (err == 0) {
		conversation_commit(c, tx, 201, begun_json(&begun.turn, NULL),
		    begun.chain.id, false);
	} else if (err == RDV_E_BUSY && in->queue) {
		tx_abort(tx);
		enqueue(c, &row, wish.config_json);
	} else {
		conversation_refuse(c, tx, err, why);
	}
}

static size_t
bytes_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static bool
turns_item_cb(const struct store_turn *t, void *arg)
{
	return conversation_page_add(arg, chain_turn_json(t),
	    bytes_of(t->prompt) + bytes_of(t->config_json) +
		bytes_of(t->summary));
}

static void
turns_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct store_conversation row;
	struct conversation_page page;

	if (!conversation_load(c, &row))
		return;
	page = conversation_page_new();
	conversation_reply_page(c,
	    store_turns_list(c->app->db, c->actor->user_id, row.id, in->dropped,
		in->page.cursor,
		in->page.limit > 0 ? in->page.limit : CONVERSATION_PAGE,
		turns_item_cb, &page),
	    &page);
}

struct whole {
	struct store_turn turn;
	struct store_chain chain;
	struct store_link *links;
	size_t n;
};

static bool
load(struct api_call *c, struct whole *w)
{
	struct arena *a = c->req->arena;
	struct db *db = c->app->db;
	int err =
	    store_turn_get(db, a, c->actor->user_id, c->params[0], &w->turn);

	if (err == 0)
		err = store_chain_of(db, a, w->turn.id, &w->chain);
	if (err == 0)
		err = store_links_of(db, a, w->chain.id, &w->links, &w->n);
	if (err != 0)
		answer_missing(c, err, "there is no such turn");
	return err == 0;
}

static bool
turns_head_cb(const struct store_run_repo *r, void *arg)
{
	struct js *o = js_object();

	js_add_str(o, "repo_id", r->repo_id);
	js_add_str(o, "before_head", r->before_head);
	js_add_str(o, "after_head", r->after_head);
	js_push(arg, o);
	return true;
}

/* Where the repositories stood around a run; empty without one. */
static struct js *
heads_json(struct api_call *c, const struct store_link *l, int *err)
{
	struct js *list = js_array();

	if (l->run_id != NULL && *err == 0)
		*err =
		    store_run_repos(c->app->db, l->run_id, turns_head_cb, list);
	return list;
}

static void
turns_get(struct api_call *c)
{
	struct whole w;
	struct js *o, *chain, *list;
	int err = 0;

	if (!load(c, &w))
		return;
	list = js_array();
	for (size_t i = 0; i < w.n; i++) {
		struct js *link = chain_link_json(&w.links[i]);

		js_add(link, "repos", heads_json(c, &w.links[i], &err));
		js_push(list, link);
	}
	chain = chain_json(&w.chain);
	js_add(chain, "links", list);
	o = chain_turn_json(&w.turn);
	js_add(o, "chain", chain);
	if (err == 0) {
		api_reply(c, 200, o);
		return;
	}
	js_free(o);
	api_fail(c, err, NULL);
}

/* Of what is over already nothing changes, so twice is once. */
static void
stop(struct api_call *c, const struct store_chain *chain)
{
	struct tx *tx = tx_begin(c->app->db);
	int err = chain_stop(tx, chain, "it was stopped");

	if (err != 0)
		conversation_refuse(c, tx, err, NULL);
	else
		conversation_commit(c, tx, 202, NULL, chain->id, true);
}

static void
turns_stop(struct api_call *c)
{
	struct whole w;

	if (load(c, &w))
		stop(c, &w.chain);
}

static void
turns_stop_any(struct api_call *c)
{
	struct store_conversation row;
	struct store_chain open;
	int err;

	if (!conversation_load(c, &row))
		return;
	err = store_chain_open(c->app->db, c->req->arena, row.workspace_id,
	    &open);
	if (err == 0 && strcmp(open.session_id, row.id) == 0)
		stop(c, &open);
	else if (err == 0 || err == RDV_E_NOT_FOUND)
		api_empty(c, 202);
	else
		api_fail(c, err, NULL);
}

const struct api_route api_routes_turns[] = {
	{ HTTP_M_GET, "/api/conversations/{id}/turns", SCOPE_READ,
	    .query = list_fields, .in_size = sizeof(struct list_in),
	    .handler = turns_list, .success = 200,
	    .doc = "Its turns that count, newest first" },
	{ HTTP_M_POST, "/api/conversations/{id}/turns", SCOPE_WRITE,
	    .body = begin_fields, .in_size = sizeof(struct turn_in),
	    .body_max = 2 * PROMPT_BYTES, .atomic = true,
	    .handler = turns_begin, .success = 201,
	    .doc = "A prompt for its agent; 202: it waits" },
	{ HTTP_M_POST, "/api/conversations/{id}/stop", SCOPE_WRITE,
	    .atomic = true, .handler = turns_stop_any, .success = 202,
	    .doc =
		"Ends the turn that is at work; what waits goes on waiting" },
	{ HTTP_M_GET, "/api/turns/{id}", SCOPE_READ, .handler = turns_get,
	    .success = 200,
	    .doc = "One turn, what is done for it, and where repositories "
		   "stood" },
	{ HTTP_M_POST, "/api/turns/{id}/stop", SCOPE_WRITE, .atomic = true,
	    .handler = turns_stop, .success = 202,
	    .doc = "Ends that turn, if it is at work" },
	{ .pattern = NULL },
};

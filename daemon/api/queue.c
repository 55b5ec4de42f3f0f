/* SPDX-License-Identifier: MIT */
/*
 * Messages of a conversation that wait: added, changed, cancelled, and taken by
 * hand where a failure has left them waiting.
 */
#include "daemon/core/queued.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/conversation.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

static bool
queue_item_cb(const struct store_queued *q, void *arg)
{
	return conversation_page_add(arg, queued_json(q),
	    strlen(q->prompt) +
		(q->config_json != NULL ? strlen(q->config_json) : 0));
}

static void
queue_list(struct api_call *c)
{
	const struct page_in *in = c->in;
	struct store_conversation row;
	struct conversation_page page;

	if (!conversation_load(c, &row))
		return;
	page = conversation_page_new();
	conversation_reply_page(c,
	    store_queued_list(c->app->db, row.id, in->cursor,
		in->limit > 0 ? in->limit : CONVERSATION_PAGE, queue_item_cb,
		&page),
	    &page);
}

static void
queue_add(struct api_call *c)
{
	const struct turn_in *in = c->in;
	struct store_conversation row;
	struct store_queued q;
	const char *why = NULL, *config;
	struct tx *tx;
	int err;

	if (!conversation_load(c, &row) ||
	    !conversation_turn_config(c, &row, &config))
		return;
	tx = tx_begin(c->app->db);
	err = queued_add(tx, c->req->arena, &row, in->prompt, config, &q, &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		api_commit(c, tx, 201, queued_json(&q));
}

static bool
load(struct api_call *c, struct store_queued *q)
{
	int err = store_queued_get(c->app->db, c->req->arena, c->actor->user_id,
	    c->params[0], q);

	if (err != 0)
		answer_missing(c, err, "there is no such message");
	return err == 0;
}

static void
queue_edit(struct api_call *c)
{
	const struct turn_in *in = c->in;
	struct store_conversation row;
	struct store_queued q;
	const char *why = NULL;
	struct tx *tx;
	int err;

	if (!load(c, &q))
		return;
	err = store_conversation_get(c->app->db, c->req->arena,
	    c->actor->user_id, q.session_id, &row);
	if (err != 0) {
		api_fail(c, err, NULL);
		return;
	}
	q.prompt = in->prompt;
	/* Whatever was said beside the prompt. */
	if ((in->set & ~(uint64_t)1) != 0 &&
	    !conversation_turn_config(c, &row, &q.config_json))
		return;
	tx = tx_begin(c->app->db);
	err = queued_edit(tx, c->req->arena, &q, &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		api_commit(c, tx, 200, queued_json(&q));
}

static void
queue_cancel(struct api_call *c)
{
	struct store_queued q;
	const char *why = NULL;
	struct tx *tx;
	int err;

	if (!load(c, &q))
		return;
	tx = tx_begin(c->app->db);
	err = queued_cancel(tx, &q, &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		api_commit(c, tx, 204, NULL);
}

/* What a failure or a stop has left waiting goes on by hand. */
static void
queue_start(struct api_call *c)
{
	struct store_conversation row;
	struct store_queued q;
	struct chain_wish wish = { .conversation = &row, .from = &q };
	struct chain_begun begun;
	const char *why = NULL;
	struct tx *tx;
	int err;

	if (!conversation_load(c, &row))
		return;
	err = store_queued_first(c->app->db, c->req->arena, row.id, &q);
	if (err != 0) {
		api_fail(c, err == RDV_E_NOT_FOUND ? RDV_E_STATE : err,
		    "no message waits");
		return;
	}
	wish.prompt = q.prompt;
	wish.config_json = q.config_json;
	tx = tx_begin(c->app->db);
	err = chain_begin(tx, c->req->arena, &wish, &begun, &why);
	if (err == 0)
		err = conversation_audit(c, &begun.turn, &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		conversation_commit(c, tx, 201, chain_turn_json(&begun.turn),
		    begun.chain.id, false);
}

#define PROMPT                                                                 \
	.body = conversation_prompt_fields, .in_size = sizeof(struct turn_in), \
	.body_max = 2 * PROMPT_BYTES

const struct api_route api_routes_queue[] = {
	{ HTTP_M_GET, "/api/conversations/{id}/queue", SCOPE_READ,
	    .query = conversation_page_fields,
	    .in_size = sizeof(struct page_in), .handler = queue_list,
	    .success = 200, .doc = "Messages that wait, in their order" },
	{ HTTP_M_POST, "/api/conversations/{id}/queue", SCOPE_WRITE, PROMPT,
	    .atomic = true, .handler = queue_add, .success = 201,
	    .doc = "One more; it is taken when a turn has succeeded" },
	{ HTTP_M_POST, "/api/conversations/{id}/queue/start", SCOPE_WRITE,
	    .atomic = true, .handler = queue_start, .success = 201,
	    .doc = "Takes the first now" },
	{ HTTP_M_PATCH, "/api/messages/{id}", SCOPE_WRITE, PROMPT,
	    .handler = queue_edit, .success = 200,
	    .doc = "Another prompt in its place" },
	{ HTTP_M_DELETE, "/api/messages/{id}", SCOPE_WRITE,
	    .handler = queue_cancel, .success = 204,
	    .doc = "Cancels one that waits" },
	{ .pattern = NULL },
};

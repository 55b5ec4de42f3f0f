/* SPDX-License-Identifier: MIT */
/*
 * How a chain ends: with its turn, with the links that were not begun, and, if
 * all went well, with the next message that waits, as a turn of its own; all of
 * it in one transaction. So there is no moment at which a message is taken and
 * has no turn, or a chain is over and its turn is not.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/queued.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"

static void
ended_cb(int err, void *arg)
{
	struct chain *c = arg;
	struct chains *s = c->s;
	char follower[UUID_TEXT];

	c->busy = false;
	if (err != 0) {
		chain_again(c);
		return;
	}
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->links[i].state, "waiting") == 0)
			c->links[i].state =
			    life_next(LIFE_LINK, "waiting", LIFE_SKIP);
	c->row = c->over;
	(void)str_copy(follower, c->follower, sizeof(follower));
	chain_next(c);
	if (follower[0] != '\0')
		chain_go(s, follower);
}

static void
skip_links(struct tx *tx, const struct chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct store_link l = c->links[i];

		if (strcmp(l.state, "waiting") != 0)
			continue;
		l.state = life_next(LIFE_LINK, l.state, LIFE_SKIP);
		(void)store_link_move(tx, &l, c->links[i].state);
	}
}

/* Its agent never began, or was not heard of to its end. */
static void
end_turn(struct tx *tx, const struct chain *c, enum life_event event)
{
	struct store_turn t = c->turn;

	if (life_is_over(LIFE_TURN, t.state))
		return;
	t.state = life_next(LIFE_TURN, c->turn.state, event);
	t.cause = c->over.cause;
	t.ended_at = c->over.ended_at;
	if (t.state != NULL)
		(void)store_turn_move(tx, &t, c->turn.state);
}

/*
 * The message that has waited the longest in this workspace, whatever
 * conversation it is of; within one they go in their order. Of those that came
 * after the message `after`.
 */
static int
next_message(struct tx *tx, const struct chain *c, const char *after,
    struct store_conversation *conversation, struct store_queued *q)
{
	struct db *db = tx_db(tx);
	const char *id;
	int err;

	err = store_queued_next(db, c->arena, c->row.workspace_id, after, &id);
	if (err == 0)
		err = store_conversation_get(db, c->arena, c->row.user_id, id,
		    conversation);
	if (err == 0)
		err = store_queued_first(db, c->arena, id, q);
	return err;
}

/*
 * It waits on. RDV_E_DENIED: its owner allows it no more, so it does so with
 * its conversation until he does; `*after` is it then, for the next one's.
 * RDV_E_STATE: nothing can begin there now.
 */
static int
hold(struct tx *tx, struct arena *a, const struct store_queued *q, int err,
    const char *why, const char **after)
{
	int stored = queued_pass(tx, a, q, why);

	log_info("chain", "message %s waits on: %s", q->id, why);
	*after = q->id;
	return stored != 0 ? stored : err;
}

/*
 * RDV_E_INVALID: it was cancelled, as it can be no turn, now or later, and all
 * behind it would wait for ever.
 */
static int
take_one(struct tx *tx, struct chain *c, const char **after)
{
	struct store_conversation conversation;
	struct chain_begun begun;
	struct store_queued q;
	const char *why = NULL;
	int gone, err = next_message(tx, c, *after, &conversation, &q);

	/* None of these says that it is invalid. */
	if (err != 0)
		return err;
	err = chain_begin(tx, c->arena,
	    &(struct chain_wish){ .conversation = &conversation,
		.prompt = q.prompt,
		.config_json = q.config_json,
		.from = &q,
		.judged = true },
	    &begun, &why);
	if (err == 0)
		(void)str_copy(c->follower, begun.chain.id,
		    sizeof(c->follower));
	if (err == RDV_E_DENIED || err == RDV_E_STATE)
		return hold(tx, c->arena, &q, err, why, after);
	if (err != RDV_E_INVALID)
		return err;
	log_warnx("chain", "message %s is cancelled: %s", q.id, why);
	gone = queued_cancel(tx, &q, &why);
	return gone != 0 ? gone : RDV_E_INVALID;
}

/* What cannot be a turn now goes on waiting. */
static int
take_next(struct tx *tx, struct chain *c)
{
	const char *after = "";
	int err;

	c->follower[0] = '\0';
	do
		err = take_one(tx, c, &after);
	while (err == RDV_E_INVALID || err == RDV_E_DENIED);
	return err == RDV_E_NOT_FOUND || err == RDV_E_STATE ? 0 : err;
}

/* They wait for somebody who looks at what has gone wrong. */
static int
hold_all(struct tx *tx, struct chain *c)
{
	const char *after = "", *why = arena_printf(c->arena,
				    "the turn before it ended as %s; it waits "
				    "for one that succeeds, or to be started",
				    c->over.state);
	struct store_conversation conversation;
	struct store_queued q;
	int err;

	while ((err = next_message(tx, c, after, &conversation, &q)) == 0) {
		err = store_queued_block_all(tx, q.session_id, why);
		/* Who looks at one is told, and looks at all of them. */
		if (err == 0)
			err = queued_block(tx, &q, why);
		if (err != 0)
			break;
		after = q.id;
	}
	return err == RDV_E_NOT_FOUND ? 0 : err;
}

void
chain_end(struct chain *c, enum life_event event, const char *cause)
{
	struct tx *tx = tx_begin(c->s->app->db);
	int err;

	c->busy = true;
	c->follower[0] = '\0';
	c->over = c->row;
	c->over.state = life_next(LIFE_CHAIN, c->row.state, event);
	c->over.cause = arena_text(c->arena, cause);
	c->over.ended_at = clock_wall_ms();
	(void)store_chain_move(tx, &c->over, c->row.state);
	skip_links(tx, c);
	end_turn(tx, c, event);
	chain_tell(tx, EV_TURN_ENDED, &c->over, NULL);
	/* What stood against them is judged anew. */
	(void)store_queued_unblock(tx, c->row.workspace_id);
	err = event == LIFE_DONE ? take_next(tx, c) : hold_all(tx, c);
	if (err == 0) {
		tx_commit(tx, ended_cb, c);
		return;
	}
	tx_abort(tx);
	ended_cb(err, c);
}

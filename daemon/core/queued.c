/* SPDX-License-Identifier: MIT */
/*
 * Follow-ups that wait. Invariant: a message is taken in the transaction that
 * makes its turn, from the one state in which that is possible, so neither a
 * crash nor two who ask make two turns of it (abuse K14); and what a crash, a
 * failure or a kill leaves waiting is still there and still in its order.
 */
#include "daemon/core/queued.h"

#include <string.h>

#include "daemon/core/chain.h"
#include "daemon/core/conversation.h"
#include "daemon/core/lifecycle.h"
#include "daemon/event/event.h"
#include "daemon/store/conversations.h"
#include "daemon/store/db.h"
#include "daemon/store/turns.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"

bool
queued_prompt_ok(const char *prompt, const char **why)
{
	*why = "prompt: it says nothing";
	if (prompt[strspn(prompt, " \t\r\n\v\f")] == '\0')
		return false;
	*why = "prompt: is too long";
	return strlen(prompt) <= PROMPT_BYTES;
}

struct js *
queued_json(const struct store_queued *q)
{
	struct js *o = js_object();

	js_add_str(o, "id", q->id);
	js_add_str(o, "conversation_id", q->session_id);
	js_add_str(o, "prompt", q->prompt);
	conversation_add_config(o, q->config_json);
	js_add_str(o, "state", q->state);
	js_add_str(o, "turn_id", q->turn_id);
	js_add_str(o, "blocked", q->blocked);
	js_add_ms(o, "created_at", q->created_at);
	js_add_ms(o, "updated_at", q->updated_at);
	return o;
}

/* Without its text, which may be long and is asked for where it is wanted. */
static void
tell(struct tx *tx, const struct store_queued *q)
{
	struct js *o = js_object();

	js_add_str(o, "id", q->id);
	js_add_str(o, "conversation_id", q->session_id);
	js_add_str(o, "state", q->state);
	js_add_str(o, "turn_id", q->turn_id);
	js_add_str(o, "blocked", q->blocked);
	event_emit(tx, EV_QUEUE_UPDATED, q->user_id, q->id, o);
}

/* Also true when the one before it has gone meanwhile. */
static const char *
behind(struct arena *a, const char *why)
{
	return arena_printf(a, "it came behind one that was held up: %s", why);
}

/* Of what stands before it, if that is what it waits behind. */
static int
add_blocked(struct tx *tx, struct arena *a, struct store_queued *q)
{
	struct store_queued first;
	int err = store_queued_first(tx_db(tx), a, q->session_id, &first);

	if (err != 0 || first.blocked == NULL)
		return err == RDV_E_NOT_FOUND ? 0 : err;
	q->blocked = behind(a, first.blocked);
	return store_queued_block(tx, q->id, q->blocked);
}

int
queued_add(struct tx *tx, struct arena *a, const struct store_conversation *c,
    const char *prompt, const char *config_json, struct store_queued *out,
    const char **why)
{
	struct store_turn as;
	char id[UUID_TEXT];
	int64_t count;
	int err;

	if (!queued_prompt_ok(prompt, why))
		return RDV_E_INVALID;
	*why = "the conversation is closed";
	if (strcmp(c->status, "closed") == 0)
		return RDV_E_STATE;
	err = conversation_judge(tx_db(tx), a, c, config_json, &as, why);
	if (err != 0)
		return err;
	err = store_queued_count(tx_db(tx), c->id, &count);
	if (err != 0)
		return err;
	*why = "as many messages wait as a conversation may have";
	if (count >= QUEUED_MAX)
		return RDV_E_FULL;
	uuid_v7(id);
	*out = (struct store_queued){
		.id = arena_strdup(a, id),
		.session_id = c->id,
		.user_id = c->user_id,
		.prompt = prompt,
		.config_json = config_json,
		.state = life_first(LIFE_QUEUED),
		.created_at = clock_wall_ms(),
	};
	out->updated_at = out->created_at;
	(void)store_queued_insert(tx, out);
	err = add_blocked(tx, a, out);
	tell(tx, out);
	return err != 0 ? err : tx_error(tx);
}

int
queued_edit(struct tx *tx, struct arena *a, struct store_queued *q,
    const char **why)
{
	struct store_conversation c;
	struct store_turn as;
	int err;

	if (!queued_prompt_ok(q->prompt, why))
		return RDV_E_INVALID;
	*why = NULL;
	err =
	    store_conversation_get(tx_db(tx), a, q->user_id, q->session_id, &c);
	if (err == 0)
		err = conversation_judge(tx_db(tx), a, &c, q->config_json, &as,
		    why);
	if (err != 0)
		return err;
	q->updated_at = clock_wall_ms();
	*why = "it waits no more: it was taken or cancelled";
	q->blocked = NULL;
	err = store_queued_edit(tx, q);
	if (err == 0)
		tell(tx, q);
	return err;
}

/* From where it waits, or not at all. */
static int
move(struct tx *tx, struct store_queued *q, enum life_event event)
{
	const char *from = life_first(LIFE_QUEUED);
	int err;

	q->state = life_next(LIFE_QUEUED, from, event);
	q->updated_at = clock_wall_ms();
	q->blocked = NULL;
	err = store_queued_move(tx, q, from);
	if (err == 0)
		tell(tx, q);
	return err;
}

int
queued_cancel(struct tx *tx, struct store_queued *q, const char **why)
{
	*why = "it waits no more: it was taken or cancelled";
	return move(tx, q, LIFE_STOP);
}

int
queued_block(struct tx *tx, const struct store_queued *q, const char *why)
{
	struct store_queued held = *q;
	int err = store_queued_block(tx, q->id, why);

	held.blocked = why;
	if (err == 0)
		tell(tx, &held);
	return err;
}

int
queued_pass(struct tx *tx, struct arena *a, const struct store_queued *q,
    const char *why)
{
	int err = store_queued_block_all(tx, q->session_id, behind(a, why));

	return err != 0 ? err : queued_block(tx, q, why);
}

int
queued_take(struct tx *tx, const struct store_queued *q, const char *turn_id)
{
	struct store_queued taken = *q;

	taken.turn_id = turn_id;
	return move(tx, &taken, LIFE_START);
}

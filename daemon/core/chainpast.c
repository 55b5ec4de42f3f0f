/* SPDX-License-Identifier: MIT */
/*
 * How an agent goes on with what was said before. What a reset has dropped it
 * may still hold for said, where the conversation of its own went on under the
 * same id. Invariant: of what is dropped no later turn hears: either the agent
 * itself goes back to where the last turn that counts ended, or it begins anew
 * and is told what counts.
 */
#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

/* Of all of it; what is older is left out first. */
#define HISTORY_MAX  (256 * 1024)
#define HISTORY_EACH (16 * 1024)

static void
add(struct buf *b, const char *who, const char *text)
{
	size_t n;

	if (text == NULL)
		return;
	n = strlen(text);
	if (n > HISTORY_EACH) {
		n = HISTORY_EACH;
		n -= str_utf8_tail(text, n);
	}
	buf_printf(b, "%s: ", who);
	buf_put(b, text, n);
	buf_put_text(b, "\n\n");
}

static bool
chain_past_cb(const struct store_turn *t, void *arg)
{
	add(arg, "User", t->prompt);
	add(arg, "You", t->summary);
	return true;
}

/* What was asked and what was last said to it, oldest first; or NULL. */
static const char *
history(struct chain *c)
{
	struct buf b;
	const char *text = NULL, *all;
	size_t n, skip;

	buf_init(&b, SIZE_MAX / 4);
	if (store_turns_kept(c->s->app->db, c->row.session_id, chain_past_cb,
		&b) == 0 &&
	    b.len > 0) {
		all = buf_cstr(&b);
		n = strlen(all);
		skip = n > HISTORY_MAX ? n - HISTORY_MAX : 0;
		/* Not from the middle of a letter. */
		while (skip > 0 && skip < n && (all[skip] & 0xc0) == 0x80)
			skip++;
		text = arena_strdup(c->arena, all + skip);
	}
	buf_done(&b);
	return text;
}

void
chain_past(struct chain *c, const struct agent_ops *ops,
    const struct store_turn *last, struct agent_wish *wish)
{
	bool dropped = true;

	wish->resume = last->agent_session;
	if (store_turn_dropped_after(c->s->app->db, last, &dropped) == 0 &&
	    !dropped)
		return;
	wish->resume_at = last->agent_message;
	if ((ops->can & AGENT_CAN_FORK) != 0 && wish->resume_at != NULL)
		return;
	wish->resume = wish->resume_at = NULL;
	wish->history = history(c);
}

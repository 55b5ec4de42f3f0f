/* SPDX-License-Identifier: MIT */
/*
 * How an agent goes on with what was said before. What a reset has dropped it
 * may still hold for said, where the conversation of its own went on under the
 * same id. Invariant: of what is dropped no later turn hears: either the agent
 * itself goes back to where the last turn that counts ended, or it begins anew
 * and is told what counts.
 */
#include "daemon/agent/agent.h"
#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/history.h"

void
chain_past(struct chain *c, const struct agent_ops *ops,
    const struct store_turn *last, struct agent_wish *wish)
{
	bool dropped = true;

	wish->resume = last->agent_session;
	wish->history = history_before(c->s->app->db, c->arena, &c->turn);
	if (store_turn_dropped_after(c->s->app->db, last, &dropped) == 0 &&
	    !dropped)
		return;
	wish->resume_at = last->agent_message;
	if ((ops->can & AGENT_CAN_FORK) != 0 && wish->resume_at != NULL)
		return;
	wish->resume = wish->resume_at = NULL;
}

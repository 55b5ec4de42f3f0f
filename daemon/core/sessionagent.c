/* SPDX-License-Identifier: MIT */
/*
 * What an agent says of itself by its hooks (cli/cmd/hook.c), in a session's
 * terminal or, by the door of its run, in a conversation. Invariant: nothing
 * but showing follows from it, and it is shown of the run alone in which it was
 * said; of one that has ended it is over, whatever was said last. An agent
 * works or waits for long and says so at each step, so what is no news is
 * written down now and then; and what is news only as often as people could
 * follow, since each is an event that stays.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/sessionstate.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

#define AGAIN_MS 30000

const char *
session_agent_status(const struct store_session *s, const struct store_run *r)
{
	if (s->agent_status == NULL || r == NULL ||
	    s->agent_status_at < r->created_at)
		return NULL;
	return r->ended_at >= 0 ? "ended" : s->agent_status;
}

static bool
is_news(const struct session_op *op, const struct session_agent *told,
    int64_t now)
{
	const char *old = session_agent_status(&op->row, &op->run_row);

	return told->note != NULL || old == NULL ||
	       strcmp(old, told->status) != 0 ||
	       now - op->row.agent_status_at >= AGAIN_MS ||
	       now < op->row.agent_status_at;
}

static void
write_down(struct session_op *op, const struct session_agent *told, int64_t now)
{
	struct tx *tx = tx_begin(op->sessions->app->db);
	struct js *o = js_object();
	int err = 0;

	js_add_str(o, "status", told->status);
	js_add_str(o, "source", told->source);
	js_add_str(o, "note", told->note);
	if (told->status != NULL)
		err = store_session_agent(tx, op->row.id, told->status, now);
	event_emit(tx, EV_SESSION_AGENT, op->row.user_id, op->row.id, o);
	session_op_commit(op, tx, err);
}

/* Abuse D02: a run is no person, and all accounts share the table of events. */
static void
hear(struct session_op *op, const struct session_agent *told, int64_t now)
{
	bool unknown;
	struct run *run = session_op_run(op, &unknown);

	if (!is_news(op, told, now))
		session_op_end(op, 0, NULL);
	else if (run == NULL)
		session_op_end(op, RDV_E_UNAVAILABLE,
		    "its run is not found again yet");
	else if (!run_may_tell(run))
		session_op_end(op, RDV_E_FULL,
		    "a run tells 60 things in a minute, 20 at once");
	else
		write_down(op, told, now);
}

void
session_agent_told(struct sessions *s, const struct session_who *who,
    const struct session_agent *told)
{
	struct session_op *op = session_op_new(s, who);
	const int64_t now = clock_wall_ms();

	if (told->run_id != NULL ? !session_op_load_run(op, told->run_id)
				 : !session_op_load(op))
		return;
	if (!op->has_run || op->run_row.ended_at >= 0)
		session_op_end(op, RDV_E_STATE, "nothing runs in it");
	else
		hear(op, told, now);
}

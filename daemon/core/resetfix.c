/* SPDX-License-Identifier: MIT */
/*
 * What a crash left of resets. One that was stopping goes on stopping, and is
 * judged then as if it had just been asked for; one that has moved a repository
 * moves the others. What cannot be ended now, as git's lock is there or nobody
 * can be asked, is tried again in a while, and is open until then (abuse G20).
 */
#include "daemon/core/resetstate.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chain.h"
#include "daemon/core/owner.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/log.h"

static void
reset_retry_cb(void *arg)
{
	resets_settle(arg);
}

void
reset_retry(struct reset *r)
{
	struct resets *s = r->s;

	if (s->retry == NULL)
		s->retry = loop_timer_new(s->app->loop, reset_retry_cb, s);
	if (loop_timer_pending(s->retry))
		return;
	s->pause_ms = ws_pause_after(r->resumed ? s->pause_ms : 0);
	loop_timer_set(s->retry, s->pause_ms);
}

static void
reset_fixed_cb(int err, const struct reset_told *told, const char *why,
    void *arg)
{
	struct resets *s = arg;

	if (err == 0)
		s->pause_ms = 0;
	else if (told->row == NULL)
		log_warnx("reset", "%s", why);
	else
		log_warnx("reset", "%s is %s: %s", told->row->id,
		    told->row->state, why);
}

static bool
is_at_it(const struct resets *s, const char *id)
{
	const struct reset *r;

	TAILQ_FOREACH (r, &s->all, link)
		if (r->row.id != NULL && strcmp(r->row.id, id) == 0)
			return true;
	return false;
}

static bool
reset_fix_cb(const struct store_reset *row, void *arg)
{
	struct resets *s = arg;
	struct worktree_who who;
	struct reset *r;

	if (is_at_it(s, row->id) ||
	    !owner_may_begin(s->app, row->user_id, &who))
		return true;
	r = reset_new(s, &who, reset_fixed_cb, s);
	r->resumed = true;
	if (store_reset_get(s->app->db, r->arena, row->user_id, row->id,
		&r->row) != 0)
		reset_later(r, RDV_E_UNAVAILABLE, "it cannot be read");
	else
		reset_wait(r);
	return true;
}

void
resets_settle(struct resets *s)
{
	if (s != NULL && store_resets_open(s->app->db, reset_fix_cb, s) != 0)
		log_warnx("reset", "rows cannot be read");
}

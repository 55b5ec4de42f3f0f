/* SPDX-License-Identifier: MIT */
/*
 * What a round of tidying may begin: trash and names end by the wall clock, and
 * one that was set far ahead would end all of them at once (abuse G23).
 */
#include "daemon/core/worktreeclock.h"

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/workspaceclock.h"
#include "daemon/core/worktreefix.h"
#include "daemon/store/workspaces.h"
#include "lib/clock.h"

static int64_t
rest_of(const struct worktrees *w)
{
	return w->app->conf->cleanup_interval_hours * 3600 * 1000LL;
}

bool
worktree_believed(struct worktrees *w, const struct wt_round *r)
{
	const int64_t rest_ms = rest_of(w);
	const int64_t now = clock_wall_ms();
	struct worktree_who who = { .uid = r->uid };
	int64_t n = 0;
	const bool known = worktreefix_who(w->app, &who) &&
			   store_worktrees_active(w->app->db, who.user_id,
			       now - 2 * rest_ms, now - rest_ms, &n) == 0 &&
			   n > 0;

	return ws_clock_round(&w->clock, rest_ms, known);
}

bool
worktree_believed_asked(struct worktrees *w)
{
	return ws_clock_round(&w->clock, rest_of(w), true);
}

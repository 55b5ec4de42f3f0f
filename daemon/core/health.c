/* SPDX-License-Identifier: MIT */
/*
 * What is well, part by part, as it is found when somebody asks: no part's word
 * about another counts, and none that is dead or stopped is taken for idle.
 */
#include "daemon/core/health.h"

#include "daemon/app.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/integrity.h"
#include "daemon/core/runstate.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/db.h"
#include "lib/egress.h"

/* Of runs whose network is held to a list: they have no other way out. */
static void
count_egress(const struct runs *r, struct health *out)
{
	const struct run *run;

	TAILQ_FOREACH (run, &r->live, link) {
		if (run->page < 0 || run->exited)
			continue;
		out->egresses++;
		out->egresses_silent += egress_silent(run->page);
	}
}

void
health_of(struct app *app, bool helper, struct health *out)
{
	*out = (struct health){
		.database = db_healthy(app->db),
		/* Runs not settled after a start are not known to be there. */
		.helper = helper && runs_settled(app->runs),
	};
	gitwork_count(app->worktrees->works, &out->workers,
	    &out->workers_failing);
	out->git_workers = out->workers_failing == 0;
	count_egress(app->runs, out);
	out->egress = out->egresses_silent == 0;
	out->integrity = integrity_report(app->integrity)->n == 0;
}

bool
health_good(const struct health *h)
{
	return h->database && h->helper && h->git_workers && h->egress &&
	       h->integrity;
}

/* SPDX-License-Identifier: MIT */
/*
 * Limits of what rdv makes at an account's word come from two files, that of
 * the policy, which [main] tells of, and that of rdvd. Invariant: neither of
 * them can widen what the other allows.
 */
#include "daemon/core/allowance.h"

#include <stdio.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/people.h"
#include "lib/str.h"

static const char *const keys[CTL_WHATS] = {
	[CTL_WORKTREES] = "worktrees.max_disk_mb",
	[CTL_TRANSFER] = "worktrees.max_transfer_mb",
};

static int64_t
own_mb(const struct conf *c, enum ctl_what what)
{
	return what == CTL_WORKTREES ? c->worktrees_max_mb : c->transfer_max_mb;
}

void
allowance_of(const struct app *app, uid_t uid, enum ctl_what what,
    struct allowance *out)
{
	/* In user mode there is no policy. */
	const struct ctl_limit *l =
	    app->people != NULL ? people_limit(app->people, uid, what) : NULL;

	*out = (struct allowance){ .mb = own_mb(app->conf, what) };
	if (out->mb > 0)
		(void)snprintf(out->by, sizeof(out->by), "%s (%s)", keys[what],
		    conf_source(app->conf, keys[what]));
	if (l == NULL || (out->mb > 0 && out->mb <= (int64_t)l->mb))
		return;
	out->mb = (int64_t)l->mb;
	(void)str_copy(out->by, l->by, sizeof(out->by));
}

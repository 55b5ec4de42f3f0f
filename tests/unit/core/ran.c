/* SPDX-License-Identifier: MIT */
/*
 * One git command, as rdvd asks for it; answered exactly once.
 */
#include "tests/unit/core/ran.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/complaint.h"
#include "daemon/core/git.h"
#include "daemon/core/worktreeop.h"
#include "tests/unit/check.h"
#include "tests/unit/core/live.h"

static void
ran_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	struct ran *x = arg;

	assert_false(x->done);
	x->done = true;
	x->err = err;
	(void)snprintf(x->why, sizeof x->why, "%s", why != NULL ? why : "");
	x->told = err != 0 && r != NULL;
	if (err != 0)
		return;
	x->status = r->status;
	x->outlen = r->outlen;
	x->errlen = strlen(r->err);
	(void)snprintf(x->out, sizeof x->out, "%s", r->out);
	git_complaint(r, x->complaint, sizeof x->complaint);
}

void
ran_start(struct ran *x, const char *dir, const char *const *argv, size_t max)
{
	const char *paths[] = { live.repo, live_path("w"), NULL };
	struct git_call call = {
		.uid = live.who.uid,
		.dir = dir,
		.argv = argv,
		.paths = paths,
		.max = max,
	};

	memset(x, 0, sizeof *x);
	git_run(live.app.worktrees->git, &call, ran_cb, x);
	assert_false(x->done);
}

struct ran
ran_run(const char *dir, const char *const *argv, size_t max)
{
	struct ran x;

	ran_start(&x, dir, argv, max);
	live_until(&x.done);
	return x;
}

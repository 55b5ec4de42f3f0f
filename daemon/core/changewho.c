/* SPDX-License-Identifier: MIT */
/*
 * Whose commits a merge, a rebase or a pick makes. There is no default: a
 * commit of nobody's cannot be taken back once others have it.
 */
#include <string.h>

#include "daemon/core/changeop.h"
#include "daemon/core/worktreeident.h"
#include "lib/err.h"

static void
nobody(struct wt_op *op, const char *why)
{
	change_refuse(op, RDV_E_STATE, CHANGE_NOBODY, "%s", why);
}

/* Which of the account's settings apply, its place decides. */
static void
changewho_gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0 || strcspn(r->out, "\n") + 1 != r->outlen)
		wt_fail(op, RDV_E_INVALID,
		    "the git directory of %s cannot be used", op->at);
	else
		wt_ident(op, &(struct wt_ident){
				 .gitdir = change_line(op, r),
				 .named = change_of(op)->known,
				 .nobody = nobody,
			     });
}

void
change_identity(struct wt_op *op, wt_step_fn *next)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };

	change_of(op)->known = next;
	wt_git(op, op->at, argv, NULL, changewho_gitdir_cb);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a row to its repository. What was registered months ago is judged anew
 * each time: a row is no right to anything.
 */
#include "daemon/core/repoopen.h"

#include <string.h>

#include "lib/err.h"

/*
 * Where its .git is gone, git would take the repository around it; where that
 * became a file, the one it points to.
 */
static void
repo_opened(struct wt_op *op)
{
	struct repo_opening *o = op->own;

	if (strcmp(op->at, o->path) != 0 || strcmp(op->top, o->path) != 0)
		wt_fail(op, RDV_E_STATE,
		    "%s is no main work tree of a repository any more",
		    o->path);
	else
		o->next(op);
}

void
repo_open(struct wt_op *op, const char *path, wt_step_fn *next)
{
	struct repo_opening *o = op->own;

	o->path = path;
	o->next = next;
	wt_open(op, path, repo_opened);
}

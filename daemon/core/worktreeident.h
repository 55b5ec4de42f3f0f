/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEIDENT_H
#define RDV_WORKTREEIDENT_H

#include "daemon/core/worktreeop.h"

/* Who commits, while that is found out. All in the operation's arena. */
struct wt_ident {
	const char *gitdir;		    /* git's own of the tree */
	const char *wish_name, *wish_email; /* of the request, or NULL */
	wt_step_fn *named;
	/* Nobody is named: fails the operation with this sentence. */
	void (*nobody)(struct wt_op *op, const char *why);

	const char *name, *email; /* user.*, or NULL */
	const char *author_name, *author_email;
	const char *committer_name, *committer_email;
};

/*
 * Finds out who commits in op->at, from the request, the repository and the
 * account's own configuration, pins that in op->configs and goes on; or nobody.
 */
void wt_ident(struct wt_op *op, const struct wt_ident *ident);

#endif

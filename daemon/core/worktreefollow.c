/* SPDX-License-Identifier: MIT */
/*
 * A client that follows a worktree is one question after the other to its
 * worker, each answered when there is something new or its time is over.
 * Invariant: one question is out at most, and none while the client has not
 * taken what the one before told.
 */
#include "daemon/core/worktreefollow.h"

#include <stdlib.h>

#include "daemon/core/gitshape.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct wt_follow {
	struct worktrees *w;
	struct wt_follow_conf conf;
	char *path, *base;
	struct wt_op *op; /* the question that is out, or NULL */
	int64_t token;	  /* what the client knows; 0: nothing */
	bool left;	  /* it is over when the answer comes */
	bool telling;	  /* told() has been called, and may do anything */
};

static void
follow_free(struct wt_follow *f)
{
	free(f->path);
	free(f->base);
	free(f);
}

static void
take(struct wt_follow *f, const struct js *r)
{
	const int64_t token = js_int(r, "token", 0);

	/* Its time was over. */
	if (token == f->token) {
		worktree_follow_next(f);
		return;
	}
	f->token = token;
	f->telling = true;
	f->conf.told(r, f->conf.arg);
	f->telling = false;
	if (f->left && f->op == NULL)
		follow_free(f);
}

static void
follow_read_cb(int err, struct js *r, const char *why, void *arg)
{
	struct wt_follow *f = arg;

	f->op = NULL;
	if (f->left) {
		follow_free(f);
	} else if (err != 0) {
		f->conf.ended(err, why, f->conf.arg);
		follow_free(f);
	} else {
		take(f, r);
	}
	js_free(r);
}

void
worktree_follow_next(struct wt_follow *f)
{
	struct worktree_query q = { .path = f->path,
		.op = "follow",
		.shape = shape_follow,
		.args = js_object(),
		.waits = true };

	js_add_int(q.args, "since", f->token);
	js_add_bool(q.args, "totals", f->conf.totals);
	if (f->base != NULL)
		js_add_str(q.args, "base", f->base);
	f->op = worktree_read(f->w, &f->conf.who, &q, follow_read_cb, f);
}

struct wt_follow *
worktree_follow(struct worktrees *w, const struct wt_follow_conf *conf)
{
	struct wt_follow *f = xcalloc(1, sizeof(*f));

	f->w = w;
	f->conf = *conf;
	f->path = xstrdup(conf->path);
	f->base = conf->base == NULL ? NULL : xstrdup(conf->base);
	worktree_follow_next(f);
	return f;
}

void
worktree_follow_stop(struct wt_follow *f)
{
	if (f->op != NULL)
		worktree_read_cancel(f->op);
}

void
worktree_follow_end(struct wt_follow *f)
{
	f->left = true;
	if (f->op != NULL)
		worktree_read_cancel(f->op);
	else if (!f->telling)
		follow_free(f);
}

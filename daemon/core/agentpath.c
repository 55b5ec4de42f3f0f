/* SPDX-License-Identifier: MIT */
/*
 * Which program an agent is. Only the directories that the host's owner has
 * written into the configuration are looked at: what a repository brings along,
 * or a directory that somebody else can write to, is nobody's agent (abuse
 * L10). rdvd sees no directory of a user's, so rdv-git looks, as that user.
 */
#include "daemon/core/agentpath.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"

struct finding {
	const char *name;
	const struct git_fact **facts; /* one for each directory */
	agentpath_fn *cb;
	void *arg;
};

static void
find_fail(struct wt_op *op, int err, const char *why)
{
	const struct finding *f = op->own;

	f->cb(err, NULL, why, f->arg);
	wt_end(op);
}

static void
found(struct wt_op *op)
{
	const struct finding *f = op->own;
	char *const *dir = op->w->app->conf->agents_path;

	for (size_t i = 0; dir[i] != NULL; i++) {
		if ((f->facts[i]->flags & GIT_F_THERE) == 0)
			continue;
		f->cb(0, arena_printf(op->arena, "%s/%s", dir[i], f->name),
		    NULL, f->arg);
		wt_end(op);
		return;
	}
	wt_fail(op, RDV_E_NOT_FOUND,
	    "%s is in none of the directories of agents.path; install it "
	    "there, or name the directory it is in",
	    f->name);
}

static void
ask(struct wt_op *op)
{
	struct finding *f = op->own;
	char *const *dir = op->w->app->conf->agents_path;
	size_t n = 0;

	while (dir[n] != NULL)
		n++;
	f->facts = arena_alloc(op->arena, (n + 1) * sizeof(*f->facts));
	for (size_t i = 0; i < n; i++)
		f->facts[i] = wt_question(op, "there",
		    arena_printf(op->arena, "%s/%s", dir[i], f->name));
	wt_ask(op, found);
}

void
agentpath_find(struct app *app, const struct worktree_who *who,
    const char *name, agentpath_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(app->worktrees, who, false, find_fail);
	struct finding *f = arena_alloc(op->arena, sizeof(*f));

	f->name = arena_strdup(op->arena, name);
	f->cb = cb;
	f->arg = arg;
	op->own = f;
	wt_later(op, ask);
}

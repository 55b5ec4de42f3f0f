/* SPDX-License-Identifier: MIT */
/*
 * What a workspace takes of the disk: its worktrees, one after the other. One
 * that cannot be counted has a reason instead of a size, and the others theirs.
 */
#include "daemon/core/workspaceop.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreesize.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/xalloc.h"

/* No ws_op: it takes long, and nothing is changed by it. */
struct sizing {
	struct workspaces *s;
	struct arena *arena;
	struct worktree_who who;
	struct workspace ws;
	size_t i;
	int64_t fresh_ms;
	workspace_fn *cb;
	void *arg;
};

static void size_next(struct sizing *z);

static void
answer(struct sizing *z, int err, const char *why)
{
	z->cb(err, err == 0 ? &z->ws : NULL, why, z->arg);
	arena_free(z->arena);
	free(z);
}

static void
sized_cb(int err, const struct wt_size *size, const char *why, void *arg)
{
	struct sizing *z = arg;
	struct workspace_part *p = &z->ws.parts[z->i++];
	struct wt_size *own;

	if (err == RDV_E_UNAVAILABLE) {
		answer(z, err, why);
		return;
	}
	if (err == 0) {
		own = arena_alloc(z->arena, sizeof(*own));
		*own = *size;
		p->size = own;
	} else {
		p->text = arena_strdup(z->arena, why);
	}
	size_next(z);
}

/* What lies in the trash was weighed when it went there. */
static bool
is_there(const struct workspace_part *p)
{
	return p->tree.state != NULL && strcmp(p->tree.state, "ready") == 0;
}

static void
size_next(struct sizing *z)
{
	struct wt_size_ask ask = { .fresh_ms = z->fresh_ms };

	while (z->i < z->ws.n && !is_there(&z->ws.parts[z->i]))
		z->i++;
	if (z->i == z->ws.n) {
		answer(z, 0, NULL);
		return;
	}
	ask.top = z->ws.parts[z->i].repo.repo_path;
	ask.path = z->ws.parts[z->i].path;
	worktree_size(z->s->app->worktrees, &z->who, &ask, sized_cb, z);
}

void
workspace_space(struct workspaces *s, const struct worktree_who *who,
    const char *id, int64_t fresh_ms, workspace_fn *cb, void *arg)
{
	struct sizing *z = xcalloc(1, sizeof(*z));
	int err;

	*z = (struct sizing){ .s = s,
		.arena = arena_new(),
		.who = *who,
		.fresh_ms = fresh_ms,
		.cb = cb,
		.arg = arg };
	err = workspace_load(s->app->db, z->arena, z->who.user_id, id, &z->ws);
	if (err != 0)
		answer(z, err,
		    err == RDV_E_NOT_FOUND ? "there is no such workspace"
					   : "the database cannot be read");
	else
		size_next(z);
}

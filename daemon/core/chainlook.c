/* SPDX-License-Identifier: MIT */
/*
 * Where each repository of a workspace stands, asked right before a run and
 * right after it. One that does not answer is an error and never "unchanged":
 * what a run can be taken back to has to be true.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "lib/arena.h"
#include "lib/porcelain.h"

struct looking {
	struct chain *chain;
	struct arena *arena;
	struct chain_look *looks;
	size_t i;
	chain_looked_fn *cb;
	void *arg;
};

static void look_at(struct looking *l);

static void
looked_cb(int err, const struct wt_status *st, const char *why, void *arg)
{
	struct looking *l = arg;
	const struct workspace_part *p = &l->chain->ws.parts[l->i];

	if (err != 0) {
		l->cb(err, NULL, 0,
		    arena_printf(l->arena, "%s: %s", p->repo.name,
			why != NULL ? why : "it cannot be looked at"),
		    l->arg);
		return;
	}
	l->looks[l->i] = (struct chain_look){
		.head = arena_text(l->arena, st->commit),
		.dirty = st->untracked + st->modified + st->staged > 0,
	};
	l->i++;
	look_at(l);
}

static void
look_at(struct looking *l)
{
	struct chain *c = l->chain;

	if (l->i == c->ws.n)
		l->cb(0, l->looks, l->i, NULL, l->arg);
	else
		worktree_status(c->s->app->worktrees, &c->who,
		    c->ws.parts[l->i].path, looked_cb, l);
}

void
chain_look(struct chain *c, struct arena *a, chain_looked_fn *cb, void *arg)
{
	struct looking *l = arena_alloc(a, sizeof(*l));

	l->chain = c;
	l->arena = a;
	l->looks = arena_alloc(a, (c->ws.n + 1) * sizeof(*l->looks));
	l->cb = cb;
	l->arg = arg;
	look_at(l);
}

/* SPDX-License-Identifier: MIT */
/*
 * Chains of an earlier daemon. Runs are settled first, by themselves
 * (reconcile.c), and each that is over takes its link along (chainkeep.c). So
 * what is left here is little: an agent that goes on gets its adapter again, a
 * chain that was between two links goes on with the next, and one that was to
 * end ends.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/xalloc.h"

struct recalling {
	struct arena *arena;
	const char **ids;
	size_t n, cap;
};

static bool
chainfix_row_cb(const struct store_chain *row, void *arg)
{
	struct recalling *r = arg;

	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 16 : r->cap * 2;
		r->ids = xreallocarray(r->ids, r->cap, sizeof(*r->ids));
	}
	r->ids[r->n++] = arena_strdup(r->arena, row->id);
	return true;
}

void
chains_recall(struct chains *s)
{
	struct recalling r = { .n = 0 };
	struct chain *c;

	if (s == NULL || s->recalled)
		return;
	s->recalled = true;
	r.arena = arena_new();
	if (store_chains_running(s->app->db, chainfix_row_cb, &r) != 0)
		log_errorx("chain", "what was at work cannot be read");
	for (size_t i = 0; i < r.n; i++) {
		c = chain_find(s, r.ids[i]);
		if (c != NULL)
			c->recalled = true;
	}
	free(r.ids);
	arena_free(r.arena);
}

/* What runs of it, with the adapter that its log makes anew. */
static void
go_on(struct chain *c)
{
	struct run *run;

	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->links[i].state, "running") != 0 ||
		    c->links[i].run_id == NULL)
			continue;
		run = run_find(c->s->app->runs, c->links[i].run_id);
		if (run == NULL || run_has_ended(run))
			continue;
		if (strcmp(c->links[i].kind, LINK_AGENT) == 0)
			chain_attach(c, i, run, true);
		if (c->row.stop != NULL)
			chain_halt_link(c, i);
	}
	chain_next(c);
}

void
chains_settle(struct chains *s)
{
	struct chain *c, *next;

	if (s == NULL || s->settled)
		return;
	s->settled = true;
	TAILQ_FOREACH_SAFE (c, &s->live, link, next)
		if (c->recalled)
			go_on(c);
}

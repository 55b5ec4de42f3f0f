/* SPDX-License-Identifier: MIT */
/*
 * The last links of a chain: what the agent and the cleanup scripts have left
 * becomes a commit of each repository, by the rules of any other commit. What
 * stands in its way is told and no failure of the turn: the work lies where it
 * was left. Done twice, after a crash, it is done once.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/worktreechange.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

/* The summary of the turn; without one what can be said all the same. */
static const char *
message(struct chain *c)
{
	const char *said = c->turn.summary;

	if (said != NULL && said[strspn(said, " \t\r\n\v\f")] != '\0')
		return said + strspn(said, " \t\r\n\v\f");
	return arena_printf(c->arena, "Changes of an agent in workspace %s",
	    c->row.workspace_id);
}

static const struct workspace_part *
part_of(const struct chain *c, const struct store_link *l)
{
	for (size_t i = 0; i < c->ws.n; i++)
		if (strcmp(c->ws.parts[i].repo.repo_id, l->repo_id) == 0)
			return &c->ws.parts[i];
	return NULL;
}

/*
 * All that has changed is committed, whoever has changed it. Where some of it
 * was there before the turn that is said.
 */
static bool
was_dirty(const struct chain *c)
{
	const struct workspace_part *p = part_of(c, &c->links[c->at]);

	return p != NULL && c->dirty != NULL && c->dirty[p - c->ws.parts];
}

/* Hooks are programs of the repository's and not run; who has some is told. */
static const char *
note(struct chain *c, const struct worktree_changed *how)
{
	const char *text = NULL;

	if (was_dirty(c))
		text = "with what had changed before the turn";
	for (const char *const *h = how->hooks; h != NULL && *h != NULL; h++)
		text =
		    arena_printf(c->arena, "%s%s%s", text != NULL ? text : "",
			h != how->hooks ? ", "
			: text != NULL	? "; hooks not run: "
					: "hooks not run: ",
			*h);
	return text;
}

static bool
has_code(int err, const struct worktree_changed *how, const char *code)
{
	return err == RDV_E_STATE && how != NULL && how->code != NULL &&
	       strcmp(how->code, code) == 0;
}

static void
committed_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct chain *c = arg;

	c->busy = false;
	if (chain_leaves(c))
		return;
	if (err == 0)
		chain_move(c, c->at, LIFE_DONE, note(c, how));
	else if (has_code(err, how, "NOTHING_TO_COMMIT"))
		chain_move(c, c->at, LIFE_SKIP, NULL);
	/* A merge or a checkout is somebody's, and no part of the turn. */
	else if (err == RDV_E_MIDWAY || has_code(err, how, "OTHER_BRANCH"))
		chain_move(c, c->at, LIFE_SKIP, why);
	else
		chain_move(c, c->at, LIFE_FAIL,
		    why != NULL ? why : "it could not be committed");
}

static void
commit(struct chain *c)
{
	const struct workspace_part *p = part_of(c, &c->links[c->at]);
	struct worktree_change change = {
		.branch = c->ws.row.branch, .all = true, .message = message(c)
	};

	if (p == NULL) {
		chain_move(c, c->at, LIFE_FAIL,
		    "the repository is not in the workspace any more");
		return;
	}
	c->busy = true;
	change.tree = p->path;
	worktree_commit(c->s->app->worktrees, &c->who, &change, committed_cb,
	    c);
}

static void
begun_cb(int err, void *arg)
{
	struct chain *c = arg;

	c->busy = false;
	if (err != 0) {
		chain_again(c);
		return;
	}
	c->links[c->at] = c->next;
	if (!chain_leaves(c))
		commit(c);
}

void
chain_commit(struct chain *c)
{
	const struct store_link *l = &c->links[c->at];
	struct tx *tx;

	/* An earlier daemon began it. */
	if (strcmp(l->state, "running") == 0) {
		commit(c);
		return;
	}
	tx = tx_begin(c->s->app->db);
	c->busy = true;
	c->next = *l;
	c->next.state = life_next(LIFE_LINK, l->state, LIFE_START);
	(void)store_link_move(tx, &c->next, l->state);
	chain_tell(tx, EV_TURN_UPDATED, &c->row, &c->next);
	tx_commit(tx, begun_cb, c);
}

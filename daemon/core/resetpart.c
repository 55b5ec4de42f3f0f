/* SPDX-License-Identifier: MIT */
/*
 * What every step over the repositories of a reset needs: the one that is at
 * work, what git is asked about it, and what is kept of the answer.
 */
#include "daemon/core/resetstate.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreereset.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

struct reset_part *
reset_part(struct reset *r)
{
	return &r->parts[r->i];
}

bool
reset_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const char *
reset_keep(struct reset *r, const char *s)
{
	return s != NULL ? arena_strdup(r->arena, s) : NULL;
}

int64_t
reset_files(const struct worktree_changed *how)
{
	return how->staged + how->modified + how->untracked;
}

/* "<what was said so far>; <repository>: <why>". */
void
reset_add_why(struct reset *r, const char *why)
{
	r->why =
	    arena_printf(r->arena, "%s%s%s: %s", r->why != NULL ? r->why : "",
		r->why != NULL ? "; " : "", reset_part(r)->row.name,
		why != NULL ? why : "it cannot be looked at");
}

struct worktree_reset
reset_wish_of(struct reset *r, const char *from, const char *to)
{
	const struct reset_part *p = reset_part(r);

	return (struct worktree_reset){
		.tree = p->row.path,
		.branch = r->op->ws.row.branch,
		.from = from,
		.to = to,
		.pin = arena_printf(r->arena, "%s-%lld", r->row.id,
		    (long long)p->row.place),
		.force = r->row.force,
	};
}

void
reset_store_parts(struct reset *r, struct tx *tx)
{
	for (size_t i = 0; i < r->n; i++)
		(void)store_reset_repo_change(tx, &r->parts[i].row);
}

void
reset_note_moved(struct reset *r, bool moved, reset_step_fn *then)
{
	struct tx *tx = tx_begin(r->s->app->db);

	reset_part(r)->row.moved = moved;
	reset_store_parts(r, tx);
	r->next = r->row;
	reset_store(r, tx, then);
}

void
reset_note_begun(struct reset *r, reset_step_fn *then)
{
	reset_part(r)->row.begun = true;
	reset_note_moved(r, true, then);
}

void
reset_note_torn(struct reset *r, int err, const struct worktree_changed *how)
{
	struct reset_part *p = reset_part(r);

	if (reset_same(how->code, WORKTREE_RESET_TORN))
		p->torn = true;
	/* Whether it was told at all nobody knows of one that was let go. */
	if (err != 0 && err != RDV_E_UNAVAILABLE)
		p->row.begun = p->torn;
}

void
reset_note_whole(struct reset *r)
{
	reset_part(r)->torn = false;
	reset_part(r)->row.begun = false;
}

/* Only a later rdvd can go on with it, or this one in a while. */
bool
reset_is_later(const struct reset *r, int err)
{
	return err == RDV_E_UNAVAILABLE || (r->resumed && err == RDV_E_BUSY);
}

void
reset_later(struct reset *r, int err, const char *why)
{
	reset_retry(r);
	reset_answer(r, err, why);
}

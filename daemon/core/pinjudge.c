/* SPDX-License-Identifier: MIT */
/*
 * Whether a name under refs/rdv is still needed. Anybody may make one in a
 * repository of his, so the name alone says nothing.
 * Invariant: due is only what a row of that very user and repository calls old
 * and over; what no row is known of, or cannot be read, stays.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/pins.h"
#include "daemon/store/changes.h"
#include "daemon/store/discards.h"
#include "daemon/store/pins.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"

#define TRASH	 "refs/rdv/trash/"
#define RESCUE	 "refs/rdv/rescue/"
#define STASH	 "refs/rdv/stash/"
#define BRANCHES "refs/rdv/branches/"

/* What a row's state says of the references that it is about. */
struct meaning {
	const char *state;
	enum pin_verdict verdict; /* PIN_DUE: once it is old */
};

/* A worktree that is in its place, or no more, needs none of them. */
static const struct meaning of_trashed[] = {
	{ "creating", PIN_KEPT },
	{ "ready", PIN_DUE },
	{ "removing", PIN_KEPT },
	{ "trashed", PIN_KEPT },
	{ "removed", PIN_DUE },
	{ NULL, PIN_UNKNOWN },
};
static const struct meaning of_rescued[] = {
	{ "trashed", PIN_KEPT },
	{ "removed", PIN_DUE },
	{ NULL, PIN_UNKNOWN },
};
static const struct meaning of_discard[] = {
	{ "taking", PIN_KEPT },
	{ "kept", PIN_DUE },
	{ "restoring", PIN_KEPT },
	{ "restored", PIN_DUE },
	{ "failed", PIN_DUE },
	{ NULL, PIN_UNKNOWN },
};
static const struct meaning of_change[] = {
	{ "running", PIN_KEPT },
	{ "conflict", PIN_KEPT },
	{ "done", PIN_DUE },
	{ "failed", PIN_DUE },
	{ "aborted", PIN_DUE },
	{ NULL, PIN_UNKNOWN },
};

/* Everything but the end of it, or 0. */
static size_t
with_id(const char *ref, const char *prefix, const char *ends)
{
	const size_t len = strlen(prefix) + UUID_TEXT - 1;
	char id[UUID_TEXT];

	if (!str_starts(ref, prefix) || strlen(ref) < len)
		return 0;
	(void)memcpy(id, ref + strlen(prefix), UUID_TEXT - 1);
	id[UUID_TEXT - 1] = '\0';
	return uuid_valid(id) && strchr(ends, ref[len]) != NULL ? len : 0;
}

size_t
pin_name_len(const char *ref)
{
	if (str_starts(ref, TRASH))
		return with_id(ref, TRASH, "/");
	/* The last is the end of the name itself. */
	if (str_starts(ref, RESCUE))
		return with_id(ref, RESCUE, "-");
	if (str_starts(ref, BRANCHES))
		return with_id(ref, BRANCHES, "/") != 0 ? strlen(ref) : 0;
	return str_starts(ref, STASH) ? strlen(ref) : 0;
}

static enum pin_verdict
judge(const struct meaning *m, const char *state, struct pin_item *item,
    int64_t since, int64_t before)
{
	while (m->state != NULL && strcmp(m->state, state) != 0)
		m++;
	item->since = since;
	if (m->verdict == PIN_DUE && since >= before)
		return PIN_KEPT;
	return m->verdict;
}

/* An id that another repository's row has, too, is a copied reference. */
static bool
is_of(const struct pin_item *item, const char *repo_path)
{
	return strcmp(item->repo, repo_path) == 0;
}

static enum pin_verdict
judge_worktree(struct wt_op *op, struct pin_item *item, const struct meaning *m,
    int64_t before, int *err)
{
	struct store_worktree row;

	*err = store_worktree_get(op->w->app->db, op->arena, op->who.user_id,
	    item->id, &row);
	if (*err != 0)
		return PIN_KEPT;
	return is_of(item, row.repo_path)
		   ? judge(m, row.state, item, row.updated_at, before)
		   : PIN_UNKNOWN;
}

static enum pin_verdict
judge_discard(struct wt_op *op, struct pin_item *item, int64_t before, int *err)
{
	struct store_discard row;

	*err = store_discard_get(op->w->app->db, op->arena, op->who.user_id,
	    item->id, &row);
	if (*err != 0)
		return PIN_KEPT;
	return is_of(item, row.repo_path)
		   ? judge(of_discard, row.state, item, row.updated_at, before)
		   : PIN_UNKNOWN;
}

static enum pin_verdict
judge_change(struct wt_op *op, struct pin_item *item, int64_t before, int *err)
{
	struct store_change row;

	*err = store_change_get(op->w->app->db, op->arena, op->who.user_id,
	    item->id, &row);
	if (*err != 0)
		return PIN_KEPT;
	return is_of(item, row.repo_path)
		   ? judge(of_change, row.state, item, row.updated_at, before)
		   : PIN_UNKNOWN;
}

/* Ids of different tables are never the same. */
static enum pin_verdict
judge_owner(struct wt_op *op, struct pin_item *item, int64_t before)
{
	const bool rescued = str_starts(item->name, RESCUE);
	enum pin_verdict v = PIN_UNKNOWN;
	int err = RDV_E_NOT_FOUND;

	if (rescued || str_starts(item->name, TRASH))
		v = judge_worktree(op, item, rescued ? of_rescued : of_trashed,
		    before, &err);
	if (err == RDV_E_NOT_FOUND && rescued)
		v = judge_change(op, item, before, &err);
	else if (err == RDV_E_NOT_FOUND && str_starts(item->name, TRASH))
		v = judge_discard(op, item, before, &err);
	return err == RDV_E_NOT_FOUND ? PIN_UNKNOWN : v;
}

static const char *
id_of(struct wt_op *op, const char *name)
{
	if (str_starts(name, BRANCHES))
		return arena_strndup(op->arena, name + strlen(BRANCHES),
		    UUID_TEXT - 1);
	return strrchr(name, '/') + 1;
}

enum pin_verdict
pin_judge(struct wt_op *op, struct pin_item *item, int64_t before)
{
	enum pin_verdict v = PIN_UNKNOWN;
	struct store_pin row;
	int err;

	item->since = -1;
	item->id = id_of(op, item->name);
	err = store_pin_get(op->w->app->db, op->arena, op->who.user_id,
	    item->repo, item->name, &row);
	if (err == RDV_E_NOT_FOUND) {
		v = judge_owner(op, item, before);
	} else if (err != 0) {
		v = PIN_KEPT;
	} else if (strcmp(row.state, "gone") != 0) {
		/* What was begun is ended, however old it is. */
		item->since = row.updated_at;
		v = strcmp(row.state, "ending") == 0 || item->since < before
			? PIN_DUE
			: PIN_KEPT;
	}
	if (v == PIN_UNKNOWN)
		item->id = NULL;
	return v;
}

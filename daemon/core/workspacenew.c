/* SPDX-License-Identifier: MIT */
/*
 * Making a workspace: judge the names, write down what is going to be made,
 * worktree by worktree with its id, make them, copy files, write down that it
 * is there. The first failure undoes all of it, and nothing else: a worktree is
 * ours when it has the id that was written down for it.
 *
 * Undoing loses nothing either: a worktree goes as by a removal, which refuses
 * what is somebody's work, and its branch only from where it began.
 */
#include "daemon/core/workspaceop.h"

#include <string.h>
#include <strings.h>

#include "daemon/app.h"
#include "daemon/core/branch.h"
#include "daemon/core/worktreequota.h"
#include "daemon/core/worktreespace.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

#define PREFIX "rdv"
#define ORIGIN "origin/"

static void undo_next(struct ws_op *op);
static void create_next(struct ws_op *op);
static void copy_next(struct ws_op *op);

/* It stays "creating", and is gone on with when that is possible. */
static void
leave(struct ws_op *op)
{
	ws_retry(op);
	ws_answer(op, op->err, op->why);
}

static void
undo(struct ws_op *op, int err, const char *why)
{
	op->err = err;
	op->why = ws_of_part(op, why);
	/* Then nobody could undo anything. */
	if (err == RDV_E_UNAVAILABLE) {
		leave(op);
		return;
	}
	op->i = 0;
	undo_next(op);
}

static void
undone(struct ws_op *op)
{
	ws_answer(op, op->err, op->why);
}

static void
vacated_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	(void)why;
	if (err == RDV_E_UNAVAILABLE) {
		leave(op);
		return;
	}
	op->ws.row.state = "failed";
	op->ws.row.cause = op->why;
	ws_store(op, WS_ROW, EV_WORKSPACE_FAILED, undone);
}

static void
undo_done(struct ws_op *op)
{
	op->again = false;
	op->i++;
	undo_next(op);
}

/* It is told, and left as it is. */
static void
undo_stays(struct ws_op *op, const char *why)
{
	op->why = arena_printf(op->arena, "%s; %s stays: %s", op->why,
	    op->ws.parts[op->i].path, why);
	undo_done(op);
}

static void
unbranched_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	if (err == RDV_E_UNAVAILABLE)
		leave(op);
	else if (err != 0)
		undo_stays(op, why);
	else
		undo_done(op);
}

static void
undo_branch(struct ws_op *op)
{
	const struct store_worktree *t = &op->ws.parts[op->i].tree;
	const struct worktree_branch b = { t->repo_path, t->branch,
		t->branch_start };

	if (t->created_branch && t->branch != NULL && t->branch_start != NULL)
		worktree_unbranch(op->s->app->worktrees, &op->who, &b,
		    unbranched_cb, op);
	else
		undo_done(op);
}

static void
unmade_cb(int err, const struct worktree_moved *moved, const char *why,
    void *arg)
{
	struct ws_op *op = arg;

	if (err == RDV_E_UNAVAILABLE) {
		leave(op);
	} else if (err == RDV_E_DIRTY && !op->again &&
		   (moved->reasons & ~WT_UNTRACKED) == 0) {
		/* The copies we have put there; the trash keeps them. */
		op->again = true;
		worktree_remove(op->s->app->worktrees, &op->who,
		    op->ws.parts[op->i].path, true, unmade_cb, op);
	} else if (err != 0) {
		undo_stays(op, why);
	} else {
		undo_branch(op);
	}
}

static bool
is(const struct workspace_part *p, const char *state)
{
	return p->tree.state != NULL && strcmp(p->tree.state, state) == 0;
}

static void
undo_gone_cb(bool gone, void *arg)
{
	struct ws_op *op = arg;

	if (gone)
		undo_stays(op, ws_of_gone(op));
	else
		leave(op);
}

/* Whatever is not ours, or not there, has nothing to be undone. */
static void
undo_next(struct ws_op *op)
{
	struct workspace_part *p = &op->ws.parts[op->i];

	if (op->i == op->ws.n) {
		worktree_vacate(op->s->app->worktrees, &op->who,
		    op->ws.row.directory, vacated_cb, op);
		return;
	}
	/* What is not settled yet leaves all of it for later. */
	if (ws_tree(op, p) != 0)
		leave(op);
	else if (ws_is_moving(p))
		worktree_gone(op->s->app->worktrees, &op->who,
		    p->repo.repo_path, undo_gone_cb, op);
	else if (ws_is_ours(op, p))
		worktree_remove(op->s->app->worktrees, &op->who, p->path, false,
		    unmade_cb, op);
	else if (is(p, "removed") || is(p, "trashed") ||
		 (op->resumed && is(p, "failed")))
		/* A git that rdvd did not outlive may have been slow to end. */
		undo_branch(op);
	else
		undo_done(op);
}

static void
created(struct ws_op *op)
{
	ws_answer(op, 0, NULL);
}

static void
copied_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	if (err != 0) {
		undo(op, err, why);
		return;
	}
	op->i++;
	copy_next(op);
}

static void
copy_next(struct ws_op *op)
{
	if (op->i < op->ws.n) {
		ws_copy(op, copied_cb);
		return;
	}
	op->ws.row.state = "ready";
	op->ws.row.cause = NULL;
	ws_store(op, WS_ROW, EV_WORKSPACE_CREATED, created);
}

static void
made_cb(int err, const struct worktree_made *made, const char *why, void *arg)
{
	struct ws_op *op = arg;
	struct workspace_part *p = &op->ws.parts[op->i];

	(void)made;
	if (err != 0) {
		undo(op, err, why);
		return;
	}
	p->done = "made";
	(void)ws_tree(op, p);
	op->i++;
	create_next(op);
}

static void
create_next(struct ws_op *op)
{
	const struct workspace_part *p = &op->ws.parts[op->i];
	struct worktree_spec spec = {
		.who = op->who,
		.repo = p->repo.repo_path,
		.branch = op->ws.row.branch,
		.base = p->repo.base,
		.path = p->path,
		.create_branch = true,
		.either = op->spec->existing,
		.id = p->repo.worktree_id,
	};

	if (op->i == op->ws.n) {
		op->i = 0;
		copy_next(op);
		return;
	}
	worktree_create(op->s->app->worktrees, &spec, made_cb, op);
}

/* A name of the directory that no other part has, in any spelling. */
static const char *
part_name(struct ws_op *op, const char *path, size_t i)
{
	const char *base = strrchr(path, '/') + 1, *name = base;
	unsigned number = 1;

	for (size_t j = 0; j < i; j++) {
		if (strcasecmp(op->ws.parts[j].repo.name, name) != 0)
			continue;
		name = arena_printf(op->arena, "%s-%u", base, ++number);
		j = (size_t)-1;
	}
	return name;
}

static const char *
base_of(const struct workspace_spec *spec, const struct store_repo *r)
{
	const char *base = r->default_base;

	for (const char *const *p = spec->bases; p != NULL && *p != NULL;
	     p += 2)
		if (strcmp(*p, r->id) == 0)
			base = p[1];
	/* Of a base the one that origin has is taken anyway, if it is newer. */
	if (base != NULL && str_starts(base, ORIGIN))
		base += strlen(ORIGIN);
	return base;
}

static void
add_part(struct ws_op *op, const struct store_repo *r, size_t i)
{
	struct workspace_part *p = &op->ws.parts[i];
	char id[UUID_TEXT];

	uuid_v7(id);
	p->repo = (struct store_workspace_repo){
		.workspace_id = op->id,
		.place = (int64_t)i,
		.repo_id = r->id,
		.repo_path = r->path,
		.name = part_name(op, r->path, i),
		.base = base_of(op->spec, r),
		.worktree_id = arena_strdup(op->arena, id),
	};
}

static bool
refuse(struct ws_op *op, int err, const char *why)
{
	op->err = err;
	op->why = why;
	return false;
}

static bool
is_named(const struct workspace_spec *spec, const char *id)
{
	for (const char *const *r = spec->repos; *r != NULL; r++)
		if (strcmp(*r, id) == 0)
			return true;
	return false;
}

static bool
bases_ok(struct ws_op *op)
{
	const struct workspace_spec *spec = op->spec;

	for (const char *const *p = spec->bases; p != NULL && *p != NULL;
	     p += 2) {
		if (!is_named(spec, p[0]))
			return refuse(op, RDV_E_INVALID,
			    "bases: names a repository that repos has not");
		if (!branch_ok(p[1]))
			return refuse(op, RDV_E_INVALID,
			    "bases: is no name of a branch");
	}
	return true;
}

static bool
add_parts(struct ws_op *op)
{
	const char *const *ids = op->spec->repos;
	struct store_repo r;
	size_t n = 0;

	while (ids[n] != NULL)
		n++;
	if (n == 0 || n > WORKSPACE_REPOS_MAX)
		return refuse(op, RDV_E_INVALID,
		    "repos: at least one, and at most 16");
	op->ws.parts = arena_alloc(op->arena, (n + 1) * sizeof(*op->ws.parts));
	for (size_t i = 0; i < n; i++) {
		if (store_repo_get(op->s->app->db, op->arena, op->who.user_id,
			ids[i], &r) != 0)
			return refuse(op, RDV_E_NOT_FOUND,
			    arena_printf(op->arena,
				"repos: there is no repository %s", ids[i]));
		for (size_t j = 0; j < i; j++)
			if (strcmp(ids[j], ids[i]) == 0)
				return refuse(op, RDV_E_INVALID,
				    "repos: one is named twice");
		add_part(op, &r, i);
	}
	op->ws.n = n;
	return bases_ok(op);
}

/* <prefix>/<short>-<name>, or as it was given. */
static bool
name_branch(struct ws_op *op)
{
	const struct workspace_spec *spec = op->spec;
	const char *prefix = spec->prefix != NULL ? spec->prefix : PREFIX;
	char slug[WORKSPACE_SLUG];

	workspace_slug(slug, op->id, op->ws.row.name);
	if (strchr(prefix, '/') != NULL)
		return refuse(op, RDV_E_INVALID,
		    "branch_prefix: is one part of a branch's name, without /");
	op->ws.row.branch = spec->branch != NULL
				? spec->branch
				: arena_printf(op->arena, "%s%s%s", prefix,
				      *prefix != '\0' ? "/" : "", slug);
	if (branch_ok(op->ws.row.branch))
		return true;
	return refuse(op, RDV_E_INVALID,
	    spec->branch != NULL
		? "branch: is no name for a branch"
		: "branch_prefix: no branch's name can begin like that");
}

static bool
name_it(struct ws_op *op)
{
	const char *name = op->spec->name;

	if (name != NULL && !workspace_name_ok(name))
		return refuse(op, RDV_E_INVALID,
		    "name: must be printable and not empty");
	op->ws.row.name = name != NULL ? name : op->ws.parts[0].repo.name;
	return name_branch(op);
}

static bool
room_ok(struct ws_op *op)
{
	int64_t count;
	int err =
	    store_workspaces_count(op->s->app->db, op->who.user_id, &count);

	if (err != 0)
		return refuse(op, err, "the database cannot be read");
	return count < WORKSPACES_MAX ||
	       refuse(op, RDV_E_FULL, "there are too many workspaces");
}

static void
create_placed_cb(int err, const char *path, const char *why, void *arg)
{
	struct ws_op *op = arg;
	struct store_workspace *w = &op->ws.row;

	if (err != 0) {
		ws_answer(op, err, why);
		return;
	}
	w->id = op->id;
	w->user_id = op->who.user_id;
	w->directory = arena_strdup(op->arena, path);
	w->state = "creating";
	w->archived_at = -1;
	w->created_at = clock_wall_ms();
	for (size_t i = 0; i < op->ws.n; i++)
		op->ws.parts[i].path = arena_printf(op->arena, "%s/%s",
		    w->directory, op->ws.parts[i].repo.name);
	op->known = true;
	ws_store(op, WS_INSERT, EV_WORKSPACE_CREATING, create_next);
}

static void
place(struct ws_op *op)
{
	char slug[WORKSPACE_SLUG];

	workspace_slug(slug, op->id, op->ws.row.name);
	worktree_fresh(op->s->app->worktrees, &op->who, slug, create_placed_cb,
	    op);
}

static void
roomy_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	op->roomed = err == 0;
	if (err != 0)
		ws_answer(op, err, why);
	else
		place(op);
}

static void
create_start(struct ws_op *op)
{
	if (!room_ok(op) || !add_parts(op) || !name_it(op)) {
		ws_answer(op, op->err, op->why);
		return;
	}
	if (worktree_has_quota(op->s->app->worktrees, op->who.uid))
		worktree_quota(op->s->app->worktrees, &op->who, roomy_cb, op);
	else
		place(op);
}

static const char *const *
keep_list(struct arena *a, const char *const *list)
{
	const char **out;
	size_t n = 0;

	if (list == NULL)
		return NULL;
	while (list[n] != NULL)
		n++;
	out = arena_alloc(a, (n + 1) * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = arena_strdup(a, list[i]);
	return out;
}

void
workspace_create(struct workspaces *s, const struct worktree_who *who,
    const struct workspace_spec *spec, workspace_fn *cb, void *arg)
{
	struct ws_op *op = ws_new(s, who, NULL, cb, arg);
	struct workspace_spec *own = arena_alloc(op->arena, sizeof(*own));

	*own = (struct workspace_spec){
		.name = arena_text(op->arena, spec->name),
		.prefix = arena_text(op->arena, spec->prefix),
		.branch = arena_text(op->arena, spec->branch),
		.existing = spec->existing,
		.repos = keep_list(op->arena, spec->repos),
		.bases = keep_list(op->arena, spec->bases),
	};
	op->spec = own;
	ws_enter(op, create_start);
}

/* All worktrees are there: what is missing is the end. Else: the undoing. */
void
ws_create_resume(struct ws_op *op)
{
	bool whole = true;

	for (size_t i = 0; i < op->ws.n; i++)
		whole = whole && is(&op->ws.parts[i], "ready");
	if (whole) {
		copy_next(op);
		return;
	}
	op->err = RDV_E_STATE;
	op->why = "interrupted while it was made; taken back";
	undo_next(op);
}

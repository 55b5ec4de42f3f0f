/* SPDX-License-Identifier: MIT */
/*
 * Branches by hand. Invariant: no commit loses its last name here. What is
 * deleted is called refs/rdv/branches/<pin>/<name> in the very transaction of
 * git's in which it goes, and only while it is where it was judged to be.
 */
#include "daemon/core/branches.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/branch.h"
#include "daemon/core/pins.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"

#define LOCAL	"refs/heads/"
#define DELETED "refs/rdv/branches/"

struct branching {
	struct branch_wish wish;
	struct branch_done out;
	const char *asked;    /* a full name, or one with '/' behind */
	const char *ref;      /* what it is called, or NULL */
	const char *upstream; /* of it, a full name or "" */
	wt_step_fn *opened, *found, *unclaimed;
	branch_done_fn *cb;
	branch_deleted_fn *listed;
	void *arg;
};

static void
branch_fail(struct wt_op *op, int err, const char *why)
{
	struct branching *b = op->own;

	if (b->listed != NULL)
		b->listed(err, NULL, 0, why, b->arg);
	else
		b->cb(err, NULL, why, b->arg);
	wt_end(op);
}

static void
changed_cb(struct wt_op *op, const struct git_result *r)
{
	struct branching *b = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	b->cb(0, &b->out, NULL, b->arg);
	wt_end(op);
}

/* Lines of git's update-ref: all of them or none. */
static void
change(struct wt_op *op, const char *lines)
{
	static const char *const argv[] = { "update-ref", "--create-reflog",
		"-m", "rdv", "--stdin", NULL };

	if (wt_begins(op))
		wt_git_in(op, op->top, argv, lines, changed_cb);
}

/* git takes a/b for a, too. */
static bool
is_asked(const struct branching *b, const char *ref)
{
	return str_ends(b->asked, "/") || strcmp(ref, b->asked) == 0;
}

/* "REF\0COMMIT\0UPSTREAM\0\n", of the first. */
static void
found_cb(struct wt_op *op, const struct git_result *r)
{
	struct branching *b = op->own;
	const char *commit = r->out + strlen(r->out) + 1;
	const char *end = r->out + r->outlen;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	if (commit < end && is_asked(b, r->out)) {
		b->ref = arena_strdup(op->arena, r->out);
		b->out.commit = arena_strdup(op->arena, commit);
		b->upstream =
		    arena_strdup(op->arena, commit + strlen(commit) + 1);
	}
	b->found(op);
}

static void
look_up(struct wt_op *op, const char *ref, wt_step_fn *next)
{
	const char *const argv[] = { "for-each-ref", "--count=1",
		"--format=%(refname)%00%(objectname)%00%(upstream)%00", "--",
		ref, NULL };
	struct branching *b = op->own;

	b->found = next;
	b->asked = ref;
	b->ref = NULL;
	wt_git(op, op->top, argv, NULL, found_cb);
}

static const char *
local(struct wt_op *op, const char *name)
{
	return arena_printf(op->arena, LOCAL "%s", name);
}

static void
start(struct wt_op *op)
{
	const struct branching *b = op->own;

	wt_open(op, b->wish.path, b->opened);
}

static struct branching *
branching_new(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, wt_step_fn *opened, void *arg)
{
	struct wt_op *op = wt_new(w, who, true, branch_fail);
	struct branching *b = arena_alloc(op->arena, sizeof(*b));

	*b = (struct branching){ .opened = opened, .arg = arg };
	b->wish.path = arena_strdup(op->arena, wish->path);
	b->wish.name = arena_text(op->arena, wish->name);
	b->wish.base = arena_text(op->arena, wish->base);
	b->wish.to = arena_text(op->arena, wish->to);
	b->wish.pin = arena_text(op->arena, wish->pin);
	b->wish.force = wish->force;
	b->out.name = b->wish.name;
	op->own = b;
	wt_later(op, start);
	return b;
}

static bool
is_name(struct wt_op *op, const char *name)
{
	if (branch_ok(name))
		return true;
	wt_fail(op, RDV_E_INVALID, "not a name for a branch");
	return false;
}

/* A free name. git says so too, but in words that nobody can act on. */
static bool
is_free(struct wt_op *op, const char *name)
{
	const struct branching *b = op->own;

	if (b->ref == NULL)
		return true;
	wt_fail(op, RDV_E_EXISTS, "branch %s exists", name);
	return false;
}

static void
base_cb(struct wt_op *op, const struct git_result *r)
{
	struct branching *b = op->own;

	if (r->status != 0) {
		wt_fail(op, RDV_E_INVALID, "base: there is no commit %s",
		    b->wish.base != NULL ? b->wish.base : "here");
		return;
	}
	b->out.commit = arena_strndup(op->arena, r->out, strcspn(r->out, "\n"));
	change(op, arena_printf(op->arena, "create " LOCAL "%s %s\n",
		       b->wish.name, b->out.commit));
}

static void
create_found(struct wt_op *op)
{
	struct branching *b = op->own;
	const char *base = b->wish.base != NULL ? b->wish.base : "HEAD";
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options",
		arena_printf(op->arena, "%s^{commit}", base), NULL };

	if (is_free(op, b->wish.name))
		wt_git(op, op->at, argv, NULL, base_cb);
}

static void
create_opened(struct wt_op *op)
{
	struct branching *b = op->own;

	if (!is_name(op, b->wish.name))
		return;
	/* No expression either: what is a name of a branch is none (G13). */
	if (b->wish.base != NULL && !branch_ok(b->wish.base))
		wt_fail(op, RDV_E_INVALID, "base: is no plain name");
	else
		look_up(op, local(op, b->wish.name), create_found);
}

void
branch_create(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg)
{
	branching_new(w, who, wish, create_opened, arg)->cb = cb;
}

/* False: there is none, and that is told. */
static bool
is_there(struct wt_op *op)
{
	const struct branching *b = op->own;

	if (b->ref != NULL)
		return true;
	wt_fail(op, RDV_E_NOT_FOUND, "there is no branch %s", b->wish.name);
	return false;
}

static void
claims_cb(struct wt_op *op, enum wt_claim claim)
{
	const struct branching *b = op->own;

	if (claim == WT_UNCLAIMED)
		b->unclaimed(op);
	else
		wt_fail(op, RDV_E_BUSY,
		    claim == WT_CLAIMED
			? "a rebase or a bisection is to end on branch %s"
			: "whether a rebase is to end on %s cannot be told",
		    b->wish.name);
}

/* With force neither: what is open there could not be ended. */
static void
ask_claims(struct wt_op *op, wt_step_fn *next)
{
	struct branching *b = op->own;

	b->unclaimed = next;
	wt_claims(op, b->wish.name, claims_cb);
}

static void
rename_free(struct wt_op *op)
{
	struct branching *b = op->own;
	/* git's own, which takes its settings, its reflog and HEADs along. */
	const char *const argv[] = { "branch", "-m", "--end-of-options",
		b->wish.name, b->wish.to, NULL };

	if (!is_free(op, b->wish.to))
		return;
	b->out.name = b->wish.to;
	if (wt_begins(op))
		wt_git(op, op->top, argv, NULL, changed_cb);
}

static void
rename_unclaimed(struct wt_op *op)
{
	const struct branching *b = op->own;

	look_up(op, local(op, b->wish.to), rename_free);
}

struct holding {
	struct wt_op *op;
	const char *by; /* the workspace's name, or NULL */
};

static bool
held_cb(const struct store_workspace *w, void *arg)
{
	struct holding *h = arg;
	const struct branching *b = h->op->own;
	struct store_workspace_repo *repos;
	size_t n;

	if (strcmp(w->branch, b->wish.name) != 0 ||
	    store_workspace_repos(h->op->w->app->db, h->op->arena, w->id,
		&repos, &n) != 0)
		return true;
	for (size_t i = 0; i < n && h->by == NULL; i++)
		if (strcmp(repos[i].repo_path, h->op->top) == 0)
			h->by = arena_strdup(h->op->arena, w->name);
	return h->by == NULL;
}

/*
 * By its old name a workspace would make one anew, from where it began; and its
 * other repositories have the name as well.
 */
static bool
is_unheld(struct wt_op *op)
{
	struct holding h = { .op = op };

	if (store_workspaces_list(op->w->app->db, op->who.user_id, -1, NULL,
		INT64_MAX, held_cb, &h) != 0) {
		wt_fail(op, RDV_E_UNAVAILABLE, "the database cannot be read");
		return false;
	}
	if (h.by == NULL)
		return true;
	wt_fail(op, RDV_E_BUSY,
	    "branch %s is that of the workspace %s, which keeps its name for "
	    "it, with force too; delete the workspace first",
	    ((const struct branching *)op->own)->wish.name, h.by);
	return false;
}

static void
rename_found(struct wt_op *op)
{
	const struct branching *b = op->own;
	const struct wt_entry *on = wt_on(&op->list, b->wish.name);

	if (!is_there(op) || !is_unheld(op))
		return;
	if (on != NULL && on != op->here && !b->wish.force)
		wt_fail(op, RDV_E_BUSY, "branch %s is checked out in %s",
		    b->wish.name, on->path);
	else
		ask_claims(op, rename_unclaimed);
}

static void
rename_opened(struct wt_op *op)
{
	struct branching *b = op->own;

	if (is_name(op, b->wish.name) && is_name(op, b->wish.to))
		look_up(op, local(op, b->wish.name), rename_found);
}

void
branch_rename(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg)
{
	branching_new(w, who, wish, rename_opened, arg)->cb = cb;
}

static void
take_pinned(struct wt_op *op)
{
	const struct branching *b = op->own;

	change(op, arena_printf(op->arena,
		       "create " DELETED "%s/%s %s\ndelete " LOCAL "%s %s\n",
		       b->out.pin, b->wish.name, b->out.commit, b->wish.name,
		       b->out.commit));
}

/* The row says from when on it is kept. */
static void
take_away(struct wt_op *op)
{
	struct branching *b = op->own;
	char pin[UUID_TEXT];

	if (!wt_begins(op))
		return;
	uuid_v7(pin);
	b->out.pin = arena_strdup(op->arena, pin);
	pin_store(op,
	    arena_printf(op->arena, DELETED "%s/%s", pin, b->wish.name), "kept",
	    take_pinned);
}

static void
merged_cb(struct wt_op *op, const struct git_result *r)
{
	const struct branching *b = op->own;

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->out[0] != '0')
		wt_fail(op, RDV_E_STATE,
		    "branch %s has commits that are in %s; with force it goes "
		    "all the same",
		    b->wish.name,
		    *b->upstream != '\0'
			? "neither its upstream nor the main work tree"
			: "no main work tree");
	else
		take_away(op);
}

static void
elsewhere_cb(struct wt_op *op, const struct git_result *r)
{
	const struct branching *b = op->own;
	const char *head = op->list.entries[0].commit;
	const char *argv[] = { "rev-list", "--count", "--max-count=1",
		"--ignore-missing", b->out.commit, "--not", NULL, NULL, NULL,
		NULL };
	size_t n = 6;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	if (r->out[0] != '0') {
		wt_fail(op, RDV_E_UNPUSHED,
		    "branch %s has commits that stand nowhere else; with "
		    "force it goes and can be restored",
		    b->wish.name);
		return;
	}
	/* An upstream that is gone is passed over. */
	if (head != NULL)
		argv[n++] = head;
	if (*b->upstream != '\0')
		argv[n++] = b->upstream;
	argv[n] = "--";
	wt_git(op, op->top, argv, NULL, merged_cb);
}

static void
delete_unclaimed(struct wt_op *op)
{
	const struct branching *b = op->own;
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		b->out.commit, "--not",
		arena_printf(op->arena, "--exclude=%s", b->wish.name),
		"--branches", "--remotes", "--tags", "--", NULL };

	if (b->wish.force)
		take_away(op);
	else
		wt_git(op, op->top, argv, NULL, elsewhere_cb);
}

static void
delete_found(struct wt_op *op)
{
	const struct branching *b = op->own;
	const struct wt_entry *on = wt_on(&op->list, b->wish.name);

	if (!is_there(op))
		return;
	/* With force neither: its worktree would be on no commit. */
	if (on != NULL)
		wt_fail(op, RDV_E_BUSY, "branch %s is checked out in %s",
		    b->wish.name, on->path);
	else
		ask_claims(op, delete_unclaimed);
}

static void
delete_opened(struct wt_op *op)
{
	struct branching *b = op->own;

	if (is_name(op, b->wish.name))
		look_up(op, local(op, b->wish.name), delete_found);
}

void
branch_delete(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg)
{
	branching_new(w, who, wish, delete_opened, arg)->cb = cb;
}

static void
restore_free(struct wt_op *op)
{
	struct branching *b = op->own;

	if (!is_free(op, b->out.name))
		return;
	/* What the name of the pin tells was looked up before. */
	change(op,
	    arena_printf(op->arena, "create " LOCAL "%s %s\ndelete %s %s\n",
		b->out.name, b->out.commit, b->out.pin, b->out.commit));
}

static void
restore_found(struct wt_op *op)
{
	struct branching *b = op->own;

	if (b->ref == NULL) {
		wt_fail(op, RDV_E_NOT_FOUND, "there is no such deleted branch");
		return;
	}
	b->out.pin = b->ref;
	if (b->out.name == NULL)
		b->out.name = b->ref + strlen(DELETED) + UUID_TEXT;
	look_up(op, local(op, b->out.name), restore_free);
}

static void
restore_opened(struct wt_op *op)
{
	struct branching *b = op->own;

	if (b->wish.name != NULL && !is_name(op, b->wish.name))
		return;
	if (!uuid_valid(b->wish.pin))
		wt_fail(op, RDV_E_NOT_FOUND, "there is no such deleted branch");
	else
		look_up(op, arena_printf(op->arena, DELETED "%s/", b->wish.pin),
		    restore_found);
}

void
branch_restore(struct worktrees *w, const struct worktree_who *who,
    const struct branch_wish *wish, branch_done_fn *cb, void *arg)
{
	branching_new(w, who, wish, restore_opened, arg)->cb = cb;
}

/* Lines of "COMMIT REF"; what is none of ours is passed over. */
static void
deleted_cb(struct wt_op *op, const struct git_result *r)
{
	struct branch_done *list =
	    arena_alloc(op->arena, BRANCHES_DELETED_MAX * sizeof(*list));
	const struct branching *b = op->own;
	const char *at = r->out, *eol, *pin;
	size_t n = 0;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	for (; (eol = strchr(at, '\n')) != NULL; at = eol + 1) {
		pin = strstr(at, " " DELETED);
		if (pin == NULL || pin + strlen(DELETED) + UUID_TEXT >= eol ||
		    n == BRANCHES_DELETED_MAX)
			continue;
		list[n].commit =
		    arena_strndup(op->arena, at, (size_t)(pin - at));
		pin += strlen(DELETED) + 1;
		list[n].pin = arena_strndup(op->arena, pin, UUID_TEXT - 1);
		pin += UUID_TEXT;
		list[n++].name =
		    arena_strndup(op->arena, pin, (size_t)(eol - pin));
	}
	b->listed(0, list, n, NULL, b->arg);
	wt_end(op);
}

static void
deleted_opened(struct wt_op *op)
{
	/* Ids are made in the order of time. */
	const char *const argv[] = { "for-each-ref", "--sort=-refname",
		"--count=200", "--format=%(objectname) %(refname)", "--",
		DELETED, NULL };

	wt_git(op, op->top, argv, NULL, deleted_cb);
}

void
branch_deleted(struct worktrees *w, const struct worktree_who *who,
    const char *path, branch_deleted_fn *cb, void *arg)
{
	const struct branch_wish wish = { .path = path };
	struct branching *b = branching_new(w, who, &wish, deleted_opened, arg);

	b->listed = cb;
}

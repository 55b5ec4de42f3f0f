/* SPDX-License-Identifier: MIT */
/*
 * Looking at a worktree before it is shown or removed. Each question that git
 * or the file system does not answer is a reason against removing: "cannot
 * tell" is never "nothing there" (contract 10.9).
 */
#include "daemon/core/worktreelook.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/repo.h"
#include "daemon/core/run.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/path.h"
#include "lib/str.h"

/* Beside a worktree that lies on another file system than the trash. */
#define TRASH_BESIDE "/.rdv-trash-"

struct wt_asking {
	struct wt_look *look;
	bool judge;
	wt_step_fn *next;
};

bool
worktree_in_trash(const struct worktrees *w, const char *path)
{
	return path_is_under(w->trash, path) ||
	       strstr(path, TRASH_BESIDE) != NULL;
}

static void
unknown(struct wt_op *op, const char *what)
{
	struct wt_look *look = op->asking->look;

	look->reasons |= WT_UNKNOWN;
	look->unknown = what;
}

static void
looked(struct wt_op *op)
{
	op->judging = false;
	op->asking->next(op);
}

/*
 * find(1) itself stands in "/": when that is not in the answer, it could not
 * look. Its exit status only says that some belong to others.
 */
static void
inside_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;
	const char *end = r->out + r->outlen;
	bool saw = false;

	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		saw = saw || strcmp(p, "/") == 0;
		if (*p != '\0' && path_is_under(op->at, p))
			look->reasons |= WT_BUSY;
	}
	if (!saw)
		unknown(op, "whether a process runs in it");
	looked(op);
}

/* Whoever went there, from whatever terminal (abuse G22). */
static void
ask_inside(struct wt_op *op)
{
	static const char *const argv[] = { "/usr/bin/find", "/proc",
		"-mindepth", "2", "-maxdepth", "2", "-name", "cwd", "-printf",
		"%l\\0", NULL };

	wt_host(op, argv, inside_cb);
}

/* Lower case: assumed to be unchanged. S: to be left alone by git. */
static void
hidden_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;
	const char *end = r->out + r->outlen;

	look->hidden = r->status != 0;
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		if (*p == 'S' || (*p >= 'a' && *p <= 'z'))
			look->hidden = true;
	ask_inside(op);
}

/* The index can be told to hide changes, from git's own look as well. */
static void
ask_hidden(struct wt_op *op)
{
	static const char *const argv[] = { "ls-files", "-v", "-z", NULL };

	wt_git(op, op->at, argv, NULL, hidden_cb);
}

static void
gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;
	size_t len = strcspn(r->out, "\n");
	const char *what;

	if (r->status != 0 || len == 0) {
		unknown(op, "its git directory");
	} else {
		what = repo_midway(arena_strndup(op->arena, r->out, len));
		if (what != NULL && *what == '\0')
			unknown(op, "whether an operation is open");
		else if (what != NULL)
			look->reasons |= WT_MIDWAY;
		look->midway = what;
	}
	ask_hidden(op);
}

static void
ask_gitdir(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };

	wt_git(op, op->at, argv, NULL, gitdir_cb);
}

static void
unpushed_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;

	if (r->status != 0)
		unknown(op, "whether its commits stand elsewhere");
	else if (r->out[0] != '0')
		look->reasons |= WT_UNPUSHED;
	ask_gitdir(op);
}

/* Commits that no remote, no tag and no other branch has. */
static void
ask_unpushed(struct wt_op *op)
{
	struct wt_look *look = op->asking->look;
	const char *branch = look->status.branch;
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		look->status.commit, "--not",
		arena_printf(op->arena, "--exclude=%s",
		    branch != NULL ? branch : "//"),
		"--branches", "--remotes", "--tags", "--", NULL };

	if (look->status.commit == NULL)
		ask_gitdir(op);
	else
		wt_git(op, op->at, argv, NULL, unpushed_cb);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/*
 * The tree's own .git file may have been turned to another worktree, whose
 * index would then be compared with these files.
 */
static bool
is_registered_one(const struct wt_op *op, const struct wt_status *s)
{
	return same(s->branch, op->here->branch) &&
	       same(s->commit, op->here->commit);
}

static void
status_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;
	struct wt_status *s = &look->status;
	bool ok =
	    r->status == 0 && porcelain_status(op->arena, r->out, r->outlen, s);

	if (!op->asking->judge) {
		if (!ok)
			wt_fail_git(op, r);
		else
			op->asking->next(op);
		return;
	}
	if (!ok)
		unknown(op, "its state");
	/* It says there which directories it could not look into. */
	else if (r->err[0] != '\0')
		unknown(op, "all of its files");
	else if (!is_registered_one(op, s))
		unknown(op, "whether it is the worktree it is registered as");
	if (s->modified > 0 || s->staged > 0)
		look->reasons |= WT_DIRTY;
	if (s->untracked > 0)
		look->reasons |= WT_UNTRACKED;
	if (ok)
		ask_unpushed(op);
	else
		looked(op);
}

void
worktree_look(struct wt_op *op, struct wt_look *look, bool judge,
    wt_step_fn *next)
{
	static const char *const argv[] = { "status", "--porcelain=v2",
		"--branch", "-z", "--untracked-files=normal",
		"--ignored=traditional", "--ignore-submodules=none",
		"--no-renames", NULL };

	op->asking = arena_alloc(op->arena, sizeof(*op->asking));
	*op->asking = (struct wt_asking){ look, judge, next };
	memset(look, 0, sizeof(*look));
	op->judging = judge;
	if (judge && op->here->lock != NULL)
		look->reasons |= WT_LOCKED;
	if (judge && runs_busy_under(op->w->app->runs, op->at))
		look->reasons |= WT_BUSY;
	wt_git(op, op->at, argv, NULL, status_cb);
}

const char *
worktree_reasons(struct arena *a, const struct wt_look *look)
{
	static const struct {
		unsigned bit;
		const char *text;
	} texts[] = {
		{ WT_DIRTY, "it has uncommitted changes" },
		{ WT_UNTRACKED, "it has untracked files" },
		{ WT_UNPUSHED, "it has commits that stand nowhere else" },
		{ WT_LOCKED, "it is locked" },
		{ WT_MIDWAY, "an operation is open" },
		{ WT_BUSY, "a process runs in it" },
		{ WT_UNKNOWN, "it could not be found out" },
	};
	const char *all = NULL, *extra;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((look->reasons & texts[i].bit) == 0)
			continue;
		extra = texts[i].bit == WT_MIDWAY    ? look->midway
			: texts[i].bit == WT_UNKNOWN ? look->unknown
						     : NULL;
		all = arena_printf(a, "%s%s%s%s", all != NULL ? all : "",
		    all != NULL ? "; " : "", texts[i].text,
		    extra == NULL ? "" : arena_printf(a, " (%s)", extra));
	}
	return all;
}

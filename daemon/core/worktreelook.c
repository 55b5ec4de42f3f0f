/* SPDX-License-Identifier: MIT */
/*
 * Looking at a worktree before it is shown or removed. Each question that git
 * or the file system does not answer is a reason against removing: "cannot
 * tell" is never "nothing there" (contract 10.9).
 */
#include "daemon/core/worktreelook.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/gitproto.h"
#include "lib/path.h"
#include "lib/str.h"

/* Beside a worktree that lies on another file system than the trash. */
#define TRASH_BESIDE "/.rdv-trash-"

/*
 * Places where submodules may be, those of them that are there, what find(1)
 * finds in them, and submodules; more is not looked at.
 */
#define PLACES_MAX  (GITPROTO_ASK_MAX - 1)
#define ROOTS_MAX   32
#define HITS_MAX    4096
#define MODULES_MAX 256

struct wt_asking {
	struct wt_look *look;
	bool judge;
	wt_step_fn *next;
	const char *roots[PLACES_MAX]; /* where git directories may lie */
	const struct git_fact *there[PLACES_MAX];
	const struct git_fact *midway;
	size_t nroots;
	const char **modules; /* git directories of submodules */
	size_t nmodules, module;
};

bool
worktree_in_trash(const struct wt_op *op, const char *path)
{
	return (op->trash != NULL && path_is_under(op->trash, path)) ||
	       strstr(path, TRASH_BESIDE) != NULL;
}

void
worktree_unknown(struct wt_look *look, const char *what)
{
	look->reasons |= WT_UNKNOWN;
	look->unknown = what;
}

static void
unknown(struct wt_op *op, const char *what)
{
	worktree_unknown(op->asking->look, what);
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

static void ask_module(struct wt_op *op);

static void
module_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;

	if (r->status != 0)
		unknown(op, "whether a submodule's commits stand elsewhere");
	else if (r->out[0] != '0')
		look->reasons |= WT_UNPUSHED;
	ask_module(op);
}

/*
 * With the worktree goes the whole repository of a submodule: of each branch
 * and stash in it there must be a remote one that has it, or a tag.
 */
static void
ask_module(struct wt_op *op)
{
	struct wt_asking *ask = op->asking;
	const char *dir;

	if (ask->module == ask->nmodules) {
		ask_inside(op);
		return;
	}
	dir = ask->modules[ask->module++];
	/* One commit is enough to know; --count says it in a digit. */
	wt_git(op, op->top,
	    (const char *const[]){ arena_printf(op->arena, "--git-dir=%s", dir),
		"rev-list", "--count", "--max-count=1", "--all", "--not",
		"--remotes", "--tags", "--", NULL },
	    NULL, module_cb);
}

/* A name that a git directory has in it. */
struct hit {
	const char *dir;
	bool head; /* else "objects" */
};

static int
by_directory(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return strcmp(x->dir, y->dir);
}

/* From "NAME DIRECTORY" each; sorted. */
static size_t
read_hits(struct wt_op *op, const struct git_result *r, struct hit *hits)
{
	const char *end = r->out + r->outlen, *blank;
	size_t n = 0;

	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		blank = strchr(p, ' ');
		if (blank == NULL || n == HITS_MAX) {
			unknown(op, "what all of its submodules hold");
			break;
		}
		hits[n++] = (struct hit){ blank + 1, *p == 'H' };
	}
	qsort(hits, n, sizeof(*hits), by_directory);
	return n;
}

/*
 * What has both names is a git directory. One alone may be a file that was
 * checked out, or, below refs and logs, a branch's name.
 */
static void
modules_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_asking *ask = op->asking;
	struct hit *hits = arena_alloc(op->arena, HITS_MAX * sizeof(*hits));
	size_t n = read_hits(op, r, hits);

	if (r->status != 0)
		unknown(op, "what its submodules hold");
	ask->modules =
	    arena_alloc(op->arena, MODULES_MAX * sizeof(*ask->modules));
	for (size_t i = 1; i < n; i++) {
		if (hits[i - 1].head == hits[i].head ||
		    strcmp(hits[i - 1].dir, hits[i].dir) != 0)
			continue;
		if (ask->nmodules == MODULES_MAX) {
			unknown(op, "what all of its submodules hold");
			break;
		}
		ask->modules[ask->nmodules++] =
		    arena_strdup(op->arena, hits[i].dir);
	}
	ask_module(op);
}

static void
ask_modules(struct wt_op *op)
{
	static const char *const tail[] = { "(", "-type", "d", "-name",
		"objects", "-o", "-name", "HEAD", ")", "-printf", "%f %h\\0",
		NULL };
	const char *argv[ROOTS_MAX + 16] = { "/usr/bin/find" };
	struct wt_asking *ask = op->asking;
	size_t n = 1;

	for (size_t i = 0; i < ask->nroots; i++) {
		if (wt_absent(ask->there[i]))
			continue;
		if (n > ROOTS_MAX) {
			unknown(op, "what all of its submodules hold");
			break;
		}
		argv[n++] = ask->roots[i];
	}
	if (n == 1) {
		ask_inside(op);
		return;
	}
	op->asking->look->modules = true;
	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
		argv[n++] = tail[i];
	wt_host(op, argv, modules_cb);
}

static void
judge_midway(struct wt_op *op)
{
	const struct git_fact *f = op->asking->midway;
	struct wt_look *look = op->asking->look;

	if (f == NULL)
		return;
	if (f->found != GIT_FOUND ||
	    (*f->text != '\0' && !gitproto_is_midway(f->text))) {
		unknown(op, "whether an operation is open");
	} else if (*f->text != '\0') {
		look->reasons |= WT_MIDWAY;
		look->midway = f->text;
	}
}

static void
facts_seen(struct wt_op *op)
{
	judge_midway(op);
	ask_modules(op);
}

static void
add_root(struct wt_op *op, const char *path)
{
	struct wt_asking *ask = op->asking;

	if (ask->nroots == PLACES_MAX) {
		unknown(op, "what all of its submodules hold");
		return;
	}
	ask->there[ask->nroots] = wt_question(op, "there", path);
	ask->roots[ask->nroots++] = path;
}

/*
 * "H 100644 <oid> 0\tpath". A tag in lower case: assumed to be unchanged. S: to
 * be left alone by git. Mode 160000: a submodule, or a repository of its own.
 */
static void
index_entry(struct wt_op *op, const char *p)
{
	struct wt_look *look = op->asking->look;
	const char *tab = strchr(p, '\t');

	if (*p == 'S' || (*p >= 'a' && *p <= 'z'))
		look->hidden = true;
	if (tab == NULL || !str_starts(p + 1, " 160000 "))
		return;
	look->modules = true;
	add_root(op, arena_printf(op->arena, "%s/%s/.git", op->at, tab + 1));
}

static void
index_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;
	const char *end = r->out + r->outlen;

	look->hidden = r->status != 0;
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		index_entry(op, p);
	if (op->questions != NULL)
		wt_ask(op, facts_seen);
	else
		facts_seen(op);
}

/* The index can be told to hide changes, from git's own look as well. */
static void
ask_index(struct wt_op *op)
{
	static const char *const argv[] = { "ls-files", "-v", "--stage", "-z",
		NULL };

	wt_git(op, op->at, argv, NULL, index_cb);
}

static void
gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	size_t len = strcspn(r->out, "\n");
	const char *dir = arena_strndup(op->arena, r->out, len);

	/* One with a newline in it is another one up to there. */
	if (r->status != 0 || len == 0 || len + 1 != r->outlen) {
		unknown(op, "its git directory");
	} else {
		op->asking->look->gitdir = dir;
		add_root(op, arena_printf(op->arena, "%s/modules", dir));
		op->asking->midway = wt_question(op, "midway", dir);
	}
	ask_index(op);
}

static void
ask_gitdir(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };

	wt_git(op, op->at, argv, NULL, gitdir_cb);
}

static void
own_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		unknown(op, "whether its own references stand elsewhere");
	else if (r->out[0] != '0')
		op->asking->look->reasons |= WT_UNPUSHED;
	ask_gitdir(op);
}

/* References that only this worktree has (git-worktree(1)) go with it. */
static void
ask_own(struct wt_op *op)
{
	static const char *const argv[] = { "rev-list", "--count",
		"--max-count=1", "--glob=refs/worktree/*",
		"--glob=refs/bisect/*", "--glob=refs/rewritten/*", "--not",
		"--branches", "--remotes", "--tags", "--", NULL };

	wt_git(op, op->at, argv, NULL, own_cb);
}

static void
unpushed_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->asking->look;

	if (r->status != 0)
		unknown(op, "whether its commits stand elsewhere");
	else if (r->out[0] != '0')
		look->reasons |= WT_UNPUSHED;
	worktree_notes(op, look, ask_own);
}

/* Commits that no remote, no tag and no other branch has. */
static void
ask_unpushed(struct wt_op *op)
{
	struct wt_look *look = op->asking->look;
	const char *branch = look->status.branch;
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		look->status.commit, "--not",
		/* No branch can be called "//", so that excludes none. */
		arena_printf(op->arena, "--exclude=%s",
		    branch != NULL ? branch : "//"),
		"--branches", "--remotes", "--tags", "--", NULL };

	if (look->status.commit == NULL)
		worktree_notes(op, look, ask_own);
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

/* Another worktree of the repository that lies within this one, or NULL. */
static const char *
nested(const struct wt_op *op)
{
	for (size_t i = 0; i < op->list.n; i++)
		if (&op->list.entries[i] != op->here &&
		    path_is_under(op->at, op->list.entries[i].path))
			return op->list.entries[i].path;
	return NULL;
}

/* What git need not be asked for. */
static void
judge_place(struct wt_op *op, struct wt_look *look)
{
	look->nested = nested(op);
	if (look->nested != NULL)
		look->reasons |= WT_NESTED;
	if (op->here->lock != NULL)
		look->reasons |= WT_LOCKED;
	/* Asked again when git has answered; see remove_looked(). */
	if (runs_busy_under(op->w->app->runs, op->at))
		look->reasons |= WT_BUSY;
}

void
worktree_look(struct wt_op *op, struct wt_look *look, bool judge,
    wt_step_fn *next)
{
	/*
	 * Nothing a repository sets (status.showUntrackedFiles,
	 * diff.ignoreSubmodules) may make the answer shorter. Looking for
	 * renames would cost time and change no verdict. By core.ignoreCase
	 * FILE beside a tracked "file" would be none where names do not fold;
	 * where they do, one that is spelt otherwise counts as untracked.
	 */
	static const char *const argv[] = { "-c", "core.ignoreCase=false",
		"status", "--porcelain=v2", "--branch", "-z",
		"--untracked-files=normal", "--ignored=traditional",
		"--ignore-submodules=none", "--no-renames", NULL };

	op->asking = arena_alloc(op->arena, sizeof(*op->asking));
	*op->asking =
	    (struct wt_asking){ .look = look, .judge = judge, .next = next };
	memset(look, 0, sizeof(*look));
	op->judging = judge;
	if (judge)
		judge_place(op, look);
	wt_git(op, op->at, argv, NULL, status_cb);
}

/* What stands in brackets behind a state's words. */
static const char *
detail(const struct wt_look *look, unsigned bit)
{
	const struct {
		unsigned bit;
		const char *text;
	} details[] = {
		{ WT_MIDWAY, look->midway },
		{ WT_UNKNOWN, look->unknown },
		{ WT_NESTED, look->nested },
		{ WT_STASHED, look->stash },
		{ WT_UNMERGED, look->base },
		{ WT_PRECIOUS, look->precious },
	};

	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (details[i].bit == bit)
			return details[i].text;
	return NULL;
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
		{ WT_STASHED, "changes were stashed on its branch" },
		{ WT_LOCKED, "it is locked" },
		{ WT_MIDWAY, "an operation is open" },
		{ WT_BUSY, "a process runs in it" },
		{ WT_NESTED, "another worktree lies in it" },
		{ WT_UNKNOWN, "it could not be found out" },
		{ WT_UNMERGED, "it has commits that its base has not" },
		{ WT_DETACHED, "it is on no branch" },
		{ WT_PRECIOUS, "it has ignored files that matter" },
	};
	const unsigned all = look->reasons | look->notes;
	const char *text = NULL, *extra;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if ((all & texts[i].bit) == 0)
			continue;
		extra = detail(look, texts[i].bit);
		text = arena_printf(a, "%s%s%s%s", text != NULL ? text : "",
		    text != NULL ? "; " : "", texts[i].text,
		    extra == NULL ? "" : arena_printf(a, " (%s)", extra));
	}
	return text;
}

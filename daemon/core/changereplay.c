/* SPDX-License-Identifier: MIT */
/*
 * Commits made anew: a rebase, a pick, and what goes on with one. git does that
 * in the worktree, as conflicts need files that somebody can look at; what it
 * is told beyond its own state is that nobody is asked anything. Invariant:
 * what the branch stood on has a name before git begins, and what an abort
 * throws away has one too.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/branch.h"
#include "daemon/core/changeop.h"
#include "daemon/core/worktreespare.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/gitproto.h"

/* In front of a command: nothing that a repository may wish in between. */
#define QUIETLY                                                                \
	"-c", "rebase.autoStash=false", "-c", "rebase.autoSquash=false", "-c", \
	    "rebase.updateRefs=false", "-c", "rebase.rebaseMerges=false",      \
	    "-c", "rebase.backend=merge", "-c", "rebase.stat=false", "-c",     \
	    "rerere.enabled=false"
#define QUIET_WORDS 14
#define WORDS_MAX   (QUIET_WORDS + 16 + CHANGE_COMMITS_MAX)

void
change_run(struct wt_op *op, const char *const *words, wt_git_fn *next)
{
	static const char *const quietly[] = { QUIETLY };
	const char **argv = arena_alloc(op->arena, WORDS_MAX * sizeof(*argv));
	size_t n = QUIET_WORDS;

	memcpy(argv, quietly, sizeof(quietly));
	while (*words != NULL)
		argv[n++] = *words++;
	wt_git(op, op->at, argv, NULL, next);
}

static void
replay_pinned_cb(struct wt_op *op, const struct git_result *r)
{
	const char *words[CHANGE_COMMITS_MAX + 3] = { "cherry-pick" };
	struct change *c = op->own;
	const char *const rebase[] = { "rebase", "--no-fork-point", "--onto",
		c->row.target_before, c->begin, NULL };
	size_t n = 1;

	if (r->status != 0) {
		wt_fail_git(op, r);
	} else if (c->replay.onto != NULL) {
		change_run(op, rebase, change_settle_said);
	} else {
		for (const char *const *p = c->replay.commits; *p != NULL; p++)
			words[n++] = *p;
		change_run(op, words, change_settle_said);
	}
}

static void
replay_noted(struct wt_op *op)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };
	struct change *c = op->own;

	wt_git_in(op, op->top, argv,
	    arena_printf(op->arena, "create refs/rdv/rescue/%s %s\n", c->row.id,
		c->row.branch_before),
	    replay_pinned_cb);
}

static void
replay_known(struct wt_op *op)
{
	change_note(op, replay_noted);
}

static bool
is_in_way(struct wt_op *op, const char *name)
{
	if (name != NULL)
		change_refuse(op, RDV_E_DIRTY, NULL,
		    "%s is ignored, and would be written over; move it away "
		    "first",
		    name);
	return name != NULL;
}

static void
replay_spared(struct wt_op *op, const char *name)
{
	if (!is_in_way(op, name))
		change_identity(op, replay_known);
}

static void
made_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_spare_ignored(op, r->out, r->outlen, replay_spared);
}

/* What the commits write on their way, even if the last one takes it back. */
static void
target_spared(struct wt_op *op, const char *name)
{
	const char *argv[CHANGE_COMMITS_MAX + 10] = { "log", "-m", "-z",
		"--format=", "--name-only", "--no-renames", "--no-walk" };
	struct change *c = op->own;
	size_t n = 7;

	if (is_in_way(op, name))
		return;
	if (c->replay.onto != NULL)
		argv[n - 1] =
		    arena_printf(op->arena, "%s..%s", c->begin, c->branch_now);
	for (const char *const *p = c->replay.commits; p != NULL && *p != NULL;
	     p++)
		argv[n++] = *p;
	argv[n++] = "--";
	wt_git(op, op->at, argv, NULL, made_cb);
}

static void
target_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_spare_ignored(op, r->out, r->outlen, target_spared);
}

/* git leaves alone what it does not know, but not what is ignored as well. */
static void
replay_clean(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "diff-tree", "-r", "-z", "--name-only",
		"--no-renames", "--diff-filter=A", c->branch_now, c->target_now,
		"--", NULL };

	if (c->replay.onto != NULL)
		wt_git(op, op->at, argv, NULL, target_cb);
	else
		target_spared(op, NULL);
}

/* One line for each that was asked for, in that order. */
static size_t
read_commits(struct wt_op *op, const struct git_result *r, const char **out)
{
	const char *end;
	size_t n = 0;

	for (const char *line = r->out;
	     (end = strchr(line, '\n')) != NULL && n < CHANGE_COMMITS_MAX;
	     line = end + 1)
		out[n++] = arena_strndup(op->arena, line, (size_t)(end - line));
	return n;
}

/* Of a rebase where to and, perhaps, from where; of a pick what. */
static void
named_cb(struct wt_op *op, const struct git_result *r)
{
	const char **commits =
	    arena_alloc(op->arena, (CHANGE_COMMITS_MAX + 1) * sizeof(*commits));
	struct change *c = op->own;
	const size_t n = r->status == 0 ? read_commits(op, r, commits) : 0;

	if (n == 0) {
		wt_fail(op, RDV_E_INVALID, "there is no commit of that name");
		return;
	}
	c->target_now = commits[0];
	c->begin = commits[n - 1];
	if (c->replay.onto == NULL)
		c->replay.commits = commits;
	change_judge(op, op->at, true, replay_clean);
}

static void
replay_found(struct wt_op *op)
{
	const char *argv[CHANGE_COMMITS_MAX + 8] = { "rev-list",
		"--no-walk=unsorted", "--end-of-options" };
	struct change *c = op->own;
	size_t n = 3;

	if (c->branch_now == NULL) {
		wt_fail(op, RDV_E_INVALID, "%s has no commit yet",
		    c->row.branch);
		return;
	}
	if (c->replay.branch_at != NULL &&
	    strcmp(c->replay.branch_at, c->branch_now) != 0) {
		change_refuse(op, RDV_E_STATE, CHANGE_MOVED, "%s is at %s now",
		    c->row.branch, c->branch_now);
		return;
	}
	if (c->replay.onto != NULL)
		argv[n++] =
		    arena_printf(op->arena, "%s^{commit}", c->replay.onto);
	if (c->replay.from != NULL)
		argv[n++] =
		    arena_printf(op->arena, "%s^{commit}", c->replay.from);
	for (const char *const *p = c->replay.commits; p != NULL && *p != NULL;
	     p++)
		argv[n++] = arena_printf(op->arena, "%s^{commit}", *p);
	argv[n++] = "--";
	wt_git(op, op->top, argv, NULL, named_cb);
}

/* In the middle of a rebase it is on none, too, and that says more. */
static void
no_branch(struct wt_op *op)
{
	wt_fail(op, RDV_E_INVALID, "%s is on no branch", op->at);
}

static void
replay_opened(struct wt_op *op)
{
	struct change *c = op->own;
	const bool pick = c->replay.onto == NULL;

	c->row.kind = pick ? "pick" : "rebase";
	c->row.branch = op->here->branch;
	c->row.target = pick ? c->replay.commits[0] : c->replay.onto;
	c->row.target_path = NULL;
	if (c->row.branch == NULL)
		change_judge(op, op->at, false, no_branch);
	else
		change_heads(op, replay_found);
}

/* G13: names, and no options or expressions. */
static bool
names_ok(const struct change_replay *r)
{
	if ((r->onto != NULL && !branch_ok(r->onto)) ||
	    (r->from != NULL && !branch_ok(r->from)))
		return false;
	for (const char *const *p = r->commits; p != NULL && *p != NULL; p++)
		if (!branch_ok(*p))
			return false;
	return true;
}

static void
replay_start(struct wt_op *op)
{
	const struct change *c = op->own;

	if (!names_ok(&c->replay))
		wt_fail(op, RDV_E_INVALID,
		    "that is no name of a branch, a tag or a commit");
	else
		wt_open(op, c->path, replay_opened);
}

void
change_replay(struct worktrees *w, const struct worktree_who *who,
    const struct change_replay *wish, change_fn *cb, void *arg)
{
	struct wt_op *op = change_new(w, who, cb, arg);
	struct change *c = op->own;
	const char **commits =
	    arena_alloc(op->arena, (CHANGE_COMMITS_MAX + 1) * sizeof(*commits));

	for (size_t i = 0; wish->onto == NULL && i < CHANGE_COMMITS_MAX &&
			   wish->commits[i] != NULL;
	     i++)
		commits[i] = arena_strdup(op->arena, wish->commits[i]);
	c->path = arena_strdup(op->arena, wish->path);
	c->replay = (struct change_replay){
		.onto = arena_text(op->arena, wish->onto),
		.from = arena_text(op->arena, wish->from),
		.commits = wish->onto == NULL ? commits : NULL,
		.branch_at = arena_text(op->arena, wish->branch_at),
	};
	wt_later(op, replay_start);
}

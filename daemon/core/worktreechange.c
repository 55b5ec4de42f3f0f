/* SPDX-License-Identifier: MIT */
/*
 * How every change of a worktree's index begins and ends: the tree is found and
 * looked at, what stands against the change is said before anything is done,
 * and afterwards its state is told. Invariant: git's lock is never taken away
 * (abuse G19), whoever left it.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreechangeop.h"
#include "daemon/core/worktreelook.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

/* Of those that git runs for a commit. */
static const char *const hooks[] = { "pre-commit", "prepare-commit-msg",
	"commit-msg", "post-commit", "pre-merge-commit", "post-rewrite",
	"reference-transaction", NULL };
_Static_assert(sizeof(hooks) / sizeof(hooks[0]) <= WT_HOOKS_MAX + 1,
    "each has its place");

static void
change_fail(struct wt_op *op, int err, const char *why)
{
	struct wt_change *ch = op->own;

	ch->cb(err, &ch->how, why, ch->arg);
	wt_end(op);
}

void
wt_change_refuse(struct wt_op *op, const char *code, const char *why)
{
	struct wt_change *ch = op->own;

	ch->how.code = code;
	wt_fail(op, RDV_E_STATE, "%s", why);
}

/* A record of an entry that is in conflict begins so. */
static int64_t
count_conflicts(const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	int64_t n = 0;

	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		n += str_starts(p, "u ");
	return n;
}

static void
told(struct wt_op *op)
{
	struct wt_change *ch = op->own;

	ch->cb(0, &ch->how, NULL, ch->arg);
	wt_end(op);
}

static void
worktreechange_told_cb(int err, void *arg)
{
	(void)err;
	/* It is done, and git has it; an event that cannot be is no failure. */
	told(arg);
}

static void
done_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	struct wt_status s = { .commit = NULL };
	struct tx *tx;
	struct js *o;

	if (r->status == 0 &&
	    porcelain_status(op->arena, r->out, r->outlen, &s)) {
		ch->how.head = s.commit;
		ch->how.branch = s.branch;
		ch->how.staged = s.staged;
		ch->how.modified = s.modified;
		ch->how.untracked = s.untracked;
		ch->how.conflicts = count_conflicts(r);
	}
	o = js_object();
	js_add_str(o, "path", op->at);
	js_add_str(o, "repo_path", op->top);
	js_add_str(o, "act", ch->act);
	js_add_str(o, "head", ch->how.head);
	js_add_str(o, "branch", ch->how.branch);
	tx = tx_begin(op->w->app->db);
	event_emit(tx, EV_WORKTREE_ACTED, op->who.user_id, NULL, o);
	tx_commit(tx, worktreechange_told_cb, op);
}

static void
ask_status(struct wt_op *op, const char *untracked, wt_git_fn *next)
{
	const char *const argv[] = { "--no-optional-locks", "status",
		"--porcelain=v2", "--branch", "-z", "--no-renames",
		"--ignore-submodules=none", untracked, NULL };

	wt_git(op, op->at, argv, NULL, next);
}

void
wt_change_done(struct wt_op *op)
{
	/* What git cannot say of it any more does not undo it. */
	op->judging = true;
	ask_status(op, "--untracked-files=normal", done_cb);
}

void
wt_change_names(struct wt_op *op, const char *const *argv, wt_git_fn *next)
{
	const struct wt_change *ch = op->own;
	const char *all[24] = { "--literal-pathspecs" };
	size_t n = 1;

	while (*argv != NULL)
		all[n++] = *argv++;
	all[n++] = "--pathspec-from-file=-";
	all[n++] = "--pathspec-file-nul";
	all[n] = NULL;
	wt_git_bytes(op, op->at, all, ch->names, ch->names_len, next);
}

void
wt_change_stage(struct wt_op *op, wt_git_fn *next)
{
	static const char *const all[] = { "add", "--all", NULL };
	const struct wt_change *ch = op->own;

	if (ch->wish.all)
		wt_git(op, op->at, all, NULL, next);
	else
		wt_change_names(op, all, next);
}

void
wt_change_midway(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	if (ch->conflicts > 0)
		wt_fail(op, RDV_E_MIDWAY,
		    "%s in %s: %lld files are in conflict; resolve and stage "
		    "them first",
		    ch->under_way != NULL ? ch->under_way : "a merge", op->at,
		    (long long)ch->conflicts);
	else
		wt_fail(op, RDV_E_MIDWAY,
		    "%s is in the middle of a %s; finish or abort that first",
		    op->at, ch->under_way);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
go(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	if (!wt_begins(op))
		return;
	op->looks = false;
	ch->begin(op);
}

static void
status_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	if (!porcelain_status(op->arena, r->out, r->outlen, &ch->status)) {
		wt_fail(op, RDV_E_INVALID, "git status: not understood");
		return;
	}
	ch->conflicts = count_conflicts(r);
	ch->how.head = ch->status.commit;
	ch->how.branch = ch->status.branch;
	/* Its .git file may lead to another worktree's index (abuse G09). */
	if (!same(ch->status.branch, op->here->branch))
		wt_fail(op, RDV_E_STATE,
		    "%s is not on the branch that its repository says; run "
		    "`git worktree repair` there",
		    op->at);
	else if (ch->wish.head != NULL && !same(ch->wish.head, ch->how.head))
		wt_change_refuse(op, "HEAD_MOVED",
		    arena_printf(op->arena, "head: HEAD is %s by now",
			ch->how.head != NULL ? ch->how.head : "no commit"));
	else
		go(op);
}

static void
refuse_lock(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	wt_fail(op, RDV_E_BUSY,
	    "%s/index.lock is there: %sanother git, an editor or an agent is "
	    "at work in %s, or one was killed; when none is, delete that file",
	    ch->gitdir,
	    runs_busy_under(op->w->app->runs, op->at)
		? "a session of rdv runs there; "
		: "",
	    op->at);
}

static void
hooks_seen(struct wt_op *op)
{
	struct wt_change *ch = op->own;
	const char **list =
	    arena_alloc(op->arena, (WT_HOOKS_MAX + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; hooks[i] != NULL; i++)
		if ((ch->hooks[i]->flags & GIT_F_THERE) != 0)
			list[n++] = hooks[i];
	ch->how.hooks = list;
}

static void
facts_seen(struct wt_op *op)
{
	struct wt_change *ch = op->own;
	const struct git_fact *m = ch->midway;

	hooks_seen(op);
	/* "Cannot tell" is no absence of it. */
	if (!wt_absent(ch->lock)) {
		refuse_lock(op);
	} else if (m->found != GIT_FOUND ||
		   (*m->text != '\0' && !gitproto_is_midway(m->text))) {
		wt_fail(op, RDV_E_MIDWAY,
		    "%s cannot be looked at: whether an operation is open",
		    ch->gitdir);
	} else {
		ch->under_way = *m->text != '\0' ? m->text : NULL;
		ask_status(op, "--untracked-files=no", status_cb);
	}
}

static void
gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	const size_t len = strcspn(r->out, "\n");

	/* One with a newline in it is another one up to there. */
	if (r->status != 0 || len == 0 || len + 1 != r->outlen) {
		wt_fail(op, RDV_E_INVALID,
		    "the git directory of %s cannot be used", op->at);
		return;
	}
	ch->gitdir = arena_strndup(op->arena, r->out, len);
	ch->lock = wt_question(op, "there",
	    arena_printf(op->arena, "%s/index.lock", ch->gitdir));
	ch->midway = wt_question(op, "midway", ch->gitdir);
	for (size_t i = 0; hooks[i] != NULL; i++)
		ch->hooks[i] = wt_question(op, "there",
		    arena_printf(op->arena, "%s/.git/hooks/%s", op->top,
			hooks[i]));
	wt_ask(op, facts_seen);
}

static void
change_opened(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };

	if (worktree_in_trash(op, op->at))
		wt_fail(op, RDV_E_STATE, "%s is in the trash", op->at);
	else if (op->here->bare)
		wt_fail(op, RDV_E_INVALID, "%s has no work tree", op->at);
	else
		wt_git(op, op->at, argv, NULL, gitdir_cb);
}

/* What git is told of a file is its name from the top, and nothing else. */
static bool
name_ok(const char *name)
{
	const char *at = name;
	size_t len;

	for (;; at += len + 1) {
		len = strcspn(at, "/");
		if (len == 0 || (len == 1 && *at == '.') ||
		    (len == 2 && strncmp(at, "..", 2) == 0))
			return false;
		if (at[len] == '\0')
			return true;
	}
}

/* False when it has failed. */
static bool
take_names(struct wt_op *op)
{
	struct wt_change *ch = op->own;
	const char *const *names = ch->wish.names;
	size_t len = 0;
	char *all;

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		if (!name_ok(names[i])) {
			wt_fail(op, RDV_E_INVALID,
			    "paths: each is a file's or a directory's name "
			    "from the top of the worktree");
			return false;
		}
		len += strlen(names[i]) + 1;
	}
	all = arena_alloc(op->arena, len + 1);
	ch->names = all;
	ch->names_len = len;
	for (size_t i = 0; len > 0 && names[i] != NULL; i++) {
		memcpy(all, names[i], strlen(names[i]) + 1);
		all += strlen(names[i]) + 1;
	}
	return true;
}

void
wt_change_start(struct wt_op *op)
{
	struct wt_change *ch = op->own;

	op->looks = true;
	if (take_names(op))
		wt_open(op, ch->wish.tree, change_opened);
}

static const char *
copy(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

static const char *const *
copy_names(struct arena *a, const char *const *names)
{
	const char **list;
	size_t n = 0;

	while (names != NULL && names[n] != NULL)
		n++;
	if (n == 0)
		return NULL;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = arena_strdup(a, names[i]);
	return list;
}

struct wt_op *
wt_change_new(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, true, change_fail);
	struct wt_change *ch = arena_alloc(op->arena, sizeof(*ch));
	struct arena *a = op->arena;

	ch->wish = (struct worktree_change){
		.tree = arena_strdup(a, change->tree),
		.head = copy(a, change->head),
		.branch = copy(a, change->branch),
		.names = copy_names(a, change->names),
		.all = change->all,
		.message = copy(a, change->message),
		.author_name = copy(a, change->author_name),
		.author_email = copy(a, change->author_email),
		.amend = change->amend,
		.empty = change->empty,
	};
	ch->cb = cb;
	ch->arg = arg;
	op->own = ch;
	wt_later(op, wt_change_start);
	return op;
}

/* SPDX-License-Identifier: MIT */
/*
 * Committing. The message is git's input, byte for byte, and never a word of a
 * command; no hook is run and nothing is signed, as both are programs that the
 * repository names (abuse G02), and the answer says which hooks are there.
 * Invariant: what is refused has moved no reference.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/worktreechangeop.h"
#include "daemon/core/worktreeident.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

/* Of all names on a command line. */
#define NAMES_BYTES 4000

static size_t
count_names(const struct wt_change *ch)
{
	size_t n = 0;

	while (ch->wish.names != NULL && ch->wish.names[n] != NULL)
		n++;
	return n;
}

/* "--", names; whatever they look like. */
static void
add_names(const struct wt_change *ch, const char **argv, size_t n)
{
	argv[n++] = "--";
	for (size_t i = 0; i < count_names(ch); i++)
		argv[n++] = ch->wish.names[i];
	argv[n] = NULL;
}

/* "<name>", "filter" and what that is, in turn. */
static void
filters_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	const char *end = r->out + r->outlen;
	size_t i = 0;

	for (const char *p = r->out; p < end && r->status == 0;
	     p += strlen(p) + 1)
		if (i++ % 3 == 2 && strcmp(p, "unspecified") != 0 &&
		    strcmp(p, "unset") != 0)
			ch->how.filters = true;
	wt_change_done(op);
}

static void
names_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "check-attr", "--stdin", "-z",
		"filter", NULL };

	if (r->status != 0 || r->outlen > GIT_IN_MAX)
		wt_change_done(op);
	else
		wt_git_bytes(op, op->at, argv, r->out, r->outlen, filters_cb);
}

/* Of what was committed, what a filter would have changed (abuse G03). */
static void
ask_filters(struct wt_op *op)
{
	static const char *const argv[] = { "-c", "log.showRoot=true", "log",
		"-1", "-z", "--format=", "--name-only",
		"--diff-merges=first-parent", "--no-renames", "HEAD", "--",
		NULL };

	wt_git(op, op->at, argv, NULL, names_cb);
}

/* " 3 files changed, 2 insertions(+), 1 deletion(-)"; any may be missing. */
static int64_t
number_before(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	while (at != NULL && at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at != NULL ? strtoll(at, NULL, 10) : 0;
}

static void
described_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	const char *end = r->out + r->outlen, *parts[4] = { r->out };

	for (size_t i = 1; i < 4; i++) {
		parts[i] = parts[i - 1] + strlen(parts[i - 1]) + 1;
		if (r->status != 0 || parts[i] > end) {
			ask_filters(op);
			return;
		}
	}
	ch->how.parents = arena_strdup(op->arena, parts[1]);
	ch->how.subject = arena_strdup(op->arena, parts[2]);
	ch->how.files = number_before(parts[3], " file");
	ch->how.added = number_before(parts[3], " insertion");
	ch->how.removed = number_before(parts[3], " deletion");
	ask_filters(op);
}

static void
committed_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "-c", "log.showRoot=true", "log",
		"-1", "--format=%H%x00%P%x00%s%x00", "--encoding=UTF-8",
		"--shortstat", "--diff-merges=first-parent", "--no-renames",
		"--no-ext-diff", "--no-textconv", "--no-color", "HEAD", "--",
		NULL };

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	/* It is there; what cannot be said about it changes nothing. */
	op->judging = true;
	wt_git(op, op->at, argv, NULL, described_cb);
}

/* With a newline at its end, as every message of git's has. */
static const char *
whole_message(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return arena_printf(op->arena, "%s%s", ch->wish.message,
	    str_ends(ch->wish.message, "\n") ? "" : "\n");
}

static void
commit(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	const char *argv[WT_NAMES_MAX + 24] = { "--literal-pathspecs", "-c",
		"i18n.commitEncoding=UTF-8", "commit", "--quiet", "--no-verify",
		"--no-post-rewrite", "--no-gpg-sign", "--no-signoff",
		"--cleanup=verbatim" };
	size_t n = 10;

	argv[n++] = ch->wish.message != NULL ? "--file=-" : "--no-edit";
	if (ch->wish.amend)
		argv[n++] = "--amend";
	if (ch->wish.empty)
		argv[n++] = "--allow-empty";
	if (ch->wish.amend && ch->wish.author_name != NULL)
		argv[n++] = arena_printf(op->arena, "--author=%s <%s>",
		    ch->wish.author_name, ch->wish.author_email);
	if (ch->wish.names != NULL)
		argv[n++] = "--only";
	add_names(ch, argv, n);
	wt_git_in(op, op->at, argv,
	    ch->wish.message != NULL ? whole_message(op) : "", committed_cb);
}

static void
staged_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_change *ch = op->own;

	if (r->status > 1)
		wt_fail_git(op, r);
	else if (r->status == 0)
		wt_change_refuse(op, "NOTHING_TO_COMMIT",
		    ch->wish.names != NULL || ch->wish.all
			? "nothing of that has changed"
			: "nothing is staged");
	else
		commit(op);
}

static void
ask_staged(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	const char *argv[WT_NAMES_MAX + 12] = { "--literal-pathspecs", "diff",
		"--cached", "--quiet", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=none" };

	/* A merge is one without a change, and words may be amended. */
	if (ch->wish.empty || ch->wish.amend || ch->under_way != NULL) {
		commit(op);
		return;
	}
	add_names(ch, argv, 7);
	wt_git(op, op->at, argv, NULL, staged_cb);
}

static void
added_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		ask_staged(op);
}

static void
named(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	if (ch->wish.names != NULL)
		wt_change_stage_named(op, added_cb);
	else if (ch->wish.all)
		wt_change_stage(op, added_cb);
	else
		ask_staged(op);
}

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n\v\f")] == '\0';
}

/* It stands between '<' and '>' and on a line of its own. */
static bool
may_sign(const char *s)
{
	if (s == NULL)
		return true;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '<' ||
		    *p == '>')
			return false;
	return !is_blank(s);
}

static bool
are_too_many(const struct wt_change *ch)
{
	const size_t n = count_names(ch);
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(ch->wish.names[i]) + 1;
	return n > WT_NAMES_MAX || bytes > NAMES_BYTES;
}

/* What is wrong with the wish itself, or NULL. */
static const char *
fault(const struct wt_change *ch)
{
	const struct worktree_change *w = &ch->wish;

	if (w->message == NULL && !w->amend)
		return "message: what the commit is about is needed";
	if (w->message != NULL && is_blank(w->message))
		return "message: it says nothing";
	if ((w->author_name == NULL) != (w->author_email == NULL))
		return "author_name: it goes together with author_email";
	if (!may_sign(w->author_name))
		return "author_name: not empty, no '<', '>' or control bytes";
	if (!may_sign(w->author_email))
		return "author_email: not empty, no '<', '>' or control bytes";
	if (w->names != NULL && w->all)
		return "paths: either names or `all`";
	if (are_too_many(ch))
		return "paths: too many for one commit; stage them, and "
		       "commit what is staged";
	return NULL;
}

static void
nobody(struct wt_op *op, const char *why)
{
	wt_change_refuse(op, "NO_IDENTITY",
	    arena_printf(op->arena, "%s, or give author_name and author_email",
		why));
}

static bool
is_elsewhere(const struct wt_change *ch)
{
	return ch->wish.branch != NULL &&
	       (ch->status.branch == NULL ||
		   strcmp(ch->status.branch, ch->wish.branch) != 0);
}

static void
begin(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	const bool merges =
	    ch->under_way != NULL && strcmp(ch->under_way, "merge") == 0;

	/* All of a merge is one commit, and it is what is under way. */
	if (ch->conflicts > 0 ||
	    (ch->under_way != NULL &&
		(!merges || ch->wish.amend || ch->wish.names != NULL ||
		    ch->wish.branch != NULL)))
		wt_change_midway(op);
	else if (is_elsewhere(ch))
		wt_change_refuse(op, "OTHER_BRANCH",
		    arena_printf(op->arena, "%s is not on branch %s", op->at,
			ch->wish.branch));
	else if (ch->wish.amend && ch->status.commit == NULL)
		wt_fail(op, RDV_E_STATE, "there is no commit to amend");
	else
		wt_ident(op, &(struct wt_ident){
				 .gitdir = ch->gitdir,
				 .wish_name = ch->wish.author_name,
				 .wish_email = ch->wish.author_email,
				 .named = named,
				 .nobody = nobody,
			     });
}

static void
judge(struct wt_op *op)
{
	const char *why = fault(op->own);

	if (why != NULL)
		wt_fail(op, RDV_E_INVALID, "%s", why);
	else
		wt_change_start(op);
}

void
worktree_commit(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_op *op = wt_change_new(w, who, change, cb, arg);
	struct wt_change *ch = op->own;

	ch->act = change->amend ? "amend" : "commit";
	ch->begin = begin;
	op->next = judge;
}

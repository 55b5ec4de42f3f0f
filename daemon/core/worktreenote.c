/* SPDX-License-Identifier: MIT */
/*
 * What else there is to know of a worktree before it goes: entries that git
 * stash has of its branch, whether its base has what its commits changed, and
 * ignored files that somebody would miss.
 *
 * Merged is not only what the base contains. A rebase and a squash leave other
 * commits behind; they are recognised by what each one changes, and by whether
 * merging would change the base at all. Such commits do not stand nowhere else.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

/* Commits on both sides that are compared; beyond that nothing is merged. */
#define COMPARED     "2000"
#define MAX_COMPARED "--max-count=2000"
/* Entries of a stash that are looked at. */
#define MAX_STASHES "--max-count=1000"
/* Names of ignored files that are told, in bytes. */
#define NAMED_MAX    200
#define PRECIOUS_MAX CONF_GLOBS_MAX

struct wt_merging {
	struct wt_look *look;
	wt_step_fn *next;
	const char *base;   /* as it is called */
	const char *commit; /* of it */
	const char *tree;
};

/* Its own branch is on the line for an entry that was made there. */
static bool
made_on(const char *entry, const char *branch)
{
	const size_t len = strlen(branch);

	if (str_starts(entry, "WIP "))
		entry += strlen("WIP ");
	/* "on" in lower case after WIP, "On" with words of one's own. */
	return (str_starts(entry, "on ") || str_starts(entry, "On ")) &&
	       strncmp(entry + 3, branch, len) == 0 && entry[3 + len] == ':';
}

static void
notes_end(struct wt_op *op)
{
	op->merging->next(op);
}

static void
precious_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->merging->look;
	const char *end = r->out + r->outlen, *sep = "";
	char name[NAMED_MAX + 1];
	struct buf b;

	buf_init(&b, 2 * NAMED_MAX);
	for (const char *p = r->out; p < end && b.len < NAMED_MAX;
	     p += strlen(p) + 1) {
		(void)str_escape(name, sizeof(name), p, strlen(p));
		buf_printf(&b, "%s%s", sep, name);
		sep = ", ";
	}
	/* Whoever could not look says the worse of the two. */
	if (r->status != 0)
		look->precious = "nobody could look";
	else if (b.len > 0)
		look->precious = arena_strdup(op->arena, buf_cstr(&b));
	if (look->precious != NULL)
		look->notes |= WT_PRECIOUS;
	buf_done(&b);
	notes_end(op);
}

/* "*.key" is a file of that name anywhere; "!x" is no such file, nor in x. */
static const char *
pathspec(struct arena *a, const char *glob)
{
	if (*glob == '!')
		return arena_printf(a, ":(exclude,glob)**/%s/**", glob + 1);
	return arena_printf(a, ":(glob)**/%s", glob);
}

static void
ask_precious(struct wt_op *op)
{
	const struct wt_look *look = op->merging->look;
	char *const *glob = op->w->app->conf->precious;
	const char *argv[PRECIOUS_MAX + 8] = { "ls-files", "--others",
		"--ignored", "--exclude-standard", "-z", "--" };
	size_t n = 6;

	if (look->status.ignored == 0 || glob[0] == NULL) {
		notes_end(op);
		return;
	}
	for (size_t i = 0; i < PRECIOUS_MAX && glob[i] != NULL; i++)
		argv[n++] = pathspec(op->arena, glob[i]);
	wt_git(op, op->at, argv, NULL, precious_cb);
}

static void
merged(struct wt_op *op)
{
	op->merging->look->reasons &= ~WT_UNPUSHED;
	ask_precious(op);
}

static void
not_merged(struct wt_op *op)
{
	struct wt_look *look = op->merging->look;

	look->notes |= WT_UNMERGED;
	look->base = op->merging->base;
	ask_precious(op);
}

static void
changes_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 1)
		merged(op);
	else
		not_merged(op);
}

/*
 * The tree that a merge would make, when there is no conflict. What changes
 * nothing, as a commit that is only words, leaves any base as it is.
 */
static void
merge_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_merging *m = op->merging;
	const char *const argv[] = { "diff-tree", "--quiet", "--merge-base",
		m->commit, m->look->status.commit, "--", NULL };
	const size_t len = strlen(m->tree);

	if (r->status == 0 && strncmp(r->out, m->tree, len) == 0 &&
	    strspn(r->out + len, "\n") == strlen(r->out + len))
		wt_git(op, op->at, argv, NULL, changes_cb);
	else
		not_merged(op);
}

static void
picked_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_merging *m = op->merging;
	/* An older git has no such option, and then nothing is said. */
	const char *const argv[] = { "merge-tree", "--write-tree",
		"--no-messages", m->commit, m->look->status.commit, NULL };

	if (r->status == 0 && r->out[0] == '0')
		merged(op);
	else
		wt_git(op, op->at, argv, NULL, merge_cb);
}

/* Commit by commit, by what git calls their patch id. */
static void
counted_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_merging *m = op->merging;
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		"--cherry-pick", "--right-only",
		arena_printf(op->arena, "%s...%s", m->commit,
		    m->look->status.commit),
		"--", NULL };

	if (r->status != 0 || str_starts(r->out, COMPARED "\n"))
		not_merged(op);
	else
		wt_git(op, op->at, argv, NULL, picked_cb);
}

static void
contained_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_merging *m = op->merging;
	const char *const argv[] = { "rev-list", "--count", MAX_COMPARED,
		arena_printf(op->arena, "%s...%s", m->commit,
		    m->look->status.commit),
		"--", NULL };

	if (r->status == 0 && r->out[0] == '0')
		merged(op);
	else
		wt_git(op, op->at, argv, NULL, counted_cb);
}

/* "commit <oid>", and in a line of its own its tree. */
static void
base_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_merging *m = op->merging;
	const char *commit = m->look->status.commit, *tree;
	const char *argv[] = { "rev-list", "--count", "--max-count=1", commit,
		"--not", NULL, "--", NULL };
	size_t len;

	/* Without a base nothing can be merged, and nothing is said of it. */
	if (r->status != 0 || !str_starts(r->out, "commit ")) {
		ask_precious(op);
		return;
	}
	len = strcspn(r->out, "\n");
	m->commit = arena_strndup(op->arena, r->out + 7, len - 7);
	tree = r->out + len + (r->out[len] == '\n');
	m->tree = arena_strndup(op->arena, tree, strcspn(tree, "\n"));
	argv[5] = m->commit;
	wt_git(op, op->at, argv, NULL, contained_cb);
}

/* What it was made from; else where the repository itself is. */
static const char *
base_of(struct wt_op *op, const struct wt_look *look)
{
	struct store_worktree row;
	const char *base = op->list.entries[0].branch;
	const char *branch = look->status.branch;

	if (store_worktree_at(op->w->app->db, op->arena, op->who.user_id,
		op->at, &row) == 0 &&
	    row.base != NULL)
		base = row.base;
	if (base != NULL && branch != NULL && strcmp(base, branch) == 0)
		base = NULL;
	return base;
}

static void
ask_merged(struct wt_op *op)
{
	struct wt_merging *m = op->merging;
	const char *const argv[] = { "rev-list", "--no-walk", "--max-count=1",
		"--format=%T", "--end-of-options",
		m->base != NULL ? m->base : "", "--", NULL };

	if (m->base == NULL || m->look->status.commit == NULL)
		ask_precious(op);
	else
		wt_git(op, op->at, argv, NULL, base_cb);
}

static void
stash_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_look *look = op->merging->look;
	const char *end = r->out + r->outlen;
	size_t n = 0;

	if (r->status != 0)
		worktree_unknown(look, "whether something is stashed");
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		n += made_on(p, look->status.branch);
	if (n > 0) {
		look->reasons |= WT_STASHED;
		look->stash = arena_printf(op->arena, "%zu", n);
	}
	ask_merged(op);
}

void
worktree_notes(struct wt_op *op, struct wt_look *look, wt_step_fn *next)
{
	static const char *const argv[] = { "stash", "list", "-z",
		"--format=%gs", MAX_STASHES, NULL };
	struct wt_merging *m = arena_alloc(op->arena, sizeof(*m));

	m->look = look;
	m->next = next;
	m->base = base_of(op, look);
	op->merging = m;
	if (look->status.branch != NULL) {
		wt_git(op, op->at, argv, NULL, stash_cb);
		return;
	}
	if (look->status.commit != NULL)
		look->notes |= WT_DETACHED;
	ask_merged(op);
}

/* SPDX-License-Identifier: MIT */
/*
 * Names for what nothing else names. git's own list of what is in use ends with
 * the worktree it is about; these are ordinary references of the repository,
 * made before a worktree leaves its place and gone when it is back.
 */
#include "daemon/core/worktreepin.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

#define TRASH  "refs/rdv/trash"
#define RESCUE "refs/rdv/rescue"

/* Of one worktree; a bisection has as many as it has asked about. */
#define PINS_MAX 24
#define OID_MAX	 64

struct wt_pinning {
	wt_step_fn *next;
	const char *head;
	/* What the pins say, and their names, from git. */
	const char *oids[PINS_MAX + 1];
	size_t n;
};

static struct wt_pinning *
begin(struct wt_op *op, wt_step_fn *next)
{
	struct wt_pinning *p = arena_alloc(op->arena, sizeof(*p));

	p->next = next;
	op->pinning = p;
	return p;
}

static void
done_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		op->pinning->next(op);
}

static bool
is_oid(const char *s, size_t len)
{
	return (len == 40 || len == OID_MAX) &&
	       strspn(s, "0123456789abcdef") >= len;
}

/* One transaction: all of these names or none. */
static void
update(struct wt_op *op, struct buf *in, wt_git_fn *next)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };

	wt_git_in(op, op->top, argv, arena_strdup(op->arena, buf_cstr(in)),
	    next);
	buf_done(in);
}

static void
heads_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	struct buf in;
	size_t n = 0, len;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	buf_init(&in, GIT_IN_MAX);
	for (const char *p = r->out; p < end && n < PINS_MAX; p += len + 1) {
		len = strcspn(p, "\n");
		if (is_oid(p, len))
			buf_put_text(&in, arena_printf(op->arena,
					      "update " TRASH "/%s/%zu %.*s\n",
					      op->row.id, n++, (int)len, p));
	}
	update(op, &in, done_cb);
}

/* A file of another worktree is named to git by that one's name. */
static const char *
of_worktree(struct wt_op *op, const char *gitdir, const char *file)
{
	return arena_printf(op->arena, "worktrees/%s/%s",
	    strrchr(gitdir, '/') + 1, file);
}

void
wt_pin(struct wt_op *op, const char *gitdir, wt_step_fn *next)
{
	static const char *const files[] = { "rebase-merge/orig-head",
		"rebase-merge/onto", "rebase-merge/autostash",
		"rebase-apply/orig-head", "rebase-apply/onto",
		"rebase-apply/autostash", "MERGE_AUTOSTASH" };
	/* In this order, and what is not there is passed over. */
	const char *argv[32] = { "rev-list", "--no-walk=unsorted",
		"--ignore-missing", "HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD",
		"REVERT_HEAD", "REBASE_HEAD", "BISECT_HEAD", "ORIG_HEAD" };
	size_t n = 10;

	(void)begin(op, next);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		argv[n++] = of_worktree(op, gitdir, files[i]);
	/* References that each worktree has for itself (git-worktree(1)). */
	argv[n++] = "--glob=refs/bisect/*";
	argv[n++] = "--glob=refs/worktree/*";
	argv[n++] = "--glob=refs/rewritten/*";
	argv[n++] = "--";
	wt_git(op, op->at, argv, NULL, heads_cb);
}

static void
unpinned_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	op->pinning->next(op);
}

/* "<oid> <name>" each, of ours alone. */
static void
names_cb(struct wt_op *op, const struct git_result *r)
{
	const char *prefix = arena_printf(op->arena, TRASH "/%s/", op->row.id);
	const char *end = r->out + r->outlen;
	struct buf in;
	size_t len;

	buf_init(&in, GIT_IN_MAX);
	for (const char *p = r->out; p < end; p += len + 1) {
		len = strcspn(p, "\n");
		if (str_starts(p, prefix))
			buf_put_text(&in, arena_printf(op->arena,
					      "delete %.*s\n", (int)len, p));
	}
	if (r->status == 0 && in.len > 0 && buf_ok(&in)) {
		update(op, &in, unpinned_cb);
	} else {
		buf_done(&in);
		op->pinning->next(op);
	}
}

static void
ask_pins(struct wt_op *op, const char *format, wt_git_fn *next)
{
	const char *const argv[] = { "for-each-ref", "--sort=version:refname",
		format, "--", arena_printf(op->arena, TRASH "/%s/", op->row.id),
		NULL };

	wt_git(op, op->top, argv, NULL, next);
}

void
wt_unpin(struct wt_op *op, wt_step_fn *next)
{
	(void)begin(op, next);
	ask_pins(op, "--format=%(refname)", names_cb);
}

static const char *
rescue_name(struct wt_op *op, size_t i)
{
	if (i == 0)
		return arena_printf(op->arena, RESCUE "/%s", op->row.id);
	return arena_printf(op->arena, RESCUE "/%s-%zu", op->row.id, i);
}

/* Only tips are counted: what they stand on is kept with them. */
static void
alone_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_pinning *p = op->pinning;
	struct buf in;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	if (r->out[0] == '0') {
		p->next(op);
		return;
	}
	buf_init(&in, GIT_IN_MAX);
	for (size_t i = 0; i < p->n; i++)
		buf_put_text(&in, arena_printf(op->arena, "update %s %s\n",
				      rescue_name(op, i), p->oids[i]));
	update(op, &in, done_cb);
}

static void
pins_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const tail[] = { "--not", "--branches", "--remotes",
		"--tags", "--", NULL };
	const char *argv[PINS_MAX + 16] = { "rev-list", "--count",
		"--max-count=1" };
	struct wt_pinning *p = op->pinning;
	const char *end = r->out + r->outlen;
	size_t n = 3, len;

	if (p->head != NULL)
		p->oids[p->n++] = p->head;
	for (const char *s = r->out; s < end && p->n < PINS_MAX; s += len + 1) {
		len = strcspn(s, "\n");
		if (is_oid(s, len) &&
		    (p->head == NULL || strncmp(p->head, s, len) != 0))
			p->oids[p->n++] = arena_strndup(op->arena, s, len);
	}
	if (r->status != 0 || p->n == 0) {
		alone_cb(op, r->status != 0 ? r
					    : &(struct git_result){
						  .out = "0", .err = "" });
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		argv[n++] = p->oids[i];
	for (size_t i = 0; tail[i] != NULL; i++)
		argv[n++] = tail[i];
	wt_git(op, op->top, argv, NULL, alone_cb);
}

void
wt_rescue(struct wt_op *op, const char *head, wt_step_fn *next)
{
	begin(op, next)->head = head;
	ask_pins(op, "--format=%(objectname)", pins_cb);
}

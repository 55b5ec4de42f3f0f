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
#include "lib/err.h"
#include "lib/str.h"

#define TRASH  "refs/rdv/trash"
#define RESCUE "refs/rdv/rescue"

/* Of one worktree; a bisection has as many as it has asked about. */
#define PINS_MAX 1000
#define OID_MAX	 64
/* References in one transaction of git's, and of one's name. */
#define BATCH	     16
#define IN_MAX	     4096
#define NAME_LEN_MAX (IN_MAX / BATCH - 16)

struct wt_pinning {
	wt_step_fn *next;
	const char *head;
	bool must; /* what git does not take is a failure */
	/* For git's update-ref, and how many it has been given. */
	const char **lines;
	size_t n, done;
};

static struct wt_pinning *
begin(struct wt_op *op, wt_step_fn *next)
{
	struct wt_pinning *p = arena_alloc(op->arena, sizeof(*p));

	p->next = next;
	p->must = true;
	op->pinning = p;
	return p;
}

static bool
is_oid(const char *s, size_t len)
{
	return (len == 40 || len == OID_MAX) &&
	       strspn(s, "0123456789abcdef") >= len;
}

static void update(struct wt_op *op);

static void
updated_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_pinning *p = op->pinning;

	if (r->status == 0)
		update(op);
	else if (p->must)
		wt_fail_git(op, r);
	else
		p->next(op);
}

/* All of the lines or a failure; each call is one transaction. */
static void
update(struct wt_op *op)
{
	/* A name that stands for another one is not followed. */
	static const char *const argv[] = { "update-ref", "--no-deref",
		"--stdin", NULL };
	struct wt_pinning *p = op->pinning;
	struct buf in;

	if (p->done == p->n) {
		p->next(op);
		return;
	}
	buf_init(&in, IN_MAX);
	for (size_t i = 0; i < BATCH && p->done < p->n; i++)
		buf_put_text(&in, p->lines[p->done++]);
	wt_git_in(op, op->top, argv, arena_strdup(op->arena, buf_cstr(&in)),
	    updated_cb);
	buf_done(&in);
}

/* Room for a line of each of git's, and one more. */
static void
make_room(struct wt_op *op, const struct git_result *r)
{
	size_t n = 1;

	for (size_t i = 0; i < r->outlen; i++)
		n += r->out[i] == '\n';
	op->pinning->lines = arena_alloc(op->arena, n * sizeof(char *));
}

static void
put_line(struct wt_pinning *p, const char *line)
{
	p->lines[p->n++] = line;
}

/* Some of them would do for nobody. */
static bool
are_too_many(struct wt_op *op)
{
	if (op->pinning->n <= PINS_MAX)
		return false;
	wt_fail(op, RDV_E_STATE,
	    "it has more than %d references of its own, too many to be kept",
	    PINS_MAX);
	return true;
}

static void
heads_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	struct wt_pinning *p = op->pinning;
	size_t len;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	make_room(op, r);
	for (const char *s = r->out; s < end; s += len + 1) {
		len = strcspn(s, "\n");
		if (is_oid(s, len))
			put_line(p, arena_printf(op->arena,
					"update " TRASH "/%s/%zu %.*s\n",
					op->row.id, p->n, (int)len, s));
	}
	if (!are_too_many(op))
		update(op);
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

/* "<name>" each, of ours alone. */
static void
names_cb(struct wt_op *op, const struct git_result *r)
{
	const char *prefix = arena_printf(op->arena, TRASH "/%s/", op->row.id);
	const char *end = r->out + r->outlen;
	struct wt_pinning *p = op->pinning;
	size_t len;

	make_room(op, r);
	for (const char *s = r->out; s < end && r->status == 0; s += len + 1) {
		len = strcspn(s, "\n");
		if (str_starts(s, prefix) && len < NAME_LEN_MAX)
			put_line(p, arena_printf(op->arena, "delete %.*s\n",
					(int)len, s));
	}
	update(op);
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
	begin(op, next)->must = false;
	ask_pins(op, "--format=%(refname)", names_cb);
}

static void
put_rescue(struct wt_op *op, const char *oid, size_t len)
{
	struct wt_pinning *p = op->pinning;
	const char *number =
	    p->n == 0 ? "" : arena_printf(op->arena, "-%zu", p->n);

	put_line(p, arena_printf(op->arena, "update " RESCUE "/%s%s %.*s\n",
			op->row.id, number, (int)len, oid));
}

/* Only tips are counted: what they stand on is kept with them. */
static void
alone_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->out[0] == '0')
		op->pinning->next(op);
	else
		update(op);
}

/* Whether any of them stands nowhere else. */
static void
ask_alone(struct wt_op *op)
{
	const struct wt_pinning *p = op->pinning;
	const char *pins =
	    arena_printf(op->arena, "--glob=" TRASH "/%s/*", op->row.id);
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		pins, p->head != NULL ? p->head : pins, "--not", "--branches",
		"--remotes", "--tags", "--", NULL };

	wt_git(op, op->top, argv, NULL, alone_cb);
}

static void
pins_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	struct wt_pinning *p = op->pinning;
	const size_t head = p->head != NULL ? strlen(p->head) : 0;
	size_t len;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	make_room(op, r);
	if (p->head != NULL)
		put_rescue(op, p->head, head);
	for (const char *s = r->out; s < end; s += len + 1) {
		len = strcspn(s, "\n");
		if (is_oid(s, len) &&
		    (len != head || strncmp(p->head, s, len) != 0))
			put_rescue(op, s, len);
	}
	if (p->n == 0)
		p->next(op);
	else if (!are_too_many(op))
		ask_alone(op);
}

void
wt_rescue(struct wt_op *op, const char *head, wt_step_fn *next)
{
	begin(op, next)->head = head;
	ask_pins(op, "--format=%(objectname)", pins_cb);
}

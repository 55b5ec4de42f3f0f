/* SPDX-License-Identifier: MIT */
/*
 * One file in conflict is settled: as one of the sides has it, or as it lies
 * there. The index says that a file is in conflict at all, so that no other is
 * ever written over; what is left in conflict is told.
 */
#include <string.h>

#include "daemon/core/changeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

static void
resolve_told(struct wt_op *op)
{
	change_answer(op, 0, NULL);
}

static void
resolved_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		change_unmerged(op, op->at, resolve_told);
}

static void
add_file(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;
	const char *const argv[] = { "--literal-pathspecs", "add", "--all",
		"--force", "--", c->file, NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_git(op, op->at, argv, NULL, resolved_cb);
}

static void
drop_file(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "--literal-pathspecs", "rm", "--quiet",
		"--force", "--", c->file, NULL };

	wt_git(op, op->at, argv, NULL, resolved_cb);
}

/* A submodule's commit: there is no file that would have it. */
static void
take_commit(struct wt_op *op, const char *record)
{
	const struct change *c = op->own;
	const char *oid = strchr(record, ' ') + 1;
	const char *const argv[] = { "update-index", "--add", "--cacheinfo",
		arena_printf(op->arena, "160000,%.*s,%s",
		    (int)strcspn(oid, " "), oid, c->file),
		NULL };

	wt_git(op, op->at, argv, NULL, resolved_cb);
}

/* "100644 <oid> 2\tname" of that file and that stage, or NULL. */
static const char *
record_of(const struct git_result *r, const char *file, char stage)
{
	const char *end = r->out + r->outlen, *tab;

	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		tab = strchr(p, '\t');
		if (tab != NULL && tab > p && strcmp(tab + 1, file) == 0 &&
		    (stage == '\0' || tab[-1] == stage))
			return p;
	}
	return NULL;
}

static void
stages_cb(struct wt_op *op, const struct git_result *r)
{
	static const struct git_result none = { .out = "", .err = "" };
	const struct change *c = op->own;
	const bool ours = strcmp(c->as, "ours") == 0;
	const char *const argv[] = { "--literal-pathspecs", "checkout",
		ours ? "--ours" : "--theirs", "--", c->file, NULL };
	const char *record = record_of(r, c->file, ours ? '2' : '3');

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (record_of(r, c->file, '\0') == NULL)
		wt_fail(op, RDV_E_STATE, "that file is not in conflict");
	else if (!wt_begins(op))
		return;
	else if (strcmp(c->as, "working") == 0)
		add_file(op, &none);
	else if (record == NULL)
		drop_file(op);
	else if (str_starts(record, "160000 "))
		take_commit(op, record);
	else
		wt_git(op, op->at, argv, NULL, add_file);
}

static void
resolve_opened(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "--literal-pathspecs", "ls-files",
		"--unmerged", "-z", "--", c->file, NULL };

	wt_git(op, op->at, argv, NULL, stages_cb);
}

static bool
is_name_in_tree(struct arena *a, const char *name)
{
	char *rest = arena_strdup(a, name), *part;

	while ((part = strsep(&rest, "/")) != NULL)
		if (!path_component_ok(part))
			return false;
	return true;
}

static void
resolve_start(struct wt_op *op)
{
	const struct change *c = op->own;

	if (!is_name_in_tree(op->arena, c->file))
		wt_fail(op, RDV_E_INVALID, "path: is no name in the worktree");
	else
		wt_open(op, c->path, resolve_opened);
}

void
change_resolve(struct worktrees *w, const struct worktree_who *who,
    const char *path, const char *file, const char *as, change_fn *cb,
    void *arg)
{
	struct wt_op *op = change_new(w, who, cb, arg);
	struct change *c = op->own;

	c->path = arena_strdup(op->arena, path);
	c->file = arena_strdup(op->arena, file);
	c->as = arena_strdup(op->arena, as);
	wt_later(op, resolve_start);
}

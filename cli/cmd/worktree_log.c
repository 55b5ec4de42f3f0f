/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree log, compare and blame: where a worktree's commits and lines
 * come from. Part by part, so that a long history is seen from its beginning
 * on.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pager.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

#define TARGET_MAX 65536

/* A list that is asked for part by part. */
struct list {
	struct cmd_call *c;
	const char *target;
	const char *const *options; /* that go along; NULL ends them */
	const char *base;	    /* an argument, or NULL */
	const char *tree;	    /* the same */
	const char *name;	    /* a file in it, or NULL */
	void (*put)(struct cmd_call *c, const struct js *part);
};

static int
get(const struct list *l, int64_t offset, struct js **out)
{
	char path[PATH_MAX], number[32];
	struct buf b;
	int rc;

	if (pick_path(l->c, l->tree, path) != CMD_OK)
		return CMD_FAILED;
	(void)snprintf(number, sizeof(number), "%" PRId64, offset);
	buf_init(&b, TARGET_MAX);
	buf_put_text(&b, l->target);
	api_query(&b, "worktree_path", path);
	for (size_t i = 0; l->options[i] != NULL; i++)
		api_query(&b, l->options[i], cmd_value(l->c, l->options[i]));
	api_query(&b, "base", l->base);
	api_query(&b, "path", l->name);
	if (offset > 0)
		api_query(&b, "offset", number);
	rc = api_get(l->c, buf_cstr(&b), out);
	buf_done(&b);
	return rc;
}

/* With `one`, or --json, the first alone: its `next` says where to go on. */
static int
put_parts(const struct list *l, bool one)
{
	int64_t next = 0;
	struct js *v;
	int rc;

	if (!l->c->cli->json)
		pager_begin();
	do {
		rc = get(l, next, &v);
		if (rc != CMD_OK)
			break;
		if (l->c->cli->json)
			out_json(v);
		else
			l->put(l->c, v);
		next = js_int(v, "next", -1);
		js_free(v);
	} while (next >= 0 && !one && !l->c->cli->json && ferror(stdout) == 0);
	pager_end();
	return rc;
}

static const struct out_col log_cols[] = {
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "AGE", "authored_at", OUT_AGE_S },
	{ "AUTHOR", "author", OUT_TEXT },
	{ "SUBJECT", "subject", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static void
put_log(struct cmd_call *c, const struct js *part)
{
	out_table(c->cli, log_cols, js_get(part, "commits"), "no commits");
}

static int
worktree_log(struct cmd_call *c)
{
	static const char *const options[] = { "to", "limit", NULL };
	const struct list l = { c, "/api/worktrees/log", options,
		cmd_value(c, "base"), c->args[0], cmd_value(c, "file"),
		put_log };

	return put_parts(&l, cmd_value(c, "limit") != NULL);
}

static const struct out_col compare_cols[] = {
	{ "base", "base", OUT_SHORT_ID },
	{ "to", "to", OUT_SHORT_ID },
	{ "parted at", "merge_base", OUT_SHORT_ID },
	{ "ahead", "ahead", OUT_NUMBER },
	{ "behind", "behind", OUT_NUMBER },
	{ "merged", "merged", OUT_YES },
	{ "fast-forward", "fast_forward", OUT_YES },
	{ "merges cleanly", "clean", OUT_YES },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col conflict_cols[] = {
	{ "CONFLICT", "conflict", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static void
put_compare(struct cmd_call *c, const struct js *part)
{
	const struct js *conflicts = js_get(part, "conflicts");

	out_fields(c->cli, compare_cols, part);
	if (js_len(conflicts) > 0)
		out_table(c->cli, conflict_cols, conflicts, "");
	if (js_int(part, "next", -1) >= 0)
		out_note(c->cli, "%lld conflicts in all",
		    (long long)js_int(part, "total", 0));
}

static int
worktree_compare(struct cmd_call *c)
{
	static const char *const options[] = { "to", NULL };
	const struct list l = { c,
		cmd_flag(c, "merge") ? "/api/worktrees/merge"
				     : "/api/worktrees/compare",
		options, c->args[0], c->args[1], NULL, put_compare };

	return put_parts(&l, true);
}

static const char *
author_of(const struct js *commits, const char *oid)
{
	for (size_t i = 0; i < js_len(commits); i++)
		if (strcmp(js_str(js_at(commits, i), "commit", ""), oid) == 0)
			return js_str(js_at(commits, i), "author", "");
	return "";
}

/* A name in a column of its own: what has no place there is cut off. */
static void
put_range(const struct js *commits, const struct js *range)
{
	const char *oid = js_str(range, "commit", NULL);
	const struct js *lines = js_get(range, "lines");
	const bool escape = isatty(STDOUT_FILENO) == 1;
	int64_t at = js_int(range, "start", 0);
	char who[64];

	out_sentence(who, sizeof(who),
	    oid != NULL ? author_of(commits, oid) : "not committed");
	for (size_t i = 0; i < js_len(lines); i++) {
		(void)printf("%.8s %-16.16s %5" PRId64 "  ",
		    oid != NULL ? oid : "--------", who, at++);
		out_text(js_text(js_at(lines, i)), escape);
		(void)putchar('\n');
	}
}

static void
put_blame(struct cmd_call *c, const struct js *part)
{
	const struct js *ranges = js_get(part, "ranges");

	(void)c;
	for (size_t i = 0; i < js_len(ranges); i++)
		put_range(js_get(part, "commits"), js_at(ranges, i));
}

static int
worktree_blame(struct cmd_call *c)
{
	static const char *const options[] = { "at", NULL };
	const struct list l = { c, "/api/worktrees/blame", options, NULL,
		c->args[1], c->args[0], put_blame };

	return put_parts(&l, false);
}

#define TREE                                                       \
	{                                                          \
		.name = "PATH", .word = CMD_DIR, .optional = true, \
	}

static const struct cmd_opt log_opts[] = {
	{ .name = "to",
	    .arg = "REF",
	    .help = "what REF has; else the worktree's own commits" },
	{ .name = "base", .arg = "REF", .help = "without what REF has" },
	{ .name = "file", .arg = "NAME", .help = "only what touched it" },
	{ .name = "limit",
	    .letter = 'n',
	    .arg = "N",
	    .min = 1,
	    .max = 500,
	    .help = "so many at most; else all" },
	{ .name = NULL },
};
static const struct cmd_arg log_args[] = { TREE, { .name = NULL } };

const struct cmd cmd_worktree_log = {
	.path = "worktree log",
	.args = log_args,
	.opts = log_opts,
	.help = "list a worktree's commits, the newest first",
	.doc = "NAME is a file or a directory, as git has it from the "
	       "worktree's top.",
	.scope = "read",
	.run = worktree_log,
};

static const struct cmd_opt compare_opts[] = {
	{ .name = "to",
	    .arg = "REF",
	    .help = "instead of the worktree's own commit" },
	{ .name = "merge", .help = "try to merge it into BASE" },
	{ .name = NULL },
};
static const struct cmd_arg compare_args[] = {
	{ .name = "BASE" },
	TREE,
	{ .name = NULL },
};

const struct cmd cmd_worktree_compare = {
	.path = "worktree compare",
	.args = compare_args,
	.opts = compare_opts,
	.help = "how far a worktree's commit is from BASE",
	.doc = "A merge is tried among git's objects: no worktree and no "
	       "branch changes.",
	.scope = "read",
	.run = worktree_compare,
};

static const struct cmd_opt blame_opts[] = {
	{ .name = "at", .arg = "REF", .help = "as that commit has it" },
	{ .name = NULL },
};
static const struct cmd_arg blame_args[] = {
	{ .name = "NAME" },
	TREE,
	{ .name = NULL },
};

const struct cmd cmd_worktree_blame = {
	.path = "worktree blame",
	.args = blame_args,
	.opts = blame_opts,
	.help = "which commit each line of a file comes from",
	.doc = "NAME is as git has it from the worktree's top.",
	.scope = "read",
	.run = worktree_blame,
};

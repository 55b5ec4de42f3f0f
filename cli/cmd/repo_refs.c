/* SPDX-License-Identifier: MIT */
/*
 * rdv repo branches and tags: a page, or with --all every page, one after the
 * other.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

/* A cursor has a name twice as long as git's longest. */
#define TARGET_MAX 16384

static const struct out_col branch_cols[] = {
	{ "BRANCH", "name", OUT_TEXT },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "AGE", "time", OUT_AGE },
	{ "UPSTREAM", "upstream", OUT_TEXT },
	{ "WORKTREE", "worktree", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col tag_cols[] = {
	{ "TAG", "name", OUT_TEXT },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "AGE", "time", OUT_AGE },
	{ NULL, NULL, OUT_TEXT },
};

/* One kind of list, and how it is asked for. */
struct refs {
	const char *tail, *none, *kind;
	const struct out_col *cols;
};

static int
get_page(struct cmd_call *c, const struct refs *r, const char *id,
    const char *cursor, struct js **out)
{
	const char *limit = cmd_value(c, "limit");
	char *path = api_path("/api/repos/", id, r->tail);
	struct buf b;
	int rc;

	buf_init(&b, TARGET_MAX);
	buf_put_text(&b, path);
	api_query(&b, "kind", r->kind);
	api_query(&b, "search", cmd_value(c, "search"));
	api_query(&b, "sort", cmd_flag(c, "recent") ? "recent" : NULL);
	api_query(&b, "limit", cmd_flag(c, "all") ? "200" : limit);
	api_query(&b, "cursor", cursor);
	rc = api_get(c, buf_cstr(&b), out);
	buf_done(&b);
	free(path);
	return rc;
}

/* Under one heading each page, as it comes. */
static void
show(struct cmd_call *c, const struct refs *r, const struct js *page)
{
	const char *next = js_str(page, "next_cursor", NULL);

	if (c->cli->json)
		out_json(page);
	else
		out_table(c->cli, r->cols, js_get(page, "items"), r->none);
	if (next != NULL && !cmd_flag(c, "all"))
		out_note(c->cli, "%lld in all; --all shows them",
		    (long long)js_int(page, "total", 0));
}

static int
list(struct cmd_call *c, const struct refs *r)
{
	struct js *page = NULL, *before;
	const char *cursor = NULL;
	char *id;
	int rc;

	rc = pick_repo(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	do {
		/* The cursor is in the page before. */
		before = page;
		page = NULL;
		rc = get_page(c, r, id, cursor, &page);
		js_free(before);
		if (rc != CMD_OK)
			break;
		show(c, r, page);
		cursor = js_str(page, "next_cursor", NULL);
	} while (cursor != NULL && cmd_flag(c, "all"));
	js_free(page);
	free(id);
	return rc;
}

static int
repo_branches(struct cmd_call *c)
{
	const struct refs r = { "/branches", "no branches",
		cmd_flag(c, "local")	? "local"
		: cmd_flag(c, "remote") ? "remote"
					: NULL,
		branch_cols };

	return list(c, &r);
}

static int
repo_tags(struct cmd_call *c)
{
	static const struct refs r = { "/tags", "no tags", NULL, tag_cols };

	return list(c, &r);
}

#define COMMON                                                              \
	{ .name = "search", .arg = "TEXT", .help = "part of the name" },    \
	    { .name = "recent", .help = "the newest commit first" },        \
	    { .name = "limit",                                              \
		    .arg = "N",                                             \
		    .min = 1,                                               \
		    .max = 200,                                             \
		    .help = "at most so many (50)" },                       \
	{                                                                   \
		.name = "all", .help = "every page; --json: an object each" \
	}

static const struct cmd_opt branch_opts[] = {
	COMMON,
	{ .name = "local", .help = "those of this repository alone" },
	{ .name = "remote", .help = "those of remotes, as fetched last" },
	{ .name = NULL },
};
static const struct cmd_opt tag_opts[] = {
	COMMON,
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "REPO", .word = CMD_REPO },
	{ .name = NULL },
};

const struct cmd cmd_repo_branches = {
	.path = "repo branches",
	.args = args,
	.opts = branch_opts,
	.help = "list the branches of a repository",
	.scope = "read",
	.run = repo_branches,
};

const struct cmd cmd_repo_tags = {
	.path = "repo tags",
	.args = args,
	.opts = tag_opts,
	.help = "list the tags of a repository",
	.scope = "read",
	.run = repo_tags,
};

/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree diff: what differs, as git shows it. File by file, so that what
 * is seen first is there first, whatever comes behind.
 */
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

enum shade { PLAIN, HEAD, RANGE, ADDED, REMOVED };

static const char *const shades[] = {
	[HEAD] = "1",
	[RANGE] = "36",
	[ADDED] = "32",
	[REMOVED] = "31",
};

struct showing {
	struct cmd_call *c;
	char path[PATH_MAX];
	bool escape; /* what comes from outside goes to a terminal */
};

static const struct out_col stat_cols[] = {
	{ "STATUS", "status", OUT_TEXT },
	{ "ADDED", "added", OUT_NUMBER },
	{ "REMOVED", "removed", OUT_NUMBER },
	{ "PATH", "path", OUT_TEXT },
	{ "FROM", "old_path", OUT_TEXT },
	{ "RUN BY", "run_by", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static void
begin_target(const struct showing *s, struct buf *b, const char *target)
{
	const struct cmd_call *c = s->c;

	buf_init(b, TARGET_MAX);
	buf_put_text(b, target);
	api_query(b, "worktree_path", s->path);
	api_query(b, "base", cmd_value(c, "base"));
	api_query(b, "from", cmd_value(c, "from"));
	api_query(b, "to", cmd_value(c, "to"));
	api_query(b, "commit", cmd_value(c, "commit"));
	if (cmd_flag(c, "staged"))
		api_query(b, "view", "staged");
	if (cmd_flag(c, "unstaged"))
		api_query(b, "view", "unstaged");
}

/* The parts one behind the other, in one line; the last one is NULL. */
static void
put_line(const struct showing *s, enum shade shade, const char *const *parts)
{
	const bool color = s->c->cli->color && shade != PLAIN;

	if (color)
		(void)printf("\033[%sm", shades[shade]);
	for (; *parts != NULL; parts++)
		out_text(*parts, s->escape);
	(void)printf("%s\n", color ? "\033[m" : "");
}

#define LINE(s, shade, ...) \
	put_line(s, shade, (const char *const[]){ __VA_ARGS__, NULL })

static void
put_head(const struct showing *s, const struct js *d)
{
	const char *path = js_str(d, "path", "");
	const char *old = js_str(d, "old_path", path);
	const char *old_mode = js_str(d, "old_mode", NULL);
	const char *new_mode = js_str(d, "new_mode", NULL);

	LINE(s, HEAD, "diff --git a/", old, " b/", path);
	if (old_mode == NULL && new_mode != NULL)
		LINE(s, HEAD, "new file mode ", new_mode);
	else if (new_mode == NULL && old_mode != NULL)
		LINE(s, HEAD, "deleted file mode ", old_mode);
	else if (old_mode != NULL && strcmp(old_mode, new_mode) != 0)
		LINE(s, HEAD, "old mode ", old_mode, "\nnew mode ", new_mode);
	if (strcmp(old, path) != 0)
		LINE(s, HEAD, "rename from ", old, "\nrename to ", path);
	if (js_bool(d, "binary", false))
		LINE(s, PLAIN, "Binary files differ");
	if (js_len(js_get(d, "hunks")) == 0)
		return;
	LINE(s, HEAD, "--- ", old_mode != NULL ? "a/" : "/dev/null",
	    old_mode != NULL ? old : "");
	LINE(s, HEAD, "+++ ", new_mode != NULL ? "b/" : "/dev/null",
	    new_mode != NULL ? path : "");
}

static void
put_hunk(const struct showing *s, const struct js *h)
{
	const struct js *lines = js_get(h, "lines");
	const char *section = js_str(h, "section", NULL);
	char range[120];

	(void)snprintf(range, sizeof(range), "@@ -%lld,%lld +%lld,%lld @@",
	    (long long)js_int(h, "old_start", 0),
	    (long long)js_int(h, "old_lines", 0),
	    (long long)js_int(h, "new_start", 0),
	    (long long)js_int(h, "new_lines", 0));
	LINE(s, RANGE, range, section != NULL ? " " : "",
	    section != NULL ? section : "");
	for (size_t i = 0; i < js_len(lines); i++) {
		const char *line = js_text(js_at(lines, i));
		const enum shade shade = line == NULL	  ? PLAIN
					 : line[0] == '+' ? ADDED
					 : line[0] == '-' ? REMOVED
							  : PLAIN;

		LINE(s, shade, line != NULL ? line : "");
	}
}

static int
put_file(const struct showing *s, const struct js *file)
{
	static const char *const names[] = { "path", "path_base64", "old_path",
		"old_path_base64" };
	const struct js *hunks;
	struct buf target;
	struct js *d;
	int rc;

	begin_target(s, &target, "/api/worktrees/diff");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		api_query(&target, names[i], js_str(file, names[i], NULL));
	rc = api_get(s->c, buf_cstr(&target), &d);
	buf_done(&target);
	if (rc != CMD_OK)
		return rc;
	put_head(s, d);
	hunks = js_get(d, "hunks");
	for (size_t i = 0; i < js_len(hunks); i++)
		put_hunk(s, js_at(hunks, i));
	if (js_int(d, "looked", -1) >= 0)
		LINE(s, HEAD, "(only the beginning of this file was compared)");
	else if (js_bool(d, "truncated", false))
		LINE(s, HEAD, "(what follows of this file is left out)");
	js_free(d);
	return rc;
}

/*
 * Of very much the first page comes before git has looked at all, and what
 * stands in it is exact but for its sums, which the last page has. JSON is one
 * page, and is exact.
 */
static int
get_files(const struct showing *s, int64_t offset, struct js **out)
{
	struct buf target;
	char number[32];
	int rc;

	(void)snprintf(number, sizeof(number), "%lld", (long long)offset);
	begin_target(s, &target, "/api/worktrees/diffstat");
	api_query(&target, "offset", number);
	if (offset == 0 && !s->c->cli->json)
		api_query(&target, "first", "true");
	rc = api_get(s->c, buf_cstr(&target), out);
	buf_done(&target);
	return rc;
}

static int
put_page(const struct showing *s, const struct js *v)
{
	const struct js *files = js_get(v, "files");
	int rc = CMD_OK;

	if (s->c->cli->json) {
		out_json(v);
	} else if (cmd_flag(s->c, "stat")) {
		out_table(s->c->cli, stat_cols, files, "nothing differs");
	} else {
		for (size_t i = 0; rc == CMD_OK && i < js_len(files); i++)
			if (ferror(stdout) == 0)
				rc = put_file(s, js_at(files, i));
	}
	return rc;
}

/* With --json only the first part: `next` says where to go on. */
static int
put_all(const struct showing *s)
{
	int64_t next = 0;
	struct js *v;
	int rc;

	do {
		rc = get_files(s, next, &v);
		if (rc != CMD_OK)
			return rc;
		rc = put_page(s, v);
		next = js_int(v, "next", -1);
		if (cmd_flag(s->c, "stat") && !s->c->cli->json && next < 0)
			out_note(s->c->cli,
			    "%lld files, %lld lines added, "
			    "%lld removed",
			    (long long)js_int(v, "total", 0),
			    (long long)js_int(v, "added", 0),
			    (long long)js_int(v, "removed", 0));
		js_free(v);
	} while (rc == CMD_OK && next >= 0 && !s->c->cli->json);
	return rc;
}

static int
worktree_diff(struct cmd_call *c)
{
	struct showing s = { .c = c, .escape = isatty(STDOUT_FILENO) == 1 };
	int rc;

	if (pick_path(c, c->args[0], s.path) != CMD_OK)
		return CMD_FAILED;
	if (!c->cli->json)
		pager_begin();
	rc = put_all(&s);
	pager_end();
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "stat", .help = "only which files, and how many lines" },
	{ .name = "base",
	    .arg = "REF",
	    .help = "with where the branch has parted from REF" },
	{ .name = "staged", .help = "what the next commit would have" },
	{ .name = "unstaged", .help = "what is not staged yet" },
	{ .name = "from", .arg = "REF", .help = "from this commit, with --to" },
	{ .name = "to", .arg = "REF", .help = "to that one" },
	{ .name = "commit", .arg = "REF", .help = "what that one has changed" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "PATH", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_worktree_diff = {
	.path = "worktree diff",
	.args = args,
	.opts = opts,
	.help = "show what differs in a worktree",
	.doc = "By default from the last commit, with files that git does not "
	       "know. On a terminal it goes through $RDV_PAGER or $PAGER.",
	.scope = "read",
	.run = worktree_diff,
};
